"""Names of electrodes are judged as a whole: 10-05, a manufacturer's cap, or nobody's."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p300.errors import RecordingError
from p300.recordings.electrode_names import guess_channels, read_electrodes
from p300.recordings.montage import load_montage, positions_of, standard_positions

HEAD = ["Fp1", "Fpz", "Fp2", "F3", "Fz", "F4", "C3", "Cz", "C4", "P3", "Pz", "P4", "O1", "O2"]
OLD = {"T3", "T4", "T5", "T6"}


def banks(letters, n=32):
    return [f"{letter}{k + 1}" for letter in letters for k in range(n)]


def net(n):
    return [f"E{k + 1}" for k in range(n)]


def read(names, **options):
    return read_electrodes(names, "file.x", **options)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from(sorted(set(standard_positions()) - OLD)), min_size=1, unique=True))
def test_names_of_the_10_05_system_stay_so_whatever_else_they_could_be(names):
    found = read([name.swapcase() for name in names])
    assert found.names == tuple(names)
    assert found.positions == {name: standard_positions()[name] for name in names}
    assert not found.remarks


CAPS = {
    "biosemi128": banks("ABCD"),
    "biosemi160": banks("ABCDE"),
    "biosemi256": banks("ABCDEFGH"),
    "GSN-HydroCel-128": net(128),
    "GSN-HydroCel-64_1.0": net(64),
    "GSN-HydroCel-256": net(256),
    "easycap-M10": [str(k) for k in range(1, 62)],
    "mgh60": [f"EEG{k:03}" for k in range(1, 61)],
}


@pytest.mark.parametrize("cap", CAPS)
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_a_whole_cap_is_placed_as_such_in_any_order_and_case(cap, data):
    names = data.draw(st.permutations(CAPS[cap]))
    lower = data.draw(st.booleans())
    found = read([name.lower() if lower else name for name in names])
    places = positions_of(load_montage(cap, ""), "")
    assert found.names == tuple(names)
    assert found.positions == {name: places[name] for name in names}
    assert len(found.remarks) == 1
    assert f"montage {cap}:" in found.remarks[0]
    assert "'montage'" in found.remarks[0]


# The sockets of BioSemi's amplifier, from the table of its caps (Cap_coords_all.xls).
SOCKETS = {
    "A": (16, {"A1": "Fp1", "A3": "F4", "A6": "T7", "A9": "C4", "A12": "Pz", "A16": "O2"}),
    "A ": (32, {"A1": "Fp1", "A2": "AF3", "A13": "Pz", "A16": "Oz", "A31": "Fz", "A32": "Cz"}),
    "AB": (32, {"A1": "Fp1", "A2": "AF7", "A31": "Pz", "A32": "CPz", "B1": "Fpz", "B16": "Cz"}),
}


@pytest.mark.parametrize("letters", SOCKETS)
def test_sockets_of_biosemis_small_caps_get_the_names_of_the_cap(letters):
    n, expected = SOCKETS[letters]
    channels = [*banks(letters.strip(), n)[::-1], "EXG1", "Status"]
    found = read(channels)
    read_as = dict(zip(channels, found.names, strict=True))
    assert {socket: read_as[socket] for socket in expected} == expected
    assert all(found.positions[name] == standard_positions()[name] for name in expected.values())
    assert len(found.positions) == len(channels) - 2
    assert len(found.remarks) == 2
    assert "is read as" in found.remarks[0]
    assert "['EXG1', 'Status']" in found.remarks[1]


@pytest.mark.parametrize("reference", ["Cz", "VREF", "E129", "Vertex Reference"])
def test_the_reference_of_a_net_is_at_the_vertex(reference):
    found = read([*net(128), reference])
    assert found.names[-1].lower() == reference.lower()
    vertex = positions_of(load_montage("GSN-HydroCel-129", ""), "")["Cz"]
    assert found.positions[found.names[-1]] == vertex
    assert len(found.positions) == 129


@pytest.mark.parametrize(
    ("names", "caps"),
    [
        (banks("ABCD")[:-1], "biosemi128 or biosemi160 or biosemi256"),
        (banks("A", 20), "biosemi32 or"),
        (net(100), "GSN-HydroCel-128 or"),
        (["C3", "C4", "F3", "F4", "C7"], "biosemi256"),
    ],
)
def test_part_of_a_cap_that_could_be_of_several_is_not_placed(names, caps):
    found = read(names)
    assert found.names == tuple(names)
    assert found.positions == {}
    assert caps in found.remarks[0]
    assert "'montage'" in found.remarks[0]


def test_part_of_a_cap_that_no_other_has_elsewhere_is_placed():
    names = banks("GH", 20)
    found = read(names)
    assert found.positions["G5"] == positions_of(load_montage("biosemi256", ""), "")["G5"]
    assert math.dist(found.positions["G5"], (0, 0, 0)) < 0.15
    assert list(read(["Fz", "Cz", "Pz", "Fza"]).positions) == ["Fz", "Cz", "Pz", "Fza"]


@pytest.mark.parametrize(
    "names",
    [
        ["ch1", "fz", "ch2"],
        [f"EXG Channel {k}" for k in range(8)],
        [str(k) for k in range(1, 65)],
        [str(k) for k in range(2, 64)],  # all but one of easycap-M43
        [f"EEG{k:03}" for k in range(11, 71)],  # of mgh70
        ["0L", "1Z", "2Z", "Cz"],
        ["A1", "A2", *(f"X{k}" for k in range(6))],
    ],
)
def test_where_most_names_are_nobodys_none_is_believed(names):
    found = read(names)
    assert found.names == tuple(names)
    assert found.positions == {}
    (remark,) = found.remarks
    assert all(option in remark for option in ("'electrodes'", "'rename'", "'drop'", "'montage'"))


def test_a_misspelt_name_is_left_without_a_position_and_a_hint():
    found = read(["Fz", "Cz", "Fpzz"])
    assert found.names == ("Fz", "Cz", "Fpzz")
    assert list(found.positions) == ["Fz", "Cz"]
    assert "is 'Fpzz' meant to be 'Fpz'?" in found.remarks[0]


@pytest.mark.parametrize("names", [["Fz", "Cz", "fz"], ["T3", "T7", "Fz"], ["Cz-Ref", "CZ-Ref"]])
def test_two_names_of_one_electrode_are_refused(names):
    with pytest.raises(RecordingError, match="name one electrode twice"):
        read(names)


@settings(deadline=None, max_examples=50)
@given(
    before=st.sampled_from(["", "EEG ", "EEG", "eeg-", "CAP:", "Brain "]),
    after=st.sampled_from(["", "-Ref", "-REF", "-LE", "-CPz", "-A1A2", "-(M1+M2)/2", " AVG", "_r"]),
    names=st.permutations(HEAD),
)
def test_what_all_names_share_is_left_away(before, after, names):
    found = read([before + name + after for name in names])
    assert found.names == tuple(names)
    assert len(found.positions) == len(names)
    assert len(found.remarks) == bool(before or after)
    if after.startswith("-"):
        assert f"{before}{names[0]}{after}' is read as {names[0]}" in found.remarks[0]
        assert found.remarks[0].endswith(f"their reference is {after[1:]}")
        assert found.reference == after[1:]


def test_decorated_names_of_every_kind():
    names = [f"EEG {name}-CPz" for name in [*HEAD, "M1", "M2", "EOG"]]
    found = read(names)
    assert found.names == (*HEAD, "M1", "M2", "EEG EOG-CPz")
    assert "and 13 more likewise" in found.remarks[0]
    assert read([name + "." * (4 - len(name)) for name in HEAD]).names == tuple(HEAD)
    assert read(["Fp1-A1", "Fp2-A2", "Cz-A1"]).remarks[0].endswith("A1 or A2")
    assert read(["FP1", "T3", "t5", "CZ"]).names == ("Fp1", "T3", "T5", "Cz")
    assert read(["Fz", "Cz", "Pz", "EEG Cz"]).names == ("Fz", "Cz", "Pz", "EEG Cz")


@pytest.mark.parametrize(
    "names",
    [
        ["Fp1-F7", "F7-T3", "T3-T5", "T5-O1", "Fp2-F8", "F8-T4"],
        ["EEG Fpz-Cz", "EEG Pz-Oz", "EOG horizontal"],
        ["Fp1-F7", "Fp1-F3"],
    ],
)
def test_differences_of_electrodes_are_refused(names):
    with pytest.raises(RecordingError, match=r"bipolar .*'electrodes' or 'rename'.*'drop'"):
        read(names)


def test_a_montage_leaves_away_what_its_names_share():
    found = read([f"EEG {name}-Ref" for name in net(5)], montage="GSN-HydroCel-128")
    assert found.names == tuple(net(5))
    assert "'EEG E1-Ref' is read as E1" in found.remarks[0]


@pytest.mark.parametrize(
    ("channels", "options"),
    [
        (["Fz", "cz", "PO7"], {}),
        ([f"EEG {name}-Ref" for name in HEAD], {}),
        (["EEG Fz-Ref", "EEG Cz-Ref", "EEG Pz-Ref", "ECG"], {"drop": ["ECG"]}),
        (["Fz", "Cz", "Pz", "EOG left", "STATUS"], {"drop": ["EOG left", "STATUS"]}),
        (["Fz", "Cz", "Pz", "M1", "F7-T7"], {"drop": ["F7-T7"]}),
        ([*banks("A"), "EXG1", "GSR2", "Resp"], {"drop": ["EXG1", "GSR2", "Resp"]}),
        ([f"EXG Channel {k}" for k in range(8)], {}),
        (["EEG 1", "EEG 2", "EEG 3"], {}),
        (["Fz", "Cz", "ECG"], {}),
    ],
)
def test_channels_that_are_no_eeg_are_guessed(channels, options):
    assert guess_channels(channels) == options
    left = [name for name in channels if name not in options.get("drop", [])]
    assert len(read(left).names) == len(left)


PIECES = st.sampled_from(["EEG", "Fz", "cz", "A1", "B2", "-", " ", ".", "Ref", "T3", "E7", "é", ""])
NAMES = st.one_of(st.text(max_size=12), st.lists(PIECES, max_size=4).map("".join))


@settings(deadline=None, max_examples=100)
@given(st.lists(NAMES, min_size=1, max_size=12, unique=True))
def test_any_names_are_read_or_refused(names):
    with suppress(RecordingError):
        found = read(names)
        assert len(set(found.names)) == len(names)
        assert set(found.positions) <= set(found.names)
