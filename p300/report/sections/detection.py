"""The topics of a report: each function turns the results of a run into one section."""

from __future__ import annotations

import pandas as pd

from p300.evaluation.intervals import FEWEST
from p300.evaluation.metrics import HEADLINE, METRICS
from p300.report import prose as words
from p300.report import scalp
from p300.report.facts import by_dataset
from p300.report.hidden_folders import hide_in_yaml
from p300.report.in_words import tables_in_words
from p300.report.page import Block, Facts, Section, Source, Text, left_out, picture, slug
from p300.report.prose import listed, several, span
from p300.report.representative_fits import representative_fits
from p300.report.run_results import MEAN, RunResults, repeats
from p300.report.scalp_maps import describe_unplaced
from p300.report.sections import detection_figures as figures
from p300.report.sections import detection_tables as tables
from p300.report.sections.letters_tables import character_headline

_MOST_SENTENCES = 3


def summary(results: RunResults) -> Section:
    """Describe in a paragraph and a small table what came out."""
    detectors, protocols = results.unique("detector"), results.unique("protocol")
    described = str(results.config.get("description") or "").strip()
    n_subjects = len(results.scores[["dataset", "subject"]].drop_duplicates())
    scores = results.scores
    n_scored = scores[scores["detector"] == detectors[0]].groupby("protocol").size()
    what = (
        f"{several(len(detectors), 'detector')} ({listed(detectors)}) "
        f"{'was' if len(detectors) == 1 else 'were'} tested on "
        f"{several(n_subjects, 'subject')} of {listed(results.unique('dataset'))} with "
        f"{several(len(protocols), 'protocol')} ({listed(protocols)}), "
        f"{span(n_scored / repeats(scores))} flashes in each protocol."
    )
    sentences = [described, what, *_best_sentences(results)]
    reading = (
        "ROC-AUC is the chance that a target flash scores above a non-target flash: 0.5 is "
        "guessing, 1 is perfect. It is about single flashes; a speller adds up several."
    )
    blocks: list[Block] = [Text(" ".join(filter(None, sentences))), tables.headline_table(results)]
    if results.characters is not None:
        blocks.append(character_headline(results))
    return Section("Summary", (*blocks, Text(reading)))


def _best_sentences(results: RunResults) -> list[str]:
    """Say which detector came first where, if that fits a few sentences."""
    auc = results.metrics[results.metrics["metric"] == HEADLINE.name]
    means = auc[auc["subject"] == MEAN].dropna(subset="value")
    groups = list(means.groupby(["dataset", "protocol"], sort=False))
    if len(groups) > _MOST_SENTENCES:
        return []
    sentences, mean = [], "" if results.one_subject else "mean "
    for (dataset, protocol), group in groups:
        best = group.sort_values("value", kind="stable").iloc[[-1]]
        where = f"{protocol}, {dataset}" if len(results.unique("dataset")) > 1 else protocol
        value = tables.mean_with_interval(best)
        sentences.append(
            f"The highest {mean}{HEADLINE.title} in {where} is {value}, reached by "
            f"{best['detector'].item()}."
            if len(group) > 1
            else f"The {mean}{HEADLINE.title} in {where} is {value}."
        )
    return sentences


def method(results: RunResults) -> Section:
    """Describe what was run and with what."""
    found = results.manifest.get("recordings", [])
    facts = [(f"Data: {k}", words.describe_data(own)) for k, own in by_dataset(found).items()]
    facts.append(
        (
            "Preprocessing",
            words.describe_preprocessing(results.config.get("preprocessing") or {}, found),
        )
    )
    facts += [
        (
            f"Protocol: {label}",
            words.describe_protocol(results.protocol(label), results.fits_under(label)),
        )
        for label in results.unique("protocol")
    ]
    return Section("What was run", (Facts(tuple(facts)),))


def subjects(results: RunResults) -> Section:
    """Show every subject."""
    caption = f"{HEADLINE.title} of each subject; a line connects the same subject."
    if not results.one_subject:
        caption += (
            f" Diamonds: mean over subjects with its 95 % interval over subjects, from {FEWEST} "
            "subjects on."
        )
    figure = figures.plot_auc_by_subject(results.metrics)
    alt = tables_in_words([tables.headline_table(results)])
    plot = picture("auc_by_subject", figure, caption, alt)
    smaller = [m.heading for m in METRICS.values() if m.measure and m.smaller_is_better]
    reading = (
        "Best subject first. Balanced accuracy, recall, precision and F1 hold at the threshold "
        "given above; average precision of a guesser equals the target share; ECE is the expected "
        f"calibration error. Better when smaller: {listed(smaller)}."
    )
    if not results.one_subject:
        reading += " Intervals are 95 % intervals over subjects, of the mean."
    return Section("Subjects", (plot, Text(reading), *tables.subject_tables(results)))


def roc(results: RunResults) -> Section:
    """Show the trade-off between hits and false alarms."""
    caption = (
        "The curve of the one subject. The AUC is that of the tables."
        if results.one_subject
        else "Thin: one subject. Thick: mean over subjects at equal false positive rates. The AUC "
        "is the mean over subjects, as in the tables."
    )
    figure = figures.plot_roc(results.scores, results.metrics)
    return Section("ROC curves", (picture("roc", figure, caption),))


def calibration(results: RunResults) -> Section:
    """Show whether probabilities can be taken at their word."""
    caption = (
        "How often a flash was a target against the probability the detector gave; on the dashed "
        "line the probabilities are right. "
        + ("" if results.one_subject else "Thick: all subjects together. Thin: one subject. ")
        + "Ten bins of equal count each. Bars: number of epochs, targets in colour. ECE, the "
        "expected calibration error, is "
        + ("" if results.one_subject else "the mean over subjects, ")
        + "as in the tables."
    )
    figure = figures.plot_calibration(results.scores, results.metrics)
    return Section("Calibration", (picture("calibration", figure, caption),))


def patterns(results: RunResults) -> Section:
    """Show where on the scalp the learned spatial filters look."""
    heading = "Spatial patterns"
    blocks: list[Block] = []
    for fit in representative_fits(results):
        table = pd.DataFrame(
            fit["spatial_patterns"],
            columns=fit["electrodes"],
            index=range(1, len(fit["spatial_patterns"]) + 1),
        )
        places = results.positions.get(str(fit["dataset"]))
        unplaced = describe_unplaced(table.columns, places)
        if unplaced:
            blocks.append(Text(f"{fit['detector']} on {fit['dataset']}: {unplaced}"))
            continue
        shown = min(len(table), scalp.MOST_MAPS)
        which = f"All {shown}" if shown == len(table) else f"The {shown} largest of {len(table)}"
        caption = (
            f"{fit['detector']} on {fit['dataset']}, {fit['protocol']}, fold {fit['fold']}, seed "
            f"{fit['seed']}: the fold of median test AUC. {which} patterns of the spatial "
            "filters, scaled and turned so that the largest value is +1."
        )
        name = f"patterns_{slug(fit['dataset'])}_{slug(fit['detector'])}"
        figure = scalp.plot_spatial_patterns(table, places)
        blocks.append(picture(name, figure, caption, f"{caption} {_largest_electrodes(table)}"))
    if not blocks:
        return left_out(heading, "no detector of this run has spatial filters")
    reading = (
        "Each map shows where the activity appears that a learned filter extracts (the pattern "
        "that belongs to the filter, not its weights; Haufe et al. 2014, doi:10.1016/"
        "j.neuroimage.2013.10.067)."
    )
    drawn = any(not isinstance(block, Text) for block in blocks)
    return Section(heading, (*([Text(reading)] if drawn else []), *blocks))


def _largest_electrodes(patterns: pd.DataFrame) -> str:
    """Say at which electrodes the patterns [filter, electrode] are largest."""
    largest = patterns.abs().T
    named = [
        f"filter {k}: {', '.join(map(str, largest[k].nlargest(3).index))}" for k in patterns.index
    ]
    return f"Largest at, {'; '.join(named)}."


def training(results: RunResults) -> Section:
    """Show how learning went."""
    heading = "Training"
    fits = results.fits
    if "history" not in fits or not fits["history"].map(bool).any():
        return left_out(heading, "no detector of this run learns in passes")
    caption = (
        "Loss in each training pass. Thin: one fold. Thick: mean, as far as half of the folds "
        "reach. Dots: the pass whose weights were kept, the one of least validation loss."
    )
    figure = figures.plot_training(fits)
    return Section(heading, (picture("training", figure, caption),))


def recordings(results: RunResults) -> Section:
    """Show the invariants checked when the recordings were loaded."""
    found = results.manifest.get("recordings", [])
    if not found:
        return left_out("Recordings", "the manifest lists none")
    reading = (
        "Checked on every load. Amplitude: robust standard deviation from one sample to the next, "
        "median over electrodes. Onset interval: median, and range within repetitions. Irregular: "
        "intervals off the median by more than a sample."
    )
    return Section("Recordings", (Text(reading), tables.recordings_table(found)))


def warnings_raised(results: RunResults) -> Section:
    """List what the data and the training gave cause to look at."""
    table = tables.warnings_table(results)
    return Section("Warnings", (table if table.rows else Text("None were raised."),))


def reproducibility(results: RunResults) -> Section:
    """Describe what another needs to get the same scores."""
    manifest = results.manifest
    machine = manifest.get("machine") or {}
    packages = manifest.get("packages") or {}
    wanted = {
        "p300": manifest.get("p300"),
        "Code": manifest.get("git"),
        "Created": manifest.get("created"),
        "Python": manifest.get("python"),
        "Packages": ", ".join(f"{name} {version}" for name, version in packages.items()),
        "Machine": ", ".join(f"{key}: {value}" for key, value in machine.items()),
        "Threads a worker": manifest.get("threads_per_worker"),
        "Workers": manifest.get("jobs"),
        "Seed": manifest.get("seed"),
    }
    facts = tuple((name, str(value)) for name, value in wanted.items() if value not in (None, ""))
    reading = (
        "The same configuration, data, package versions, machine and number of threads give the "
        "same scores, bit for bit."
    )
    return Section(
        "Reproducibility",
        (
            Text(reading),
            Facts(facts),
            tables.sources_table(manifest.get("recordings", [])),
            Source("config.yaml: the whole configuration", hide_in_yaml(results.config_text)),
        ),
    )
