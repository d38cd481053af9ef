"""A fault is planted into a simulated study, and the warning names the right recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from p300.commands.finding import find_data, open_found
from p300.errors import DataWarning
from p300.recordings import build_recording, open_recordings
from p300.signal.plausibility.doubts import find_doubts, warn_of_doubts
from p300.signal.plausibility.impression import take_impression
from p300.signal.preprocessing import Preprocessing, cut_epochs

SETTINGS = Preprocessing()


def look(recording, settings=SETTINGS):
    return take_impression(recording, cut_epochs(recording, settings))


@pytest.fixture(scope="module")
def recordings():
    """Four subjects, two runs each; the fourth is a hard one."""
    return list(open_recordings("simulated", n_subjects=4))


@pytest.fixture(scope="module")
def clean(recordings):
    return [look(one) for one in recordings]


def planted(recordings, clean, subject, change, runs=("1", "2")):
    """The impressions of the study with some recordings of a subject changed."""
    return [
        look(change(one)) if one.subject == subject and one.run in runs else seen
        for one, seen in zip(recordings, clean, strict=True)
    ]


def with_signal(recording, function):
    raw = recording.raw.copy().load_data(verbose="error")
    raw.apply_function(function, channel_wise=False)
    return replace(recording, raw=raw)


def inverted(recording):
    return with_signal(recording, np.negative)


def averaged(recording):
    return with_signal(recording, lambda x: x - x.mean(axis=0))


def with_flashes(recording, **columns):
    return replace(recording, flashes=recording.flashes.assign(**columns))


def shifted(recording, seconds):
    samples = recording.flashes["sample"] + round(240 * seconds)
    kept = recording.flashes.assign(sample=samples)[samples < recording.raw.n_times - 180]
    return replace(recording, flashes=kept)


def at_rate(recording, sfreq):
    return build_recording(
        recording.raw.get_data(), recording.electrodes, sfreq, recording.flashes[:-6],
        dataset=recording.dataset, subject=recording.subject, run=recording.run,
        layout=recording.layout, source=recording.source,
    )  # fmt: skip


def relabelled(recording, symbol_of):
    """Mark the codes of other symbols: function of the text and the number of a character."""
    table, layout = recording.flashes, recording.layout
    text = [
        layout.symbol_at(rows.loc[rows["target"], "code"]) for _, rows in table.groupby("character")
    ]
    codes = [layout.codes_of(symbol_of(text, k)) for k in range(len(text))]
    shown = zip(table["code"], table["character"], strict=True)
    target = pd.array([code in codes[character - 1] for code, character in shown], "boolean")
    return with_flashes(recording, target=target)


def transposed(text, k):
    symbols = "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456789_"
    row, column = divmod(symbols.index(text[k]), 6)
    return symbols[6 * column + row]


def test_a_clean_study_gives_no_warning(clean, recordings):
    assert find_doubts(clean) == []
    assert find_doubts([take_impression(one) for one in recordings]) == []
    assert find_doubts([]) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_small_studies_give_no_warning(seed):
    sizes = {"n_subjects": 6, "n_runs": 1, "characters_per_run": 2, "repetitions": 6}
    small = open_recordings("simulated", seed=seed, **sizes)
    assert find_doubts([look(one) for one in small]) == []


def test_noise_is_not_upside_down(recordings):
    """Without responses to targets nothing can be told of polarity, onsets or labels."""
    rng = np.random.default_rng(0)
    noise = [
        look(with_flashes(one, target=rng.permutation(one.flashes["target"].to_numpy())))
        for one in recordings
    ]
    said = find_doubts(noise)
    assert all("no symbol of the layout" in text for text in said)


@pytest.mark.parametrize("subject", ["1", "2", "3"])
def test_inverted_polarity(recordings, clean, subject):
    said = find_doubts(planted(recordings, clean, subject, inverted))
    assert len(said) == 1
    assert f"(simulated/sub-{subject}, 2 recordings): the response to targets is" in said[0]
    assert "upside down" in said[0]


@pytest.mark.parametrize("of_three", [("1", "2", "3")])
def test_of_three_the_right_one_is_named_and_of_two_none(recordings, clean, of_three):
    changed = planted(recordings, clean, "2", inverted)
    said = find_doubts([one for one in changed if one.subject in of_three])
    assert len(said) == 1
    assert "/sub-2," in said[0]
    assert find_doubts([one for one in changed if one.subject in ("1", "2")]) == []


@pytest.mark.parametrize(
    ("seconds", "word"), [(-0.1, "later"), (-0.15, "later"), (-0.2, "later"), (0.15, "earlier")]
)
def test_shifted_onsets(recordings, clean, seconds, word):
    said = find_doubts(planted(recordings, clean, "1", lambda one: shifted(one, seconds)))
    assert len(said) == 1
    assert "(simulated/sub-1, 2 recordings): the responses come" in said[0]
    found = int(said[0].split("come ")[1].split(" ms")[0])
    assert abs(found - 1e3 * abs(seconds)) <= 40
    assert f"ms {word} than" in said[0]


def test_an_average_reference_among_others(recordings, clean):
    changed = planted(recordings, clean, "3", averaged)
    said = [text for text in find_doubts(changed) if "average reference" in text]
    assert len(said) == 1
    assert "add up to zero (average reference) in" in said[0]
    named, others = said[0].split("; do not add up")[0], said[0]
    assert "sub-3/ses-1/run-1" in named
    assert "sub-3/ses-1/run-2" in named
    assert "sub-1/" not in named
    assert "preprocessing.reference" in others
    everyone = [take_impression(averaged(one)) for one in recordings]
    assert find_doubts(everyone) == []


def test_references_that_files_name(recordings, clean):
    changed = planted(recordings, clean, "1", lambda one: replace(one, reference="Linked  Ears"))
    assert find_doubts(changed) == []  # the others do not say
    changed[2] = look(replace(recordings[2], reference="linked ears"))
    assert find_doubts(changed) == []
    changed[4] = look(replace(recordings[4], reference="Cz"))
    (said,) = find_doubts(changed)
    assert "the reference is cz in" in said
    assert "(simulated/sub-3/ses-1/run-1); linked ears in" in said
    assert "run-2" in said


def test_a_reference_that_others_recorded(recordings, clean):
    def silence(x):
        return np.where(np.arange(len(x))[:, None] == 1, 0.0, x)

    changed = planted(recordings, clean, "2", lambda one: with_signal(one, silence), runs="1")
    (said,) = find_doubts(changed)
    assert "electrode Cz is 0 V throughout" in said
    assert said.count("sub-2/ses-1/run-1") == 2
    assert "recorded in" in said


@pytest.mark.parametrize(
    ("sfreq", "line"), [(480.0, "line is at 100 Hz"), (120.0, "line is at 25 Hz")]
)
def test_a_rate_that_is_twice_or_half(recordings, clean, sfreq, line):
    changed = planted(recordings, clean, "2", lambda one: at_rate(one, sfreq), runs="2")
    said = [text for text in find_doubts(changed) if "sampling rate" in text]
    assert len(said) == 1
    assert "(simulated/sub-2/ses-1/run-2): sampling rate" in said[0]
    assert f"{sfreq:g} Hz stated, 240 Hz by the signal" in said[0]
    for sign in (line, "flashes follow after"):
        assert sign in said[0]


def test_one_sign_of_another_rate_is_none(recordings, clean):
    """Faster flashes alone are another experiment."""
    faster = next(
        open_recordings("simulated", n_subjects=1, n_runs=1, onset_interval=0.0875, sfreq=480.0)
    )
    assert not [t for t in find_doubts([*clean, take_impression(faster)]) if "rate" in t]


@pytest.mark.parametrize(
    ("symbol_of", "words"),
    [
        (lambda text, k: [*text, "A"][k + 1], "are those of the next character"),
        (lambda text, k: ["A", *text][k], "are those of the previous character"),
        (transposed, "have rows for columns"),
    ],
)
def test_labels_that_the_responses_contradict(recordings, clean, symbol_of, words):
    def change(one):
        return relabelled(one, symbol_of)

    (said,) = find_doubts(planted(recordings, clean, "1", change))
    assert "(simulated/sub-1/ses-1/run-2): the labels spell" in said
    assert "(simulated/sub-1/ses-1/run-1)" in said
    assert f"the labels {words}" in said


@pytest.mark.parametrize(("step", "word"), [(1, "high"), (-1, "low")])
def test_labels_of_codes_beside_the_right_ones(recordings, clean, step, word):
    """As where one program counts codes from 0, the other from 1."""

    def change(one):
        table = one.flashes
        lit = table[table["target"]].groupby("character")["code"].unique()
        beside = {k: {(code - 1 + step) % 12 + 1 for code in codes} for k, codes in lit.items()}
        shown = zip(table["character"], table["code"], strict=True)
        return with_flashes(one, target=pd.array([c in beside[k] for k, c in shown], "boolean"))

    said = find_doubts(planted(recordings, clean, "2", change))
    assert all("/sub-2/" in text for text in said)
    (by_responses,) = [text for text in said if "but the responses" in text]
    assert f"the labels are one code too {word}" in by_responses


def test_labels_that_no_symbol_explains(recordings, clean):
    def change(one):
        first = one.flashes["character"] == 2
        return with_flashes(one, target=one.flashes["target"] | (first & (one.flashes["code"] < 3)))

    changed = [take_impression(change(recordings[0])), *clean[1:]]
    (said,) = find_doubts(changed)
    assert "sub-1/ses-1/run-1): in 1 of 5 characters no symbol of the layout" in said
    assert ": 2 (codes 1, 2, " in said
    swapped = with_flashes(recordings[0], target=~recordings[0].flashes["target"])
    said = find_doubts([take_impression(swapped)])
    assert "750 of 900 flashes are targets, more than are not" in said[0]


def test_doubts_are_warnings(recordings):
    swapped = with_flashes(recordings[0], target=~recordings[0].flashes["target"])
    with pytest.warns(DataWarning) as caught:
        warn_of_doubts([take_impression(swapped)])
    assert [str(w.message) for w in caught] == find_doubts([take_impression(swapped)])


@pytest.mark.parametrize(
    "folder",
    ["bci2-iib", "bci2000-speller", "bnci2015-003", "bnci2015-003-bids", "gtec-br41n",
     "muse-visual", "openvibe-speller"],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::p300.errors.DataWarning")
def test_real_recordings_give_no_warning(data_root, folder):
    (found,) = find_data(data_root / folder)
    assert find_doubts([look(one) for one in open_found(found)]) == []


@pytest.mark.parametrize("folder", ["bnci2015-003", "bnci2015-003-bids"])
@pytest.mark.filterwarnings("ignore::p300.errors.DataWarning")
def test_inverted_real_subjects_are_named(data_root, folder):
    (found,) = find_data(data_root / folder)
    recordings = list(open_found(found))
    clean = [look(one) for one in recordings]
    for subject in {one.subject for one in recordings}:
        changed = planted(recordings, clean, subject, inverted)
        (said,) = find_doubts(changed)
        assert f"/sub-{subject}, 2 recordings): the response to targets" in said
