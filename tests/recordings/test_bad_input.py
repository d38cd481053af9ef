"""Every loader gets the same bad input; a clear error or a warning by name must come of it."""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bad_input import (
    CONTENTS,
    DAMAGES,
    HUGE,
    PLACES,
    files_of,
    link_elsewhere,
    load_specimen,
    replace_by,
)
from specimens import SPECIMENS, Specimen

import p300.recordings
from p300.errors import DataWarning, RecordingError
from p300.recordings import SOURCES, open_recordings, recognise_source, source_module

pytestmark = [
    pytest.mark.timeout(30),
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is bounded by Linux"),
]


@pytest.fixture(params=SPECIMENS, ids=lambda specimen: specimen.name)
def specimen(request: pytest.FixtureRequest) -> Specimen:
    pytest.importorskip(request.param.needs)
    return request.param


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for the specimen alone."""
    place = tmp_path / "data"
    place.mkdir()
    return place


def rewritten(specimen: Specimen, folder: Path) -> Iterator[tuple[Path, Path]]:
    """Write the specimen anew for each of its files; yield the path to load and the file."""
    shutil.rmtree(folder)
    folder.mkdir()
    path = specimen.write(folder, specimen.content, "")
    for file in files_of(path):
        shutil.rmtree(folder)
        folder.mkdir()
        yield specimen.write(folder, specimen.content, ""), file


def is_read(specimen: Specimen, file: Path) -> bool:
    return not file.name.endswith(specimen.unread)


def test_every_source_of_files_has_a_specimen():
    from_files = {name for name in SOURCES if source_module(name).INFO.from_files}
    assert {specimen.source for specimen in SPECIMENS} == from_files
    assert {specimen.name for specimen in SPECIMENS} == set(HUGE)
    named = {fault for specimen in SPECIMENS for fault in specimen.cannot}
    assert named <= set(CONTENTS)


def test_the_specimen_itself_is_good(specimen, folder):
    path = specimen.write(folder, specimen.content, "")
    outcome = load_specimen(specimen, path)
    assert outcome.kind == "loaded", outcome
    for recording in outcome.recordings:
        assert recording.flashes["sample"].tolist() == specimen.content.samples.tolist()
        assert recording.flashes["target"].tolist() == specimen.content.targets.tolist()


@pytest.mark.parametrize("fault", CONTENTS)
def test_faulty_content(specimen, folder, fault):
    if fault in specimen.cannot:
        pytest.skip(f"{specimen.name}: {specimen.cannot[fault]}")
    path = specimen.write(folder, CONTENTS[fault](specimen.content), "")
    outcome = load_specimen(specimen, path)
    assert outcome.kind in ("error", "warning"), outcome


def test_missing_parts(specimen, folder):
    for k, part in enumerate(specimen.parts):
        place = folder / str(k)
        place.mkdir()
        outcome = load_specimen(specimen, specimen.write(place, specimen.content, part))
        assert outcome.kind == "error", part


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files(specimen, folder, damage):
    for path, file in rewritten(specimen, folder):
        content = file.read_bytes()
        file.write_bytes(DAMAGES[damage](content))
        outcome = load_specimen(specimen, path)
        # A text that lost its last line break alone has lost nothing.
        harmless = damage == "last byte lost" and content.endswith(b"\n")
        if is_read(specimen, file) and not harmless:
            assert outcome.kind in ("error", "warning"), (file.name, outcome)


@pytest.mark.parametrize("kind", PLACES)
def test_files_that_are_none(specimen, folder, kind):
    for path, file in rewritten(specimen, folder):
        replace_by(file, kind)
        for place in (path, folder):
            outcome = load_specimen(specimen, place)
            if is_read(specimen, file):
                assert outcome.kind in ("error", "warning"), (file.name, outcome)


def test_links_out_of_the_folder_are_followed(specimen, folder, tmp_path):
    path = specimen.write(folder, specimen.content, "")
    for file in files_of(path):
        link_elsewhere(file, tmp_path / "annex")
    assert load_specimen(specimen, path).kind == "loaded"


def test_folders_within_themselves(specimen, folder):
    path = specimen.write(folder, specimen.content, "")
    places = [folder, *(place for place in folder.rglob("*") if place.is_dir())]
    for place in places:
        for name in (
            "again",
            "sub-2.mat",
            "sub-2.edf",
            "sub-2.csv",
            f"sub-2{files_of(path)[0].suffix}",
        ):
            if not (place / name).exists():
                (place / name).symlink_to(folder)
    load_specimen(specimen, folder)
    assert recognise_source(folder) is not None


def test_electrode_names_that_are_not_utf8(specimen, folder):
    name = next(name for name in specimen.electrodes if len(name) == 3).encode()
    foreign = name[:1] + "é".encode("latin-1") + name[2:]
    for path, file in rewritten(specimen, folder):
        content = file.read_bytes()
        file.write_bytes(content.replace(name, foreign))
        outcome = load_specimen(specimen, path)
        if name in content and is_read(specimen, file):
            assert outcome.kind in ("error", "warning"), file.name


def test_names_of_files_that_are_not_utf8(specimen, folder):
    try:
        place = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9"))
        place.mkdir()
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    path = specimen.write(place, specimen.content, "")
    for recording in load_specimen(specimen, path).recordings or ():
        assert "caf\\udce9" in recording.source.encode("utf-8").decode()
    if path.is_dir():
        return
    for file in files_of(path):
        stem, end = file.name.split(path.stem)[0] + path.stem, file.name[len(path.stem) :]
        file.rename(place / (stem + "\udce9" + end))
    for recording in load_specimen(specimen, place).recordings or ():
        recording.name.encode("utf-8")


def test_headers_that_count_too_much(specimen, folder):
    ending = {"bids": ".vhdr", "annotated-mff": "epochs.xml"}.get(specimen.name)
    for k, (what, change) in enumerate(HUGE[specimen.name].items()):
        place = folder / str(k)
        place.mkdir()
        path = specimen.write(place, specimen.content, "")
        file = next(f for f in files_of(path) if f.name.endswith(ending or path.suffix))
        file.write_bytes(change(file.read_bytes()))
        outcome = load_specimen(specimen, path)
        # MNE counts the records of EDF itself, and says so.
        wanted = ("error", "warning") if what == "records" else ("error",)
        assert outcome.kind in wanted, (what, outcome)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied", "a.mat"), r"a\.mat: cannot be read \(Permission"),
        (MemoryError("8 GiB"), r"data: its recordings do not fit into the memory .*\(8 GiB\)"),
    ],
)
def test_a_machine_that_fails(specimen, folder, monkeypatch, error, message):
    def load(*_: Any, **__: Any) -> Iterator[Any]:
        raise error
        yield

    monkeypatch.setattr(source_module(specimen.source), "load", load)
    with pytest.raises(RecordingError, match=message):
        list(open_recordings(specimen.source, folder))


def test_data_sets_of_which_not_all_was_fetched(folder):
    bids = next(specimen for specimen in SPECIMENS if specimen.name == "bids")
    bids.write(folder, bids.content, "")
    eeg = folder / "sub-02" / "eeg"
    eeg.mkdir(parents=True)
    (eeg / "sub-02_task-speller_eeg.vhdr").symlink_to(folder / ".git/annex/objects/x.vhdr")
    with pytest.warns(DataWarning, match="1 recordings are links that lead nowhere"):
        (recording,) = open_recordings("bids", folder)
    assert recording.subject == "01"


def test_a_short_message_names_the_file(folder):
    path = folder / "sub-1.edf"
    specimen = replace(SPECIMENS[0], name="annotated-edf")
    path.write_bytes(bytes(5000))
    assert len(load_specimen(specimen, path).error) < 1300


FORBIDDEN = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "torch", "joblib"}


def test_no_loader_unpickles():
    files = sorted(Path(p300.recordings.__file__).parent.rglob("*.py"))
    assert len(files) > 20
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                assert not FORBIDDEN & {name.split(".")[0] for name in names}, file.name
            elif isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                arguments = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                assert arguments.get("allow_pickle", "False") == "False", file.name
                loads = called.split(".")[-1]
                assert loads not in ("read_pickle", "eval", "exec"), file.name
                assert called != "np.load" or "allow_pickle" in arguments, file.name
                # scipy must only see what has been checked.
                assert loads not in ("loadmat", "whosmat") or file.name == "matfile.py", file.name
