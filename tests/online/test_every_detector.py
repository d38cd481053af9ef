"""Every detector that can be online is, offline, what it was online: fed by hand and by streams.

Detectors come from the registry, so that a new one joins by itself.
"""

from __future__ import annotations

import importlib.util
import threading
from collections import defaultdict

import pytest
from fed_sessions import Fed, somebody

from p300.commands.stored_detectors import fit_on_all
from p300.detectors import DETECTORS
from p300.detectors.training import gan
from p300.errors import OnlineError
from p300.online.events import Decided, Fault, Scored
from p300.online.recorder import Recorder
from p300.online.session import Session
from p300.online.source import check_online, match
from p300.recordings import open_recordings
from p300.runs.config import parse_experiment
from p300.speller import spell
from p300.speller.fitted import Fitted

CONFIG = """
datasets:
  simulated:
    {{source: simulated, n_subjects: 2, n_runs: 1, characters_per_run: 3, repetitions: 2}}
preprocessing: {{phase: causal, normaliser: window_zscore, low: 0.5, high: 16}}
detectors: {{one: {{detector: {name}, {options}}}}}
spelling: {{dynamic: true, target_error: 0.2}}
"""
FEW = {
    "mcnn1": "n_members: 2",
    "mcnn2": "n_members: 2",
    "mcnn3": "n_members: 2",
    "eeg_inception": "n_maps: 2",
    "autoencoder": "pretraining: 1",
    "dbn": "pretraining: 1",
    "sparse_coding": "n_atoms: 8",
    "estimator": (
        "steps: {windows: {estimator: 'p300.steps:WindowMeans'}, "
        "own: {estimator: 'sklearn.linear_model:LogisticRegression'}}"
    ),
}
"""Options with which a detector learns sooner, or without which there is none."""

OPTIONAL = {"braindecode": "braindecode"}
"""Detectors whose package need not be installed."""

REFUSED: tuple[str, ...] = ()
"""Detectors that need the future, whatever the settings."""

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*(calibration slope|raise max_passes|stored without its adaptation|did not converge)"
)


class Trained:
    """The detectors, each trained when it is asked for and then kept."""

    def __init__(self, folder):
        self.folder, self._kept = folder, {}

    def __getitem__(self, name):
        if name not in self._kept:
            if name in OPTIONAL and importlib.util.find_spec(OPTIONAL[name]) is None:
                pytest.skip(f"{name}: {OPTIONAL[name]} is not installed")
            self._kept[name] = fit_on_all(_experiment(name), "one", self.folder / name)
        return self._kept[name]

    def that_can_be_online(self):
        """Name -> folder of all that are installed and not refused."""
        there = [n for n in DETECTORS if importlib.util.find_spec(OPTIONAL.get(n, "p300"))]
        return {name: self[name] for name in there if name not in REFUSED}


def _experiment(name):
    passes = "max_passes: 1, " if DETECTORS[name].network else ""
    return parse_experiment(CONFIG.format(name=name, options=passes + FEW.get(name, "")))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gan, "STEPS", 20)
        yield Trained(tmp_path_factory.mktemp("detectors"))


@pytest.fixture(scope="module")
def recording():
    return somebody(characters_per_run=2, repetitions=2)


def heard(events):
    """Scores and letters of the moment."""
    return (
        [event.score for event in events if isinstance(event, Scored)],
        [
            (d.symbol, d.posterior, d.repetitions, d.forced, d.tie)
            for d in events
            if isinstance(d, Decided)
        ],
    )


def offline(folder, file):
    """Scores and letters of `p300 spell` on the stored session."""
    found = Fitted.load(folder)
    (recording,) = open_recordings("session", file)
    scores = found.score(recording)
    letters = spell(scores, recording.layout, found.model)
    return (
        scores["score"].tolist(),
        [(d.symbol, d.posterior, d.repetitions, d.forced, d.tie) for d in letters],
    )


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_is_the_same_offline_whatever_the_chunks(trained, recording, tmp_path, name):
    folder = trained[name]
    if name in REFUSED:
        with pytest.raises(OnlineError, match="cannot be online"):
            check_online(Fitted.load(folder))
        return
    expected = None
    for size in (64, 7, 1):
        file = tmp_path / f"sub-{size}.xdf"
        fed = Fed(folder, recording, file).feed((size,))
        found = heard(fed.events)
        assert not fed.of(Fault)
        assert len(found[0]) == len(recording.flashes)
        expected = expected or offline(folder, file)
        assert found == expected, size
        file.unlink()


class Everyone:
    """A session of each detector, all told the same."""

    def __init__(self, folders, inlet, clock, folder):
        self.events, self.files, self.sizes, self.came = defaultdict(list), {}, set(), False
        self._sessions = []
        for name, fitted in folders.items():
            found, file = Fitted.load(fitted), folder / f"{name}.xdf"
            source = match(found, inlet.about.name, inlet.about.sfreq, inlet.channels())
            recorder = Recorder(
                file, source.name, source.sfreq, list(source.described), source.layout
            )
            session = Session(
                found, source, self.events[name].append, recorder=recorder, clock=clock
            )
            self.files[name] = file
            self._sessions.append(session)

    def eeg(self, stamps, values):
        self.came = True
        self.sizes.add(len(stamps))
        for session in self._sessions:
            session.eeg(stamps, values)

    def marker(self, stamp, text):
        for session in self._sessions:
            session.marker(stamp, text)

    def close(self):
        for session in self._sessions:
            session.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("chunk", [1, 8, 64])
def test_all_detectors_are_the_same_offline_after_streams(trained, recording, tmp_path, chunk):
    pytest.importorskip("mne_lsl")
    from p300.online.live import follow
    from p300.online.replay import Player, write_script
    from p300.online.streams import find, local_clock

    folders, name = trained.that_can_be_online(), f"everyone-{chunk}"
    player = Player(write_script(recording, chunk=chunk), name)
    eeg, markers = find(name, "EEG"), find(f"{name}-markers", "markers")
    everyone = Everyone(folders, eeg, local_clock(), tmp_path)
    playing = threading.Thread(target=player.play, args=(4.0,))
    playing.start()

    def stopped():
        came, everyone.came = everyone.came or playing.is_alive(), False
        return not came

    follow(everyone, eeg, markers, patience=30.0, stopped=stopped)
    playing.join()
    wrong = [
        name
        for name, folder in folders.items()
        if heard(everyone.events[name]) != offline(folder, everyone.files[name])
    ]
    assert not wrong
    for name, events in everyone.events.items():
        assert not [event for event in events if isinstance(event, Fault)], name
        assert len(heard(events)[0]) == len(recording.flashes), name
    assert max(everyone.sizes) >= chunk
