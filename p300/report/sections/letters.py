"""The topics of a report about spelled characters; None where nothing was spelled."""

from __future__ import annotations

from p300.evaluation.intervals import FEWEST
from p300.report.in_words import tables_in_words
from p300.report.letter_curves import interval_over
from p300.report.page import Block, Facts, Section, Text, picture
from p300.report.prose import span
from p300.report.run_results import RunResults
from p300.report.sections import letters_figures as figures
from p300.report.sections import letters_tables as tables
from p300.report.sections.paper import published_curves
from p300.runs.spelling import TARGET_ERROR

_POSTERIOR = (
    "The posterior adds up log-likelihood ratios, with densities and a factor for the correlation "
    "of repetitions learned from training characters; dynamic stopping ends as soon as it reaches "
    "a threshold chosen there. "
)

_AGAIN_CAPTION = (
    " Grey, dashed: post-hoc, the same flashes decoded again by the sum of probabilities at the "
    "end, when the detector has learned from all flashes of the session, these included, without "
    "labels."
)
_AGAIN = (
    "What is not marked post-hoc is instant, as spelled at the time: by what was known before each "
    "character. Post-hoc: after the last character all are decoded again by what is known then. "
    "The detector has by then seen these very flashes, though never a label: so well does the text "
    "read at the end, not so well would new characters be spelled. It has learned from all "
    "repetitions however few are added up, which flatters few of them: only after the last do "
    "instant and post-hoc compare what could have been read. "
)


def characters(results: RunResults) -> Section | None:
    """Show how many characters are right after how many repetitions."""
    if results.characters is None:
        return None
    learned, again = _has_posterior(results), len(results.post_hoc) > 0
    over, theirs = interval_over(results.all_rates), published_curves(results)
    caption = (
        "Characters right against repetitions. Thin: one subject, sum of probabilities. Thick, "
        f"solid: instant, as spelled at the time; {over.short} (band)."
        + (_AGAIN_CAPTION if again else "")
        + (" Dark: posterior; diamond: dynamic stopping at its mean number." if learned else "")
        + (
            " Squares: published by Cecotti & Gräser (2011), mean of these subjects."
            if theirs
            else ""
        )
    )
    reading = (
        "The sum of probabilities adds up the target probabilities of the flashes of a row, column "
        "or group (Cecotti & Gräser 2011). "
        + (_POSTERIOR if learned else "")
        + (_AGAIN if again else "")
        + f"Curves and tables: {over.curve}. {over.about}"
    )
    shown = list(tables.character_tables(results))
    figure = figures.plot_characters(results.all_rates, theirs)
    plot = picture("characters", figure, caption, tables_in_words(shown))
    return Section("Characters", (Text(reading), plot, *shown))


def bit_rates(results: RunResults) -> Section | None:
    """Show how fast that is."""
    if results.characters is None:
        return None
    caption = (
        "Bits a minute against repetitions, sum of probabilities. "
        + (
            ""
            if results.one_subject
            else "Thin: one subject. Thick: mean of the subjects' rates; band: its 95 % interval "
            f"over subjects (none below {FEWEST}). "
        )
        + "Ring: the best fixed number, seen with hindsight."
        + (
            " Dark: posterior; diamond and dotted line: dynamic stopping."
            if _has_posterior(results)
            else ""
        )
    )
    shown = list(tables.rate_tables(results))
    figure = figures.plot_bit_rates(results.rates)
    plot = picture("bit_rates", figure, caption, tables_in_words(shown))
    blocks: list[Block] = [plot, Facts(_information_transfer(results)), *shown]
    if dynamic := list(tables.dynamic_tables(results)):
        explained = (
            "Forced: the repetitions ran out before the posterior reached the threshold, "
            f"{_describe_aim(results)}. "
            "Beside it the sum of probabilities after fixed numbers of repetitions. The chosen "
            "number had the highest rate on the same training characters (mean over folds). The "
            "best number has the highest mean rate on these very test characters, so it flatters "
            "itself. Gain: dynamic stopping minus that, mean over subjects with its 95 % "
            f"interval (none below {FEWEST} subjects); against the chosen number over the subjects "
            "that have one."
        )
        blocks += [Text(explained), *dynamic]
    return Section("Bit rates", tuple(blocks))


def _has_posterior(results: RunResults) -> bool:
    """Return whether any fold had training scores to learn a posterior from."""
    return bool((results.rates["rule"] == "posterior").any())


def _information_transfer(results: RunResults) -> tuple[tuple[str, str], ...]:
    """Say what the rates are, and what has to be supposed for them to mean what they seem to."""
    numbers = {name: len(layout.symbols) for name, layout in results.layouts.items()}
    symbols = ", ".join(f"{n} ({name})" for name, n in numbers.items())
    if len(set(numbers.values())) == 1:
        symbols = f"{next(iter(numbers.values()))}"
    return (
        (
            "Information transfer",
            "Wolpaw's bit rate (2000): 60 B / T bits a minute, where a selection carries "
            "B = log₂ N + P log₂ P + (1 − P) log₂((1 − P) / (N − 1)) bits, and none below chance. "
            f"P is the share of characters right, N the number of symbols: {symbols}.",
        ),
        ("Time", _describe_timing(results)),
        (
            "Supposed",
            "All N symbols are equally likely; an error takes each of the other symbols equally "
            "often; no selection depends on those before it (no memory), and all are equally "
            "reliable. Text is not like this: some letters are frequent, which lowers what a "
            "selection can carry; in a matrix of rows and columns errors crowd in those of the "
            "true symbol (see Errors), which raises it. The rate compares spellers of one layout; "
            "it is not the rate at which text gets written.",
        ),
        (
            "Mean over subjects",
            "The mean of the subjects' rates is above the rate of their mean accuracy, because B "
            "is convex in P; Cecotti & Gräser (2011) print the latter. The table has both.",
        ),
        (
            "Corrected for errors",
            "Correct symbols a minute, 60 (P − E) / T with the share E of wrong symbols, which is "
            "1 − P where something is always spelled: each error costs a backspace, itself a "
            "selection that may fail. Nothing at P ≤ E, where the text never gets done.",
        ),
    )


def _describe_aim(results: RunResults) -> str:
    """Describe what the threshold of dynamic stopping was chosen for."""
    spelling = results.config.get("spelling") or {}
    cost = spelling.get("error_seconds")
    if cost is not None:
        return (
            "chosen for the least cost on training characters, where a wrong symbol costs "
            f"{cost:g} s; nothing is spelled where nobody seems to attend or, at the end, every "
            "symbol is too doubtful"
        )
    error = spelling.get("target_error", TARGET_ERROR)
    if error is None:
        return "chosen for the most bits a minute on training characters"
    return f"chosen for {100 * error:g} % of wrong decisions on training characters"


def _describe_timing(results: RunResults) -> str:
    """Describe the time of a selection, and what leaving out its pause would do."""
    timing = tables.timing(results.rates)
    if timing.empty:
        return "T is the mean time of a selection, the pause included."
    pause, repetition = timing["pause"], timing["repetition"]
    most = int(results.rates["repetitions"].max())

    def inflation(n: int) -> float:
        return float(((pause + n * repetition) / (n * repetition)).mean())

    return (
        f"T = pause + n × repetition is the time of a selection: pause {span(pause, 's', 2)}, "
        f"repetition {span(repetition, 's', 2)} over subjects. The pause counts, because no user "
        f"can spell without it; leaving it out would multiply the rate by {inflation(1):.2f} at 1 "
        f"repetition and by {inflation(most):.2f} at {most}, and move the best number of "
        "repetitions down."
    )


def errors(results: RunResults) -> Section | None:
    """Show which symbols were taken for which."""
    if results.characters is None:
        return None
    spelled = results.characters
    spelled = spelled[(spelled["rule"] == "sum") & (spelled["stopping"] == "fixed")]
    matrices = [name for name, layout in results.layouts.items() if layout.shape]
    table = tables.error_table(results)
    blocks: list[Block] = []
    if matrices:
        caption = (
            "Where the decided symbol lies, seen from the true one (grey, in the middle): share of "
            "all errors in percent, those of at least 2 % written out. Sum of probabilities, all "
            "numbers of repetitions together."
        )
        shown = spelled[spelled["dataset"].isin(matrices)]
        figure = figures.plot_confusion(shown, results.layouts)
        alt = tables_in_words([table]) if table else ""
        blocks.append(picture("confusion", figure, caption, alt))
    shapes = {layout.shape for layout in results.layouts.values() if layout.shape}
    if table:
        explained = (
            "In a row/column matrix one group of flashes may win rightly and the other wrongly: "
            "the error then stays in the row or in the column of the true symbol. "
            + " ".join(_describe_chance(*shape) for shape in sorted(shapes))
        )
        blocks += [Text(explained), table]
    if not blocks:
        blocks.append(Text("Left out: no layout of this run is a matrix."))
    return Section("Errors", tuple(blocks))


def _describe_chance(n_rows: int, n_columns: int) -> str:
    """Describe how errors would spread if all wrong symbols were equally likely."""
    others = n_rows * n_columns - 1
    row, column = 100 * (n_columns - 1) / others, 100 * (n_rows - 1) / others
    return (
        f"If all wrong symbols of a {n_rows} × {n_columns} matrix were equally likely, "
        f"{row:.0f} % of errors would have the right row, {column:.0f} % the right column and "
        f"{100 - row - column:.0f} % neither."
    )


def spelled_text(results: RunResults) -> Section | None:
    """Show the text itself."""
    if results.characters is None:
        return None
    seeds = results.characters.groupby(["dataset", "protocol", "detector", "fold"])["seed"]
    reading = (
        "The text as spelled by the sum of probabilities after so many repetitions"
        + (
            " and by dynamic stopping, after whose text stands its mean number of them"
            if _has_posterior(results)
            else ""
        )
        + ("; post-hoc: as read at the end, see above" if len(results.post_hoc) else "")
        + "; errors are marked."
        + (" The first of several seeds." if seeds.nunique().max() > 1 else "")
    )
    return Section("What was spelled", (Text(reading), *tables.spelled_texts(results)))
