from __future__ import annotations

import struct
import warnings

import numpy as np
import pytest

from p300.errors import DataWarning, RecordingError
from p300.recordings import Layout, open_recordings
from p300.recordings.flashes import spelled_text
from p300.recordings.formats.xdf import recognise

ROWS = ["AB", "CD"]
START = 5000.0
FORMATS = {"float32": "<f4", "double64": "<f8", "int16": "<i2", "int32": "<i4"}


def length_of(n):
    return b"\x01" + bytes([n]) if n < 256 else b"\x04" + struct.pack("<I", n)


def chunk(tag, content, stream=None):
    body = struct.pack("<H", tag) + (b"" if stream is None else struct.pack("<I", stream)) + content
    return length_of(len(body)) + body


def header(stream, *, name, kind, n, rate, form, channels=(), source=""):
    described = "".join(
        "<channel>" + "".join(f"<{a}>{b}</{a}>" for a, b in c.items()) + "</channel>"
        for c in channels
    )
    desc = f"<desc><channels>{described}</channels></desc>" if channels else "<desc />"
    text = (
        f'<?xml version="1.0"?><info><name>{name}</name><type>{kind}</type>'
        f"<channel_count>{n}</channel_count><nominal_srate>{rate}</nominal_srate>"
        f"<channel_format>{form}</channel_format><source_id>{source}</source_id>{desc}</info>"
    )
    return chunk(2, text.encode(), stream)


def samples(stream, times, rows, form):
    """Write samples with their time stamps; rows of text or of numbers."""
    content = [length_of(len(times))]
    for time, row in zip(times, rows, strict=True):
        content.append(b"\x08" + struct.pack("<d", time))
        if form == "string":
            content += [length_of(len(text.encode())) + text.encode() for text in row]
        else:
            content.append(np.asarray(row, FORMATS[form]).tobytes())
    return chunk(3, b"".join(content), stream)


def labels(*names, unit="microvolts"):
    return [{"label": name, "unit": unit, "type": "EEG"} for name in names]


CHANNELS = labels("Fz", "Cz", "Pz")


def speller(text="BC", *, repetitions=3, form="{kind}/{code}"):
    """Give times and texts of markers of a 2x2 speller."""
    layout, marks, at = Layout.row_column(ROWS), [], START + 1
    for symbol in text:
        for _ in range(repetitions):
            for code in (3, 1, 4, 2):
                kind = "target" if code in layout.codes_of(symbol) else "nontarget"
                marks.append((at, form.format(kind=kind, code=code)))
                at += 0.2
        at += 2
    return marks


def xdf(marks=None, *, n=3000, rate=250, form="float32", offset=None, cut=(), **more):
    """Write a file with a stream of EEG and one of markers."""
    marks = speller() if marks is None else marks
    channels = more.get("channels", CHANNELS)
    k = more.get("n_channels", len(channels) or 3)
    signal = more.get("scale", 10.0) * np.random.default_rng(6).normal(size=(n, k))
    times = START + np.arange(n) / rate
    kept = np.setdiff1d(np.arange(n), np.arange(*cut)) if cut else np.arange(n)
    marker_form = more.get("marker_form", "string")
    parts = [
        b"XDF:",
        chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>'),
        header(1, name="Amp", kind="EEG", n=k, rate=rate, form=form, channels=channels),
        header(7, name="Marks", kind="Markers", n=1, rate=0, form=marker_form),
        *more.get("streams", []),
    ]
    for rows in np.array_split(kept, 6):
        parts.append(samples(1, times[rows], signal[rows], form))
        parts.append(chunk(5, b"\x43\xa5\x46\xdc\xcb\xf5\x41\x0f\xb3\x0e\xd5\x46\x73\x83\xcb\xe4"))
    shift = offset or 0.0
    when = [time - shift for time, _ in marks]
    parts.append(samples(7, when, [[text] for _, text in marks], marker_form))
    if offset is not None:  # the marker's clock is behind
        for stream, value in ((1, 0.0), (7, offset)):
            parts += [
                chunk(4, struct.pack("<dd", at, value), stream) for at in START + np.arange(6.0)
            ]
    parts += [chunk(6, b"<info></info>", stream) for stream in (1, 7)]
    return b"".join(parts)


@pytest.fixture
def save(tmp_path):
    def write(marks=None, name="sub-1_ses-2_run-3.xdf", **more):
        path = tmp_path / name
        path.write_bytes(xdf(marks, **more))
        return path

    return write


def load(path, **options):
    return list(open_recordings("xdf", path, **options))


@pytest.mark.parametrize("form", list(FORMATS))
@pytest.mark.parametrize("offset", [None, 40.0])
def test_reads_a_file(save, form, offset, assert_annotated):
    (recording,) = load(save(form=form, offset=offset), layout=ROWS)
    shown = recording.flashes
    assert (recording.subject, recording.session, recording.run) == ("1", "2", "3")
    assert (recording.sfreq, recording.electrodes) == (250, ["Fz", "Cz", "Pz"])
    assert shown["sample"].iloc[[0, 1, 12]].tolist() == [250, 300, 1350]
    assert shown["code"].tolist() == [3, 1, 4, 2] * 6
    assert shown["character"].tolist() == [1] * 12 + [2] * 12
    assert shown["repetition"].max() == 3
    assert spelled_text(shown, recording.layout) == "BC"
    expected = 1e-5 * np.random.default_rng(6).normal(size=(3000, 3)).T
    rounding = 1e-6 if form.startswith("int") else 1e-10
    assert np.abs(recording.raw.get_data() - expected).max() <= rounding
    assert_annotated(recording)


@pytest.mark.parametrize("words", [("Target", "Non-Target"), ("x target:", "x non_target:")])
def test_words_in_markers(save, words):
    marks = [(t, words[m.startswith("non")]) for t, m in speller()]
    marks = [(START, "begin"), (START + 0.5, "target_shown"), *marks]
    if words[0] == "Target":
        marks.pop(1)
        (recording,) = load(save(marks))
        assert recording.flashes["target"].sum() == 12
        assert recording.flashes["code"].isna().all()
    else:
        with pytest.raises(
            RecordingError, match=r"needs 2 of each.*2 to 50 % targets$"
        ):  # 13 of 25
            load(save(marks))
        (recording,) = load(save(marks), target=[words[0]], nontarget=[words[1]])
        assert len(recording.flashes) == 24


@pytest.mark.parametrize("marker_form", ["string", "float32", "int16"])
def test_one_and_two(save, marker_form):
    numbers = [(t, 1 if m.startswith("non") else 2) for t, m in speller()]
    marks = [(t, str(m) if marker_form == "string" else m) for t, m in numbers]
    (recording,) = load(save(marks, marker_form=marker_form))
    assert recording.flashes["target"].tolist() == [m == 2 for _, m in numbers]
    assert recording.flashes["code"].isna().all()
    (other,) = load(save(marks, marker_form=marker_form), target=["1"], nontarget=["2"])
    assert other.flashes["target"].tolist() == [m == 1 for _, m in numbers]


@pytest.mark.parametrize("names", [("1", "2"), ("-1", "-2"), ("1.5", "2.5"), ("1e+06", "2e+06")])
def test_bare_numbers_are_no_codes(save, names):
    shown = [(t, names[not m.startswith("non")]) for t, m in speller()]
    marks = [(START + 0.5, "start"), *shown, (START + 9.5, "end/7")]
    (recording,) = load(save(marks), target=[names[1]], nontarget=[names[0]])
    assert recording.flashes["target"].tolist() == [m == names[1] for _, m in shown]
    assert recording.flashes["code"].isna().all()


def test_a_layout_without_codes(save):
    marks = [(t, m.split("/")[0]) for t, m in speller()]
    (recording,) = load(save(marks), layout=ROWS)
    assert recording.flashes["code"].isna().all()


def test_codes_by_a_pattern(save):
    marks = speller(form="c{code} {kind} shown at 7")
    (recording,) = load(save(marks), code="^c([0-9]+)", layout=ROWS)
    assert spelled_text(recording.flashes, recording.layout) == "BC"
    for pattern, message in (
        ("x(.)", r"gives no flash code.*each flash$"),
        ("(", "regular"),
        ("c", "whose group"),
    ):
        with pytest.raises(RecordingError, match=message):
            load(save(marks), code=pattern)


@pytest.mark.filterwarnings("ignore:.*repetitions do not have")
def test_breaks_divide_a_recording(save):
    with pytest.warns(DataWarning, match="5 of 24 flashes are left out, no EEG was recorded"):
        (recording,) = load(save(cut=(400, 650)))
    assert recording.segments() == [(0, 400), (400, 2750)]
    assert recording.flashes["sample"].iloc[[2, 3]].tolist() == [350, 400]


def test_markers_beyond_the_signal(save):
    marks = [(START - 3, "target/1"), *speller(), (START + 100, "nontarget/2")]
    with pytest.warns(DataWarning, match="2 of 26 flashes are left out"):
        assert len(load(save(marks))[0].flashes) == 24


@pytest.mark.parametrize(
    ("unit", "scale"), [("uV", 10.0), ("µV", 10.0), ("Volts", 1e-5), ("mV", 1e-2)]
)
def test_units(save, unit, scale):
    (recording,) = load(save(channels=labels("Fz", "Cz", "Pz", unit=unit), scale=scale))
    assert recording.raw.get_data().std() == pytest.approx(1e-5, rel=0.1)


def test_another_unit(save):
    path = save(channels=labels("Fz", "Cz", "Pz", unit="counts"))
    with pytest.raises(RecordingError, match=r"EEG in \['counts'\] found"):
        load(path)
    (recording,) = load(path, microvolts_per_unit=0.5)
    assert recording.raw.get_data().std() == pytest.approx(5e-6, rel=0.1)


def test_channels(save):
    path = save(channels=[*CHANNELS, {"label": "X", "type": "AUX"}])
    assert load(path)[0].electrodes == ["Fz", "Cz", "Pz"]
    assert load(path, drop=["Cz"], electrodes=["Oz", "Pz"])[0].electrodes == ["Oz", "Pz"]
    path = save(channels=())
    with pytest.warns(DataWarning, match=r"\['EEG1', 'EEG2', 'EEG3'\] are no names"):
        assert load(path)[0].electrodes == ["EEG1", "EEG2", "EEG3"]


def test_streams_in_doubt(save):
    path = save()
    with pytest.raises(RecordingError, match=r"none fits.*option 'eeg': eeg=1$"):
        load(path, markers="Marks", eeg="Muse")
    with pytest.raises(RecordingError, match=r"none fits.*option 'markers': markers=7$"):
        load(path, markers="Keys")


def test_folders(save, tmp_path):
    for name in ("sub-2.xdf", "sub-1.XDF"):
        save(name=name)
    (tmp_path / "notes.txt").write_text("-", encoding="utf-8")
    assert [r.subject for r in load(tmp_path)] == ["1", "2"]
    assert recognise(tmp_path) == {}
    assert recognise(tmp_path / "notes.txt") is None


@pytest.mark.parametrize(
    ("more", "options", "message"),
    [
        (
            {"marks": [(START + 1, "a"), (START + 2, "b")]},
            {},
            r"'a' \(1\), 'b' \(1\) found",
        ),
        ({"marks": []}, {}, "none that fits has samples"),
        ({"marks": [(START + k, "target") for k in range(3)]}, {}, "targets and non-targets"),
        (
            {"marks": [(START + at, k) for at in (1, 2) for k in ("target", "nontarget")]},
            {},
            "share a sample",
        ),
        ({}, {"target": ["target/1"], "nontarget": ["*"]}, "'target/1' is meant by 'target' and"),
        ({}, {"layout": ["AB"]}, r"flash codes \[4\] found"),
        ({"n": 0, "channels": CHANNELS}, {}, "none that fits has samples.*'eeg'$"),
        ({"rate": 2, "n": 30}, {}, "expected EEG at a rate of"),
        ({"rate": "1e999"}, {}, "."),
        ({"form": "float16"}, {}, "."),
        ({"scale": np.nan}, {}, "9000 NaN or infinite"),
        ({"scale": 1e6}, {}, "cannot be EEG in volts"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*flashes are left out")
def test_wrong_content(save, monkeypatch, tmp_path, more, options, message):
    if message == ".":  # only the header says so
        content = xdf()
        old, new = ("250", "1e9") if "rate" in more else ("float32", "float16")
        path = tmp_path / "sub-1.xdf"
        path.write_bytes(content.replace(f">{old}<".encode(), f">{new}<".encode()))
    else:
        path = save(**more)
    with pytest.raises(RecordingError, match=message) as caught:
        load(path, **options)
    assert str(path) in str(caught.value)


def test_options_that_do_not_go_together(save):
    with pytest.raises(RecordingError, match="one of the options 'target' and 'nontarget' found"):
        load(save(), target=["target/1"])


@pytest.mark.parametrize("content", [b"", b"XD", b"<html>not found</html>" * 40])
def test_files_that_are_none(tmp_path, content):
    path = tmp_path / "sub-1.xdf"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"is empty|not an XDF file"):
        load(path)
    assert recognise(path) is None


def test_files_cut_anywhere(save):
    path = save()
    content = path.read_bytes()
    for end in range(4, len(content), len(content) // 60):
        path.write_bytes(content[:end])
        with pytest.raises(RecordingError, match=r"cut short|none (that )?fits"):
            load(path)


def test_numbers_that_no_file_holds(save):
    path = save()
    content = path.read_bytes()
    at = content.index(b"\x03\x00\x01\x00\x00\x00") + 6  # the first chunk of samples
    damaged = content[:at] + b"\x04" + struct.pack("<I", 2**31) + content[at + 5 :]
    path.write_bytes(damaged)
    with pytest.raises(RecordingError, match="2147483648 samples of stream 'Amp' in a chunk"):
        load(path)
    path.write_bytes(content.replace(b"<channel_count>3<", b"<channel_count>999999999<"))
    with pytest.raises(RecordingError, match=r"cut short|999999999"):
        load(path)


@pytest.mark.parametrize("seed", range(30))
def test_damaged_bytes_are_errors_or_harmless(save, seed):
    path = save(n=1800)
    content = bytearray(path.read_bytes())
    random = np.random.default_rng(seed)
    for at in random.integers(4, len(content), 3):
        content[at] = random.integers(256)
    path.write_bytes(bytes(content))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        message = failure(path)
    assert message is None or str(path) in message
    assert all(issubclass(warning.category, DataWarning) for warning in said)


def failure(path):
    try:
        load(path)
    except RecordingError as error:
        return str(error)
    return None
