from __future__ import annotations

import inspect
import math
import subprocess
import sys

import pytest
import yaml

from p300.arguments import accepted_types
from p300.errors import ConfigError, RecordingError
from p300.ranges import describe
from p300.recordings import SOURCES, SourceInfo, open_recordings, source_module
from p300.recordings.described import DESCRIBED
from p300.recordings.registry import (
    check_options,
    natural_key,
    same_subject,
    select_places,
    select_subjects,
    source_info,
)
from p300.runs.config import parse_experiment

FROM_FILES = [name for name in SOURCES if source_module(name).INFO.from_files]


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_tells_about_itself_and_loads(name):
    module = source_module(name)
    assert isinstance(module.INFO, SourceInfo)
    texts = {key: text for key, text in vars(module.INFO).items() if isinstance(text, str)}
    assert all(text for key, text in texts.items() if key != "citation")
    assert module.INFO.cited
    parameters = inspect.signature(module.load).parameters
    assert list(parameters)[:3] == ["path", "dataset", "subjects"]
    for parameter in list(parameters.values())[3:]:
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert parameter.default is not parameter.empty
        assert parameter.annotation is not parameter.empty


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_told_without_importing_a_source_is_what_it_tells(name):
    texts = ("title", "subjects", "electrodes", "sfreq", "licence", "cited", "obtain")
    told, known = source_info(name), source_module(name).INFO
    assert [getattr(told, text) for text in texts] == [getattr(known, text) for text in texts]


def test_every_source_of_the_package_is_described():
    assert DESCRIBED.keys() == SOURCES.keys(), "describe it in p300/recordings/described.py"


def test_a_source_that_is_not_described_is_imported_to_be_asked(monkeypatch):
    monkeypatch.delitem(DESCRIBED, "bids")
    assert source_info("bids") is source_module("bids").INFO


def test_sources_are_listed_without_what_reads_them():
    code = (
        "import sys; from typer.testing import CliRunner; from p300.commands.main import app; "
        "result = CliRunner().invoke(app, ['datasets']); assert 'bids' in result.output; "
        "print({'numpy', 'pandas', 'mne', 'p300.recordings.formats'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", FROM_FILES)
def test_missing_places_tell_how_to_obtain_the_files(name, tmp_path):
    with pytest.raises(RecordingError, match="no such file or folder") as caught:
        list(open_recordings(name, tmp_path / "nowhere"))
    assert source_module(name).INFO.obtain in str(caught.value)
    with pytest.raises(RecordingError, match="needs a path"):
        list(open_recordings(name))


@pytest.mark.parametrize("name", FROM_FILES)
def test_an_empty_folder_is_an_error(name, tmp_path):
    with pytest.raises(RecordingError) as caught:
        list(open_recordings(name, tmp_path))
    assert str(tmp_path) in str(caught.value)


def test_unknown_sources_and_options(tmp_path):
    with pytest.raises(RecordingError, match="did you mean 'bids'"):
        open_recordings("bidz", tmp_path)
    with pytest.raises(RecordingError, match="did you mean 'words'"):
        open_recordings("bci2_iib", tmp_path, word={})
    with pytest.raises(RecordingError, match="task"):
        open_recordings("bids", tmp_path, task=["speller"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": [1]}, "one of the options 'target' and 'nontarget' found, expected both"),
        ({"target": "unknown", "nontarget": [1]}, "leave it out"),
        ({"target": "unkown"}, "'unkown'.* found"),
        ({"electrodes": ["Fz"], "rename": {"x": "Cz"}}, "expected one of them"),
        ({"mask": 3}, "name it with the option 'stim_channel'"),
    ],
)
def test_options_that_do_not_go_together(tmp_path, options, message):
    with pytest.raises(RecordingError, match=f"source annotated.*{message}"):
        check_options("annotated", options)
    with pytest.raises(RecordingError, match=f"source annotated.*{message}"):
        open_recordings("annotated", tmp_path, **options)


NUMERIC = [
    (name, key)
    for name in SOURCES
    for key, kind in accepted_types(
        source_module(name).load, ("path", "dataset", "subjects")
    ).items()
    if describe(kind).startswith(("whole number", "number"))
]


def test_numeric_options_are_those_known():
    assert ("xdf", "microvolts_per_unit") in NUMERIC
    assert {key for name, key in NUMERIC if name == "simulated"} == {
        "n_subjects", "seed", "n_runs", "characters_per_run", "repetitions", "sfreq",
        "onset_interval", "rests", "weak", "latency_spread", "shared",
    }  # fmt: skip
    assert ("openvibe", "stream") in NUMERIC
    assert {key for name, key in NUMERIC if name == "annotated"} == {
        "microvolts_per_unit", "mask", "shortest",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "key"), NUMERIC)
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, 0, 10**12, "x", "3", True, [], {}])
def test_no_option_takes_a_number_out_of_range(name, key, value, tmp_path):
    legal = [("seed", 0), ("microvolts_per_unit", 10**12), ("tmin", 0), ("tmin", -1), ("rests", 0)]
    legal += [("weak", 0), ("latency_spread", 0), ("shared", 0)]
    if (key, value) in legal:
        return
    with pytest.raises(RecordingError, match=f"source {name}.{key}: .* found.*; expected"):
        open_recordings(name, tmp_path, **{key: value})
    with pytest.raises(ConfigError, match=f"{name}.{key}: "):
        parse_experiment(yaml.safe_dump({"datasets": {"a": {"source": name, key: value}}}))


def test_labels_are_sorted_by_their_numbers():
    labels = ["run10", "run9", "2", "10", "02", "S", "b", "9" * 40]
    assert sorted(labels, key=natural_key) == [
        "02", "2", "10", "9" * 40, "S", "b", "run9", "run10",
    ]  # fmt: skip


def test_places_of_wanted_subjects_in_order():
    places = [("10", "1"), ("2", "10"), ("2", "9"), ("A", "1")]
    assert select_places(places, None, "here") == [("2", "9"), ("2", "10"), ("10", "1"), ("A", "1")]
    assert select_places(places, ["A", "02"], "here") == [("2", "9"), ("2", "10"), ("A", "1")]
    with pytest.raises(RecordingError, match=r"\['3'\] not found, there are \['2', '10', 'A'\]"):
        select_places(places, ["3"], "here")


def test_subjects_match_without_leading_zeros():
    assert same_subject("3", "03")
    assert same_subject("0", "00")
    assert not same_subject("3", "30")
    assert select_subjects(["01", "02", "10"], ["10", "1"], "here") == ["01", "10"]
    assert select_subjects(["B", "A"], None, "here") == ["B", "A"]
    with pytest.raises(RecordingError, match=r"here: subjects \['4'\] not found"):
        select_subjects(["01"], ["1", "4"], "here")
