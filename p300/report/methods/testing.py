"""Who was tested on what, how characters were spelled, how figures were summed up and compared."""

from __future__ import annotations

from collections.abc import Iterator

from p300.evaluation.intervals import FEWEST, REFERENCES, TESTS, name_of_test
from p300.evaluation.metric_at import DYNAMIC, POSTERIOR
from p300.evaluation.metrics import HEADLINE
from p300.report.letter_curves import Over, interval_over
from p300.report.methods.cited import Paragraph, Sentence, say
from p300.report.prose import describe_folds, joined, several
from p300.report.run_results import RunResults


def protocols(results: RunResults) -> Paragraph:
    """Return who trained and who was tested under each protocol."""
    alike: dict[str, list[str]] = {}
    for label in results.unique("protocol"):
        known = results.protocol(label)
        alike.setdefault(known.about if known else "", []).append(label)
    sentences: list[Sentence] = []
    for about, labels in alike.items():
        quoted = joined([f"“{label}”" for label in labels])
        sentences.append(say(f"Protocol{'s' if len(labels) > 1 else ''} {quoted}. {about}".strip()))
        for label in labels:
            folds = describe_folds(results.protocol(label), results.fits_under(label))
            which = f"“{label}”" if len(labels) > 1 else "It"
            sentences += [say(f"{which} has {folds}")] if folds else []
    sentences.append(
        say(
            "Nothing is learned from the labels of tested epochs. All random numbers follow from "
            f"the seed {results.config['seed']}."
        )
    )
    return Paragraph.of("Protocols", sentences)


def spelling(results: RunResults) -> Paragraph | None:
    """Return how characters were spelled and rated; None where none were."""
    if results.characters is None:
        return None
    return Paragraph.of("Spelling", _spelled(results))


def _spelled(results: RunResults) -> Iterator[Sentence]:
    settings = results.config.get("spelling") or {}
    characters = results.characters
    assert characters is not None
    yield say(
        "Characters were spelled from the scores of recorded flashes: after each number of "
        "repetitions the symbol is taken whose flashes have the largest sum of target "
        "probabilities", ("cecotti2011",), ".",
    )  # fmt: skip
    if (characters["rule"] == POSTERIOR).any():
        yield say(
            "Beside this, posterior probabilities of the symbols add up log-likelihood ratios, "
            "with densities learned from cross-fitted scores of training epochs."
        )
    if (characters["stopping"] == DYNAMIC).any():
        yield _stopped(settings)
    if settings.get("language_model"):
        yield say(
            "A model of n-grams smoothed after Witten and Bell", ("witten1991",),
            " gives the symbols' prior probabilities.",
        )  # fmt: skip
    metrics = set(results.metrics["metric"])
    if "bits_per_minute" in metrics:
        yield say("Bit rates are Wolpaw's", ("wolpaw2000",), ".")
    if "symbols_per_minute" in metrics:
        yield say(
            "In correct symbols a minute each error costs one more selection, a backspace",
            ("dalseno2010",), ".",
        )  # fmt: skip
    if interval_over(results.all_rates) is Over.SUBJECTS:
        yield say("The 95 % intervals of shares of characters are over subjects.")
        return
    yield say(
        "Intervals of shares of characters are Wilson's (95 %)", ("wilson1927",),
        ": they take characters as independent and are about these subjects.",
    )  # fmt: skip


def _stopped(settings: dict[str, object]) -> Sentence:
    if (seconds := settings.get("error_seconds")) is not None:
        return say(
            f"Dynamic stopping weighs errors, at {seconds:g} s each, against time", ("chow1970",),
            ", on training characters.",
        )  # fmt: skip
    target = settings.get("target_error")
    if target is None:
        aim = "gives the most bits a minute on training characters"
    else:
        aim = f"keeps the share of wrong decisions on training characters at {target:g} or less"
    return say(f"Dynamic stopping ends as soon as the posterior reaches a threshold that {aim}.")


def statistics(results: RunResults) -> Paragraph:
    """Return how figures were averaged, what their intervals are, how detectors were compared."""
    return Paragraph.of("Statistics", [*_averaged(results), *_compared(results)])


def _averaged(results: RunResults) -> Iterator[Sentence]:
    yield say(
        f"The main figure is {HEADLINE.title} of single flashes, the chance that a target scores "
        "above a non-target. Each fold and seed is measured on its own, then averaged within the "
        "subject, then over subjects: the subject is the unit of all intervals and tests of means."
    )
    numbers = results.subjects_measured()
    with_interval = {n for n in numbers.values() if n >= FEWEST}
    tests = {name_of_test(n) for n in with_interval}
    if "sign-flip" in tests:
        yield say(
            "The 95 % interval of a mean holds every value that the exact sign-flip test does not "
            "reject", REFERENCES["sign-flip"], ".",
        )  # fmt: skip
    if "Hall" in tests:
        also = " with more than 16 subjects" if len(tests) > 1 else ""
        yield say(
            f"The 95 % interval of a mean{also} is that of t after Hall's transformation",
            REFERENCES["Hall"], ".",
        )  # fmt: skip
    few = [f"“{name}” ({several(n, 'subject')})" for name, n in numbers.items() if n < FEWEST]
    if few:
        yield say(
            f"For {joined(few)} there is no interval of a mean: below {FEWEST} subjects none could "
            "hold 95 %."
        )


def _compared(results: RunResults) -> Iterator[Sentence]:
    counted = results.metrics[results.metrics["metric"] == HEADLINE.name]
    several_tested = counted.groupby(["dataset", "protocol"])["detector"].nunique() > 1
    if not several_tested.any():
        return
    where = several_tested[several_tested].index.get_level_values("dataset").unique()
    numbers = results.subjects_measured()
    tests = sorted({name_of_test(numbers[str(name)]) for name in where}, reverse=True)
    for number, name in enumerate(tests):
        also = "also " if number else ""
        yield say(
            f"Detectors were {also}compared, paired over subjects, by the two-sided {TESTS[name]}",
            REFERENCES[name][:1], ".",
        )  # fmt: skip
    yield say(
        "The p values of all pairs are corrected together after Holm", ("holm1979",),
        "; the effect size is the mean difference in standard deviations of the differences "
        "(Cohen's d_z), with Hedges' correction for few subjects",
        ("hedges1981", "lakens2013"), ".",
    )  # fmt: skip
