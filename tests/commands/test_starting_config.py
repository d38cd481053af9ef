from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from jsonschema import Draft202012Validator
from studies import make_flashes

from p300.commands.finding import FoundData
from p300.commands.starting_config import (
    SCHEMA_FILE,
    common_rate,
    fitting_protocols,
    starting_config,
    unused_config,
    write_starting_config,
)
from p300.commands.survey import Survey
from p300.errors import ConfigError
from p300.recordings import MATRIX_6X6
from p300.runs.config import load_experiment, parse_experiment
from p300.runs.schema import schema_text


def surveyed(
    tmp_path, *, subjects=1, sessions=1, runs=2, name="study", layout=MATRIX_6X6, rates=(256.0,),
    guessed=(), options=None, **row,
):  # fmt: skip
    """Make up what a survey of some recordings found."""
    places = [
        (str(a), str(b), str(c))
        for a in range(1, subjects + 1)
        for b in range(1, sessions + 1)
        for c in range(1, runs + 1)
    ]
    tables, rows = [], []
    for k, place in enumerate(places):
        columns = dict(zip(("subject", "session", "run"), place, strict=True))
        flashes = make_flashes(n_characters=3, seed=k).astype({"target": "boolean"})
        tables.append(flashes.assign(dataset=name, onset=flashes["sample"] / 240, **columns))
        rows.append(
            {
                **columns, "certain": True, "source": str(tmp_path / name / f"s{k}_run1.fif"),
                "electrodes": ["Fz", "Cz", "Pz", "Oz"], "unplaced": [], "bad": [],
                "sfreq": rates[k % len(rates)], "seconds": 60.0, "window": (-np.inf, np.inf), **row,
            }
        )  # fmt: skip
    options = options or {}
    return Survey(
        found=FoundData(name, tmp_path / name, "flash_table", options, tuple(guessed)),
        recordings=pd.DataFrame(rows),
        flashes=pd.concat(tables, ignore_index=True),
        layout=layout,
    )


def experiment_of(*surveys, folder):
    return parse_experiment(starting_config(surveys, folder))


def test_says_where_the_recordings_are_and_how_to_go_on(tmp_path):
    out = tmp_path / "my.yaml"
    write_starting_config([surveyed(tmp_path)], out, tmp_path)
    experiment = load_experiment(out)
    assert experiment.name == "my"
    (source,) = experiment.datasets["study"]
    assert (source.source, source.path) == ("flash_table", str(tmp_path / "study"))
    assert list(experiment.detectors) == ["slda", "xdawn_lda", "cnn1"]
    assert f"p300 run {out}" in out.read_text(encoding="utf-8")
    # Every comment that is a setting becomes one when its hash is taken away.
    text = out.read_text(encoding="utf-8").replace("# eegnet", "eegnet")
    assert "eegnet" in parse_experiment(text).detectors


def test_the_recommended_detector_is_taken_where_it_has_what_it_wants(tmp_path):
    def detectors(*surveys):
        return list(experiment_of(*surveys, folder=tmp_path).detectors)

    several = surveyed(tmp_path, subjects=3)
    assert detectors(several)[0] == "recommended"
    without = ["slda", "xdawn_lda", "cnn1"]
    assert detectors(surveyed(tmp_path)) == without  # one subject
    assert detectors(surveyed(tmp_path, subjects=3, layout=None)) == without
    assert detectors(several, surveyed(tmp_path, name="b", layout=None)) == without
    one = surveyed(tmp_path, subjects=3)
    one.flashes.loc[one.flashes["subject"] == one.flashes["subject"].iloc[-1], "code"] = pd.NA
    assert detectors(one) == without
    # Taken in by hand it is the same.
    text = starting_config([surveyed(tmp_path)], tmp_path).replace("# recommended", "recommended")
    assert list(parse_experiment(text).detectors) == ["recommended", *without]


def test_the_schema_that_its_first_line_names_lies_beside_it(tmp_path):
    out = tmp_path / "configs" / "my.yaml"
    write_starting_config([surveyed(tmp_path, subjects=2)], out, tmp_path)
    first, *_ = out.read_text(encoding="utf-8").splitlines()
    assert first == f"# yaml-language-server: $schema={SCHEMA_FILE}"
    schema = (out.parent / SCHEMA_FILE).read_text(encoding="utf-8")
    assert schema == schema_text()
    checked = Draft202012Validator(json.loads(schema))
    content = yaml.safe_load(out.read_text(encoding="utf-8"))
    checked.validate(content)
    checked.validate(yaml.safe_load(load_experiment(out).to_yaml()))
    content["datasets"]["study"][0]["layouts"] = []
    assert not checked.is_valid(content)


def test_an_existing_config_is_left_alone(tmp_path):
    out = tmp_path / "my.yaml"
    out.write_text("name: mine\n", encoding="utf-8")
    for refused in (
        lambda: write_starting_config([surveyed(tmp_path)], out, tmp_path),
        lambda: unused_config(tmp_path, out),
    ):
        with pytest.raises(ConfigError, match=r"my\.yaml: exists already; name another"):
            refused()
    assert out.read_text(encoding="utf-8") == "name: mine\n"
    assert unused_config(tmp_path / "some data!").name == "some_data.yaml"


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({}, ["within_subject"]),
        ({"subjects": 3}, ["within_subject", "cross_subject"]),
        ({"sessions": 2, "runs": 1}, ["within_subject", "cross_session"]),
        ({"subjects": 2, "sessions": 2}, ["within_subject", "cross_session", "cross_subject"]),
    ],
)
def test_protocols_that_fit(tmp_path, sizes, expected):
    one = surveyed(tmp_path, **sizes)
    assert list(experiment_of(one, folder=tmp_path).protocols) == expected
    fitting, misfits = fitting_protocols([one], 0.65)
    assert list(fitting) == expected
    text = starting_config([one], tmp_path)
    assert all(f"# {name}: does not fit: {reason}" in text for name, reason in misfits.items())


def test_several_data_sets(tmp_path):
    several = surveyed(tmp_path, subjects=3, name="a"), surveyed(tmp_path, name="b", layout=None)
    experiment = experiment_of(*several, folder=tmp_path)
    assert list(experiment.datasets) == ["a", "b"]
    assert list(experiment.protocols) == ["within_subject", "cross_subject"]
    assert experiment.spelling.dynamic


@pytest.mark.parametrize("name", ["2024", "01", "1e3", "2024-01-05", "no", "null", "1.5", "0x1F"])
def test_a_data_set_may_be_called_like_a_number_a_date_or_a_truth(tmp_path, name):
    experiment = experiment_of(surveyed(tmp_path, name=name), folder=tmp_path)
    assert list(experiment.datasets) == [name]


def test_no_protocol_that_fits(tmp_path):
    one = surveyed(tmp_path)
    unknown = one.flashes.assign(target=pd.array([pd.NA] * len(one.flashes), dtype="boolean"))
    nothing = Survey(one.found, one.recordings, unknown, one.layout)
    with pytest.raises(ConfigError, match=r"no protocol fits(?s:.*)within_subject: no flash"):
        starting_config([nothing], tmp_path)


def test_guesses_are_marked_and_what_was_said_is_not(tmp_path):
    options = {"target": ["S 10"], "nontarget": ["S 20", "no"], "layout": ["AB", "CD"]}
    one = surveyed(tmp_path, options=options, guessed=("target", "layout"))
    text = starting_config([one], tmp_path)
    lines = {line.split(":")[0].strip(): line for line in text.splitlines()}
    assert lines["target"].endswith("# guessed: check")
    assert lines["layout"].endswith("# guessed: check")
    assert "guessed" not in lines["nontarget"]
    # YAML reads back what was meant: words that look like something else stay words.
    assert yaml.safe_load(text)["datasets"]["study"][0] | options == {
        "source": "flash_table", "path": str(tmp_path / "study"), **options,
    }  # fmt: skip


def test_people_who_are_guessed_are_not_crossed(tmp_path):
    one = surveyed(tmp_path, subjects=3, certain=False)
    text = starting_config([one, surveyed(tmp_path, subjects=2, name="told")], tmp_path)
    assert list(parse_experiment(text).protocols) == ["within_subject"]
    assert "# cross_subject: does not fit: the subjects of study are guessed; first confirm" in text
    (line,) = (line for line in text.splitlines() if "# subject:" in line)
    assert line.endswith("# guessed: confirm it by taking the first # away")
    confirmed = parse_experiment(text.replace("# subject:", "subject:"))
    (source,) = confirmed.datasets["study"]
    found = re.search(source.options["subject"], "s0_run1.fif")
    assert found.groupdict() == {"subject": "s0", "run": "1"}
    # Guessing the name of a single subject does no harm, and who is told is crossed.
    assert "# subject:" not in starting_config([surveyed(tmp_path, certain=False)], tmp_path)
    certain = starting_config([surveyed(tmp_path, subjects=3)], tmp_path)
    assert "cross_subject" in parse_experiment(certain).protocols


def test_spelling_needs_codes_and_a_matrix(tmp_path):
    assert experiment_of(surveyed(tmp_path), folder=tmp_path).spelling.dynamic
    assert not experiment_of(surveyed(tmp_path, layout=None), folder=tmp_path).spelling.dynamic
    one = surveyed(tmp_path)
    uncoded = Survey(one.found, one.recordings, one.flashes.assign(code=np.nan), one.layout)
    assert not experiment_of(uncoded, folder=tmp_path).spelling.dynamic


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([[256.0, 256.0]], {}),
        ([[240.0], [256.0]], {}),
        ([[256.0, 512.0]], {}),
        ([[250.0, 1000.0, 500.0]], {}),
        ([[240.0, 360.0]], {}),
        ([[256.0, 128.0], [512.0]], {}),
        ([[100.0]], {}),
        ([[200.0, 600.0]], {"sfreq": 200.0}),
        ([[256.0, 250.0]], {"sfreq": 120.0, "order": "filter_first"}),
        ([[256.0, 100.0]], {"sfreq": 100.0, "order": "filter_first"}),
    ],
)
def test_one_rate_for_recordings_of_several(tmp_path, rates, expected):
    assert common_rate(rates) == expected
    settings = experiment_of(surveyed(tmp_path, rates=rates[0]), folder=tmp_path).preprocessing
    if len(rates) == 1:
        assert (settings.sfreq, settings.order) == (
            expected.get("sfreq"), expected.get("order", "subsample_first"),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, "interpolate"),
        ({"bad": ["Cz"], "electrodes": ["Fz", "Cz", "Pz", "Oz"]}, "drop"),
        ({"bad": ["Cz"], "electrodes": ["Fz", "Cz", "Pz", "Oz", "P3"]}, "interpolate"),
        ({"bad": ["B"], "unplaced": list("ABCDE"), "electrodes": list("ABCDE")}, "drop"),
    ],
)
def test_bad_electrodes_are_dropped_where_they_cannot_be_interpolated(tmp_path, row, expected):
    one = surveyed(tmp_path)
    rows = [{**old, **row} for old in one.recordings.to_dict("records")]
    changed = Survey(one.found, pd.DataFrame(rows), one.flashes, one.layout)
    settings = experiment_of(changed, folder=tmp_path).preprocessing
    assert settings.bad_electrodes == expected


def test_too_few_electrodes(tmp_path):
    with pytest.raises(ConfigError, match=r"electrodes \['Fz', 'Cz'\] are common"):
        starting_config([surveyed(tmp_path, electrodes=["Fz", "Cz"])], tmp_path)
