"""The P300 data sets of MOABB, by name; MOABB itself is optional."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from p300.arguments import did_you_mean
from p300.errors import DataWarning, RecordingError
from p300.recordings.channels import NO_CHANGES, Channels
from p300.recordings.described import MOABB
from p300.recordings.flashes import make_flash_table
from p300.recordings.guard import guarded
from p300.recordings.layout import Layout
from p300.recordings.moabb_sets import MOABB_SETS, MoabbSet
from p300.recordings.readers.mnefile import mark_samples
from p300.recordings.recording import Recording, finish_recording
from p300.recordings.registry import select_subjects

if TYPE_CHECKING:
    import pandas as pd
    from mne.io import BaseRaw

INFO = replace(MOABB, from_files=False)

_TARGET = {"Target": True, "NonTarget": False}
# Channels in which some data sets of MOABB hold the flash codes, raised by two so that they are
# no marks of targets.
_FLASH_CHANNELS = ("Flash stim", "Flash")
_RAISED_BY = 2
_SAME_RATE = 0.01

Codes = npt.NDArray[np.int64]
"""[flash], samples or flash codes."""


def load(
    path: Path | None = None,  # noqa: ARG001 - every loader takes it
    *,
    dataset: str,
    subjects: Sequence[str] | None = None,
    name: str = "",
    sessions: Sequence[str] | None = None,
    runs: Sequence[str] | None = None,
    channels: Channels = NO_CHANGES,
) -> Iterator[Recording]:
    """Yield the recordings of a data set in the order that MOABB has them.

    Sessions and runs keep MOABB's names, such as ``0`` or ``1test``. Flash codes are there where
    MOABB keeps them, in the data sets of BNCI Horizon 2020: these have their layout, and characters
    are counted by the pauses between them. See :mod:`p300.recordings.moabb_sets`.

    Parameters
    ----------
    path
        Not used: MOABB has a folder of its own.
    dataset
        Name to give the data set.
    subjects
        Subjects wanted; by default all.
    name
        The data set in MOABB, such as ``BNCI2014_009``.
    sessions, runs
        Sessions and runs wanted; by default all.
    channels
        See :class:`~p300.recordings.channels.Channels`.

    Raises
    ------
    RecordingError
        When MOABB is not installed, has no such P300 data set, cannot load it, or what it gives
        cannot be a recording.

    Warns
    -----
    DataWarning
        Once where MOABB drops the flash codes of a data set, so that nothing can be spelled; where
        a recording is not as described.
    """
    source = _find_dataset(name)
    described = MOABB_SETS.get(name)
    if described is not None and described.lost:
        _warn(f"moabb {name}: flashes can be detected, but not spelled: {described.lost}")
    numbers = {str(number): number for number in source.subject_list}
    for subject in select_subjects(list(numbers), subjects, f"moabb {name}"):
        found = _load_subject(source, numbers[subject], name)
        where = f"moabb {name}, subject {subject}"
        for session in _wanted(list(found), sessions, "sessions", where):
            for run in _wanted(list(found[session]), runs, "runs", f"{where}, session {session}"):
                place = f"{where}, session {session}, run {run}"
                raw = found[session][run]
                if described is not None:
                    _compare(raw, described, place)
                flashes, layout = _read_flashes(raw, source.interval[0], described, place)
                yield finish_recording(
                    channels.keep_eeg(raw, Path(place)),
                    flashes,
                    layout=layout,
                    dataset=dataset,
                    subject=subject,
                    session=session,
                    run=run,
                    source=place,
                    montage=channels.montage,
                )


def _find_dataset(name: str) -> Any:
    try:
        from moabb.datasets.utils import dataset_search
    except ImportError as error:
        raise RecordingError(
            f"source moabb needs the library MOABB ({error}); install it with "
            "pip install 'p300[moabb]'"
        ) from error
    known = {type(source).__name__: source for source in dataset_search(paradigm="p300")}
    if name not in known:
        raise RecordingError(
            f"option 'name': MOABB has no P300 data set {name!r}{did_you_mean(name, known) or '.'} "
            f"There are: {', '.join(known)}"
        )
    return known[name]


def _load_subject(source: Any, number: Any, name: str) -> dict[str, dict[str, BaseRaw]]:
    """Let MOABB load and read a subject: session -> run -> recording."""
    return guarded(
        lambda: cast("dict[str, dict[str, BaseRaw]]", source.get_data([number])[number]),
        f"moabb {name}, subject {number}",
        reader="MOABB",
        fault="MOABB cannot load it",
        advice="is this machine online, and the folder of MNE_DATA writable?",
    )


def _wanted(there: list[str], wanted: Sequence[str] | None, kind: str, where: str) -> list[str]:
    missing = sorted(set(wanted or ()) - set(there))
    if missing:
        raise RecordingError(f"{where}: {kind} {missing} not found, there are {there}")
    return [name for name in there if wanted is None or name in wanted]


def _read_flashes(
    raw: BaseRaw, offset: float, described: MoabbSet | None, where: str
) -> tuple[pd.DataFrame, Layout | None]:
    """Take the flashes from the annotations, and remove these; the layout, where it is known.

    MOABB's annotations begin where the epochs that it would cut begin: ``offset`` seconds after
    the flash.
    """
    import pandas as pd

    kinds = pd.Series([_TARGET.get(str(text)) for text in raw.annotations.description])
    at = np.flatnonzero(kinds.notna())
    if len(at) == 0:
        raise RecordingError(
            f"{where}: annotations {sorted(set(raw.annotations.description))[:10]} found, expected "
            "Target and NonTarget"
        )
    sfreq = raw.info["sfreq"]
    samples = mark_samples(raw)[at] - int(offset * sfreq)
    target = kinds.iloc[at].astype(bool).to_numpy()
    codes = _read_codes(raw, samples)
    layout = None
    if described is not None and described.layouts:
        codes, layout = _find_layout(codes, described, where)
    raw.annotations.delete(at)
    if codes is None:
        return pd.DataFrame({"sample": samples, "target": target}), layout
    flashes = make_flash_table(
        samples,
        target=target,
        code=codes,
        flashes_a_repetition=len(np.unique(codes)),
        where=where,
    )
    return flashes, layout


def _read_codes(raw: BaseRaw, samples: Codes) -> Codes | None:
    channel = next((name for name in _FLASH_CHANNELS if name in raw.ch_names), None)
    if channel is None:
        return None
    codes: Codes = raw.get_data(picks=[channel])[0, samples].astype(np.int64) - _RAISED_BY
    return codes if (codes > 0).all() else None


def _find_layout(
    codes: Codes | None, described: MoabbSet, where: str
) -> tuple[Codes | None, Layout]:
    """Return the flash codes and the layout that has them; no codes where none has just these."""
    shown = set() if codes is None else set(codes.tolist())
    layout = described.layout_of(shown)
    if layout is not None:
        return codes, layout
    known = " or ".join(f"1 to {len(one.groups)}" for one in described.layouts)
    _warn(
        f"{where}: flash codes {sorted(shown) or 'none'} found, expected {known}; flashes can be "
        "detected, but not spelled"
    )
    return None, described.layouts[0]


def _compare(raw: BaseRaw, described: MoabbSet, where: str) -> None:
    """Warn where MOABB does not give what it gave when the data set was described."""
    kinds = zip(raw.ch_names, raw.get_channel_types(), strict=True)
    found = {name for name, kind in kinds if kind == "eeg"}
    lacking = sorted(set(described.electrodes) - found)
    if lacking:
        _warn(
            f"{where}: electrodes {sorted(found)} found, expected {lacking} among them; MOABB "
            "gives others than when this data set was described: look at the recording"
        )
    if abs(raw.info["sfreq"] - described.sfreq) > _SAME_RATE * described.sfreq:
        _warn(
            f"{where}: {raw.info['sfreq']:g} Hz found, expected {described.sfreq:g}; MOABB gives "
            "another rate than when this data set was described: look at the recording"
        )


def _warn(text: str) -> None:
    warnings.warn(text, DataWarning, stacklevel=4)
