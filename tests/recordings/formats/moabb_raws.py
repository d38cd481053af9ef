"""Recordings as MOABB's loaders return them, one of each kind of data set that is described.

Each follows the loader named beside it, MOABB 1.7; ``test_moabb_sets.py`` compares them with what
the loaders themselves make of files of the same content, where MOABB is installed.
"""

from __future__ import annotations

from datetime import UTC, datetime

import mne
import numpy as np

from p300.recordings.layout import MATRIX_6X6

SYMBOLS = "P3"
ONSETS = 300 + 40 * np.arange(48) + 300 * (np.arange(48) >= 24)
"""Two characters of two repetitions."""
_ORDERS = [np.random.default_rng(seed).permutation(12) + 1 for seed in range(4)]
CODES = np.concatenate(_ORDERS)
TARGETS = np.array(
    [code in MATRIX_6X6.codes_of(SYMBOLS[place // 24]) for place, code in enumerate(CODES.tolist())]
)
N_SAMPLES, LIT = 3200, 20


def signal(n_electrodes, n_samples=N_SAMPLES):
    """Give EEG in microvolts, [electrode, sample]."""
    return 10 * np.random.default_rng(7).normal(size=(n_electrodes, n_samples))


def held(values, n_samples=N_SAMPLES, lit=LIT):
    """Hold a value a while from each flash on, [sample]."""
    vector = np.zeros(n_samples)
    for onset, value in zip(ONSETS, np.broadcast_to(values, len(ONSETS)), strict=True):
        vector[onset : onset + lit] = value
    return vector


def raw_of(volts, electrodes, sfreq, stim):
    names, kinds = [*electrodes, *stim], ["eeg"] * len(electrodes) + ["stim"] * len(stim)
    info = mne.create_info(names, sfreq, kinds, verbose="error")
    return mne.io.RawArray(np.vstack([volts, *stim.values()]), info, verbose="error")


def bnci2014(electrodes, codes=CODES):
    """As ``bnci.base._convert_run_p300_sl`` and ``_finalize_raw``."""
    stim = {
        "Target stim": held(1 + TARGETS),
        "Flash stim": held(np.asarray(codes) + 2),
    }
    raw = raw_of(1e-6 * signal(len(electrodes)), electrodes, 256, stim)
    return raw.set_meas_date(datetime(2014, 1, 1, tzinfo=UTC))


def bnci2015_003(electrodes, codes=CODES):
    """As ``bnci.bnci_2015._load_data_003_2015``."""
    raw = bnci2014(electrodes, codes)
    return raw.rename_channels({"Target stim": "Target", "Flash stim": "Flash"})


def brain_invaders(electrodes, sfreq, target=2, nontarget=1):
    """As ``braininvaders._bi_get_subject_data``: marks of one sample."""
    stim = {"STI 014": held(np.where(TARGETS, target, nontarget), lit=1)}
    return raw_of(1e-6 * signal(len(electrodes)), electrodes, sfreq, stim)


def bigp3bci(electrodes=("Fz", "Cz", "Pz", "PO7", "PO8", "Oz")):
    """As ``mainsah2025.Mainsah2025._load_edf``."""
    stim = {"STI": held(1 + TARGETS, lit=1)}
    return raw_of(1e-6 * signal(len(electrodes)), electrodes, 256, stim)


def lee2019(electrodes=("Fp1", "Cz", "Pz", "Oz")):
    """As ``Lee2019._get_single_run``, with its channels of EMG."""
    stim = {"STI 014": held(np.where(TARGETS, 1, 2), lit=1)}
    raw = raw_of(1e-6 * signal(len(electrodes) + 1), [*electrodes, "EMG1"], 1000, stim)
    return raw.set_channel_types({"EMG1": "emg"}, verbose="error")


def huebner(electrodes=("Fp1", "Cz", "Pz", "Oz")):
    """As ``huebner_llp._read_raw_llp_study_data``: annotations, cropped, no channel of marks."""
    raw = raw_of(1e-6 * signal(len(electrodes) + 1), [*electrodes, "x_Optic"], 1000, {})
    raw.set_channel_types({"x_Optic": "misc"}, verbose="error")
    raw.set_meas_date(datetime(2016, 1, 1, tzinfo=UTC))
    kinds = np.where(TARGETS, "Target", "NonTarget")
    marks = mne.Annotations(ONSETS / 1e3, 1e-3, kinds, orig_time=raw.info["meas_date"])
    # Half a second where the loader has two, so that the signal begins later than the file.
    begin, end = (ONSETS[0] - 250) / 1e3, (ONSETS[-1] + 500) / 1e3
    return raw.set_annotations(marks, emit_warning=False).crop(begin, end, include_tmax=True)


def annotate(raw, event_id, interval):
    """As ``preprocessing.SetRawAnnotations``, which every data set passes through."""
    if "stim" in raw.get_channel_types():
        events = mne.find_events(raw, shortest_event=0, verbose="error")
    else:
        events, _ = mne.events_from_annotations(raw, event_id=event_id, verbose="error")
    events = events[np.isin(events[:, 2], list(event_id.values()))]
    events[:, 0] += int(interval[0] * raw.info["sfreq"])
    marks = mne.annotations_from_events(
        events,
        raw.info["sfreq"],
        {number: name for name, number in event_id.items()},
        first_samp=raw.first_samp,
        verbose="error",
    )
    return raw.set_annotations(marks.set_durations(interval[1] - interval[0]), emit_warning=False)
