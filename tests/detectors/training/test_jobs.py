"""When networks are trained as one batched model."""

from __future__ import annotations

import pytest
import torch
from studies import make_epochs

from p300.detectors import make_detector
from p300.detectors.training.jobs import batching_is_faster, train

CARD = torch.device("cuda")


def job_of(name, seed=0, **parameters):
    """A job whose epochs and initial weights are of a seed."""
    epochs = make_epochs(1, 1, amplitude=1e-5, n_characters=4 + seed, seed=seed)
    detector = make_detector(name, seed=seed, **parameters)
    return detector.prepare(epochs.X, epochs.y, epochs.units("character"))


def test_only_several_networks_on_a_graphics_card_are_batched():
    one, three = job_of("cnn1"), job_of("mcnn3")
    assert batching_is_faster([one, one], CARD)
    assert batching_is_faster([three], CARD)
    assert not batching_is_faster([one], CARD)
    assert not batching_is_faster([one, one], torch.device("cpu"))
    recurrent = job_of("lstm")
    assert not batching_is_faster([recurrent, recurrent], CARD)


@pytest.mark.filterwarnings("ignore:.*raise max_passes")
@pytest.mark.parametrize("together", [False, True])
def test_jobs_are_trained_as_if_alone(together, request):
    if together:
        card = request.getfixturevalue("card")
    few = {"max_passes": 4, "patience": 2, "n_members": 2}
    jobs = [job_of("mcnn3", seed, **few) for seed in (0, 1)]
    before = [learner.network.spatial.weight.detach().clone() for learner in jobs[0].learners]
    train(jobs)
    alone = [job_of("mcnn3", seed, **few) for seed in (0, 1)]
    for job in alone:
        train([job])
    assert not together or card == [4, 2, 2]
    for job, other in zip(jobs, alone, strict=True):
        assert [h.best for h in job.histories] == [h.best for h in other.histories]
        for one, two in zip(job.learners, other.learners, strict=True):
            pair = one.network.state_dict(), two.network.state_dict()
            torch.testing.assert_close(*pair, atol=1e-3 if together else 0, rtol=0)
    for learner, weight in zip(jobs[0].learners, before, strict=True):
        assert not torch.equal(learner.network.spatial.weight, weight)


def test_a_pass_is_noted_by_its_number():
    job = job_of("cnn1", max_passes=3, patience=3)
    train([job])
    (history,) = job.histories
    assert [row["pass"] for row in history.passes] == [1, 2, 3]
    losses = [row["validation_loss"] for row in history.passes]
    assert history.best == losses.index(min(losses)) + 1
