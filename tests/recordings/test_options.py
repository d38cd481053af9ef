"""Sources that read anybody's files take the same options, and do what these say."""

from __future__ import annotations

import re
import warnings
from dataclasses import fields

import numpy as np
import pytest
from specimens import SPECIMENS, Specimen

from p300.arguments import accepted_arguments
from p300.errors import DataWarning, RecordingError
from p300.recordings import SOURCES, open_recordings, source_module
from p300.recordings.channels import Channels
from p300.recordings.marks import Marks
from p300.recordings.montage import load_montage, positions_of, standard_positions

GENERAL = {
    "annotated", "bci2000", "bids", "epochs", "flash_table", "muse_csv", "openvibe", "table", "xdf",
}  # fmt: skip
# One of each way to read; other formats of these sources go the same way.
ONE_EACH = {
    "annotated-fif", "bci2000", "bids", "epochs-fif", "epochs-set", "epochs-npz", "flash_table-fif",
    "muse_csv", "openvibe", "table-titles", "xdf",
}  # fmt: skip
IN_MICROVOLTS = {"epochs-set", "muse_csv", "table-titles", "xdf"}
LOWER = ["abcdef", "ghijkl", "mnopqr", "stuvwx", "yz1234", "56789_"]


@pytest.fixture(params=[one for one in SPECIMENS if one.name in ONE_EACH], ids=lambda s: s.name)
def specimen(request):
    pytest.importorskip(request.param.needs)
    return request.param


@pytest.fixture
def load(specimen: Specimen, tmp_path):
    """Load the specimen with options beside its own; what is warned of is for other tests."""
    path = specimen.write(tmp_path, specimen.content, "")

    def read(**options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            (recording,) = open_recordings(
                specimen.source, path, **(dict(specimen.options) | options)
            )
        return recording

    return read


def test_all_of_them_take_the_options_on_channels_and_marks():
    options = {field.name for group in (Channels, Marks) for field in fields(group)}
    taken = {
        name for name in SOURCES if options <= set(accepted_arguments(source_module(name).load))
    }
    assert taken == GENERAL


def test_a_montage_places_the_electrodes(specimen, load, tmp_path):
    places = {name: 1.1 * np.array(standard_positions()[name]) for name in specimen.electrodes}
    rows = [",".join(map(str, (name, *place))) for name, place in places.items()]
    file = tmp_path / "cap.xyz.csv"
    file.write_text("\n".join(["ch_name,x,y,z", *rows]) + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        wanted = positions_of(load_montage(str(file), ""), "")
    found = load(montage=str(file)).positions
    assert found == {name: pytest.approx(wanted[name], abs=1e-6) for name in places}
    first = specimen.electrodes[0]
    assert load().positions[first] != pytest.approx(found[first], abs=1e-3)


def test_microvolts_per_unit(specimen, load):
    as_read = 1.0 if specimen.name in IN_MICROVOLTS else 1e6
    plain, twice = load().raw.get_data(), load(microvolts_per_unit=2 * as_read).raw.get_data()
    np.testing.assert_allclose(twice, 2 * plain, rtol=1e-12)


def test_channels_are_dropped_and_renamed(specimen, load):
    plain, first = load(), specimen.electrodes[0]
    changed = load(drop=[specimen.electrodes[2]], rename={first: "FCz"})
    kept = [name for k, name in enumerate(plain.electrodes) if k != 2]
    assert changed.electrodes == ["FCz", *kept[1:]]
    np.testing.assert_array_equal(changed.raw.get_data(), plain.raw.get_data(picks=kept))
    names = ["AF3", "AF4", "C5", "C1", "C2", "C6", "P5", "P6"][: len(plain.electrodes)]
    assert load(electrodes=names).electrodes == names


def test_a_pattern_tells_subjects(specimen, load):
    if "subject" not in accepted_arguments(source_module(specimen.source).load):
        assert specimen.source == "bids"  # its names tell
        return
    recording = load(subject=r"(?P<subject>[^/]{3})[^/]*$")
    assert re.fullmatch(r"[A-Za-z0-9-]{3}", recording.subject)
    assert recording.subject != load().subject
    assert recording.certain


def coded(specimen: Specimen):
    """Return options by which any specimen has flash codes."""
    named = [*specimen.options.get("target", ()), *specimen.options.get("nontarget", ())]
    if specimen.source == "muse_csv":
        named = [2, 1]
    elif specimen.name.startswith("epochs"):
        named = [1, 0] if specimen.name == "epochs-npz" else ["Target", "NonTarget"]
    return {"code": {mark: 1 + 8 * k for k, mark in enumerate(named)}} if named else {}


def test_a_layout_is_taken_and_its_codes_are_checked(specimen, load):
    recording = load(layout=LOWER, **coded(specimen))
    assert recording.flashes["code"].notna().all()
    assert recording.layout.symbols[:3] == ("a", "b", "c")
    if specimen.source == "bci2000":  # its own matrix may be another than the one said
        assert load(layout=["ab", "cd"]).layout is None
        return
    with pytest.raises(RecordingError, match="flash codes"):
        load(layout=["ab", "cd"], **coded(specimen))


def test_targets_that_nobody_knows(specimen, load):
    recording = load(target="unknown", nontarget=None, **coded(specimen))
    assert recording.flashes["target"].isna().all()
    assert recording.flashes["code"].notna().all()
    assert recording.flashes["sample"].tolist() == specimen.content.samples.tolist()
