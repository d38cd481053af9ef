"""Figures of a run for a model card: those of the very settings, or none."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from studies import make_epochs

from p300 import load_detector, make_detector, save_detector
from p300.errors import RunError
from p300.report.measured import measured_in
from p300.runs import RunFolder
from p300.signal.alignment import Alignment


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    epochs = make_epochs(2, 1)
    detector = make_detector("slda").fit(epochs.X, epochs.y)
    return load_detector(save_detector(detector, tmp_path_factory.mktemp("d") / "stored", epochs))


def test_the_figures_are_those_of_the_metrics(finished_run, stored):
    found = measured_in(finished_run, stored, None)
    table = RunFolder(finished_run).metrics()
    own = table[(table["detector"] == "slda") & (table["metric"] == "roc_auc")]
    aucs = [figure for figure in found.figures if figure.metric == "roc_auc"]
    assert [figure.value for figure in aucs] == own["value"].tolist()
    assert {figure.subject for figure in aucs} == {"3", "4", "5", None}
    assert set(found.protocols) == {"within_subject", "cross_subject"}
    assert all(found.protocols.values())
    assert found.run == RunFolder(finished_run).experiment().name


@pytest.mark.parametrize(
    "different",
    [
        {"alignment": Alignment("euclidean")},
        {"detector": "n_windows"},
        {"adaptation": "self_calibrated"},
    ],
)
def test_other_settings_have_other_figures(different, finished_run, stored):
    adaptation = different.get("adaptation")
    if "detector" in different:
        from sklearn.base import clone

        stored = replace(stored, detector=clone(stored.detector).set_params(n_windows=8))
    elif not adaptation:
        stored = replace(stored, **different)
    with pytest.raises(RunError, match=r"none has the settings of the stored one"):
        measured_in(finished_run, stored, adaptation)
    with pytest.raises(RunError, match="of these settings: none"):
        measured_in(finished_run, stored, adaptation, "slda")


def test_other_preprocessing_has_other_figures(finished_run, stored):
    other = replace(stored, preprocessing={**stored.preprocessing, "phase": "causal"})
    with pytest.raises(RunError, match=r"preprocesses otherwise.*different: phase"):
        measured_in(finished_run, other, None)


def test_of_several_alike_one_is_named(own_run, stored):
    file = RunFolder(own_run).config_file
    config = yaml.safe_load(file.read_text())
    config["detectors"]["again"] = {"detector": "slda"}
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    with pytest.raises(RunError, match=r"slda, again have the settings.*--label"):
        measured_in(own_run, stored, None)
    assert measured_in(own_run, stored, None, "slda").figures


def test_a_run_that_is_not_finished_is_refused(tmp_path, stored):
    with pytest.raises(RunError, match="not a finished run folder"):
        measured_in(tmp_path, stored, None)
