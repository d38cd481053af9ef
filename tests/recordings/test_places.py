"""Subject, session and run: told by names, by a pattern, or guessed and said to be."""

from __future__ import annotations

import importlib
import time
import warnings
from pathlib import Path

import pytest
from own_recordings import save_annotated, study

from p300.errors import ConfigError, DataWarning, RecordingError
from p300.recordings import SOURCES, open_recordings, source_module
from p300.recordings.places import (
    check_subject_pattern,
    place_files,
    search_folder,
    suggest_pattern,
)
from p300.runs.config import parse_experiment

ROOT = Path("folder")


def placed(*names, subjects=None, pattern=None):
    """Subject, session, run and certainty of files of the folder, in their order."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        found = place_files([ROOT / name for name in names], subjects, ROOT, pattern)
    return {
        file.relative_to(ROOT).as_posix(): (at.subject, at.session, at.run, at.certain)
        for file, at in found
    }


def test_places_are_in_the_order_of_their_numbers():
    names = [f"sub-{s}_ses-{n}_run-{r}.edf" for s in (10, 9) for n in (10, 2) for r in (1, 10, 2)]
    assert list(placed(*names).values()) == [
        (s, n, r, True) for s in ("9", "10") for n in ("2", "10") for r in ("1", "2", "10")
    ]
    assert next(iter(placed(*names))) == "sub-9_ses-2_run-1.edf"
    assert list(placed(*reversed(names), subjects=["09"])) == [
        f"sub-9_ses-{n}_run-{r}.edf" for n in (2, 10) for r in (1, 2, 10)
    ]


def test_one_file_a_place():
    with pytest.raises(RecordingError, match=r"sub-1\.edf and sub-1_run-1\.edf are both"):
        placed("sub-1.edf", "sub-1_run-1.edf")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("sub-07_ses-2_run-3_raw.fif", ("07", "2", "3", True)),
        ("sub-07/ses-2/x.fif", ("07", "2", "1", True)),
        ("sub-07/eeg/sub-07_task-p300_run-02_eeg.vhdr", ("07", "1", "02", True)),
        ("s01.edf", ("s01", "1", "1", True)),
        ("S3_run2.edf", ("S3", "1", "2", True)),
        ("subject9_session2.gdf", ("subject9", "2", "1", True)),
        ("anna1_block2.edf", ("anna1", "1", "2", False)),
        ("anna1_block02_raw.fif", ("anna1", "1", "2", False)),
        ("anna_day2_run-3.edf", ("anna", "2", "3", False)),
        ("anna_run-2.edf", ("anna", "1", "2", False)),
        ("anna_train.fif", ("anna", "1", "1", False)),
        ("anna.fif.gz", ("anna", "1", "1", False)),
        ("subject9_raw.fif", ("subject9_raw", "1", "1", False)),
        ("P300-02.edf", ("P300-02", "1", "1", False)),
        ("subject1/train_2022.fif", ("1", "1", "1", False)),
        ("session2/anna_run3.fif", ("anna", "2", "3", False)),
        ("train_2022.fif", ("1", "1", "2022", False)),
    ],
)
def test_what_a_name_says(name, place):
    assert placed(name) == {name: place}


def test_a_folder_is_a_subject_where_there_are_several():
    names = ["anna/session2/a.fif", "anna/b.fif", "ben/eeg/c.fif"]
    assert placed(*names) == {
        "anna/b.fif": ("anna", "1", "1", False),
        "anna/session2/a.fif": ("anna", "2", "1", False),
        "ben/eeg/c.fif": ("ben", "1", "1", False),
    }
    alone = placed("eeg/anna.fif", "eeg/ben.fif")
    assert [place[0] for place in alone.values()] == ["anna", "ben"]


def test_runs_that_are_not_told_are_counted_as_people_count():
    names = [f"subject{s}/{n}.fif" for s in (1, 2) for n in ("test_2022", "block10", "block9")]
    assert placed(*names) == {
        f"subject{s}/{n}.fif": (str(s), "1", run, False)
        for s in (1, 2) for n, run in (("block9", "1"), ("block10", "2"), ("test_2022", "3"))
    }  # fmt: skip
    assert [place[2] for place in placed("anna_train.fif", "anna_test.fif").values()] == ["1", "2"]
    alike = placed("anna_test1.fif", "anna_train1.fif", "anna_train2.fif")
    assert [place[2] for place in alike.values()] == ["1", "2", "3"]


def test_files_of_two_folders_are_not_counted_as_one_session():
    with pytest.raises(RecordingError, match=r"both subject and session \('1', '1'\)"):
        placed("a/subject1/x.fif", "b/subject1/y.fif")


def test_guesses_are_named():
    files = [ROOT / f"anna{k}_block2.edf" for k in range(12)]
    with pytest.warns(
        DataWarning,
        match=r"guessed: anna0_block2\.edf is subject anna0, run 2; .*and 4 more.*option 'subject'",
    ):
        place_files(files, None, ROOT)
    with pytest.warns(DataWarning, match=r"guessed: subject1/train_2022\.fif is subject 1, run 1"):
        place_files([ROOT / f"subject{k}/train_2022.fif" for k in (1, 2)], None, ROOT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        place_files(files[:1], None, ROOT)  # one file: there is nobody else
        place_files([ROOT / f"sub-{k}.edf" for k in (1, 2)], None, ROOT)


PATTERN = r"^(?P<subject>[a-z]+)(?P<session>\d)_block(?P<run>\d+)"


def test_a_pattern_decides_and_is_certain():
    assert placed("anna1_block2.edf", "ben2_block10.edf", pattern=PATTERN) == {
        "anna1_block2.edf": ("anna", "1", "2", True),
        "ben2_block10.edf": ("ben", "2", "10", True),
    }
    # Also against what names say by themselves.
    assert placed("sub-1/anna.edf", pattern="(?P<subject>[a-z]+).edf$") == {
        "sub-1/anna.edf": ("anna", "1", "1", True)
    }
    counted = placed("x/anna_b10.edf", "x/anna_b9.edf", pattern="/(?P<subject>[a-z]+)_")
    assert [place[2] for place in counted.values()] == ["1", "2"]
    assert list(counted) == ["x/anna_b9.edf", "x/anna_b10.edf"]


def test_a_file_that_the_pattern_does_not_fit_is_named():
    with pytest.raises(RecordingError, match=r"finds no subject in 'notes/ben\.edf'; expected"):
        placed("anna1_block2.edf", "notes/ben.edf", pattern=PATTERN)
    with pytest.raises(RecordingError, match="finds no subject"):
        placed("_run1.edf", pattern="^(?P<subject>[a-z]*)_")
    with pytest.raises(RecordingError, match=r"are both subject, session and run \('a', '1', '1'"):
        placed("a_1_x.edf", "a_1_y.edf", pattern=r"(?P<subject>\w)_(?P<run>\d)")


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(?P<subject>a", "expected a regular expression"),
        ("sub-(.*)", "named groups are none"),
        (r"(?P<subjekt>\d+)", r"named groups are \['subjekt'\]"),
        (r"(?P<subject>\d+)(?P<day>\d)", "named groups are"),
        ("(?P<subject>(a+)+)$", "take for ever"),
        ("(?P<subject>(a|a)*)$", "take for ever"),
        (r"(?P<subject>x)(\w*\d)*!", "take for ever"),
        (r"(?P<subject>([\w)]+){2,})!", "take for ever"),
        (r"(?P<subject>.*).*.*.*!", "take for ever"),
        (r"(?P<subject>x)(?P=subject)*", "take for ever"),
        ("(?P<subject>a{99999999999999999999})", "expected a regular expression"),
    ],
)
def test_bad_patterns_are_refused_when_a_config_is_read(pattern, problem):
    text = f"datasets: {{d: {{source: annotated, path: x, subject: '{pattern}'}}}}"
    importlib.import_module("p300.recordings.formats.annotated")  # takes time by itself
    started = time.perf_counter()
    with pytest.raises(ConfigError, match=rf"source annotated\.subject: .*{problem}"):
        parse_experiment(text)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "pattern",
    [
        PATTERN,
        r"(?P<subject>[^/(+)]+)/.*_(?P<run>\d+)\.(edf|fif)",
        r"^(?:pilot_)?(?P<subject>\w{2,4})-\(x\+\)+",
        r"(?P<subject>(anna|ben)\d)",
    ],
)
def test_good_patterns_are_kept(pattern):
    assert check_subject_pattern(pattern) == pattern


@pytest.mark.parametrize(
    "names",
    [
        ("anna1_block2.edf", "ben_block10.edf"),
        ("anna_train.fif", "ben_train.fif"),
        ("subject1/a.fif", "Subject02/b.fif"),
        ("anna/a.fif", "ben/a.fif"),
        ("anna.edf", "ben.edf"),
    ],
)
def test_the_pattern_suggested_says_what_was_guessed(names):
    guessed = placed(*names)
    pattern = check_subject_pattern(suggest_pattern(names))
    assert placed(*names, pattern=pattern) == {
        name: (*place[:3], True) for name, place in guessed.items()
    }


FROM_NAMES = [
    "annotated", "bci2000", "epochs", "flash_table", "gtec_br41n", "muse_csv", "openvibe",
    "session", "table", "xdf",
]  # fmt: skip


@pytest.mark.parametrize("source", SOURCES)
def test_sources_whose_names_of_files_tell_who_it_is_take_a_pattern(source):
    from p300.arguments import accepted_arguments

    assert ("subject" in accepted_arguments(source_module(source).load)) == (source in FROM_NAMES)


WORDS = {True: "target", False: "nontarget"}
MARKS = {"target": ["target"], "nontarget": ["nontarget"]}


def test_folders_of_subjects_are_searched(tmp_path):
    for recording in study(2, 2):
        folder = tmp_path / f"subject{recording.subject}"
        folder.mkdir(exist_ok=True)
        save_annotated(recording, folder / f"train_202{recording.run}_raw.fif", WORDS)
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "sub-9_raw.fif").write_bytes(b"")
    with pytest.warns(DataWarning, match="guessed: "):
        guessed = list(open_recordings("annotated", tmp_path, **MARKS))
    pattern = r"subject(?P<subject>\d)/.*_\d{3}(?P<run>\d)"
    told = list(open_recordings("annotated", tmp_path, subject=pattern, **MARKS))
    assert [(r.subject, r.run) for r in guessed] == [(r.subject, r.run) for r in told]
    assert [(r.subject, r.run) for r in told] == [(s, r) for s in "12" for r in "12"]
    assert {r.certain for r in told} == {True}
    assert {r.certain for r in guessed} == {False}


def test_files_of_a_folder_itself_come_before_those_below(tmp_path):
    for name in ("b/2.x", "b/10.x", "a/b/c/d/deep.x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    def files_of(folder):
        return sorted(folder.glob("*.x"))

    assert [file.name for file in search_folder(tmp_path, files_of)] == ["10.x", "2.x"]
    (tmp_path / "own.x").touch()
    assert search_folder(tmp_path, files_of) == [tmp_path / "own.x"]
