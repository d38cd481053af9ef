"""Somebody who is started from nobody's data spells online as offline, bit for bit."""

import numpy as np
import pytest
from fed_sessions import Fed, fitted, somebody

from p300.adaptation import self_start
from p300.commands.stored_detectors import predict_recordings, spell_recordings
from p300.online.events import Decided, Fault, Gap, Learned, MissingMarker, OutsideEeg, Scored
from p300.recordings import open_recordings

DETECTORS = {
    "alone": "{detector: slda, covariance: toeplitz, n_windows: 8, adaptation: self_started}",
    "others": (
        "{detector: slda, n_windows: 8, alignment: {method: euclidean, mode: running}, "
        "adaptation: {method: self_started, others: true}}"
    ),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = tmp_path_factory.mktemp("started")
    return {name: fitted(made / name, detector) for name, detector in DETECTORS.items()}


@pytest.fixture(scope="module")
def recording():
    return somebody(characters_per_run=3, repetitions=4)


def agrees(fed, folder, file):
    """Offline, the stored session has the scores and letters of the moment; return the scores."""
    offline = predict_recordings(folder, file, "session")
    assert [event.score for event in fed.of(Scored)] == offline["score"].tolist()
    spelled = list(spell_recordings(folder, file, "session"))
    found = [(d.symbol, d.posterior, d.repetitions, d.tie) for d in fed.of(Decided)]
    assert found == [(d.symbol, d.posterior, d.repetitions, d.tie) for d in spelled]
    return offline


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("alone", (1,)), ("alone", (7,)), ("alone", (64,)), ("alone", (5, 1, 64, 13)),
        ("others", (3,)), ("others", (64,)), ("others", (5, 1, 64, 13)),
    ],
)  # fmt: skip
def test_a_stored_session_has_the_scores_and_letters_of_the_moment(
    name, sizes, folders, recording, tmp_path
):
    fed = Fed(folders[name], recording, tmp_path / "sub-1.xdf").feed(sizes)
    assert not fed.of(Fault)
    assert [(event.character, event.trusted) for event in fed.of(Learned)] == [
        (k, True) for k in (1, 2, 3)
    ]
    offline = agrees(fed, folders[name], tmp_path / "sub-1.xdf")
    assert fed.of(Decided)[0].tie == (name == "alone")
    first = offline["character"] == 1
    assert offline.loc[first, "score"].nunique() == (1 if name == "alone" else first.sum())
    assert offline.loc[~first, "score"].nunique() == (~first).sum()
    assert offline["score_post_hoc"].nunique() == len(offline)


def test_characters_are_closed_at_the_same_time(folders, tmp_path, monkeypatch):
    monkeypatch.setattr(self_start, "MOST_OPEN", 2)
    fed = Fed(folders["alone"], somebody(), tmp_path / "sub-1.xdf").feed((64,))
    agrees(fed, folders["alone"], tmp_path / "sub-1.xdf")


@pytest.mark.parametrize("name", DETECTORS)
def test_a_damaged_character_teaches_nothing(name, folders, recording, tmp_path):
    fed = Fed(folders[name], recording, tmp_path / "sub-1.xdf")
    del fed.markers[3]  # of the first character
    fed.feed((16,))
    assert {type(event) for event in fed.of(Fault)} == {MissingMarker}
    assert [event.character for event in fed.of(Learned)] == [2, 3]
    offline = agrees(fed, folders[name], tmp_path / "sub-1.xdf")
    second = offline["character"] == 2
    assert offline.loc[second, "score"].nunique() == (1 if name == "alone" else second.sum())


@pytest.mark.parametrize("sizes", [(5, 1, 13), (64,)])
def test_after_a_gap_in_the_eeg_it_goes_on_the_same(sizes, folders, recording, tmp_path):
    fed = Fed(folders["alone"], recording, tmp_path / "sub-1.xdf")
    shown = recording.flashes
    middle = int(shown.loc[shown["character"] == 2, "sample"].iloc[30])
    fed.stamps[middle:] += 1.5
    fed.markers = [(at, t + 1.5 * (at >= middle), text) for at, t, text in fed.markers]
    fed.feed(sizes)
    assert {Gap, OutsideEeg} <= {type(event) for event in fed.of(Fault)}
    assert [event.character for event in fed.of(Learned)] == [1, 3]
    agrees(fed, folders["alone"], tmp_path / "sub-1.xdf")


def test_where_the_flashes_say_the_opposite_the_page_is_told(folders):
    options = {"n_subjects": 4, "n_runs": 1, "characters_per_run": 4, "repetitions": 5}
    fed = Fed(folders["others"], next(iter(open_recordings("simulated", **options))))
    fed.values = -fed.values
    fed.feed()
    assert not fed.of(Learned)[-1].trusted
    assert np.isfinite([event.score for event in fed.of(Scored)]).all()
