"""The language model: hand-worked smoothing, its file, where it is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_tables import at, dynamic, make_scores, spelled

from p300.errors import SpellerError
from p300.recordings import MATRIX_6X6, Layout
from p300.speller import LanguageModel, SpellerModel, decide, gather_selections, spell
from p300.speller.evidence import LikelihoodRatio
from p300.speller.language import refuse_random_text

ABC = Layout.single_cell("ABC")


def test_hand_worked_smoothing():
    # "AABA": A 3, B 1; after A: A 1, B 1; after B: A 1.
    model = LanguageModel.learn(["AABA"], order=2)
    # Empty context: 4 counts of 2 kinds over a uniform 1/3.
    unigram = np.array([3 + 2 / 3, 1 + 2 / 3, 2 / 3]) / 6
    np.testing.assert_allclose(np.exp(model.log_prior("", ABC)), unigram)
    after_a = (np.array([1, 1, 0]) + 2 * unigram) / 4
    np.testing.assert_allclose(np.exp(model.log_prior("BA", ABC)), after_a)
    after_b = (np.array([1, 0, 0]) + 1 * unigram) / 2
    np.testing.assert_allclose(np.exp(model.log_prior("AB", ABC)), after_b)
    # C was never seen: nothing is known after it but the shorter context.
    np.testing.assert_allclose(np.exp(model.log_prior("C", ABC)), unigram)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.text("ABCX", min_size=1, max_size=20), min_size=1, max_size=4),
    st.integers(1, 5),
    st.text("ABCX", max_size=6),
)
def test_every_prior_is_a_distribution_over_the_layout(texts, order, text):
    model = LanguageModel.learn([*texts, "A"], order)
    prior = np.exp(model.log_prior(text, ABC))
    assert prior.sum() == pytest.approx(1)
    assert (prior > 0).all()


def test_the_file_is_plain_text_and_reads_back(tmp_path):
    model = LanguageModel.learn([["Yes", " ", "No"], ["Yes"]], order=2)
    path = model.save(tmp_path / "words.tsv")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert "Yes\t2" in lines
    assert "Yes\t \t1" in lines
    assert LanguageModel.load(path).counts == model.counts


def test_files_of_other_systems_are_read(tmp_path):
    path = tmp_path / "counts.tsv"
    path.write_bytes(b"A\t3\r\n\r\nA\tB\t1\r\nA\t2\r\n")
    assert LanguageModel.load(path).counts == {("A",): 5, ("A", "B"): 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A\t3\nB 4\n", "line 2: 'B 4' found"),
        ("A\t-3\n", "line 1"),
        ("A\t0\n", "line 1"),
        ("A\t3.5\n", "line 1"),
        ("\t3\n", "line 1"),
        ("7\n", "line 1"),
        ("\t".join("ABCDEFGHIJK") + "\t1\n", "1 to 10 symbols"),
        ("__import__('os')\n", "line 1"),
        ("\n\n", "no n-grams found"),
    ],
)
def test_bad_files_are_refused_by_line(tmp_path, text, message):
    path = tmp_path / "counts.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpellerError, match=message):
        LanguageModel.load(path)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(SpellerError, match="cannot be read"):
        LanguageModel.load(tmp_path / "none.tsv")
    (tmp_path / "latin.tsv").write_bytes(b"\xe4\t3\n")
    with pytest.raises(SpellerError, match="cannot be read"):
        LanguageModel.load(tmp_path / "latin.tsv")


def test_a_model_in_other_symbols_is_refused():
    model = LanguageModel.learn(["abc"])
    with pytest.raises(SpellerError, match="knows none of the layout's symbols"):
        model.log_prior("", ABC)


@pytest.mark.parametrize("order", [0, 11])
def test_impossible_orders_are_refused(order):
    with pytest.raises(SpellerError, match="1 to 10"):
        LanguageModel.learn(["A"], order)


def test_no_counts_are_refused():
    with pytest.raises(SpellerError, match="at least one"):
        LanguageModel.learn([])


def test_weak_evidence_is_read_as_the_word_that_was_learned():
    language = LanguageModel.learn(["WATER"] * 200, order=4)
    model = SpellerModel(LikelihoodRatio(1.0, 1.6), threshold=0.95)
    scores = make_scores("WATER", repetitions=6, separation=1.2, noise=1.3, seed=2)
    selections = gather_selections(scores, MATRIX_6X6)
    without, with_it = decide(selections, model), decide(selections, model, language=language)
    assert spelled(at(without, "posterior", 2)) != "WATER"
    assert spelled(at(with_it, "posterior", 2)) == "WATER"
    assert spelled(dynamic(with_it)) == "WATER"
    assert dynamic(with_it)["repetitions"].mean() < dynamic(without)["repetitions"].mean()
    letters = list(spell(scores, MATRIX_6X6, model, language=language))
    assert [d.repetitions for d in letters] == list(dynamic(with_it)["repetitions"])
    # The paper's rule knows no language.
    assert at(with_it, "sum", 2).equals(at(without, "sum", 2))


def test_the_prior_follows_the_decided_text_and_starts_anew_with_a_run():
    # The first letter is decided B though A was meant; so C, which follows B, is expected next.
    language = LanguageModel.learn(["BC"] * 50 + ["AA"] * 50, order=2)
    model = SpellerModel(LikelihoodRatio(1.0, 0.0), threshold=1.0)
    scores = make_scores("AB", layout=ABC, repetitions=1).assign(score=0.0)
    scores.loc[(scores["character"] == 1) & (scores["code"] == 2), "score"] = 9.0
    for table, expected in (
        (scores, "BC"),
        # In another run nothing comes before the second letter: A is the most frequent.
        (scores.assign(run=scores["character"].astype(str)), "BA"),
    ):
        assert spelled(
            dynamic(decide(gather_selections(table, ABC), model, language=language))
        ) == (expected)


def test_random_letters_are_refused():
    refuse_random_text("bnci", ["bnci2015_003"], [])
    for dataset, sources, further in (
        ("bci3_ii", ["bids"], []),
        ("mine", ["bci3_ii"], []),
        ("mine", ["mat"], ["mine"]),
    ):
        with pytest.raises(SpellerError, match=f"data set {dataset}: its strings are random"):
            refuse_random_text(dataset, sources, further)
