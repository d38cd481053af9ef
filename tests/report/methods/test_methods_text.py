"""The methods of a run: every sentence follows from the run, in three formats."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p300.detectors.catalogue import DETECTORS, DetectorInfo
from p300.detectors.described import DESCRIPTIONS
from p300.evaluation.metrics import summarise_scores
from p300.references import references
from p300.report import letter_curves, write_report
from p300.report.methods import Cite, Paragraph, methods_text
from p300.report.methods.cited import latex, markdown, markdown_text, plain, say
from p300.report.run_results import RunResults, read_run
from p300.report.sections.methods import what_is_what
from p300.runs.config import parse_experiment

Changed = Callable[..., RunResults]


@pytest.fixture(scope="module")
def results(finished_run: Path) -> RunResults:
    return read_run(finished_run)


@pytest.fixture
def changed(results: RunResults) -> Changed:
    """The results of the run had its config been another one; keyword arguments are its parts."""

    def change(
        recordings: Callable[[dict[str, Any]], Any] | None = None, **parts: Any
    ) -> RunResults:
        config = copy.deepcopy(results.config)
        for key, value in parts.items():
            config[key] = {**config[key], **value} if key == "preprocessing" else value
        config = parse_experiment(json.dumps(config), name="x").model_dump(mode="json")
        manifest = copy.deepcopy(results.manifest)
        for recording in manifest["recordings"]:
            if recordings:
                recordings(recording)
        return replace(results, config=config, manifest=manifest)

    return change


def section(results: RunResults, title: str) -> str:
    """The paragraph of a title in plain text."""
    found = re.search(rf"^{title}\n(.*)$", methods_text(results).plain, re.MULTILINE)
    assert found, f"no paragraph {title}"
    return found[1]


def bnci(*subjects: str) -> dict[str, Any]:
    source = {"source": "bnci2015_003", "path": "x"} | ({"subjects": subjects} if subjects else {})
    return {"bnci2015_003": [source]}


def test_what_was_recorded_is_told_with_its_source_and_licence(changed: Changed) -> None:
    told = section(changed(datasets=bnci("3", "4", "5")), "Recordings")
    for text in (
        "“bnci2015_003” has 6 recordings of 3 subjects, with 8 electrodes (Fz, Cz, P3,",
        "at 256 Hz, and 1,440 flashes, 16.7 % of them targets",
        "The recordings of subjects 3, 4 and 5 are those of BNCI Horizon 2020 003-2015 (Guger et "
        "al. 2009); licence: CC BY-NC-ND 4.0.",
    ):
        assert text in told
    alone = section(changed(datasets=bnci("3")), "Recordings")
    assert "The recordings of subject 3 are those" in alone
    assert "Its recordings are those" in section(changed(datasets=bnci()), "Recordings")


def test_data_of_anybody_ask_for_their_reference(changed: Changed) -> None:
    source = {"bnci2015_003": [{"source": "bids", "path": "x"}]}
    text = methods_text(changed(datasets=source))
    assert "read as BIDS (Pernet et al. 2019; Appelhoff et al. 2019) [add here what" in text.plain
    assert "guger2009" not in text.keys
    assert "MNE-BIDS" in section(changed(datasets=source), "Software")


def test_a_set_of_moabb_is_cited_itself(changed: Changed) -> None:
    source = {"bnci2015_003": [{"source": "moabb", "name": "BI2013a"}]}
    text = methods_text(changed(datasets=source))
    assert "BI2013a (Vaineau et al. 2019), loaded by MOABB (Aristimunha et al. n.d.)" in text.plain
    assert "note = {Licence: CC BY 1.0}" in text.bibtex


def test_simulated_data_are_said_to_be(changed: Changed) -> None:
    told = section(changed(datasets={"bnci2015_003": [{"source": "simulated"}]}), "Recordings")
    assert told.endswith("Its recordings were simulated by p300: nobody was recorded.")


def test_one_of_something_is_no_plural(changed: Changed, results: RunResults) -> None:
    one = replace(results, manifest={**results.manifest, "recordings": [
        {**results.manifest["recordings"][1], "n_flashes": 1, "electrodes": ["Cz"]}
    ]})  # fmt: skip
    told = methods_text(one).plain
    assert "has 1 recording of 1 subject, with 1 electrode (Cz) at 256 Hz, and 1 flash," in told
    assert "1 electrode in 1 recording, marked as bad or without EEG, was interpolated" in told
    assert not re.search(r"\b1 (recordings|subjects|electrodes|folds|flashes)\b", told)


def test_preprocessing_is_told_with_what_it_came_to(changed: Changed) -> None:
    told = section(changed(), "Preprocessing")
    for text in (
        "1 electrode in 1 recording, marked as bad or without EEG, was interpolated by spherical "
        "splines (Perrin et al. 1989).",
        "subsampled to 128 Hz behind an anti-aliasing filter and then band-pass filtered from 0.1 "
        "to 20 Hz, by Butterworth high-pass and low-pass sections of order 4 each run forwards and "
        "backwards (zero phase",
        "the −3 dB points of anti-aliasing and band-pass together are at 0.10 and 20.00 Hz.",
        "An epoch from 0 to 650 ms after each flash was cut.",
        "zero mean and unit variance",
    ):
        assert text in told


def test_other_preprocessing_is_told_otherwise(changed: Changed) -> None:
    def healthy(recording: dict[str, Any]) -> None:
        recording.update(bad_electrodes=[], bad_seconds=2.0)

    settings = {
        "phase": "causal", "normaliser": "none", "order": "filter_first", "filter": "fir",
        "reference": "average", "electrodes": ["Cz", "Pz"],
    }  # fmt: skip
    told = section(changed(healthy, preprocessing=settings), "Preprocessing")
    for text in (
        "No electrode was marked as bad", "re-referenced to the average of all electrodes",
        "Of the electrodes Cz and Pz were used.", "of minimum phase (causal)",
        "Amplitudes were kept in volts.", "stretches marked as bad (12 s in all) were left out",
    ):  # fmt: skip
        assert text in told
    assert told.index("band-pass filtered") < told.index("subsampled")
    assert "zero phase" not in told
    assert "zero mean" not in told


def test_epochs_that_came_cut_have_no_filter_of_ours(changed: Changed) -> None:
    def cut(recording: dict[str, Any]) -> None:
        recording["preprocessing"] = {"sfreq": 128.0, "realised_low": None, "realised_high": None}

    told = section(changed(cut), "Preprocessing")
    assert "came cut into epochs" in told
    assert "What lies from 0 to 650 ms after each flash was kept of each epoch." in told
    assert "Butterworth" not in told
    assert "baseline" not in told


def test_a_detector_is_told_with_all_settings(changed: Changed) -> None:
    told = section(changed(), "Detectors")
    for text in (
        "“cnn1” is the convolutional network CNN-1 (Cecotti and Gräser 2011).",
        "It learns by class-weighted cross-entropy and AdamW (Loshchilov and Hutter 2019).",
        "It has 31,092 free parameters.", "max_passes 100",
        "“slda” is shrinkage linear discriminant analysis (Blankertz et al. 2011).",
        "the means of 16 consecutive pieces of the epoch at every electrode", "n_windows 16",
        "Its epochs are not aligned.", "calibrated by Platt scaling (Platt 1999)",
    ):  # fmt: skip
        assert text in told


def test_alignment_and_adaptation_are_cited_where_they_are_used(changed: Changed) -> None:
    assert not {"he2020", "kindermans2012"} & set(methods_text(changed()).keys)
    detectors = {
        "cnn1": {"alignment": "riemannian"},
        "slda": {"alignment": {"method": "euclidean", "mode": "running"}, "covariance": "toeplitz",
                 "adaptation": "self_calibrated"},
    }  # fmt: skip
    text = methods_text(changed(detectors=detectors))
    assert {"he2020", "zanini2018", "kindermans2012", "sosulski2022"} <= set(text.keys)
    assert "aligned as it runs, each epoch by those up to it, without labels." in text.plain
    assert "pyRiemann" in text.plain


def test_the_same_detector_used_twice_is_described_once(changed: Changed) -> None:
    detectors = {"cnn1": {"detector": "slda"}, "slda": {"alignment": "euclidean"}}
    told = section(changed(detectors=detectors), "Detectors")
    assert "“slda” is the same detector as “cnn1”. The epochs of each session" in told
    assert told.count("Settings:") == 1


def test_a_plug_in_without_a_source_is_told_so(
    results: RunResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = "p300.detectors.linear.lda:ShrinkageLDA"
    for name, citation in (("cnn1", ""), ("slda", "Doe, 2024")):
        monkeypatch.setitem(DETECTORS._ours, name, DetectorInfo(place, "Mine", citation, None))
        monkeypatch.delitem(DESCRIPTIONS, name)  # type: ignore[arg-type]
    told = section(results, "Detectors")
    assert "“cnn1” is mine (no reference given)." in told
    assert "“slda” is mine (Doe, 2024)." in told


def test_only_software_that_had_a_part_is_cited(changed: Changed) -> None:
    both, plain_one = methods_text(changed()), changed(detectors={"cnn1": {"detector": "slda"},
                                                                 "slda": {}})  # fmt: skip
    assert "PyTorch 2.6.0 (Paszke et al. 2019)" in both.plain
    without = methods_text(plain_one)
    assert "torch" not in without.plain.lower()
    assert not {"torch", "pyriemann", "cecotti2011", "loshchilov2019"} & set(without.keys)
    assert {"mne", "numpy", "scipy", "scikit-learn", "pandas", "p300"} <= set(without.keys)


def test_statistics_follow_from_the_number_of_subjects(
    results: RunResults, build_run: Callable[..., Path]
) -> None:
    few = section(results, "Statistics")
    assert "For “bnci2015_003” (3 subjects) there is no interval of a mean" in few
    assert "Hartigan" not in few
    assert "two-sided exact sign-flip permutation test" in few
    for n, text, key in ((7, "the exact sign-flip test", "hartigan1969"), (17, "Hall", "hall1992")):
        more = replace(results, metrics=summarise_scores(_scores(n)), scores=_scores(n))
        assert f"{text}" in section(more, "Statistics")
        assert key in methods_text(more).keys
    alone = replace(results, metrics=results.metrics[results.metrics["detector"] == "slda"])
    assert "Holm" not in section(alone, "Statistics")


def _scores(n: int) -> Any:
    from made_runs import make_scores

    from p300.columns import label_protocols

    subjects = [str(k) for k in range(n)]
    return label_protocols(make_scores(subjects, ["cnn1", "slda"], ["cross_subject"], ["one"]))


def test_letters_are_told_where_there_are_any(results: RunResults, spelled_run: Path) -> None:
    assert "Spelling" not in [one.title for one in methods_text(results).paragraphs]
    text = methods_text(read_run(spelled_run))
    assert {"cecotti2011", "wolpaw2000", "wilson1927"} <= set(text.keys)
    assert "wilson1927" not in methods_text(results).keys


def test_intervals_of_letters_are_told_as_they_are_drawn(
    spelled_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = read_run(spelled_run)
    assert "of shares of characters are Wilson's" in methods_text(few).files["methods.txt"]
    told = dict(what_is_what(few).blocks[-1].facts)  # type: ignore[union-attr]
    assert "95 % interval of a share (Wilson)" in told
    monkeypatch.setattr(letter_curves, "FEWEST", 1)
    assert "of shares of characters are over subjects" in methods_text(few).files["methods.txt"]
    told = dict(what_is_what(few).blocks[-1].facts)  # type: ignore[union-attr]
    assert "95 % interval of a share (Wilson)" not in told


def test_every_format_says_the_same_and_cites_the_same(results: RunResults) -> None:
    text = methods_text(results)
    keys = set(text.keys)
    in_markdown = {key for group in re.findall(r"(?<!\\)\[(@[^]]+)\]", text.markdown)
                   for key in re.findall(r"@([\w-]+)", group)}  # fmt: skip
    in_latex = {key for group in re.findall(r"\\citep\{([^}]+)\}", text.latex)
                for key in group.split(",")}  # fmt: skip
    in_bibtex = set(re.findall(r"^@\w+\{([\w-]+),$", text.bibtex, re.MULTILINE))
    assert keys == in_markdown == in_latex == in_bibtex
    assert keys < references().keys()
    for key in keys:
        assert references()[key].title in text.plain
    assert [one.title for one in text.paragraphs] == re.findall(r"\\subsection\{(.*)\}", text.latex)


def test_latex_is_balanced_and_escaped(results: RunResults) -> None:
    body = methods_text(results).latex.partition(r"\section{Methods}")[2]
    bare = re.sub(r"\\citep\{[^}]*\}|\\subsection\{[^}]*\}|\\text\w+\{\}|\$-\$", "", body)
    assert not re.search(r"(?<!\\)[_%&#$^{}]", bare)
    assert r"bnci2015\_003" in body


def test_names_from_outside_are_text_in_every_format() -> None:
    hostile = r"\input{x} [@key] *a* _b_ <c> $d$ # `e` 50% {f} & ~"
    paragraph = [Paragraph.of("T", [say("Of ", hostile, ("cox1958",), ".")])]
    assert plain(paragraph, {"cox1958": "Cox 1958"}) == f"T\nOf {hostile} (Cox 1958)."
    in_latex = latex(paragraph)
    assert in_latex.count(r"\citep") == 1
    assert r"\input" not in in_latex
    in_markdown = markdown(paragraph)
    assert in_markdown.endswith(" [@cox1958].")
    assert r"\[\@key\] \*a\* \_b\_ \<c\>" in in_markdown


@given(st.text())
def test_whatever_the_text_markdown_sees_nothing_special(text: str) -> None:
    left = re.sub(r"\\.", "", markdown_text(text))
    assert not set(left) & set("\\`*[]<>$@#|~^")
    assert not re.search(r"(?<!\w)_|_(?!\w)", left)


def test_a_citation_without_keys_is_none() -> None:
    assert say("By xDAWN", (), ".") == ("By xDAWN", ".")
    assert say("By xDAWN", ["rivet2009"]) == ("By xDAWN", " ", Cite(("rivet2009",)))


def test_the_texts_lie_beside_the_report_and_in_it(own_run: Path) -> None:
    page = write_report(own_run).read_text(encoding="utf-8")
    text = methods_text(read_run(own_run))
    files = {
        file.name: file.read_text(encoding="utf-8") for file in (own_run / "methods").iterdir()
    }
    assert files == text.files
    assert set(files) == {"methods.txt", "methods.md", "methods.tex", "references.bib"}
    assert "<details open><summary>Plain text" in page
    assert "Platt scaling (Platt 1999)" in page
