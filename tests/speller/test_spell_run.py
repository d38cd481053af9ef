"""A run folder of made-up scores, spelled from its files alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import ValidationError
from score_tables import make_scores, random_text

from p300.columns import CHARACTERS
from p300.errors import ConfigError, DataWarning, SpellerError
from p300.evaluation.metric_at import MetricAt
from p300.recordings import MATRIX_6X6
from p300.runs import RunFolder
from p300.runs.config import Experiment, Source, parse_experiment
from p300.runs.spelling import Spelling
from p300.signal.epochs import Epochs
from p300.speller import LanguageModel
from p300.speller.run import spell_run

DETECTORS = {"slda": 1.3, "cnn1": 0.8}
SCORED = {"experiment": "x", "threshold": 0.0}


def onsets(table, pause=2.5, interval=0.175):
    """Seconds of flashes in time order: 12 flashes a repetition, a pause before each character."""
    new = table.groupby(["subject", "run"])["character"].diff().fillna(1).astype(bool)
    step = np.where(new, pause + interval, interval)
    return pd.Series(step, table.index).groupby([table["subject"], table["run"]]).cumsum()


def subject_scores(subject, run, separation, n=5):
    seed = 100 * int(subject) + int(run)
    return make_scores(random_text(n, seed=seed), repetitions=6, separation=separation, seed=seed,
                       subject=subject, run=run)  # fmt: skip


def write_epochs(run, scores, layouts, name="made"):
    flashes = scores.assign(sample=np.arange(len(scores)), onset=onsets(scores))
    columns = ["dataset", "subject", "session", "run", "character", "repetition", "code", "target",
               "sample", "onset"]  # fmt: skip
    X = np.zeros((len(flashes), 3, 2), np.float32)
    Epochs(X, flashes[columns], ("Fz", "Cz", "Pz"), 128.0, layouts=layouts).save(
        run / "epochs" / name
    )


def write_run(
    folder, *, training=True, layouts=None, change=lambda scores: scores, source="bnci2015_003", n=5
):
    """Two subjects, run 1 to learn from, run 2 tested; two detectors."""
    run, tests = folder / "run", []
    data = change(
        pd.concat([subject_scores(s, r, 1.0, n) for s in "12" for r in "12"], ignore_index=True)
    )
    write_epochs(run, data, {"made": MATRIX_6X6} if layouts is None else layouts)
    for detector, separation in DETECTORS.items():
        for s in "12":
            fold = f"sub-{s}_ses-1_run-2"
            names = {"dataset": "made", "protocol": "within_subject",
                     "calibration_characters": None, "fold": fold, "detector": detector,
                     "seed": 7}  # fmt: skip
            key = f"made.within_subject.{fold}.{detector}.repeat-0"
            learned, tested = (
                change(subject_scores(s, r, separation, n)).assign(**names, **SCORED) for r in "12"
            )
            fit = {
                "id": key,
                **names,
                "n_train": len(learned),
                "n_test": len(tested),
                "fit_seconds": 0.1,
                "versions": {},
            }
            tests.append(key)
            RunFolder(run).write_fold(fit, tested, learned if training else None)
    RunFolder(run).join_scores(tests)
    datasets = {"made": (Source(source=source, path="x"),)}
    (run / "config.yaml").write_text(Experiment(name="x", datasets=datasets).to_yaml())
    return run


@pytest.mark.parametrize(
    "given",
    [{"pause": v} for v in (-1, float("nan"), float("inf"), 1e18)]
    + [{"target_error": v} for v in (0, 1, -0.1, float("nan"), float("inf"))],
)
def test_settings_out_of_range_are_refused(given):
    with pytest.raises(ValidationError):
        Spelling(**given)
    with pytest.raises(ConfigError, match="spelling"):
        parse_experiment(yaml.safe_dump({"spelling": given}))


def test_characters_and_metrics_of_a_run(tmp_path):
    run = write_run(tmp_path)
    rows = spell_run(run)
    table = pd.read_parquet(run / "characters.parquet")
    assert list(table.columns) == CHARACTERS.names
    # 2 detectors x 2 subjects x 5 characters x (2 rules x 6 repetitions + chosen + dynamic).
    assert len(table) == 2 * 2 * 5 * 14
    np.testing.assert_allclose(table["seconds"], 2.5 + 2.1 * table["repetitions"])
    truth = "".join(random_text(5, seed=102))
    mine = table[(table["subject"] == "1") & (table["detector"] == "slda")]
    assert "".join(mine.loc[mine["stopping"] == "dynamic", "true_symbol"]) == truth
    for figure in ("characters@5", "bits_per_minute@chosen", "bits_per_minute@dynamic"):
        assert len(MetricAt.parse(figure).rows(rows)) == 2 * 3  # two subjects and their mean
    assert set(rows["detector"]) == set(DETECTORS)
    assert not [p for p in run.iterdir() if p.name.startswith(".")]


def test_the_same_files_give_the_same_bytes(tmp_path):
    run = write_run(tmp_path)
    spell_run(run)
    first = (run / "characters.parquet").read_bytes()
    spell_run(run)
    assert (run / "characters.parquet").read_bytes() == first


def test_dynamic_stopping_learns_from_the_training_scores_alone(tmp_path):
    run = write_run(tmp_path)
    spell_run(run)
    before = pd.read_parquet(run / "characters.parquet")
    scores = pd.read_parquet(run / "scores.parquet")
    # Other truths (each symbol the one beside it), same scores: not one decision may change.
    flash = ["detector", "subject", "character", "repetition"]
    code = scores["code"] % 6 + 1 + 6 * (scores["code"] > 6)
    beside = scores.assign(code=code)[[*flash, "code", "target"]]
    scores.drop(columns="target").merge(beside).to_parquet(run / "scores.parquet")
    spell_run(run)
    after = pd.read_parquet(run / "characters.parquet")
    truth = ["true_symbol", "correct"]
    pd.testing.assert_frame_equal(before.drop(columns=truth), after.drop(columns=truth))
    assert (before["true_symbol"] != after["true_symbol"]).all()


def test_without_training_scores_only_the_sum_is_decided(tmp_path):
    run = write_run(tmp_path, training=False)
    spell_run(run)  # without dynamic stopping none are needed
    with pytest.warns(DataWarning, match="4 folds have no training scores"):
        rows = spell_run(run, Spelling(dynamic=True))
    assert set(pd.read_parquet(run / "characters.parquet")["rule"]) == {"sum"}
    assert "dynamic" not in set(rows["stopping"])


def test_a_run_without_codes_is_skipped_by_name(tmp_path):
    def forget(scores):
        unknown = (scores["subject"] == "2") & (scores["run"] == "1")
        return scores.assign(code=scores["code"].mask(unknown))

    run = write_run(tmp_path, change=forget)
    with pytest.warns(DataWarning) as caught:
        spell_run(run)
    messages = [str(w.message) for w in caught]
    assert sum("made/2/1/1" in m for m in messages) == 1
    # Subject 2 is still spelled, by what its training scores say without characters.
    assert sum("sub-2" in m and "taken at their word" in m for m in messages) == len(DETECTORS)
    assert set(pd.read_parquet(run / "characters.parquet")["subject"]) == {"1", "2"}


UNKNOWN = ["code", "character", "repetition"]


def test_a_subject_without_codes_is_skipped_by_name(tmp_path):
    def forget(scores):
        return scores.assign(**{n: scores[n].mask(scores["subject"] == "2") for n in UNKNOWN})

    run = write_run(tmp_path, change=forget)
    with pytest.warns(DataWarning, match="made/2/1/1, made/2/1/2: some flash codes"):
        spell_run(run)
    assert set(pd.read_parquet(run / "characters.parquet")["subject"]) == {"1"}


def test_a_data_set_without_codes_may_help_to_learn(tmp_path):
    run = write_run(tmp_path)
    uncoded = subject_scores("3", "1", 1.0).assign(dataset="other", **dict.fromkeys(UNKNOWN, pd.NA))
    named = {"protocol": "x", "calibration_characters": None, "fold": "x", "detector": "x"}
    uncoded = uncoded.assign(**named, **SCORED, seed=7)
    write_epochs(run, uncoded, {"other": MATRIX_6X6}, "other")
    both = {name: (Source(source="bnci2015_003", path="x"),) for name in ("made", "other")}
    (run / "config.yaml").write_text(Experiment(name="x", datasets=both).to_yaml())
    for path in (run / "training_scores").iterdir():
        pd.concat([pd.read_parquet(path), uncoded], ignore_index=True).to_parquet(path)
    assert set(spell_run(run)["dataset"]) == {"made"}


@pytest.mark.parametrize("why", ["no layout", "no flash codes"])
def test_a_run_that_cannot_be_spelled_says_why(tmp_path, why):
    if why == "no layout":
        run = write_run(tmp_path, layouts={})
    else:
        run = write_run(tmp_path, change=lambda s: s.assign(code=s["code"].mask(s["code"] > 0)))
    with pytest.warns(DataWarning, match=f"data set made: {why} known"):
        rows = spell_run(run)
    assert rows.empty
    assert pd.read_parquet(run / "characters.parquet").empty


def test_the_pause_can_be_stated(tmp_path):
    run = write_run(tmp_path)
    spell_run(run, Spelling(pause=0))
    table = pd.read_parquet(run / "characters.parquet")
    np.testing.assert_allclose(table["seconds"], 2.1 * table["repetitions"])


def test_a_pause_that_cannot_be_measured_is_the_usual_one(tmp_path):
    run = write_run(tmp_path, n=1)
    with pytest.warns(DataWarning, match=r"subjects 1, 2\).*2.5 s are taken"):
        spell_run(run)
    table = pd.read_parquet(run / "characters.parquet")
    np.testing.assert_allclose(table["seconds"], 2.5 + 2.1 * table["repetitions"])


def test_a_language_model_is_applied_and_refused_on_random_letters(tmp_path):
    text = "".join(random_text(5, seed=102))
    path = str(LanguageModel.learn([text] * 100).save(tmp_path / "words.tsv"))
    run = write_run(tmp_path)
    right = {}
    for given in (None, path):
        rows = spell_run(run, Spelling(language_model=given))
        mine = MetricAt.parse("characters@1:posterior").rows(rows)
        right[given] = mine.loc[mine["subject"] == "1", "value"].mean()
    assert right[path] > right[None] + 0.2
    with pytest.raises(SpellerError, match="random letters"):
        spell_run(run, Spelling(language_model=path, random_text=("made",)))
    (run / "config.yaml").unlink()
    (tmp_path / "other").mkdir()
    other = write_run(tmp_path / "other", source="bci3_ii")
    with pytest.raises(SpellerError, match="random letters"):
        spell_run(other, Spelling(language_model=path))


def test_settings_are_checked():
    for wrong in ({"target_error": 0}, {"pause": -1}, {"thresholds": 3}):
        with pytest.raises(ValidationError):
            Spelling.model_validate(wrong)
