"""A run's folder: whose it is, what lies in it, and what does not belong there."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from report.made_runs import make_run, make_spelled_run, spelled_scores

from p300.columns import CHARACTERS, METRIC_ROWS, SCORES
from p300.errors import RunError
from p300.evaluation.protocols import PROTOCOLS
from p300.runs import RunFolder
from p300.runs.config import Experiment, Source, parse_experiment
from p300.stored.tables import MOST_SMALL_ROWS

SOURCES = {"simulated": (Source(source="simulated"),)}
BASE = "datasets: {simulated: {source: simulated}}\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "run"
    return make_run(
        folder, subjects=["1", "2"], detectors=["cnn1"], protocols=["cross_subject"],
        datasets=["one"],
    )  # fmt: skip


@pytest.fixture
def run(made, tmp_path):
    return RunFolder(shutil.copytree(made, tmp_path / "run"))


# Whose it is.


def test_a_folder_is_claimed_once(tmp_path):
    folder, experiment = RunFolder(tmp_path / "reports" / "run"), parse_experiment(BASE + "name: a")
    folder.check_owner(experiment)
    assert not folder.path.parent.exists()  # looking writes nothing
    folder.claim(experiment)
    assert folder.experiment() == experiment
    before = folder.config_file.stat().st_mtime_ns
    folder.claim(experiment)
    assert folder.config_file.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "experiment",
    [
        Experiment(name="x", datasets=SOURCES, detectors={"cnn2a": {"picks": ("Cz", "Pz", "Fz")}}),
        Experiment(
            name="x",
            datasets={"s": (Source(source="simulated", electrodes=("Cz", "Pz", "Fz")),)},
            detectors={"slda": {}},
        ),
        Experiment(name="x", datasets=SOURCES, protocols={"few_shot": {"characters": (0, 1)}}),
    ],
)
def test_tuples_are_the_lists_that_the_file_has(experiment, tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.claim(experiment)
    folder.claim(experiment)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("detectors.cnn1.max_passes=5", "different: detectors.cnn1.max_passes: 5 here, 10 there)"),
        ("detectors.slda={}", "different: detectors.slda: only here)"),
        ("protocols={cross_subject: {}}", "different: protocols.within_subject: only there)"),
        ("datasets={simulated: {source: simulated, n_subjects: 4}}", "datasets.simulated: [{"),
    ],
)
def test_the_first_difference_is_named_by_its_key(override, message, tmp_path):
    text = BASE + "name: x\ndetectors: {cnn1: {max_passes: 10}}"
    folder = RunFolder(tmp_path / "run")
    folder.claim(parse_experiment(text))
    with pytest.raises(RunError) as caught:
        folder.check_owner(parse_experiment(text, [override]))
    assert message in str(caught.value)
    assert "name another folder with --out" in str(caught.value)


def test_many_differences_are_counted(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.claim(parse_experiment(BASE + "name: x"))
    text = BASE + "name: y\nseed: 1\nrepeats: 2\npreprocessing: {low: 0.5, high: 15}"
    with pytest.raises(RunError, match=r"name: \"y\" here, \"x\" there; .*; 2 more\)"):
        folder.check_owner(parse_experiment(text))


def test_a_config_that_cannot_be_read_is_named(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.claim(parse_experiment(BASE + "name: x"))
    folder.config_file.write_text("name: [")
    with pytest.raises(RunError, match=r"config\.yaml: not valid YAML"):
        folder.check_owner(parse_experiment(BASE + "name: x"))


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "run").write_text("dear")
    with pytest.raises(RunError, match="not a run folder"):
        RunFolder(tmp_path / "run").claim(parse_experiment(BASE + "name: x"))


# What lies in it.


def test_names_become_files_inside_the_folder(tmp_path):
    folder = RunFolder(tmp_path / "run")
    for fold in ("../../out", "a/b", "one.cross_subject.sub-..", "sub-\u00e9 1"):
        for file in (folder.fit_file(fold), folder.fold_scores_file(fold)):
            assert file.parent.parent == folder.path
            assert file.name.isascii()
        assert folder.epochs_file(fold).parent.parent.parent == folder.path
    assert folder.fit_file("a/b") != folder.fit_file("a-b")


def test_types_are_those_of_the_schema(run):
    scores = run.scores()
    assert list(scores.columns) == SCORES.names
    kinds = scores.dtypes.astype(str)
    assert kinds[["character", "target", "score", "calibration_characters"]].tolist() == [
        "Int64", "bool", "float64", "str",
    ]  # fmt: skip
    metrics = run.metrics()
    assert list(metrics.columns) == METRIC_ROWS.names
    assert str(metrics["repetitions"].dtype) == "Int64"
    assert metrics["rule"].isna().all()


def test_what_is_written_is_read(run):
    metrics = run.metrics()
    run.write_metrics(metrics)
    pd.testing.assert_frame_equal(run.metrics(), metrics, check_exact=True)
    assert "NaN" not in run.metrics_file.read_text()


def test_columns_that_nobody_knows_are_passed_over(run):
    scores = pd.read_parquet(run.scores_file)
    scores.assign(extra=1).to_parquet(run.scores_file)
    assert list(run.scores().columns) == SCORES.names


def test_tables_of_before_anything_was_decoded_again_are_read(run):
    scores, metrics = pd.read_parquet(run.scores_file), run.metrics()
    scores.drop(columns="score_post_hoc").to_parquet(run.scores_file)
    assert list(run.scores().columns) == SCORES.names
    assert run.scores()["score_post_hoc"].isna().all()
    rows = json.loads(run.metrics_file.read_text())["rows"]
    older = [{key: row[key] for key in row if key != "decoded"} for row in rows]
    run.metrics_file.write_text(json.dumps({"rows": older}))
    pd.testing.assert_frame_equal(run.metrics(), metrics)
    assert set(metrics["decoded"]) == {"instant"}


# What does not belong there.


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.drop(columns="score"), r"without the columns \['score'\]"),
        (lambda s: s.assign(score=np.nan), "column score: nothing in row 0 found"),
        (lambda s: s.assign(score=np.inf), "column score: inf found, expected finite numbers"),
        (lambda s: s.assign(score="high"), r"column score: string \('high'\) found"),
        (lambda s: s.assign(score_post_hoc=np.inf), "column score_post_hoc: inf found"),
        (lambda s: s.assign(seed=1.5), "column seed: .* found, expected whole numbers"),
        (lambda s: s.assign(subject=3), r"column subject: integer \(.*3.*\) found, expected text"),
        (lambda s: s.assign(target="yes"), "column target: string .* expected true or false"),
        (lambda s: s.iloc[:0], "0 rows found, expected at least one"),
    ],
)
def test_a_planted_score_table_is_named(change, message, run):
    change(pd.read_parquet(run.scores_file)).to_parquet(run.scores_file)
    with pytest.raises(RunError, match=message) as caught:
        run.scores()
    assert str(run.scores_file) in str(caught.value)
    assert "start again with p300 run" in str(caught.value)


def test_a_small_file_of_endless_rows_is_not_unpacked(run):
    import pyarrow as pa
    from pyarrow import parquet

    n = 20 * MOST_SMALL_ROWS
    parquet.write_table(pa.table({"score": pa.nulls(n, pa.float64())}), run.scores_file)
    assert run.scores_file.stat().st_size < MOST_SMALL_ROWS
    with pytest.raises(RunError, match="20,000,000 rows in"):
        run.scores()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 cut off PAR1", b"\x00" * 100])
def test_damaged_tables_are_named(content, run):
    for file, read in (
        (run.scores_file, run.scores),
        (run.averages_file, run.averages),
        (run.characters_file, run.characters),
        (run.flashes_file("one"), lambda: run.flashes("one")),
        (run.epoch_images_file("one"), lambda: run.epoch_images("one")),
        (run.training_scores_file("x"), lambda: run.training_scores("x")),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        with pytest.raises(RunError, match=f"{file.name} is damaged"):
            read()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[1]", b"3", b"[" * 100_000, b'{"a": ' * 100_000]
)
def test_damaged_json_is_named(content, run):
    (fit, *_) = (run.path / "fits").iterdir()
    for file, read in (
        (run.manifest_file, run.manifest),
        (run.metrics_file, run.metrics),
        (run.epochs_file("one"), lambda: run.layout("one")),
        (fit, run.fits),
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        with pytest.raises(RunError, match=file.name):
            read()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("rows", "no rows of metrics found"),
        ([1], "no rows of metrics found"),
        ([], "0 rows"),
        ([{"dataset": "x"}], "without the columns"),
    ],
)
def test_planted_metrics_are_named(rows, message, run):
    run.metrics_file.write_text(json.dumps({"rows": rows}))
    with pytest.raises(RunError, match=message):
        run.metrics()


@pytest.mark.parametrize(
    ("column", "value"),
    [("value", "high"), ("repetitions", 1.5), ("subject", 3), ("n", None), ("decoded", "later"),
     ("decoded", None)],
)  # fmt: skip
def test_planted_values_of_metrics_are_named(column, value, run):
    rows = json.loads(run.metrics_file.read_text())["rows"]
    rows[0][column] = value
    run.metrics_file.write_text(json.dumps({"rows": rows}))
    with pytest.raises(RunError, match=f"column {column}: "):
        run.metrics()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("seed", "7", "seed: '7' found"),
        ("fit_seconds", float("nan"), "NaN found, expected a finite number"),
        ("fit_seconds", 10**300, "a number of 301 digits found"),
        ("n_train", -1, "n_train: -1 found"),
        ("id", "another", "a fit of the fold 'another' found"),
        ("history", [{"pass": 1}], "history.0.train_loss: nothing found"),
        ("electrodes", ["Cz"], "spatial_filters of 8 electrodes, but 1 are named"),
        ("spatial_patterns", [[1.0], [1.0, 2.0]], "rows are of unequal length"),
        ("saliency", "<b>", "saliency: '<b>' found"),
        ("warnings", [3], "warnings.0: 3 found"),
    ],
)
def test_a_planted_fit_is_named(key, value, message, run):
    (file, *_) = sorted((run.path / "fits").iterdir())
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
    with pytest.raises(RunError, match=message) as caught:
        run.fits()
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("recordings", {}), ("recordings", [{"recording": 3}]), ("warnings", "x"), ("packages", [1])],
)
def test_a_planted_manifest_is_named(key, value, run):
    about = json.loads(run.manifest_file.read_text()) | {key: value}
    run.manifest_file.write_text(json.dumps(about))
    with pytest.raises(RunError, match=rf"manifest\.json: {key}"):
        run.manifest()


def test_characters_without_their_figures_are_told(tmp_path):
    from p300.report.run_results import read_run

    scores = spelled_scores(["A", "B"], ["slda"], text="P3", n_repetitions=2)
    run = RunFolder(make_spelled_run(tmp_path / "run", scores))
    assert len(read_run(run.path).rates)
    metrics = run.metrics()
    run.write_metrics(metrics[metrics["rule"].isna()])
    with pytest.raises(RunError, match=r"no figures of the characters.*remove metrics\.json"):
        read_run(run.path)
    characters = pd.read_parquet(run.characters_file)
    characters.assign(repetitions="many").to_parquet(run.characters_file)
    with pytest.raises(RunError, match=r"characters\.parquet: column repetitions"):
        read_run(run.path)


@pytest.mark.filterwarnings("ignore:.*no record of how")
def test_numbers_of_calibration_characters_make_the_label(tmp_path):
    from p300.report.run_results import read_run

    run = RunFolder(
        make_run(tmp_path / "run", subjects=["1", "2"], detectors=["slda"],
                 protocols=["few_shot", "cross_subject"], datasets=["one"])
    )  # fmt: skip
    for read, write in (
        (run.scores, lambda table: table.to_parquet(run.scores_file)),
        (run.metrics, run.write_metrics),
    ):
        table = read()
        number = table["calibration_characters"].mask(table["protocol"] == "few_shot", "3")
        write(table.assign(calibration_characters=number))
    results = read_run(run.path)
    assert results.unique("protocol") == ["few_shot-3", "cross_subject"]
    assert set(results.scores["protocol"]) == {"few_shot-3", "cross_subject"}
    for label, name in {"few_shot-3": "few_shot", "cross_subject": "cross_subject"}.items():
        assert results.protocol(label) is PROTOCOLS[name]
    assert results.protocol("few_shot") is None
    assert set(run.metrics()["protocol"]) == {"few_shot", "cross_subject"}


def test_a_table_without_rows_has_all_columns(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.write_characters(CHARACTERS.empty())
    assert list(pd.read_parquet(run.characters_file).columns) == CHARACTERS.names
    assert run.characters() is None


def test_the_written_config_is_plain_yaml(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.claim(parse_experiment(BASE + "name: x"))
    assert yaml.safe_load(run.config_text())["name"] == "x"


def test_a_run_goes_on_with_another_description(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.claim(parse_experiment(BASE + "name: x\ndescription: Mine."))
    folder.check_owner(parse_experiment(BASE + "name: x\ndescription: Yours."))
