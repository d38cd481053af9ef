"""Plug-ins: what packages and sessions add is found, checked as ours, and never in the way."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from installed import ROOT, write_package

from p300 import register_detector, register_metric, register_source
from p300.adaptation.registry import ADAPTATIONS, make_adaptation
from p300.detectors import DETECTORS, detector_info, make_detector
from p300.detectors.linear.lda import ShrinkageLDA
from p300.errors import ConfigError, DetectorError, PluginWarning, ProtocolError, RecordingError
from p300.evaluation.metrics import METRICS, Metric, detection_metrics, summarise_scores
from p300.evaluation.protocols import PROTOCOLS, check_protocol
from p300.ranges import Positive
from p300.recordings import SOURCES, SourceInfo, open_recordings, recognise_source, source_module
from p300.report.report import FURTHER_SECTIONS

DETECTOR = '''
from p300.detectors.linear.lda import ShrinkageLDA
from p300.ranges import Positive

class {kind}(ShrinkageLDA):
    """Said of it.

    More.
    """
    name = "{name}"

    def __init__(self, *, strength: Positive = 1.0) -> None:
        super().__init__()
        self.strength = strength
'''


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder where Python looks for packages first."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def bring(site: Path, package: str, group: str, code: str, **entries: str) -> None:
    write_package(site, package, code, {f"p300.{group}": entries})


def test_a_class_is_a_detector_whose_parameters_are_checked_as_ours(site):
    code = DETECTOR.format(kind="Plugged", name="plugged")
    bring(site, "somebodys_one", "detectors", code, plugged="somebodys_one:Plugged")
    assert detector_info("plugged").title == "Said of it."
    assert list(DETECTORS)[-1] == "plugged"
    assert DETECTORS.package("plugged") == "somebodys_one 1.0"
    assert make_detector("plugged", strength=2.0).strength == 2.0
    with pytest.raises(DetectorError, match=r"strenth.*did you mean 'strength'"):
        make_detector("plugged", strenth=2.0)
    with pytest.raises(DetectorError, match=r"strength: -1.0 .*expected number above 0"):
        make_detector("plugged", strength=-1.0)
    with pytest.raises(DetectorError, match="did you mean 'plugged'"):
        make_detector("pluged")


def test_names_of_ours_are_found_without_looking_for_plugins(site, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("looked")

    monkeypatch.setattr("p300.plugins._installed", refuse)
    assert detector_info("slda").title
    assert source_module("bids")
    make_adaptation("self_calibrated")


@pytest.mark.parametrize(
    ("code", "place", "told"),
    [
        ("import nothing_like_it", "{}:Kind", "ModuleNotFoundError: No module named 'nothing_like"),
        ("import sys\nsys.exit(3)", "{}:Kind", "SystemExit: 3"),
        ("", "{}:Kind", "has no attribute 'Kind'"),
        ("Kind = 3", "{}:Kind", "3 found, expected a DetectorInfo, a class derived from"),
        ("class Kind: ...", "{}:Kind", "Kind'> found, expected a DetectorInfo"),
        (DETECTOR.format(kind="Kind", name="other"), "{}:Kind", "'other', expected 'broken'"),
    ],
    ids=["no module", "exits", "no name", "no class", "no detector", "another name"],
)
def test_a_broken_one_is_named_once_and_left_out(code, place, told, site, request):
    package = f"broken_{abs(hash(request.node.callspec.id))}"
    bring(site, package, "detectors", code, broken=place.format(package))
    with pytest.warns(PluginWarning, match=f"'broken' of {package} 1.0 is left out: ") as caught:
        names = list(DETECTORS)
    assert told in str(caught[0].message)
    assert "broken" not in names
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it has been said
        assert list(DETECTORS) == names
        with pytest.raises(DetectorError, match=f"of {package} 1.0 cannot be used: ") as refused:
            make_detector("broken")
    assert told in str(refused.value)
    assert make_detector("slda")


def test_none_takes_the_place_of_ours(site):
    code = DETECTOR.format(kind="Taken", name="slda")
    bring(site, "somebodys_two", "detectors", code, slda="somebodys_two:Taken")
    with pytest.warns(PluginWarning, match="'slda' of somebodys_two 1.0 .* one of p300's own"):
        assert list(DETECTORS).count("slda") == 1
    assert type(make_detector("slda")) is ShrinkageLDA
    assert DETECTORS.package("slda") == "p300"


def test_a_name_that_two_packages_bring_is_neither_ones(site):
    code = DETECTOR.format(kind="Twice", name="twice")
    for package in ("somebodys_three", "somebodys_four"):
        bring(site, package, "detectors", code, twice=f"{package}:Twice")
    with pytest.warns(PluginWarning, match=r"of somebodys_four 1.0 and somebodys_three 1.0 is"):
        assert "twice" not in DETECTORS
    with pytest.raises(DetectorError, match="several packages bring one of this name"):
        make_detector("twice")


def test_a_package_that_is_there_twice_is_the_first(site, monkeypatch):
    code = DETECTOR.format(kind="Old", name="old")
    bring(site, "somebodys_five", "detectors", code, old="somebodys_five:Old")
    newer = site.parent / "newer"
    place = {"p300.detectors": {"old": "somebodys_five:Old"}}
    write_package(newer, "somebodys_five", code, place, version="2.0")
    monkeypatch.syspath_prepend(newer)
    assert DETECTORS.package("old") == "somebodys_five 2.0"


def test_a_damaged_package_of_anybody_is_no_harm(site):
    bring(site, "somebodys_six", "detectors", "", some="somebodys_six:Some")
    (site / "somebodys_six-1.0.dist-info" / "entry_points.txt").write_text("[p300.detectors]\nx\n")
    with pytest.warns(PluginWarning, match="somebodys_six"):
        assert "slda" in list(DETECTORS)


def test_what_lies_in_the_current_folder_alone_is_not_run(tmp_path):
    code = "from pathlib import Path\nPath('ran').touch()"
    place = {"p300.detectors": {"sent": "sent_along:Sent"}}
    write_package(tmp_path, "sent_along", code, place)
    # `python -m` puts the current folder first; the path of this project comes after it.
    start = f"import sys; sys.path.insert(1, {str(ROOT)!r}); from p300.detectors import DETECTORS; "
    done = subprocess.run(
        [sys.executable, "-c", start + "print(*DETECTORS)"], cwd=tmp_path, text=True,
        capture_output=True, check=True, env={"PATH": ""},
    )  # fmt: skip
    assert "slda" in done.stdout
    assert "sent" not in done.stdout + done.stderr
    assert not (tmp_path / "ran").exists()


def test_a_line_names_a_class_that_is_imported_when_it_is_used(site):
    code = (
        "from p300.detectors.catalogue import DetectorInfo\n"
        "LINE = DetectorInfo('somebodys_absent:Kind', 'Said', 'Them, 2020', 2020)\n"
    )
    bring(site, "somebodys_seven", "detectors", code, lined="somebodys_seven:LINE")
    assert "lined" in list(DETECTORS)
    with pytest.raises(DetectorError, match=r"'lined' of somebodys_seven 1.0: ModuleNotFound"):
        make_detector("lined")


def test_a_torch_network_is_one_too(site):
    code = (
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    '''One layer.'''\n"
        "    def __init__(self, n_electrodes, n_samples, *, n_hidden: int = 3):\n"
        "        super().__init__()\n"
        "        self.layer = nn.Linear(n_electrodes * n_samples, 2)\n"
        "    def forward(self, X):\n"
        "        return self.layer(X.flatten(1))\n"
    )
    bring(site, "somebodys_net", "detectors", code, net="somebodys_net:Net")
    assert detector_info("net").network
    made = make_detector("net", n_hidden=4, max_passes=2)
    X = np.random.default_rng(0).normal(size=(60, 2, 8)).astype(np.float32)
    y = np.arange(60) % 2
    X[y == 1] += 1.0
    assert made.fit(X, y).decision_function(X).shape == (60,)


SOURCE = """
from p300.recordings import SourceInfo

INFO = SourceInfo("Told", "s", "e", "f", "l", "c", "o", endings=(".odd",))

def recognise(path):
    raise KeyError("odd")

def load(path, *, dataset, subjects=None, gain: float = 1.0):
    raise KeyError("gain")
"""


def test_what_code_of_a_source_raises_names_its_package(site, tmp_path):
    bring(site, "somebodys_source", "sources", SOURCE, odd="somebodys_source")
    assert SOURCES.package("odd") == "somebodys_source 1.0"
    with pytest.warns(PluginWarning, match=r"source 'odd' of somebodys_source 1.0 is left out"):
        assert recognise_source(tmp_path) == []
    with pytest.raises(RecordingError, match=r"source 'odd' of somebodys_source 1.0: KeyError"):
        list(open_recordings("odd", tmp_path))
    with pytest.raises(RecordingError, match=r"gain.*'much'"):
        list(open_recordings("odd", tmp_path, gain="much"))


def test_each_kind_says_what_it_expects(site):
    groups = ("sources", "adaptations", "protocols", "metrics", "report_sections")
    place = {f"p300.{group}": {"three": "somebodys_three_things:THREE"} for group in groups}
    write_package(site, "somebodys_three_things", "THREE = 3", place)
    expected = (
        (SOURCES, "a module whose INFO is a SourceInfo"),
        (ADAPTATIONS, "a class derived from p300.adaptation.base.Adaptation"),
        (PROTOCOLS, "a p300.evaluation.protocols.Protocol"),
        (METRICS, "a p300.evaluation.metrics.Metric with measure"),
        (FURTHER_SECTIONS, "a function of RunResults"),
    )
    for registry, told in expected:
        with pytest.warns(PluginWarning, match=f"'three' of .*3 found, expected {told}"):
            assert "three" not in list(registry)
    with pytest.raises(ConfigError, match=r"'three' found: that of somebodys_three_things 1.0"):
        make_adaptation("three")
    with pytest.raises(ProtocolError, match="unknown protocol 'three': that of somebodys"):
        check_protocol("three", {})


def test_adaptations_and_protocols_of_packages_are_made_by_name(site):
    code = (
        "from p300.adaptation.ways.none import NoAdaptation\n"
        "from p300.evaluation.protocols.within_subject import PROTOCOL\n"
        "from p300.ranges import Positive\n"
        "class Shifted(NoAdaptation):\n"
        "    name = 'shifted'\n"
        "    def __init__(self, by: Positive = 1.0):\n"
        "        self.by = by\n"
    )
    place = {"p300.adaptations": {"shifted": "somebodys_ways:Shifted"},
             "p300.protocols": {"again": "somebodys_ways:PROTOCOL"}}  # fmt: skip
    write_package(site, "somebodys_ways", code, place)
    assert make_adaptation({"method": "shifted", "by": 2.0}).settings()["by"] == 2.0
    with pytest.raises(ConfigError, match="expected number above 0"):
        make_adaptation({"method": "shifted", "by": -2.0})
    assert check_protocol("again", {"n_blocks": 3}) == {"n_blocks": 3}


def test_a_metric_that_raises_is_left_out_of_the_whole_table(monkeypatch, made_scores):
    def odd(target: np.ndarray, score: np.ndarray, _: np.ndarray) -> float:
        return 1 / 0 if score[0] > 0 else 0.5

    monkeypatch.setitem(METRICS, "odd", Metric("odd", "Odd", odd))
    with pytest.warns(PluginWarning, match="metric 'odd' of this session is left out: ZeroDiv"):
        found = detection_metrics([1, 0], [1.0, -1.0], 0.0)
    assert found.keys() == {name for name, m in METRICS.items() if m.measure} - {"odd"}
    assert "odd" not in set(summarise_scores(made_scores)["metric"])


@pytest.fixture
def made_scores():
    import pandas as pd

    from p300.evaluation.metrics import GROUP

    rows = [
        {**dict.fromkeys(GROUP, "x"), "subject": s, "fold": s, "seed": 1, "target": k % 2,
         "score": float(sign * (k % 2 - 0.4)), "threshold": 0.0}
        for s, sign in (("1", 1), ("2", -1)) for k in range(1, 9)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def session():
    """Whatever is registered is forgotten afterwards."""
    yield
    for registry in (DETECTORS, METRICS, SOURCES):
        for name in [each for each in registry if registry.is_of_session(each)]:
            del registry[name]


def test_a_class_of_a_notebook_is_a_detector(session, epochs_in_memory):
    from p300 import Method, evaluate_epochs

    @register_detector("notebooks", title="Of a notebook")
    class Mine(ShrinkageLDA):
        def __init__(self, *, n_windows: int = 8, bias: Positive = 1.0) -> None:
            super().__init__(n_windows=n_windows)
            self.bias = bias

    assert detector_info("notebooks").title == "Of a notebook"
    assert DETECTORS.package("notebooks") == "this session"
    methods = {"mine": Method.read("mine", {"detector": "notebooks"}), "own": Mine()}
    scores = evaluate_epochs(epochs_in_memory, methods, "within_subject", n_blocks=2)
    assert set(scores["detector"]) == {"mine", "own"}
    with pytest.raises(DetectorError, match="bias"):
        make_detector("notebooks", bias=-1.0)
    with pytest.raises(DetectorError, match="'slda': the name is taken, by p300"):
        register_detector("slda")(Mine)
    with pytest.raises(DetectorError, match="3 found, expected"):
        register_detector("three")(3)


@pytest.fixture(scope="module")
def epochs_in_memory():
    from p300 import preprocess

    return preprocess(
        open_recordings("simulated", n_subjects=1, characters_per_run=2, repetitions=6)
    )


EXPERIMENT = """
datasets: {ours: {source: mine}}
detectors: {mine: {bias: 2.0}}
protocols: {within_subject: {n_blocks: 2}}
"""


def test_a_session_runs_its_own_in_one_process_and_says_why_not_in_several(session, tmp_path):
    from p300 import evaluate
    from p300.runs.config import parse_experiment

    @register_detector("mine")
    class Mine(ShrinkageLDA):
        def __init__(self, *, n_windows: int = 8, bias: Positive = 1.0) -> None:
            super().__init__(n_windows=n_windows)
            self.bias = bias

    info = SourceInfo("Mine", "2", "few", "120 Hz", "none", "none", "none", from_files=False)

    @register_source("mine", info)
    def load(path, *, dataset, subjects=None):
        return open_recordings(
            "simulated", dataset=dataset, n_subjects=2, characters_per_run=2, repetitions=6
        )

    @register_metric("largest", "Largest score")
    def largest(target, score, _):
        return float(score.max())

    experiment = parse_experiment(EXPERIMENT)
    with pytest.raises(ConfigError, match="detector 'mine' is registered in this session only"):
        evaluate(experiment, tmp_path / "run", jobs=2)
    assert not (tmp_path / "run").exists()
    folder = evaluate(experiment, tmp_path / "run", jobs=1)
    assert '"largest"' in (folder / "metrics.json").read_text()
    del DETECTORS["mine"]
    plain = parse_experiment(EXPERIMENT.replace("mine: {bias: 2.0}", "slda: {}"))
    with pytest.raises(ConfigError, match="source 'mine' is registered in this session only"):
        evaluate(plain, tmp_path / "other", jobs=2)


def test_listing_lines_of_plugins_imports_nothing_heavy(site):
    code = (
        f"import sys; sys.path.insert(1, {str(site)!r})\n"
        "from p300.detectors import DETECTORS\n"
        "assert 'light' in list(DETECTORS)\n"
        "assert not {'numpy', 'pandas', 'sklearn', 'torch'} & set(sys.modules)\n"
    )
    line = (
        "from p300.detectors.catalogue import DetectorInfo\nLINE = DetectorInfo('a:b', 'A', '', 1)"
    )
    bring(site, "somebodys_light", "detectors", line, light="somebodys_light:LINE")
    subprocess.run([sys.executable, "-c", code], check=True)
