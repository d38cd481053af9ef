"""The invariants and the identity of a recording, which every load reports."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from p300.recordings.faults import robust_amplitude
from p300.recordings.flashes import PAUSE
from p300.recordings.recording import Recording


def summarise_recording(recording: Recording) -> dict[str, Any]:
    """Return the invariants that every load reports, JSON-ready.

    Returns
    -------
    Number of flashes, targets and characters, target share (None where targets are unknown),
    robust amplitude in microvolts, duration, stretches of continuous signal (one more than there
    are pauses), seconds marked as bad, and the onset interval: median and extremes within
    repetitions in milliseconds, and the share of intervals off the median by more than a sample.
    """
    flashes = recording.flashes
    known = bool(flashes["target"].notna().all())
    n_targets = int(flashes["target"].sum()) if known else None
    rate = recording.onset_sfreq  # without one, samples are places in a file
    interval = np.diff(flashes["sample"].to_numpy()[: None if rate else 0])
    median = float(np.median(interval)) if len(interval) else float("nan")
    # Pauses between characters or runs are no irregularity of the flashing.
    inside = interval[interval <= PAUSE * median]
    return {
        "recording": recording.name,
        "source": recording.source,
        "sha256": content_hash(recording),
        "electrodes": recording.electrodes,
        "bad_electrodes": list(recording.raw.info["bads"]),
        "sfreq": recording.sfreq,
        "seconds": recording.raw.n_times / recording.sfreq,
        "n_segments": len(recording.segments()),
        "bad_seconds": sum(stretch.stop - stretch.start for stretch in recording.bad_stretches()),
        "amplitude_microvolts": 1e6 * float(np.median(robust_amplitude(recording.raw.get_data()))),
        "n_flashes": len(flashes),
        "n_targets": n_targets,
        "target_share": n_targets / len(flashes) if n_targets is not None else None,
        "n_characters": int(flashes["character"].nunique()),
        "has_codes": bool(flashes["code"].notna().all()),
        "onset_interval_ms": 1e3 * median / rate if rate and len(interval) else None,
        "onset_interval_range_ms": (
            [1e3 * float(f(inside)) / rate for f in (np.min, np.max)]
            if rate and len(inside)
            else None
        ),
        "irregular_onsets": float(np.mean(np.abs(inside - median) > 1)) if len(inside) else 0.0,
    }


def content_hash(recording: Recording) -> str:
    """Hash what a recording says: electrodes, rate, signal, segments, bad stretches and flashes.

    The content, not the file: a format may spread a recording over several files, and generated
    data have none.
    """
    digest = hashlib.sha256()
    facts: list[Any] = [tuple(stretch) for stretch in recording.bad_stretches()]
    facts += [] if recording.cut is None else [recording.cut]
    facts = [recording.electrodes, recording.sfreq, recording.segments(), *facts]
    digest.update(repr(tuple(facts)).encode())
    for row in range(len(recording.electrodes)):
        digest.update(np.ascontiguousarray(recording.raw[row][0], dtype="<f8").data)
    digest.update(recording.flashes.to_csv(index=False).encode())
    return digest.hexdigest()
