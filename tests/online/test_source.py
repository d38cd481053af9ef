"""Streams are matched to detectors by electrodes' names and units; what cannot be is refused."""

from dataclasses import replace

import numpy as np
import pytest
from fed_sessions import fitted

from p300.errors import EpochsError, OnlineError, PreprocessingError, RecordingError
from p300.online.source import match
from p300.recordings.readers.xdfsignal import ChannelAbout
from p300.signal.alignment import Alignment
from p300.speller.fitted import Fitted

NAMES = ["Oz", "Fz", "Cz", "P3", "Pz", "P4", "PO7", "PO8"]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return Fitted.load(fitted(tmp_path_factory.mktemp("detector") / "one"))


def described(names=NAMES, unit="microvolts"):
    return [ChannelAbout(name, "EEG", unit) for name in names]


def with_settings(found, **settings):
    stored = found.stored
    return replace(
        found, stored=replace(stored, preprocessing={**stored.preprocessing, **settings})
    )


def test_electrodes_are_taken_by_name_and_brought_to_volts(found):
    values = np.arange(16.0).reshape(2, 8)
    for unit, scale in (("microvolts", 1e-6), ("mV", 1e-3), ("volts", 1.0), ("", 1e-6)):
        source = match(found, "s", 240.0, described(unit=unit))
        rows = [NAMES.index(name) for name in found.stored.electrodes]
        np.testing.assert_allclose(source.volts(values), scale * values.T[rows])


def test_names_are_read_as_those_of_a_file_and_other_channels_left_out(found):
    old = [f"EEG {name.upper()}-A1" for name in NAMES]
    channels = [*described(old), ChannelAbout("trigger", "stim", "")]
    values = np.arange(18.0).reshape(2, 9)
    rows = [NAMES.index(name) for name in found.stored.electrodes]
    source = match(found, "s", 240.0, channels)
    np.testing.assert_allclose(source.volts(values), 1e-6 * values.T[rows])


def test_what_does_not_fit_is_refused(found):
    with pytest.raises(OnlineError, match=r"has no electrodes \['Fz'\]"):
        match(found, "s", 240.0, described([n for n in NAMES if n != "Fz"]))
    with pytest.raises(PreprocessingError, match="cannot be subsampled"):
        match(found, "s", 200.0, described())
    with pytest.raises(RecordingError, match="expected one unit of volts"):
        match(found, "s", 240.0, described(unit="furlongs"))


def test_electrodes_of_one_name_elsewhere_are_refused(found):
    moved = dict.fromkeys(found.stored.electrodes, (0.0, 0.0, 0.1))
    elsewhere = replace(found, stored=replace(found.stored, positions=moved))
    with pytest.raises(EpochsError):
        match(elsewhere, "s", 240.0, described())


@pytest.mark.parametrize("settings", [{"phase": "zero"}, {"filter": "fir"}])
def test_filters_that_know_the_future_are_refused_with_those_to_train_with(found, settings):
    with pytest.raises(OnlineError, match=r"p300 train CONFIG .*--set preprocessing.phase=causal"):
        match(with_settings(found, **settings), "s", 240.0, described())


def test_other_things_that_cannot_be_online_are_refused(found):
    with pytest.raises(OnlineError, match=r"preprocessing\.reference=null"):
        match(with_settings(found, reference="average"), "s", 240.0, described())
    offline = replace(found, stored=replace(found.stored, alignment=Alignment("euclidean")))
    with pytest.raises(OnlineError, match=r"alignment\.mode=running"):
        match(offline, "s", 240.0, described())
    with pytest.raises(OnlineError, match="cannot spell"):
        match(replace(found, model=None), "s", 240.0, described())
