"""A commented config for recordings that were surveyed; it runs as it is."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from p300.arguments import accepted_arguments
from p300.commands.finding import slug
from p300.commands.survey import Survey
from p300.detectors.catalogue import RECOMMENDED
from p300.detectors.splits import FEWEST_GROUPS
from p300.errors import ConfigError, ProtocolError
from p300.evaluation.protocols import PROTOCOLS, Scope, make_folds
from p300.files import written_whole
from p300.recordings import source_module
from p300.recordings.layout import MATRIX_6X6, guess_rows, has_codes
from p300.recordings.places import suggest_pattern
from p300.recordings.units import UNITS
from p300.report.prose import listed, several, span
from p300.runs.config import parse_experiment
from p300.runs.schema import schema_text
from p300.signal.epochs import MINIMUM_ELECTRODES
from p300.signal.preprocessing import Preprocessing
from p300.signal.sampling import PAPER_RATE, RATE_TOLERANCE, nominal_rate, usual_factor
from p300.signal.units import number_units

SCHEMA_FILE = "p300-schema.json"
"""The schema beside a config: of this installation, and found without a network."""

GUESSED = "# guessed: check"
_TRIED = ("within_subject", "cross_session", "cross_subject")


def unused_config(folder: Path, out: Path | None = None) -> Path:
    """Return the config to write: ``out``, or a name from the folder's, in the current folder.

    Raises
    ------
    ConfigError
        When the file exists.
    """
    config = out or Path(f"{slug(folder.resolve().stem) or 'recordings'}.yaml")
    if config.exists():
        raise ConfigError(f"{config}: exists already; name another with --out, or remove it")
    return config


def write_starting_config(surveys: Sequence[Survey], out: Path, folder: Path) -> Path:
    """Write a config for surveyed recordings, and beside it the JSON schema that editors ask for.

    Parameters
    ----------
    surveys
        One a data set.
    out
        The file to write; must not exist. Its name becomes the experiment's.
    folder
        What was looked at, for the heading.

    Raises
    ------
    ConfigError
        When the file exists, its name cannot be an experiment's, or the recordings cannot be
        evaluated together: too few electrodes in common, no protocol that fits.
    """
    unused_config(folder, out)
    text = starting_config(surveys, folder, str(out))
    parse_experiment(text, where=str(out), name=out.stem)
    for file, content in ((out.with_name(SCHEMA_FILE), schema_text()), (out, text)):
        with written_whole(file) as temporary:
            temporary.write_text(content, encoding="utf-8")
    return out


def starting_config(surveys: Sequence[Survey], folder: Path, file: str = "CONFIG") -> str:
    """Return the text of a config; parameters and errors as in :func:`write_starting_config`."""
    for one in surveys:
        _check_electrodes(one)
    fitting = _fitting_rate(surveys) | _fitting_window(surveys)
    settings = Preprocessing(bad_electrodes=_bad_electrodes(surveys), **fitting)
    protocols, misfits = fitting_protocols(surveys, settings.tmax - settings.tmin)
    lines = [
        f"# yaml-language-server: $schema={SCHEMA_FILE}",
        f"# Starting config for the recordings in {folder.resolve()}",
        f"# It runs as it is: p300 run {shlex.quote(file)}",
        f"# What the files do not tell for sure is marked {GUESSED[2:]!r}.",
        "",
        "datasets:",
        *(line for one in surveys for line in _dataset_lines(one)),
        "",
        *_preprocessing_lines(settings),
        "",
        *_detector_lines(surveys, protocols),
        "",
        "protocols:          # who trains, who tests: docs/runs.md",
        *(f"  {name}: {{}}  # {PROTOCOLS[name].short}" for name in protocols),
        *(f"  # {name}: does not fit: {reason}" for name, reason in misfits.items()),
        "",
        *_spelling_lines(surveys, min(protocols.values())),
    ]
    return "\n".join(lines) + "\n"


def _fitting_rate(surveys: Sequence[Survey]) -> dict[str, Any]:
    stored = any(np.isfinite(end) for one in surveys for _, end in one.recordings["window"])
    rates = [list(one.recordings["sfreq"]) for one in surveys]
    return common_rate(rates, subsampled=not stored)


def _fitting_window(surveys: Sequence[Survey]) -> dict[str, Any]:
    """Return settings of the window that epochs hold that came cut, where it is not the usual."""
    usual = Preprocessing()
    low, high = zip(*(held for one in surveys for held in one.recordings["window"]), strict=True)
    begin, end = max(usual.tmin, *low), min(usual.tmax, *high)
    if begin >= end:
        begin, end = max(low), min(high)
    window = {"tmin": begin, "tmax": end}
    return {name: time for name, time in window.items() if time != getattr(usual, name)}


def common_rate(rates: Sequence[Sequence[float]], *, subsampled: bool = True) -> dict[str, Any]:
    """Choose settings that bring all recordings of each data set to one rate.

    Parameters
    ----------
    rates
        For each data set the sampling rates of its recordings in Hz.
    subsampled
        Whether recordings are brought to their usual rate; epochs that came cut are not.

    Returns
    -------
    Nothing where each recording's usual rate (the lowest that its rate divided by a whole number
    gives, not below 120 Hz) is the same within every data set. Otherwise ``sfreq``: the lowest rate
    not below 120 Hz to which every recording can be subsampled by a whole factor. Without one,
    120 Hz or the lowest rate recorded, with ``order`` filter_first, which takes values between
    samples.
    """
    nominal = [{nominal_rate(f) for f in inner} for inner in rates]
    usual = [{f / (usual_factor(f) if subsampled else 1) for f in inner} for inner in nominal]
    if all(len(inner) == 1 for inner in usual):
        return {}
    flat = sorted(set[float]().union(*nominal))
    for rate in (flat[0] / k for k in range(int(flat[0] // PAPER_RATE), 0, -1)):
        factors = np.divide(flat, rate)
        if np.allclose(factors, np.round(factors), rtol=RATE_TOLERANCE, atol=0):
            return {"sfreq": rate}
    return {"sfreq": min(PAPER_RATE, flat[0]), "order": "filter_first"}


def fitting_protocols(
    surveys: Sequence[Survey], duration: float
) -> tuple[dict[str, int], dict[str, str]]:
    """Try the protocols on the flashes of all data sets.

    Parameters
    ----------
    surveys
        One a data set.
    duration
        Length of an epoch in seconds.

    Returns
    -------
    For the protocols that fit, the fewest characters (or stretches of 10 s, where characters are
    unknown) that a fold trains on; for the others the reason why not. As in a run, data sets with
    one subject do not stand in the way of a protocol across subjects.

    Raises
    ------
    ConfigError
        When none fits.
    """
    fitting, misfits = {}, {}
    for protocol in _TRIED:
        tables = [_labelled(one) for one in surveys]
        if PROTOCOLS[protocol].scope is Scope.SUBJECTS:
            tables = [t for t in tables if len(t["subject"].unique()) > 1] or tables
            if guessed := [one.found.name for one in surveys if _is_guessed(one)]:
                misfits[protocol] = (
                    f"the subjects of {', '.join(guessed)} are guessed; first confirm them with "
                    "the option subject"
                )
                continue
        try:
            fewest = min(_fewest_characters(protocol, table, duration) for table in tables)
        except ProtocolError as error:
            misfits[protocol] = str(error).removeprefix(f"{protocol}: ")
        else:
            fitting[protocol] = fewest
    if not fitting:
        reasons = "\n".join(f"{name}: {reason}" for name, reason in misfits.items())
        raise ConfigError(f"no protocol fits these recordings\n{reasons}")
    return fitting, misfits


def _fewest_characters(protocol: str, flashes: pd.DataFrame, duration: float) -> int:
    """Return the fewest characters that a fold trains on; detectors set one aside to calibrate."""
    units = number_units(flashes, UNITS["character"])
    fewest = {
        fold.name: len(np.unique(units[fold.train]))
        for fold in make_folds(protocol, flashes, duration)
    }
    name = min(fewest, key=lambda fold: fewest[fold])
    if fewest[name] < FEWEST_GROUPS:
        raise ProtocolError(f"fold {name} would learn from a single character")
    return fewest[name]


def _is_guessed(one: Survey) -> bool:
    """Return whether some of several subjects are guesses from names."""
    several = len(one.recordings["subject"].unique()) > 1
    return several and not bool(one.recordings["certain"].all())


def _labelled(one: Survey) -> pd.DataFrame:
    return one.flashes.dropna(subset="target").reset_index(drop=True)


def _common_electrodes(one: Survey) -> list[str]:
    every = list(one.recordings["electrodes"])
    return [name for name in every[0] if all(name in names for names in every)]


def _check_electrodes(one: Survey) -> None:
    common = _common_electrodes(one)
    if len(common) < MINIMUM_ELECTRODES:
        raise ConfigError(
            f"{one.found.path}: electrodes {common} are common to all recordings, at least "
            f"{MINIMUM_ELECTRODES} are needed"
        )


def _bad_electrodes(surveys: Iterable[Survey]) -> Any:
    """Interpolate bad electrodes where the positions and number of the good ones allow it."""
    for one in surveys:
        for row in one.recordings.to_dict("records"):
            if row["bad"] and (row["unplaced"] or len(row["electrodes"]) - len(row["bad"]) < 4):
                return "drop"
    return "interpolate"


def _dataset_lines(one: Survey) -> list[str]:
    found, table = one.found, one.recordings
    subjects = list(table["subject"].unique())
    lines = [
        f"  {_flow(found.name)}:",
        f"    # {source_module(found.source).INFO.title}",
        f"    # {several(len(subjects), 'subject')}, {several(len(table), 'recording')}, "
        f"{len(one.flashes):,} flashes",
        f"    # {several(len(_common_electrodes(one)), 'electrode')} at "
        f"{span(table['sfreq'], 'Hz', 0)}: {listed(_common_electrodes(one), 64)}",
        f"    - source: {found.source}"
        + (f"  # {', '.join(found.others)} would read it too" if found.others else ""),
        f"      path: {_flow(str(found.paths[0]))}",
        f"      # subjects: {_flow(subjects[:8])}  # to take some only",
    ]
    if _is_guessed(one):
        files = [Path(source) for source in table["source"]]
        inside = (f.is_relative_to(found.path) for f in files)  # not where bytes were escaped
        below = [
            f.relative_to(found.path).as_posix() if there else f.name
            for f, there in zip(files, inside, strict=True)
        ]
        pattern = _flow(suggest_pattern(below))
        lines.append(
            f"      # subject: {pattern}  # guessed: confirm it by taking the first # away"
        )
    unplaced = list(dict.fromkeys(name for names in table["unplaced"] for name in names))
    if unplaced:
        lines.append(f"      # no known positions, no scalp maps: {listed(unplaced, 64)}")
        if "electrodes" in accepted_arguments(source_module(found.source).load):
            lines.append("      # electrodes: [Fz, Cz, ...]  # their names, in the file's order")
    lines += _option_lines(one)
    for path in found.paths[1:]:
        lines += [f"    - source: {found.source}", f"      path: {_flow(str(path))}"]
        lines += _option_lines(one)
    return lines


def _option_lines(one: Survey) -> list[str]:
    found = one.found
    lines = [
        f"      {key}: {_flow(value)}" + (f"  {GUESSED}" if key in found.guessed else "")
        for key, value in found.options.items()
    ]
    takes_rows = "layout" in accepted_arguments(source_module(found.source).load)
    if one.flashes["code"].notna().any() and "layout" not in found.options and takes_rows:
        rows = _flow(guess_rows(MATRIX_6X6.groups))
        lines.append(f"      # layout: {rows}  # rows of your matrix, to spell")
    return lines


def _preprocessing_lines(settings: Preprocessing) -> list[str]:
    rate = (
        "as recorded, divided by the largest whole number that leaves 120 Hz"
        if settings.sfreq is None
        else "Hz; one that all recordings can be brought to"
    )
    comments = {
        "sfreq": rate,
        "order": "subsample, then filter as in the paper; filter_first takes any rate",
        "low": "Hz, -3 dB; slow drifts go. Higher where they are strong",
        "high": "Hz, -3 dB; the P300 is slow, above are muscles and the mains",
        "phase": "no delay; causal for what must run online",
        "tmin": "seconds from the flash",
        "tmax": "longer where responses are late",
        "normaliser": "each electrode of each epoch to mean 0, variance 1; none keeps volts",
        "reference": "as recorded; average, or electrodes such as [TP9, TP10]",
        "bad_electrodes": "flat, clipped, bridged ones; interpolate, drop or keep",
        "reject_by_annotation": "epochs that touch BAD_... annotations are left out",
    }
    values = {name: getattr(settings, name) for name in comments}
    return [
        "preprocessing:      # the steps of Cecotti & Gräser (2011): docs/preprocessing.md",
        *(f"  {f'{name}: {_flow(values[name])}':28}  # {text}" for name, text in comments.items()),
    ]


def _detector_lines(surveys: Sequence[Survey], protocols: Iterable[str]) -> list[str]:
    """Take the recommended detector where it has what it wants: codes, and others to learn from."""
    coded = all(has_codes(_labelled(one)).all() for one in surveys)
    fits = coded and len(_spellable(surveys)) == len(surveys) and "cross_subject" in protocols
    about = "adapts to each new person without labels: docs/detector.md"
    recommended = (
        f"  {RECOMMENDED}: {{}}   # shrinkage LDA that {about}"
        if fits
        else f"  # {RECOMMENDED}: {{}} # wants flash codes, a layout and several subjects; {about}"
    )
    return [
        "detectors:          # `p300 detectors` lists them, `p300 detectors NAME` its parameters",
        recommended,
        "  slda: {}          # shrinkage LDA: quick, hard to beat with few electrodes",
        "  xdawn_lda: {}     # spatial filters first: better with many electrodes",
        "  cnn1: {}          # the convolutional network of Cecotti & Gräser (2011)",
        "  # eegnet: {}",
    ]


def _spellable(surveys: Sequence[Survey]) -> list[str]:
    """Return the data sets of which letters can be spelled."""
    return [
        one.found.name
        for one in surveys
        if one.layout is not None and has_codes(_labelled(one)).any()
    ]


def _spelling_lines(surveys: Sequence[Survey], fewest: int) -> list[str]:
    spellable = _spellable(surveys)
    if not spellable:
        return [
            "# spelling: nothing can be spelled, the flash codes or the matrix are not known.",
        ]
    return [
        f"spelling:           # letters of {', '.join(spellable)}: docs/speller.md",
        f"  {f'dynamic: {_flow(fewest > FEWEST_GROUPS)}':17} # stop when sure enough: needs "
        "characters to learn from, takes six times as long",
    ]


def _flow(value: Any) -> str:
    """Write a value as YAML on one line."""
    text = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=10**6)
    return text.strip()[1:-1]
