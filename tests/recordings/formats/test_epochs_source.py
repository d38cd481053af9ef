"""Files of epochs: the same flashes and microvolts from each format, and what they leave open."""

from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
import pandas as pd
import pytest
import specimen_epochs as writers
from specimen_epochs import epochs_of, load
from specimen_files import Content, make_content

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings, recognise_source

EIGHT = ("Fz", "Cz", "P3", "Pz", "P4", "PO7", "Oz", "PO8")
CONTENT = make_content(EIGHT)
WRITERS = [writers.write_fif, writers.write_set, writers.write_npz, writers.write_mat]


def save_npz(path: Path, **changed) -> Path:
    """Write the arrays of the specimen; None leaves one out."""
    named = writers.arrays(CONTENT, "") | changed
    np.savez(path, **{name: value for name, value in named.items() if value is not None})
    return path


def save_fif(path: Path, events, names, content: Content = CONTENT, **options) -> Path:
    info = mne.create_info(list(content.electrodes), writers.SFREQ, "eeg", verbose="error")
    X, info["bads"] = options.pop("X", writers.cut(content)), options.pop("bads", [])
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
    for n_times in (48, 8):  # as many as epochs, as electrodes
        path = save_npz(tmp_path / "sub-3.npz", X=writers.cut(CONTENT)[:, :, :n_times])
        with pytest.raises(RecordingError, match=rf"shape \(48, 8, {n_times}\) .* option 'axes'"):
            load(path)
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


def test_onsets_at_a_rate_that_the_file_does_not_keep(tmp_path, monkeypatch):
    def write(fid, kind, value):
        if kind != mne.epochs.FIFF.FIFF_MNE_EPOCHS_RAW_SFREQ:
            mne._fiff.write.write_float(fid, kind, value)

    monkeypatch.setattr(mne.epochs, "write_float", write)  # as MNE before 1.0
    path = save_fif(tmp_path / "sub-1-epo.fif", events(), KINDS)
    with pytest.warns(DataWarning, match="does not keep the rate at which onsets count"):
        (recording,) = load(path)
    assert np.isnan(recording.onsets).all()


def test_bad_electrodes_of_the_file(tmp_path):
    path = save_fif(tmp_path / "sub-1-epo.fif", events(), KINDS, bads=["Pz"])
    (recording,) = load(path)
    assert recording.raw.info["bads"] == ["Pz"]


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
    path = save_npz(tmp_path / "sub-2.npz", sample=None, onset=CONTENT.samples / 250 + 3e-4)
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


def test_epochs_of_one_onset_are_refused(tmp_path):
    twice = np.where(np.arange(48) == 4, CONTENT.samples[3], CONTENT.samples)
    with pytest.raises(RecordingError, match=rf"1 epochs have .*first at sample {twice[3]}\)"):
        load(save_npz(tmp_path / "sub-1.npz", sample=twice))


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
    X, y = np.tile(writers.cut(CONTENT), (2, 1, 1)), np.tile(np.where(CONTENT.targets, 2, 1), 2)
    path = save_npz(tmp_path / "sub-1.npz", tmin=None, X=X, y=y, sample=None)
    expected = {"tmin": 0.0, "target": [2], "nontarget": [1]}
    assert recognise_source(path) == [("epochs", expected)]
    assert recognise_source(tmp_path) == [("epochs", expected)]
    assert recognise_source(writers.write_mat(tmp_path, CONTENT)) == [("epochs", {})]


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
