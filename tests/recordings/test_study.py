"""A study refuses what would let a detector be tested on whom it has learned from."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest
from own_recordings import study as simulated

from p300.errors import DataWarning, StudyError
from p300.recordings import Recording, Study


@pytest.fixture(scope="module")
def people() -> list[Recording]:
    """Three people, two runs each."""
    return [
        replace(one, dataset="d", source=f"{one.subject}-{one.run}.edf") for one in simulated(3, 2)
    ]


def admit(recordings, study=None, dataset="d"):
    return list((study or Study()).admit(dataset, recordings))


def copy_of(recording, **place):
    """The recording under another name, in other units."""
    raw = recording.raw.copy().apply_function(lambda x: 0.5 * x, channel_wise=False)
    return replace(recording, raw=raw, source="copy.edf", **place)


def test_people_and_runs_are_let_in_as_they_are(people):
    assert admit(people) == people
    study = Study()
    admit(people, study)
    assert study.sources()["d/sub-2/ses-1/run-1"] == "2-1.edf"
    assert study.copies_between_datasets() == ""


def test_one_place_from_two_sources_is_refused(people):
    first, other = people[0], replace(people[2], subject="1", source="lab_b/1.edf")
    with pytest.raises(
        StudyError, match=r"1-1\.edf and lab_b/1\.edf are both d/sub-1/ses-1/run-1.*'subject'"
    ):
        admit([first, other])


@pytest.mark.parametrize("place", [{"subject": "twin"}, {"session": "2"}, {"run": "7"}])
def test_one_signal_under_two_names_is_refused(people, place):
    copy = copy_of(people[1], **place)
    with pytest.raises(
        StudyError,
        match=r"there twice in one data set: 1-2\.edf \(d/sub-1/ses-1/run-2\) and copy\.edf \(.*\)",
    ):
        admit([*people, copy])


def test_overlapping_cuts_are_refused(people):
    cut = people[0].raw.copy().set_annotations(None).crop(6.3, 28.0)
    part = replace(people[0], raw=cut, subject="4", source="cut.edf")
    with pytest.raises(StudyError, match=r"and cut\.edf .* \(\d+ s or more\)\. What is learned"):
        admit([*people, part])


@pytest.mark.parametrize(
    "labels", [("3", "03"), ("Anna", "anna"), ("s1", "S01"), ("Zoë", "Zoe\u0308"), ("x", " x")]
)
def test_labels_that_may_be_one_person(people, labels):
    alike = [replace(people[k], subject=label) for k, label in zip((0, 2), labels, strict=True)]
    with pytest.raises(StudyError, match=r"differ by .* only.*distinct_subjects: \[\["):
        admit(alike)
    assert len(admit(alike, Study([labels]))) == 2
    with pytest.raises(StudyError):
        admit(alike, Study([("a", "A"), (labels[0], "other")]))


@pytest.mark.parametrize("labels", [("3", "30"), ("1", "10"), ("a0", "a"), ("x1y2", "x12")])
def test_labels_that_are_two_people(people, labels):
    assert admit(
        [replace(people[k], subject=label) for k, label in zip((0, 2), labels, strict=True)]
    )


def test_saying_that_labels_are_two_people_does_not_make_copies_two(people):
    alike = [replace(people[0], subject="3"), copy_of(people[0], subject="03")]
    with pytest.raises(StudyError, match="the same signal"):
        admit(alike, Study([("3", "03")]))


def test_data_sets_have_subjects_of_their_own(people):
    study = Study(crossing=True)
    admit(people[:2], study)
    assert admit([replace(one, subject="1") for one in people[2:4]], study, "e")


def test_copies_in_two_data_sets_are_refused_where_these_are_crossed(people):
    study = Study(crossing=True)
    admit(people[:4], study)
    with pytest.raises(StudyError, match=r"twice in one experiment: 2-1\.edf .* and copy\.edf"):
        admit([people[4], copy_of(people[2], subject="9", dataset="e")], study, "e")


def test_copies_in_two_data_sets_are_named_where_these_are_not_crossed(people):
    study = Study()
    admit(people[:4], study)
    admit([people[4], copy_of(people[2], subject="9", dataset="e")], study, "e")
    pair = "share people: 2-1.edf (d/sub-2/ses-1/run-1) and copy.edf (e/sub-9/ses-1/run-1) ("
    assert pair in study.copies_between_datasets()


def test_a_data_set_that_is_read_again_begins_anew(people):
    study = Study(crossing=True)
    assert admit(people, study) == admit(people, study) == people


def test_crossing_people_who_are_guessed_is_refused(people):
    study = Study()
    guessed = [replace(one, certain=False) for one in people]
    admit(guessed, study)
    with pytest.raises(
        StudyError,
        match=r"cross_subject needs to know .* 6 recordings .* first 1-1\.edf as subject",
    ):
        study.refuse_guessed("d", ["cross_subject"])
    study.refuse_guessed("d", [])
    admit(guessed[:2], study)  # one subject: there is nobody to cross
    study.refuse_guessed("d", ["cross_subject"])
    admit([*people[:4], guessed[4]], study)  # one guess is enough
    with pytest.raises(StudyError, match="first 3-1"):
        study.refuse_guessed("d", ["few_shot"])
    admit(people, study)
    study.refuse_guessed("d", ["cross_subject"])


def test_a_recording_too_short_to_compare_is_named(people):
    short = people[0].raw.copy().set_annotations(None).crop(0, 4.0)
    with pytest.warns(DataWarning, match=r"1-1\.edf \(d/sub-1/ses-1/run-1\): too short, or too"):
        admit([replace(people[0], raw=short)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        admit(people)


def test_a_message_lists_some_pairs_only(people):
    copies = [copy_of(one, subject=f"copy{k}") for k, one in enumerate(people)]
    with pytest.raises(StudyError, match="and 3 more pairs"):
        admit([*people, *copies])
