"""The section on responses: what it says, of whom it has figures, what it leaves out and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from p300.report.page import Picture, Section, Text, picture
from p300.report.rendering import render_page
from p300.report.run_results import RunResults, read_run
from p300.report.sections import responses as section
from p300.report.sections.responses import responses


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are made and not drawn, which takes most of the time; tests of the page draw them."""
    pixel = picture("pixel", Figure(figsize=(0.1, 0.1)), "").png

    def not_drawn(name: str, figure: Figure, caption: str, *, folded: bool = False) -> Picture:
        assert figure.axes
        return Picture(name, pixel, caption, folded=folded)

    monkeypatch.setattr(section, "picture", not_drawn)
    monkeypatch.setattr(section, "MOST_FOLDED", 1)


@pytest.fixture(scope="module")
def old(finished_run: Path) -> RunResults:
    """Of a version that kept no deviations and no images: the averages alone."""
    return read_run(finished_run)


@pytest.fixture(scope="module")
def results(old: RunResults) -> RunResults:
    """Targets differ at P4 most, at the fifth sample."""
    assert old.averages is not None
    table = old.averages.assign(deviation=1e3)
    times = np.sort(table["time"].unique())
    at = table["electrode"].eq("P4") & table["time"].eq(times[5]) & table["kind"].eq("target")
    table.loc[at, "microvolts"] -= 1e3
    lines = pd.DataFrame(
        [
            {
                "dataset": "bnci2015_003", "subject": subject, "session": "1", "run": "1",
                "electrode": "P4", "line": line, "time": time, "microvolts": 1.0 * line, "n": 2,
            }
            for subject in ("3", "4", "5") for line in range(3) for time in times
        ]
    )  # fmt: skip
    return replace(old, averages=table, epoch_images={"bnci2015_003": lines})


def pictures(made: Section) -> dict[str, Picture]:
    return {block.name: block for block in made.blocks if isinstance(block, Picture)}


def words(made: Section) -> str:
    return " ".join(block.text for block in made.blocks if isinstance(block, Text))


def test_it_tells_where_targets_differ_most(results: RunResults) -> None:
    made = responses(results)
    drawn = pictures(made)
    assert list(drawn) == [
        "grand_average_bnci2015-003", "r_squared_bnci2015-003", "topographies_bnci2015-003",
        "epoch_images_bnci2015-003", "responses_bnci2015-003_1",
    ]  # fmt: skip
    # 80 targets and 400 others 1 mV apart, each of 1 mV deviation: 0.139 / (0.139 + 1).
    peak = "Furthest from zero: −0.122 at P4, 39 ms after the flash."
    assert peak in drawn["r_squared_bnci2015-003"].caption
    assert "largest signed r², either sign: P4 (r² −0.12" in (
        drawn["grand_average_bnci2015-003"].caption
    )
    assert "chosen by these same epochs" in drawn["grand_average_bnci2015-003"].caption
    assert "doi:10.1016/j.neuroimage.2010.06.048" in words(made)
    assert "at P4 in the order of time" in drawn["epoch_images_bnci2015-003"].caption


def test_each_subject_is_folded_away(results: RunResults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(section, "MOST_FOLDED", 3)
    made = responses(results)
    folded = [block for block in pictures(made).values() if block.folded]
    assert [block.caption.split(":")[0] for block in folded] == [
        f"bnci2015_003, subject {k}" for k in (3, 4, 5)
    ]
    assert all("80 targets, 400 others" in block.caption for block in folded)
    page = render_page("a", "b", [made])
    assert page.count("<details><summary>bnci2015_003, subject") == 3
    assert page.count("<figcaption>") == 4


def test_many_subjects_have_no_figure_each(
    results: RunResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(section, "MOST_FOLDED", 2)
    made = responses(results)
    assert sum(block.folded for block in pictures(made).values()) == 2
    assert "each of the first 2 subjects; that of the 1 others draws" in words(made)


def test_without_positions_all_but_the_maps_is_there(results: RunResults) -> None:
    assert results.averages is not None
    unnamed = {"P4": "EEG1", "Pz": "EEG2"}
    images = {
        name: table.replace({"electrode": unnamed}) for name, table in results.epoch_images.items()
    }
    made = responses(
        replace(
            results,
            averages=results.averages.replace({"electrode": unnamed}),
            epoch_images=images,
        )
    )
    drawn = pictures(made)
    assert "topographies_bnci2015-003" not in drawn
    assert "No scalp map: the recordings do not tell where EEG1, EEG2 were" in (
        words(made).replace("EEG2, EEG1", "EEG1, EEG2")
    )
    assert len(drawn) == 4
    assert "at EEG1, " in drawn["r_squared_bnci2015-003"].caption
    assert "front to back" not in drawn["r_squared_bnci2015-003"].caption


def test_a_run_of_an_earlier_version_says_what_it_lacks(old: RunResults) -> None:
    made = responses(old)
    drawn = pictures(made)
    assert list(drawn) == ["grand_average_bnci2015-003", "topographies_bnci2015-003"]
    assert "the run is of an earlier version of p300" in words(made)
    assert "signed r²" not in drawn["grand_average_bnci2015-003"].caption


def test_a_subject_of_one_kind_is_named_and_left_out(results: RunResults) -> None:
    assert results.averages is not None
    table = results.averages
    table = table[~(table["subject"].eq("4") & table["kind"].eq("target"))]
    made = responses(replace(results, averages=table))
    assert "without subject 4, of whom there are target or non-target epochs alone" in words(made)
    assert "mean over 2 subjects" in pictures(made)["grand_average_bnci2015-003"].caption
    nobody = table[table["kind"].eq("nontarget")]
    assert pictures(responses(replace(results, averages=nobody))) == {}


def test_unequal_amplitudes_are_told(results: RunResults) -> None:
    assert results.averages is not None
    loud = results.averages["electrode"].eq("Fz")
    scaled = results.averages["microvolts"].where(~loud, lambda v: 1000 * v)
    drawn = pictures(responses(replace(results, averages=results.averages.assign(
        microvolts=scaled))))  # fmt: skip
    assert "louder than others by far" in drawn["topographies_bnci2015-003"].caption
