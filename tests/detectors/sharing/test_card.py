"""Model cards: what they tell, and that no name can break them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from studies import make_epochs

from p300 import load_detector, make_detector, save_detector
from p300.detectors.sharing.card import CARD, Figure, Measured, model_card, write_card
from p300.detectors.sharing.markdown import front_matter, plain, table
from p300.detectors.sharing.training import TrainedOn
from p300.signal.alignment import Alignment

TEXTS = st.text(max_size=60)
EVIL = (
    "---\nlicense: mit\n---\n| a | b |\n# <script>alert(1)</script> [x](http://evil) `$(rm)` @you "
    "\x1b[2J www.evil.org"
)


@pytest.fixture(scope="module")
def epochs():
    return make_epochs(2, 1)


@pytest.fixture(scope="module")
def folder(epochs, tmp_path_factory):
    detector = make_detector("slda").fit(epochs.X, epochs.y)
    sources = {"made": ["bnci2014_008"]}
    place = tmp_path_factory.mktemp("card") / "stored"
    return save_detector(detector, place, epochs, sources=sources)


def split(card):
    """Return the front matter as a hub reads it, and the rest."""
    assert card.startswith("---\n")
    matter, body = card[4:].split("\n---\n", 1)
    return yaml.safe_load(matter), body


def figures(subject="7", dataset="made", protocol="cross_subject"):
    def one(who, value, interval=None):
        return Figure(dataset, protocol, who, "roc_auc", "ROC-AUC", value, interval, 100)

    return [one(subject, 0.75), one("8", None), one(None, 0.7654321, (0.6, 0.9))]


def measured(**names):
    rows = figures(**names)
    return Measured("my study", {rows[0].protocol: "Others train, one is tested."}, rows)


def test_a_stored_detector_has_a_card(folder, epochs):
    matter, body = split((folder / CARD).read_text(encoding="utf-8"))
    assert matter["license"] == "unknown"
    assert matter["library_name"] == "p300"
    assert "slda" in matter["tags"]
    assert matter["datasets"] == ["made"]
    assert "model-index" not in matter
    assert "# Shrinkage LDA on window means" in body
    n, targets = len(epochs), int(epochs.y.sum())
    assert f"| made | bnci2014\\_008 | 2 | 2 | {n} | {targets} |" in body
    assert "CC BY-NC-ND 4.0" in body  # as the source states it
    assert "Nothing is known of how well it does" in body
    assert "Trained on 2 subjects." in body
    assert "sees the future" in body
    assert "needs all of its 4 electrodes" in body
    assert ", ".join(epochs.electrodes) in body
    assert "chosen on the first runs of BNCI 2015-003" in body


def test_its_code_runs_on_what_is_stored(folder, monkeypatch, tmp_path):
    _, body = split((folder / CARD).read_text(encoding="utf-8"))
    code = re.search(r"```python\n(.*?)```", body, re.DOTALL)[1]
    simulated = 'open_recordings("simulated", n_subjects=1, n_runs=1, characters_per_run=1)'
    code = code.replace('open_recordings("bids", "recordings")', simulated)
    names = {}
    import p300

    monkeypatch.setattr(p300, "load_detector", lambda place: Scoring(place, folder))
    exec(code, names)
    assert len(names["flashes"]) > 100


class Scoring:
    """A stored detector on the electrodes that simulated people have."""

    def __init__(self, place, folder):
        assert place == "this-folder"
        self._stored = load_detector(folder)

    def score(self, recording):
        return self._stored.score(recording)


def test_figures_of_a_run_are_in_the_table_and_in_the_front_matter(folder):
    card = model_card(load_detector(folder), measured=measured(), licence="bsd-3-clause")
    matter, body = split(card)
    assert matter["license"] == "bsd-3-clause"
    assert matter["metrics"] == ["roc_auc"]
    (entry,) = matter["model-index"]
    (result,) = entry["results"]
    assert result["dataset"]["name"] == "made"
    assert result["metrics"] == [{"type": "roc_auc", "name": "ROC-AUC", "value": 0.7654321}]
    assert "| 7 | 0.750 |" in body
    assert "| 8 | – |" in body
    assert "| mean | 0.765 (0.600–0.900) |" in body
    assert "Others train, one is tested." in body
    assert "Tested on 2 subjects" in body
    assert "The stored one was fitted to all epochs and is none of them" in body


def test_limits_follow_from_how_it_was_made(folder):
    stored = load_detector(folder)
    causal = replace(stored, preprocessing={**stored.preprocessing, "phase": "causal"})
    assert "sees the future" not in model_card(causal)
    aligned = replace(stored, alignment=Alignment("euclidean"))
    assert "known only after it" in model_card(aligned)
    assert "up to the one scored" in model_card(
        replace(stored, alignment=Alignment("euclidean", "running"))
    )
    assert "self\\_calibrated" in model_card(stored, adaptation="self_calibrated")
    assert "flatter" not in model_card(stored)
    own = TrainedOn(
        dataset="x", sources=["simulated"], n_subjects=1, n_sessions=1, n_epochs=9, n_targets=1
    )
    card = model_card(replace(stored, training=(own,)))
    assert "flatter" in card
    assert "Trained on 1 subject." in card
    nothing = model_card(replace(stored, training=()))
    assert "unknown: the folder does not say" in nothing
    assert "The data: unknown." in nothing


def test_names_of_files_break_neither_table_nor_front_matter(folder):
    stored = replace(
        load_detector(folder),
        electrodes=(EVIL, "Cz", "Pz", "Oz"),
        training=(
            TrainedOn(
                dataset=EVIL, sources=[EVIL], n_subjects=1, n_sessions=1, n_epochs=9, n_targets=1
            ),
        ),
    )
    hostile = Measured(EVIL, {EVIL: EVIL}, figures(EVIL, EVIL, EVIL))
    card = model_card(stored, adaptation=EVIL, measured=hostile, licence=EVIL)
    matter, body = split(card)
    assert matter["license"].startswith("--- license: mit ---")  # one text, no second key
    assert set(matter) == {"license", "library_name", "tags", "datasets", "metrics", "model-index"}
    assert len(re.findall(r"(?m)^# ", body)) == 1
    assert "<script" not in body
    assert not re.search(r"(?<!\\)\]\(", body)
    assert "\x1b" not in card
    assert "://" not in body
    for block in re.findall(r"(?m)(?:^\|.*\n)+", body):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1


@given(TEXTS)
def test_any_text_is_one_cell(text):
    lines = table(("a", "b"), [(text, "x")]).splitlines()
    assert len(lines) == 3
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", lines[2])) == 3
    assert "<" not in plain(text)


@given(st.dictionaries(TEXTS, st.one_of(TEXTS, st.lists(TEXTS), st.floats(0, 1)), max_size=4))
def test_any_front_matter_is_read_back(content):
    text = front_matter(content)
    assert text.startswith("---\n")
    assert text.endswith("\n---\n")
    inside = text[4:-4]
    assert "---" not in inside.splitlines()
    assert isinstance(yaml.safe_load(inside), dict)


def test_a_card_is_written_whole(folder, tmp_path):
    file = write_card(load_detector(folder), tmp_path / "card.md")
    assert file.read_text(encoding="utf-8") == (folder / CARD).read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["card.md"]


def test_a_folder_of_a_hub_is_read_and_nothing_in_it_is_run(folder, epochs, tmp_path):
    import shutil

    hub = tmp_path / "hub"
    shutil.copytree(folder, hub)
    before = load_detector(folder)
    (hub / ".gitattributes").write_text("*.safetensors filter=lfs\n")
    (hub / "model.onnx").write_bytes(b"no graph")
    (hub / "model.onnx.json").write_text("{")
    (hub / "README.md").write_text(EVIL)
    for name in ("__init__.py", "modeling.py", "conftest.py"):
        (hub / name).write_text("raise SystemExit('run')")
    (hub / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'exit'\ntR.")
    (hub / ".cache").mkdir()
    after = load_detector(hub)
    assert after.training == before.training
    assert after.training[0].n_subjects == 2
    np.testing.assert_array_equal(
        after.detector.decision_function(epochs.X), before.detector.decision_function(epochs.X)
    )


def test_folders_from_before_tell_no_training_data(folder, tmp_path):
    import json
    import shutil

    old = shutil.copytree(folder, tmp_path / "old")
    about = json.loads((old / "detector.json").read_text())
    del about["training"]
    (old / "detector.json").write_text(json.dumps(about))
    (old / CARD).unlink()
    assert load_detector(old).training == ()


def test_no_name_of_a_subject_is_stored(tmp_path):
    named = make_epochs(2, 1)
    flashes = named.flashes.assign(subject=named.flashes["subject"].map(lambda s: f"Jane{s}Doe"))
    epochs = replace(named, flashes=flashes)
    folder = save_detector(make_detector("slda").fit(epochs.X, epochs.y), tmp_path / "d", epochs)
    for file in folder.iterdir():
        assert b"Jane" not in file.read_bytes()
