"""Look at recordings: electrodes, noise, flash timing, averages, separability."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import p300
from p300.commands.finding import FoundData, open_found
from p300.errors import DataWarning, RecordingError
from p300.files import written_whole
from p300.recordings import Layout, Recording
from p300.recordings.quality import Flashing, describe_flashing, electrode_quality
from p300.report.scalp import UNEQUAL_SCALES
from p300.runs.progress import Progress, silent
from p300.signal.plausibility.doubts import warn_of_doubts
from p300.signal.plausibility.impression import Impression, take_impression
from p300.signal.preprocessing import Preprocessing, cut_epochs
from p300.signal.sampling import RATE_TOLERANCE, held_window
from p300.signal.separability import Responses, mean_responses, measure_responses

SETTINGS = Preprocessing(
    low=0.5, high=20.0, tmin=-0.2, tmax=0.8, normaliser="none", bad_electrodes="keep"
)
"""For looking: slow drifts out, volts kept, 200 ms before the flash shown, nothing interpolated."""


_TIMING = "How often each interval from flash to flash came."
_CAPTION = (
    "Above: averages after target and non-target flashes with their standard errors, at the "
    "electrodes that tell them apart best. Middle: signed r², the share of variance of single "
    f"flashes that target or non-target explains, by electrode and time. Below: {_TIMING.lower()}"
)
_RECORDINGS = (
    "Onset: median interval from flash to flash and its range, pauses left out; jitter: its "
    "standard deviation in ms; irregular: intervals far from the median."
)
_ELECTRODES = (
    "Medians over the recordings. Drift: robust standard deviation of the means of seconds. 50 and "
    "60 Hz: how far the mains stand above their neighbours; far below 0: a notch filter."
)


@dataclass(frozen=True, eq=False)
class Inspected:
    """One recording as inspected; ``electrodes`` is :func:`electrode_quality`'s table."""

    name: str
    sfreq: float
    seconds: float
    layout: Layout | None
    flashing: Flashing
    electrodes: pd.DataFrame
    responses: Responses | None
    impression: Impression


def inspect_data(found: FoundData, progress: Progress = silent) -> list[Inspected]:
    """Inspect the recordings of a data set, one at a time.

    Raises
    ------
    RecordingError
        When one of them cannot be read, or there is none.
    PreprocessingError
        When a recording's rate is too low for a band up to 20 Hz.

    Warns
    -----
    DataWarning
        Of recordings that are doubtful beside the others, see
        :func:`~p300.signal.plausibility.doubts.warn_of_doubts`.
    """
    inspected = []
    for recording in open_found(found):
        inspected.append(inspect_recording(recording))
        progress(f"inspecting {found.name}", len(inspected), 0)
    if not inspected:
        raise RecordingError(f"{found.path}: no recordings found by the source {found.source!r}")
    warn_of_doubts([one.impression for one in inspected])
    return inspected


def inspect_recording(recording: Recording) -> Inspected:
    """Inspect one recording; see :func:`inspect_data`. Of epochs that came cut all is shown."""
    settings = SETTINGS
    if recording.cut is not None:
        low, high = held_window(recording)
        settings = SETTINGS.model_copy(update={"tmin": low, "tmax": high})
    epochs = cut_epochs(recording, settings)
    return Inspected(
        name=recording.name,
        sfreq=recording.sfreq,
        seconds=recording.raw.n_times / recording.sfreq,
        layout=recording.layout,
        flashing=describe_flashing(recording),
        electrodes=electrode_quality(recording),
        responses=measure_responses(epochs),
        impression=take_impression(recording, epochs),
    )


def grand_average(inspected: Iterable[Inspected]) -> Responses | None:
    """Average the responses of recordings; None where no recording has known targets.

    Where amplitudes differ more than :data:`~p300.report.scalp.UNEQUAL_SCALES`-fold between
    recordings or electrodes (another unit, a loose electrode), each electrode of each recording is
    divided by its robust standard deviation first.

    Raises
    ------
    RecordingError
        When the recordings have no electrode in common.

    Warns
    -----
    DataWarning
        Naming recordings left out because their rate is not that of the first.
    """
    known = {one.name: one.responses for one in inspected if one.responses is not None}
    if not known:
        return None
    first = next(iter(known.values()))
    alike = {name: r for name, r in known.items() if _same_times(r, first)}
    if len(alike) < len(known):
        others = [name for name in known if name not in alike]
        warnings.warn(
            f"{', '.join(others)} have another rate than {next(iter(known))} and are not in the "
            "grand average; inspect them on their own",
            DataWarning,
            stacklevel=2,
        )
    if not set.intersection(*(set(part.electrodes) for part in alike.values())):
        held = "; ".join(f"{name}: {', '.join(part.electrodes)}" for name, part in alike.items())
        raise RecordingError(
            f"no electrode is common to all recordings ({held}), expected at least one for the "
            "grand average; inspect them on their own"
        )
    parts = list(alike.values())
    scales = np.concatenate([part.scale[part.scale > 0] for part in parts])
    if len(scales) and scales.max() > UNEQUAL_SCALES * scales.min():
        parts = [part.standardised() for part in parts]
    return mean_responses(parts)


def _same_times(one: Responses, other: Responses) -> bool:
    """Return whether responses can be averaged: rates may differ by rounding."""
    return one.times.shape == other.times.shape and np.allclose(
        one.times, other.times, rtol=RATE_TOLERANCE, atol=1e-9
    )


def write_inspected(
    inspected: Sequence[Inspected], average: Responses | None, folder: Path, title: str
) -> Path:
    """Write the figure of inspected recordings and the page that holds it with its tables.

    Parameters
    ----------
    inspected
        For the flash intervals and the tables.
    average
        Of :func:`grand_average`.
    folder
        Gets ``inspect.png`` and ``inspect.html``; those that are there are replaced.
    title
        Stands above figure and page.

    Returns
    -------
    The page.
    """
    from p300.commands import inspected_tables as tables
    from p300.report.in_words import figure_in_words
    from p300.report.page import Block, Section, Text, picture
    from p300.report.recording_figures import plot_recording
    from p300.report.rendering import render_page

    intervals = np.concatenate([one.flashing.intervals for one in inspected])
    figure = plot_recording(title, average, intervals)
    separable = [] if average is None else [tables.separability_table(average)]
    alt = " ".join((*(_peaks_in_words(average) if average else ()), figure_in_words(figure)))
    drawn = picture("inspect", figure, _CAPTION if average else _TIMING, alt)
    said = tables.remarks(inspected)
    look: list[Block] = [Text(line) for line in said or ["Nothing stands out."]]
    none = [] if average else [Text(tables.NO_TARGETS)]
    sections = [
        Section("What deserves a look", tuple(look)),
        Section("Responses and timing", (*none, drawn, *separable)),
        Section("Recordings", (Text(_RECORDINGS), tables.flashing_table(inspected))),
        Section("Electrodes", (Text(_ELECTRODES), tables.electrodes_table(inspected))),
    ]
    page = render_page(title, f"p300 {p300.__version__} · {len(inspected)} inspected", sections)
    with written_whole(folder / "inspect.png") as temporary:
        temporary.write_bytes(drawn.png)
    out = folder / "inspect.html"
    with written_whole(out) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return out


def _peaks_in_words(average: Responses) -> Iterator[str]:
    """Say where single flashes are told apart best."""
    for row in average.best_electrodes(4):
        name, values = average.electrodes[row], average.r_squared[row]
        peak = int(np.abs(values).argmax())
        at = 1e3 * average.times[peak]
        yield f"Signed r² at {name} peaks with {values[peak]:+.3f} at {at:.0f} ms."
