"""FIF files whose tags are damaged, or of which a part is missing."""

from __future__ import annotations

import struct
import warnings

import mne
import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import open_recordings
from p300.recordings.readers.headers import check_header
from p300.recordings.readers.mnefile import find_recordings

TAG = struct.Struct(">iIIi")
ONSETS = 0.5 + 0.1 * np.arange(40)
MARKS = np.where(np.arange(40) % 5 == 0, "target", "nontarget")
N = 1150  # buffers of 200 samples, the last one of 150


def save(path, n=N, **options):
    info = mne.create_info(["Fz", "Cz", "Pz"], 250.0, "eeg", verbose="error")
    volts = 1e-5 * np.random.default_rng(0).normal(size=(3, n))
    raw = mne.io.RawArray(volts, info, verbose="error")
    raw.set_annotations(mne.Annotations(ONSETS, 0.0, MARKS))
    raw.save(path, overwrite=True, verbose="error", **({"buffer_size_sec": 0.8} | options))
    return path


def tags_of(content):
    """Give place, kind, type, size of every tag."""
    at, found = 0, []
    while at < len(content):
        found.append((at, *TAG.unpack_from(content, at)[:3]))
        at += TAG.size + found[-1][3]
    return found


def load(path):
    (recording,) = open_recordings("annotated", path, target=["target"], nontarget=["nontarget"])
    return recording


def change(path, at, new):
    content = bytearray(path.read_bytes())
    content[at : at + len(new)] = new
    path.write_bytes(content)


@pytest.fixture
def fif(tmp_path):
    return save(tmp_path / "sub-1_raw.fif")


def buffers_of(path):
    return [at for at, kind, *_ in tags_of(path.read_bytes()) if kind == 300]


def load_if_sound(path):
    """Give the recording and what was warned of; None where the file is refused."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            return load(path), caught
        except RecordingError:
            return None, caught


def test_no_flip_in_a_tag_shortens_a_recording_in_silence(fif):
    content = fif.read_bytes()
    whole = load(fif).raw.get_data()
    first, *_, last = buffers_of(fif)
    ends = [at for at, kind, *_ in tags_of(content) if kind in (104, 105)]
    for place in (first, last, *ends[-3:]):
        for byte in range(TAG.size):
            for bit in (0x01, 0x80):
                change(fif, place + byte, [content[place + byte] ^ bit])
                found, caught = load_if_sound(fif)
                if found is not None and not caught:
                    np.testing.assert_array_equal(found.raw.get_data(), whole)
                fif.write_bytes(content)


@pytest.mark.parametrize("which", [0, 2, -1])
@pytest.mark.parametrize(("field", "value"), [(0, 299), (0, 77), (4, 5), (4, 16)])
def test_a_damaged_buffer_is_refused_with_both_numbers(fif, which, field, value):
    place, lost = buffers_of(fif)[which], 150 if which == -1 else 200
    change(fif, place + field, struct.pack(">I", value))
    message = (
        rf"1 of 6 buffers .* at byte {place}, expected kind 300, type 4\); {N - lost} of {N} sa"
    )
    with pytest.raises(RecordingError, match=message):
        check_header(fif)


def test_a_buffer_that_ends_within_a_sample_is_refused(fif):
    content, place = fif.read_bytes(), buffers_of(fif)[-1]
    (_, _, size, _), begin = TAG.unpack_from(content, place), place + TAG.size
    shorter = TAG.pack(300, 4, size - 4, 0) + content[begin : begin + size - 4]
    fif.write_bytes(content[:place] + shorter + content[begin + size :])
    with pytest.raises(RecordingError, match=rf"1 of 6 buffers .* at byte {place}, expected kind"):
        check_header(fif)


def test_other_tags_among_the_samples_are_named(fif):
    content, place = fif.read_bytes(), buffers_of(fif)[3]
    strange = TAG.pack(4000, 3, 4, 0) + bytes(4)
    fif.write_bytes(content[:place] + strange + content[place:])
    with pytest.warns(DataWarning, match=r"1 tags of unknown kinds \[4000\] among the samples"):
        assert load(fif).raw.n_times == N


def test_a_chain_of_tags_that_ends_early_is_refused(fif):
    change(fif, buffers_of(fif)[2] + 12, struct.pack(">i", -2))
    with pytest.raises(RecordingError, match=r"tag of kind 300 .* is cut short or damaged"):
        check_header(fif)


@pytest.fixture(params=["neuromag", "bids"])
def split(request, tmp_path):
    """Save a recording in three parts; gives them in order."""
    path = save(tmp_path / "sub-1_raw.fif", 500_000, split_size="2MB", split_naming=request.param)
    parts = sorted(tmp_path.iterdir(), key=lambda file: (file != path, file.name))
    assert len(parts) > 2
    return parts


def test_a_recording_in_several_files_is_one(split):
    recording = load(split[0].parent)
    assert recording.raw.n_times == 500_000
    assert len(recording.flashes) == 40


def test_a_part_that_is_missing_or_alone_or_damaged_is_named(split):
    with pytest.raises(RecordingError, match="a further part of a recording that was split"):
        load(split[1])
    change(split[1], buffers_of(split[1])[0], struct.pack(">i", 299))
    with pytest.raises(RecordingError, match=rf"{split[1].name}: 1 of \d+ buffers"):
        load(split[0].parent)
    split[1].unlink()
    with pytest.raises(RecordingError, match=f"next file .*{split[1].name} does not exist"):
        load(split[0].parent)
    split[0].unlink()
    with pytest.raises(RecordingError, match="a further part"):
        load(split[2])


def test_files_that_are_only_named_like_parts_are_recordings(tmp_path):
    files = [save(tmp_path / name) for name in ("anna-1.fif", "anna-2.fif", "anna.fif")]
    assert find_recordings(tmp_path) == files
