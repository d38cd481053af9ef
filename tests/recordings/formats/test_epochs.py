"""Files of epochs: the same flashes and microvolts from each format, and what they leave open."""

from __future__ import annotations

import warnings
from pathlib import Path

import mne
import numpy as np
import pandas as pd
import pytest
import specimen_epochs as writers
from scipy.io import loadmat, savemat
from specimen_files import Content, make_content

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings, recognise_source
from p300.signal.preprocessing import Preprocessing, cut_epochs

EIGHT = ("Fz", "Cz", "P3", "Pz", "P4", "PO7", "Oz", "PO8")
CONTENT = make_content(EIGHT)
EVERYTHING = Preprocessing(
    tmin=writers.TMIN, tmax=writers.TMIN + writers.N_TIMES / writers.SFREQ, normaliser="none"
)
WRITERS = [writers.write_fif, writers.write_set, writers.write_npz, writers.write_mat]


def load(path: Path, **options):
    return list(open_recordings("epochs", path, **options))


def epochs_of(recording, settings=EVERYTHING):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # of the filter
        return cut_epochs(recording, settings)


def save_npz(path: Path, **changed) -> Path:
    """Write the arrays of the specimen; None leaves one out."""
    named = writers.arrays(CONTENT, "") | changed
    np.savez(path, **{name: value for name, value in named.items() if value is not None})
    return path


def save_fif(path: Path, events, names, content: Content = CONTENT, **options) -> Path:
    info = mne.create_info(list(content.electrodes), writers.SFREQ, "eeg", verbose="error")
    X = options.pop("X", writers.cut(content))
    epochs = mne.EpochsArray(
        X, info, events, writers.TMIN, names, baseline=None, verbose="error", **options
    )
    epochs.save(path, verbose="error")
    return path


def events(samples=CONTENT.samples, kinds=CONTENT.targets):
    return np.stack([samples, 0 * samples, 1 + kinds], axis=1).astype(np.int64)


KINDS = {"NonTarget": 1, "Target": 2}


@pytest.mark.parametrize("write", WRITERS)
def test_every_format_gives_the_same_flashes_and_microvolts(tmp_path, write):
    (recording,) = load(write(tmp_path, CONTENT))
    assert (recording.subject, recording.sfreq, recording.onset_sfreq) == ("1", 250.0, 250.0)
    assert recording.flashes["sample"].tolist() == CONTENT.samples.tolist()
    assert recording.flashes["target"].tolist() == CONTENT.targets.tolist()
    epochs = epochs_of(recording)
    assert epochs.electrodes == EIGHT
    assert epochs.tmin == pytest.approx(writers.TMIN)
    np.testing.assert_allclose(epochs.X, writers.cut(CONTENT), rtol=1e-6, atol=1e-13)
    np.testing.assert_allclose(epochs.flashes["onset"], CONTENT.samples / 250)


def test_eeglab_epochs_are_those_of_mne(tmp_path):
    path = writers.write_set(tmp_path, CONTENT)
    (recording,) = load(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of several events in an epoch
        theirs = mne.read_epochs_eeglab(path, verbose="error")
    np.testing.assert_allclose(epochs_of(recording).X, theirs.get_data(), atol=1e-13)
    # MNE joins the names of all events of an epoch.
    assert any("/" in name for name in theirs.event_id)


@pytest.mark.parametrize("order", ["epoch electrode time", "electrode time epoch"])
def test_axes_are_told_by_their_lengths_or_said(tmp_path, order):
    axes = order.split()
    from_order = [("epoch", "electrode", "time").index(axis) for axis in axes]
    path = save_npz(tmp_path / "sub-1.npz", X=writers.cut(CONTENT).transpose(from_order))
    for options in ({}, {"axes": axes}):
        (recording,) = load(path, **options)
        np.testing.assert_allclose(epochs_of(recording).X, writers.cut(CONTENT), rtol=1e-6)


def test_axes_that_lengths_do_not_tell(tmp_path):
    # As many epochs as electrodes: which is which, nobody can tell.
    eight = {name: writers.arrays(CONTENT, "")[name][:8] for name in ("X", "y", "sample")}
    eight["y"][:] = [0, 1] * 4
    path = save_npz(tmp_path / "sub-1.npz", **eight)
    with pytest.raises(RecordingError, match=r"shape \(8, 8, 100\) .* option 'axes'"):
        load(path)
    (recording,) = load(path, axes=["electrode", "epoch", "time"])
    np.testing.assert_allclose(epochs_of(recording).X, eight["X"].swapaxes(0, 1), rtol=1e-6)
    path = save_npz(tmp_path / "sub-2.npz", electrodes=None)
    with pytest.raises(RecordingError, match=r"electrodes without names found.*'axes'"):
        load(path)
    (recording,) = load(path, electrodes=list(EIGHT))
    assert recording.electrodes == list(EIGHT)
    with pytest.warns(DataWarning, match=r"electrodes \['channel 1'"):
        (recording,) = load(path, axes=["epoch", "electrode", "time"])
    with pytest.raises(RecordingError, match="each of epoch, electrode and time once expected"):
        load(path, axes=["epoch", "epoch", "time"])
    with pytest.raises(RecordingError, match="9 names of electrodes for X"):
        load(path, electrodes=[*EIGHT, "Fp1"], axes=["epoch", "electrode", "time"])


WORDS = np.where(CONTENT.targets, "oddball", "standard")


@pytest.mark.parametrize(
    ("y", "options"),
    [
        (CONTENT.targets, {}),
        (np.where(CONTENT.targets, 1, -1), {}),
        (CONTENT.targets.astype(float)[np.newaxis], {}),
        (WORDS, {}),
        (np.where(CONTENT.targets, 2, 1), {"target": [2], "nontarget": [1]}),
        (np.where(CONTENT.targets, 0, 1), {"target": [0], "nontarget": [1]}),
        (np.where(CONTENT.targets, "a", "b"), {"target": ["a"], "nontarget": ["b"]}),
    ],
)
def test_labels(tmp_path, y, options):
    (recording,) = load(save_npz(tmp_path / "sub-1.npz", y=y), **options)
    assert recording.flashes["target"].tolist() == CONTENT.targets.tolist()


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.where(CONTENT.targets, 2, 1), r"'1' \(40\), '2' \(8\) found, expected targets"),
        (np.zeros(48), r"'0' \(48\) found, expected targets and non-targets"),
        (CONTENT.targets[:47], "X of shape .* with 47 labels"),
        (np.eye(2)[CONTENT.targets.astype(int)], "X of shape"),
        (np.where(CONTENT.targets, 0.5, np.nan), r"'nan' \(40\), '0.5' \(8\)"),
    ],
)
def test_labels_that_do_not_tell(tmp_path, y, message):
    with pytest.raises(RecordingError, match=message) as caught:
        load(save_npz(tmp_path / "sub-1.npz", y=y))
    assert str(caught.value).startswith(str(tmp_path / "sub-1.npz"))


def test_epochs_of_other_marks_are_counted(tmp_path):
    y = WORDS.copy()
    y[:3] = "boundary"
    path = save_npz(tmp_path / "sub-1.npz", y=y)
    with pytest.warns(DataWarning, match=r"3 of 48 epochs are left out.*'boundary' \(3\)"):
        (recording,) = load(path)
    assert recording.flashes["sample"].tolist() == CONTENT.samples[3:].tolist()
    np.testing.assert_allclose(epochs_of(recording).X, writers.cut(CONTENT)[3:], rtol=1e-6)


def test_arrays_by_other_names(tmp_path):
    named = writers.arrays(CONTENT, "")
    path = tmp_path / "sub-1.npz"
    times = writers.TMIN + np.arange(writers.N_TIMES) / writers.SFREQ
    np.savez(path, mine=named["X"], kinds=named["y"], times=times, chans=named["electrodes"])
    variables = {"X": "mine", "y": "kinds"}
    (recording,) = load(path, variables=variables)
    assert (recording.sfreq, recording.cut.first) == (pytest.approx(250.0), -writers.BEFORE)
    with pytest.raises(RecordingError, match=r"mine \(48, 8, 100\).*epochs X and labels y"):
        load(path)
    with pytest.raises(RecordingError, match=r"no arrays \['yours'\]"):
        load(path, variables={"X": "yours"})
    with pytest.raises(RecordingError, match="variables"):
        load(path, variables={"Z": "mine"})


def test_rate_and_start_must_be_told(tmp_path):
    path = save_npz(tmp_path / "sub-1.npz", sfreq=None, tmin=None)
    with pytest.raises(RecordingError, match="does not tell sfreq and tmin"):
        load(path)
    (recording,) = load(path, sfreq=125.0, tmin=0.096)
    assert (recording.sfreq, recording.cut.first) == (125.0, 12)
    with pytest.warns(DataWarning, match=r"between two samples at 125 Hz; 0\.096 s are taken"):
        load(path, sfreq=125.0, tmin=0.1)
    assert recording.flashes["sample"].tolist() == CONTENT.samples.tolist()
    path = save_npz(tmp_path / "sub-2.npz", times=np.arange(100) ** 2, sfreq=None, tmin=None)
    with pytest.raises(RecordingError, match="times of 100 samples found"):
        load(path)
    with pytest.raises(RecordingError, match=r"sampling rate 1\.0 Hz"):
        load(save_npz(tmp_path / "sub-3.npz", sfreq=1.0, tmin=0))


def test_subjects_sessions_and_runs_in_the_file(tmp_path):
    label = np.repeat([10.0, 2.0], 24)
    path = save_npz(tmp_path / "all.npz", subject=label, run=np.tile(np.repeat(["b", "a"], 12), 2))
    found = load(path)
    assert [(r.subject, r.session, r.run) for r in found] == [
        ("2", "1", "a"), ("2", "1", "b"), ("10", "1", "a"), ("10", "1", "b"),
    ]  # fmt: skip
    assert all(recording.certain for recording in found)
    assert found[0].flashes["sample"].tolist() == CONTENT.samples[36:].tolist()
    np.testing.assert_allclose(epochs_of(found[0]).X, writers.cut(CONTENT)[36:], rtol=1e-6)
    assert {r.subject for r in load(path, subjects=["10"])} == {"10"}
    with pytest.raises(RecordingError, match=r"subjects \['3'\] not found"):
        load(path, subjects=["3"])
    with pytest.raises(RecordingError, match="the file tells a subject for each epoch"):
        load(path, subject="(?P<subject>all)")
    save_npz(tmp_path / "sub-1.npz")
    with pytest.raises(RecordingError, match=r"all\.npz tells a subject for each"):
        load(tmp_path)


@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")  # within MNE
def test_metadata_of_mne_tells_codes_and_characters(tmp_path):
    metadata = pd.DataFrame(
        {"code": CONTENT.codes, "character": 1, "repetition": np.arange(48) // 12 + 1, "run": "7"}
    )
    path = save_fif(tmp_path / "sub-1-epo.fif", events(), KINDS, metadata=metadata)
    (recording,) = load(path, layout=["ABCDEF", "GHIJKL", "MNOPQR", "STUVWX", "YZ1234", "56789_"])
    assert recording.run == "7"
    assert recording.flashes["code"].tolist() == CONTENT.codes.tolist()
    assert recording.flashes["repetition"].max() == 4
    metadata["character"] = "N"
    path = save_fif(tmp_path / "sub-2-epo.fif", events(), KINDS, metadata=metadata)
    with pytest.warns(DataWarning, match="'character' of its metadata is left out"):
        (recording,) = load(path)
    assert recording.flashes["character"].isna().all()


def test_onsets_count_at_the_rate_of_the_recording(tmp_path):
    path = save_fif(
        tmp_path / "sub-1-epo.fif", events(4 * CONTENT.samples), KINDS, raw_sfreq=1000.0
    )
    (recording,) = load(path)
    assert recording.onset_sfreq == 1000.0
    np.testing.assert_allclose(recording.onsets, CONTENT.samples / 250)


def test_numbers_of_epochs_are_no_onsets(tmp_path):
    path = save_fif(tmp_path / "sub-1-epo.fif", events(np.arange(48)), KINDS)
    with pytest.warns(DataWarning, match="taken for the order of the epochs"):
        (recording,) = load(path)
    assert np.isnan(recording.onsets).all()


@pytest.mark.filterwarnings("ignore:.*are not applied")
def test_without_onsets_codes_are_left_out(tmp_path):
    path = save_npz(tmp_path / "sub-1.npz", sample=None, code=CONTENT.codes)
    with pytest.warns(DataWarning, match="code left out, the onsets of the flashes are unknown"):
        (recording,) = load(path)
    assert recording.flashes["code"].isna().all()
    assert epochs_of(recording).flashes["onset"].isna().all()
    (recording,) = load(path, onset_interval=0.048)
    np.testing.assert_allclose(np.diff(recording.onsets), 0.048)
    assert recording.flashes["code"].tolist() == CONTENT.codes.tolist()
    path = save_npz(tmp_path / "sub-2.npz", sample=None, onset=CONTENT.samples / 250)
    (recording,) = load(path)
    assert recording.flashes["sample"].tolist() == CONTENT.samples.tolist()
    with pytest.raises(RecordingError, match="'onset_interval' found, but the file tells"):
        load(path, onset_interval=0.2)


def test_epochs_are_put_in_order_of_time(tmp_path):
    named = writers.arrays(CONTENT, "")
    backwards = {name: named[name][::-1] for name in ("X", "y", "sample")}
    (recording,) = load(save_npz(tmp_path / "sub-1.npz", **backwards))
    assert recording.flashes["target"].tolist() == CONTENT.targets.tolist()
    np.testing.assert_allclose(epochs_of(recording).X, writers.cut(CONTENT), rtol=1e-6)


def test_unknown_targets_with_codes(tmp_path):
    path = save_npz(tmp_path / "sub-1.npz", y=None, code=CONTENT.codes)
    with pytest.raises(RecordingError, match="no labels y found"):
        load(path)
    (recording,) = load(path, target="unknown")
    assert recording.flashes["target"].isna().all()
    assert recording.flashes["code"].tolist() == CONTENT.codes.tolist()


def test_python_objects_are_not_read(tmp_path):
    path = save_npz(tmp_path / "sub-1.npz", y=np.array([1, "a"] * 24, dtype=object))
    with pytest.raises(RecordingError, match="Arrays of Python objects are not read"):
        load(path)


def test_microvolts_are_said(tmp_path):
    path = save_npz(tmp_path / "sub-1.npz", X=1e6 * writers.cut(CONTENT))
    with pytest.raises(RecordingError, match="cannot be EEG in volts"):
        load(path)
    ((source, options),) = recognise_source(path)
    assert (source, options) == ("epochs", {"microvolts_per_unit": 1.0})
    (recording,) = load(path, **options)
    np.testing.assert_allclose(epochs_of(recording).X, writers.cut(CONTENT), rtol=1e-6)
    path = save_fif(tmp_path / "sub-2-epo.fif", events(), KINDS, X=1e6 * writers.cut(CONTENT))
    ((_, options),) = recognise_source(path)
    assert options["microvolts_per_unit"] == 1.0
    (recording,) = load(path, **options)
    np.testing.assert_allclose(epochs_of(recording).X, writers.cut(CONTENT), rtol=1e-5)


def test_guesses(tmp_path):
    path = save_npz(tmp_path / "sub-1.npz", tmin=None, y=np.where(CONTENT.targets, 2, 1))
    expected = {"tmin": 0.0, "target": [2], "nontarget": [1]}
    assert recognise_source(path) == [("epochs", expected)]
    assert recognise_source(tmp_path) == [("epochs", expected)]
    assert recognise_source(writers.write_mat(tmp_path, CONTENT)) == [("epochs", {})]
    ((_, options),) = recognise_source(writers.write_fif(tmp_path, CONTENT))
    assert options == {"target": ["Target"], "nontarget": ["NonTarget"]}


def test_formats_that_tell_axes_take_no_options_on_them(tmp_path):
    path = writers.write_fif(tmp_path, CONTENT)
    with pytest.raises(RecordingError, match=r"options \['tmin'\] found, which this format tells"):
        load(path, tmin=0.0)


def test_a_folder_names_what_holds_no_epochs(tmp_path):
    writers.write_fif(tmp_path, CONTENT)
    info = mne.create_info(list(EIGHT), 250.0, "eeg", verbose="error")
    raw = mne.io.RawArray(CONTENT.signal, info, verbose="error")
    raw.save(tmp_path / "sub-2_raw.fif", verbose="error")
    np.savez(tmp_path / "other.npz", weights=np.zeros(3))
    with pytest.warns(DataWarning, match="left out, it holds no epochs") as caught:
        found = load(tmp_path)
    named = {str(w.message).split(":")[0] for w in caught if "left out" in str(w.message)}
    assert named == {str(tmp_path / "sub-2_raw.fif"), str(tmp_path / "other.npz")}
    assert [recording.subject for recording in found] == ["1"]


@pytest.mark.parametrize("write", [writers.write_fif, writers.write_set])
def test_sources_of_continuous_recordings_send_here(tmp_path, write):
    path = write(tmp_path, CONTENT)
    Path(f"{path.with_suffix('')}_flashes.csv").write_text("sample,target\n1,1\n", encoding="utf-8")
    for source, options in (
        ("annotated", {"target": ["Target"], "nontarget": ["NonTarget"]}),
        ("flash_table", {}),
    ):
        with pytest.raises(RecordingError, match="the source 'epochs' reads it"):
            list(open_recordings(source, path, **options))
    with pytest.raises(RecordingError):
        load(tmp_path / "nowhere")


def change_set(path: Path, **changed) -> Path:
    """Rewrite a .set file with other fields."""
    eeg = loadmat(path, struct_as_record=True)["EEG"]
    fields = {name: eeg[name][0, 0] for name in eeg.dtype.names} | changed
    savemat(path, {"EEG": {k: v for k, v in fields.items() if v is not None}}, appendmat=False)
    return path


def test_eeglab_epochs_without_urevents_have_no_onsets(tmp_path):
    (recording,) = load(change_set(writers.write_set(tmp_path, CONTENT), urevent=None))
    assert recording.onset_sfreq is None
    np.testing.assert_allclose(epochs_of(recording).X, writers.cut(CONTENT), rtol=1e-6, atol=1e-13)


def test_eeglab_epochs_beside_the_file(tmp_path):
    path = writers.write_set(tmp_path, CONTENT)
    data = (1e6 * writers.cut(CONTENT)).astype("<f4").transpose(0, 2, 1)
    change_set(path, data="C:\\there\\old.fdt")
    with pytest.raises(RecordingError, match=r"its signal in sub-1\.fdt has 0 bytes"):
        load(path)
    data.tofile(path.with_suffix(".fdt"))
    (recording,) = load(path)
    np.testing.assert_allclose(epochs_of(recording).X, writers.cut(CONTENT), rtol=1e-6, atol=1e-13)


def test_eeglab_channels_that_are_no_eeg(tmp_path):
    path = writers.write_set(tmp_path, CONTENT)
    kinds = ["EEG"] * 7 + ["EOG"]
    chanlocs = np.array(
        list(zip(EIGHT, kinds, strict=True)), dtype=[("labels", object), ("type", object)]
    )
    with pytest.warns(DataWarning, match=r"channels \['PO8'\] are left out"):
        (recording,) = load(change_set(path, chanlocs=chanlocs))
    assert recording.electrodes == list(EIGHT[:7])


def test_eeglab_epochs_without_an_event_at_time_0(tmp_path):
    path = change_set(writers.write_set(tmp_path, CONTENT), xmin=-0.02)
    with pytest.raises(RecordingError, match="48 of 48 epochs have no event at time 0"):
        load(path)


def test_eeglab_fields_on_their_own(tmp_path):
    path = writers.write_set(tmp_path, CONTENT)
    eeg = loadmat(path)["EEG"]
    savemat(path, {name: eeg[name][0, 0] for name in eeg.dtype.names}, appendmat=False)
    (recording,) = load(path)
    assert recording.flashes["sample"].tolist() == CONTENT.samples.tolist()
