"""The simulated study must be repeatable, keep its timing and look like EEG to a detector."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import welch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score

from p300.errors import RecordingError
from p300.recordings import MATRIX_6X6, Recording, open_recordings
from p300.recordings.simulated.head import scalp_potential
from p300.signal.preprocessing import Preprocessing, preprocess

SMALL: dict[str, Any] = {"n_subjects": 2, "characters_per_run": 2, "repetitions": 3}
EASY = "5"


def simulate(**options: Any) -> list[Recording]:
    return list(open_recordings("simulated", **options))


@pytest.fixture(scope="module")
def easy() -> Recording:
    return simulate(subjects=[EASY], n_runs=1)[0]


def same(one: Recording, other: Recording) -> bool:
    return one.flashes.equals(other.flashes) and np.array_equal(
        one.raw.get_data(), other.raw.get_data()
    )


def test_one_seed_gives_one_study() -> None:
    once, again, other = (simulate(**SMALL, seed=seed) for seed in (1, 1, 2))
    assert [r.name for r in once] == [r.name for r in again]
    assert all(same(a, b) for a, b in zip(once, again, strict=True))
    assert not any(same(a, b) for a, b in zip(once, other, strict=True))


def test_a_subject_does_not_depend_on_the_others_or_on_the_number_of_runs() -> None:
    everyone = {(r.subject, r.run): r for r in simulate(**SMALL)}
    for options in ({"n_subjects": 7}, {"n_runs": 1}, {}):
        (alone, *_) = simulate(**SMALL | {"subjects": [2]} | options)
        assert same(alone, everyone["2", "1"])


def test_who_comes_last_of_many_needs_none_of_the_others() -> None:
    short: dict[str, Any] = {"n_runs": 1, "characters_per_run": 1, "repetitions": 1}
    begun = time.process_time()
    (of_a_hundred,), (of_a_thousand,) = (
        simulate(n_subjects=n, subjects=["100"], **short) for n in (100, 1000)
    )
    assert time.process_time() - begun < 5
    assert same(of_a_hundred, of_a_thousand)


def test_runs_and_subjects_differ() -> None:
    runs = simulate(**SMALL)
    assert [(r.subject, r.run) for r in runs] == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]
    assert not any(same(a, b) for i, a in enumerate(runs) for b in runs[:i])


def test_default_run_is_that_of_the_paper(easy: Recording) -> None:
    assert easy.electrodes == ["Fz", "Cz", "P3", "Pz", "P4", "PO7", "Oz", "PO8"]
    assert (easy.sfreq, len(easy.flashes), easy.layout) == (240.0, 900, MATRIX_6X6)
    for _, flashes in easy.flashes.groupby("character"):
        assert set(np.diff(flashes["sample"])) == {42}  # 175 ms
    firsts = easy.flashes.groupby("character")["sample"].min().to_numpy()
    assert firsts[0] == 600  # 2.5 s
    assert set(np.diff(firsts)) == {600 + 180 * 42}
    assert easy.raw.n_times - easy.flashes["sample"].max() >= 0.65 * 240


def test_each_repetition_shows_every_code_once_and_spells_the_letter(easy: Recording) -> None:
    symbols = set()
    for _, flashes in easy.flashes.groupby("character"):
        spelt = set()
        for _, repetition in flashes.groupby("repetition"):
            assert sorted(repetition["code"]) == list(range(1, 13))
            targets = repetition.loc[repetition["target"], "code"]
            assert len(targets) == 2
            spelt.add(MATRIX_6X6.symbol_at(targets))
        assert len(spelt) == 1
        symbols |= spelt
    assert None not in symbols
    assert len(symbols) > 1
    orders = easy.flashes["code"].to_numpy().reshape(-1, 12)
    assert len(np.unique(orders, axis=0)) == len(orders)


def test_spectrum_falls_and_has_peaks_at_alpha_and_mains(easy: Recording) -> None:
    frequency, power = welch(easy.raw.get_data(picks=["Oz"])[0], easy.sfreq, nperseg=960)

    def at(low: float, high: float) -> float:
        return float(np.mean(power[(frequency >= low) & (frequency <= high)]))

    clean = ((frequency >= 3) & (frequency <= 7)) | ((frequency >= 14) & (frequency <= 30))
    slope = np.polyfit(np.log(frequency[clean]), np.log(power[clean]), 1)[0]
    assert -2.2 < slope < -0.9
    assert at(8, 12) > 1.5 * np.sqrt(at(5, 7) * at(14, 17))
    assert at(49.5, 50.5) > 20 * at(44, 48)


def test_amplitudes_are_those_of_eeg(easy: Recording) -> None:
    low, high = 2e-6, 30e-6
    filtered = easy.raw.copy().filter(1, 20, verbose="error").get_data()
    assert np.all((filtered.std(axis=1) > low) & (filtered.std(axis=1) < high))


def test_near_electrodes_correlate_more_than_distant_ones(easy: Recording) -> None:
    data = easy.raw.copy().filter(1, 20, verbose="error").get_data()
    correlation = dict(zip(easy.electrodes, np.corrcoef(data), strict=True))
    of = easy.electrodes.index
    assert correlation["P3"][of("Pz")] > 0.8
    assert 0.1 < correlation["Fz"][of("Oz")] < 0.6
    assert correlation["Cz"][of("Pz")] > correlation["Cz"][of("Oz")]
    assert correlation["PO7"][of("Oz")] > correlation["PO7"][of("Fz")]


def test_targets_evoke_a_late_positive_centro_parietal_response(easy: Recording) -> None:
    epochs = preprocess(easy, Preprocessing(normaliser="none", low=0.5))
    difference = 1e6 * (epochs.X[epochs.y == 1].mean(axis=0) - epochs.X[epochs.y == 0].mean(axis=0))
    time = epochs.tmin + np.arange(difference.shape[1]) / epochs.sfreq
    pz, fz = (difference[epochs.electrodes.index(name)] for name in ("Pz", "Fz"))
    assert 0.25 < time[pz.argmax()] < 0.5
    assert 1.5 < pz.max() < 8
    assert pz.max() > fz.max()


def test_every_flash_evokes_a_response_at_the_flash_rate(easy: Recording) -> None:
    epochs = preprocess(easy, Preprocessing(normaliser="none", low=0.5, tmin=0.0, tmax=0.35))
    oz = epochs.X[epochs.y == 0][:, epochs.electrodes.index("Oz")].mean(axis=0)
    noise = epochs.X[:, epochs.electrodes.index("Oz")].std() / np.sqrt(np.sum(epochs.y == 0))
    assert np.ptp(oz) > 8 * noise
    period = round(0.175 * epochs.sfreq)
    assert np.corrcoef(oz[:-period], oz[period:])[0, 1] > 0.7


def window_means(recording: Recording) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint8]]:
    epochs = preprocess(recording, Preprocessing(normaliser="none"))
    windows = np.array_split(1e6 * epochs.X, 16, axis=2)
    means = np.concatenate([window.mean(axis=2) for window in windows], axis=1)
    return means.astype(np.float64), np.asarray(epochs.y)


def auc(training: list[Any], test: list[Any]) -> float:
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    model.fit(np.concatenate([X for X, _ in training]), np.concatenate([y for _, y in training]))
    return float(np.mean([roc_auc_score(y, model.decision_function(X)) for X, y in test]))


def test_single_flashes_are_as_hard_to_tell_apart_as_real_ones() -> None:
    runs = {(r.subject, r.run): window_means(r) for r in simulate()}
    subjects = sorted({subject for subject, _ in runs})
    within = [auc([runs[s, "1"]], [runs[s, "2"]]) for s in subjects]
    across = [
        auc([runs[key] for key in runs if key[0] != s], [runs[s, "1"], runs[s, "2"]])
        for s in subjects
    ]
    assert len(subjects) == 8
    assert 0.78 < np.mean(within) < 0.85
    assert min(within) > 0.64
    assert max(within) < 0.97
    assert 0.68 < np.mean(across) < 0.75
    hard = [subject in ("4", "8") for subject in subjects]
    assert np.mean(np.compress(hard, within)) < np.mean(np.compress(np.logical_not(hard), within))


def test_dipoles_reach_the_scalp_as_in_mne() -> None:
    import mne

    radius = 0.09
    random = np.random.default_rng(3)
    at, inside, moments = random.normal(size=(3, 30, 3))
    at /= np.linalg.norm(at, axis=1, keepdims=True)
    inside *= random.uniform(0.2, 0.8, (30, 1)) / np.linalg.norm(inside, axis=1, keepdims=True)
    names = [str(k) for k in range(len(at))]
    info = mne.create_info(names, 100.0, "eeg", verbose="error")
    places = dict(zip(names, radius * at, strict=True))
    info.set_montage(mne.channels.make_dig_montage(places, coord_frame="head"), verbose="error")
    source = {"rr": radius * inside, "nn": at}
    forward = mne.make_forward_solution(
        info,
        trans=None,
        src=mne.setup_volume_source_space(pos=source, sphere_units="m", verbose="error"),
        bem=mne.make_sphere_model((0, 0, 0), radius, verbose="error"),
        meg=False,
        mindist=0,
        verbose="error",
    )
    lead = forward["sol"]["data"].reshape(len(at), len(inside), 3)
    expected = np.einsum("eda,da->ed", lead, moments)
    expected -= expected.mean(axis=0)  # MNE's EEG forward solution has the average reference
    found = scalp_potential(at, inside, moments)
    found -= found.mean(axis=0)
    factor = np.sum(found * expected) / np.sum(found**2)
    np.testing.assert_allclose(factor * found, expected, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_subjects": 0}, "n_subjects: 0 .* found.* expected whole number at least 1"),
        ({"n_runs": 0}, "n_runs: 0"),
        ({"characters_per_run": -1}, "characters_per_run: -1"),
        ({"repetitions": 0}, "repetitions: 0"),
        ({"seed": -1}, "seed: -1"),
        ({"electrodes": ["Cz", "PQ7"]}, "electrode 'PQ7' found.*did you mean"),
        ({"electrodes": []}, "no electrodes"),
        ({"electrodes": ["Cz", "A2"]}, "'A2'.*reference"),
        ({"sfreq": 256.0}, "onset_interval = 0.175 s is 44.8 samples at sfreq = 256 Hz"),
        ({"sfreq": 0.0}, "sfreq: 0.0"),
        ({"sfreq": 250.0, "onset_interval": -0.2}, "onset_interval: -0.2"),
        ({"subjects": ["9"]}, "subjects .*9.* not found"),
    ],
)
def test_impossible_options_say_what_is_wrong(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        open_recordings("simulated", **options)


def test_other_rates_and_montages_work() -> None:
    (recording,) = simulate(
        n_subjects=1,
        n_runs=1,
        characters_per_run=1,
        repetitions=2,
        electrodes=["Fpz", "Cz", "TP9"],
        sfreq=80.0,  # mains lies above half of it
        onset_interval=0.1,
    )
    assert recording.electrodes == ["Fpz", "Cz", "TP9"]
    assert set(np.diff(recording.flashes["sample"])) == {8}


def test_nobody_attends_during_rests() -> None:
    runs = simulate(**SMALL | {"characters_per_run": 3}, rests=2)
    for run in runs:
        attended = run.flashes.groupby("character")["target"].any()
        assert (len(attended), attended.sum()) == (5, 3)
        assert run.flashes.groupby("character").size().nunique() == 1
        run_again = simulate(**SMALL | {"characters_per_run": 3}, rests=2, subjects=[run.subject])
        assert any(same(run, again) for again in run_again)
    orders = {tuple(r.flashes.groupby("character")["target"].any()) for r in runs}
    assert len(orders) > 1  # they lie anywhere


def test_alpha_is_larger_in_half_of_the_rests() -> None:
    (run,) = simulate(subjects=[EASY], n_runs=1, characters_per_run=3, repetitions=15, rests=4)
    alpha = run.raw.copy().filter(8, 12, verbose="error").get_data(picks=["Oz"])[0]
    strength = {}
    for character, shown in run.flashes.groupby("character"):
        part = alpha[shown["sample"].iloc[0] : shown["sample"].iloc[-1]]
        strength[character] = (bool(shown["target"].any()), float(part.std()))
    resting = [value for attended, value in strength.values() if not attended]
    usual = float(np.mean([value for attended, value in strength.values() if attended]))
    assert all(value > 1.5 * usual for value in resting[::2])
    assert all(value < 1.4 * usual for value in resting[1::2])


def test_rests_evoke_no_late_response() -> None:
    runs = simulate(subjects=[EASY], n_runs=1, characters_per_run=1, rests=6, repetitions=15)
    means, y = window_means(runs[0])
    flashes = runs[0].flashes
    assert y.sum() == 2 * 15
    resting = ~flashes.groupby("character")["target"].transform("any").to_numpy()
    assert resting.mean() == pytest.approx(6 / 7)
    learned = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    (other,) = simulate(subjects=[EASY], n_runs=1, characters_per_run=5, seed=2011)
    learned.fit(*window_means(other))
    scores = learned.decision_function(means)
    others = scores[~resting & (y == 0)]
    assert abs(scores[resting].mean() - others.mean()) < 0.3 * scores.std()


def test_options_of_the_people_change_what_they_say_and_nothing_else() -> None:
    usual = simulate(**SMALL)
    given = {"weak": 0.25, "latency_spread": 1.0, "shared": 0.6, "rests": 0}
    assert all(same(a, b) for a, b in zip(usual, simulate(**SMALL, **given), strict=True))
    for change in ({"weak": 1.0}, {"latency_spread": 2.0}, {"shared": 0.9}):
        other = simulate(**SMALL, **change)
        assert not any(same(a, b) for a, b in zip(usual, other, strict=True))
        assert all(a.flashes.equals(b.flashes) for a, b in zip(usual, other, strict=True))


def test_a_larger_shared_part_correlates_distant_electrodes() -> None:
    def distant(shared: float) -> float:
        (run, *_) = simulate(subjects=[EASY], n_runs=1, characters_per_run=2, shared=shared)
        data = run.raw.copy().filter(1, 20, verbose="error").get_data(picks=["Fz", "Oz"])
        return float(np.corrcoef(data)[0, 1])

    assert distant(0.2) + 0.05 < distant(0.6) < distant(0.9) - 0.05
