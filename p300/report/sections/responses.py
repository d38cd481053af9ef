"""What the brain did after target and non-target flashes, on average and in single epochs."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from p300.evaluation.intervals import FEWEST
from p300.report import scalp
from p300.report.page import Block, Section, Text, left_out, picture, slug
from p300.report.prose import listed, several, signed
from p300.report.response_figures import (
    BEST,
    MOST_IMAGES,
    SMOOTHED,
    are_unequal,
    describe_peak,
    peak,
    plot_difference_maps,
    plot_epoch_images,
    plot_r_squared,
    plot_subject_responses,
)
from p300.report.run_results import RunResults
from p300.report.scalp_maps import describe_unplaced
from p300.signal.averages import (
    best_electrodes,
    mean_over_subjects,
    subject_r_squared,
    with_both_kinds,
)
from p300.signal.positions import Positions

HEADING = "Responses to flashes"

MOST_FOLDED = 24
"""Subjects that have a figure each, of all data sets together."""

_NO_INTERVAL = f" (no 95 % interval below {FEWEST} subjects)"

_READING = (
    "Signed r² is the share of the variance of single epochs that is explained by whether the "
    "flash was a target: the squared point-biserial correlation of the signal with the class, r = "
    "√(n₁n₂) (m₁ − m₂) / ((n₁ + n₂) s), with the sign of the difference (m₁ and m₂: means of n₁ "
    "target and n₂ non-target epochs; s: standard deviation of all of them together; Blankertz et "
    "al. 2011, NeuroImage 56:814-825, doi:10.1016/j.neuroimage.2010.06.048). It is computed over "
    "the epochs of each subject, in µV before any normaliser and without a baseline, then averaged "
    "over subjects. Where flashes follow one another faster than the epoch is long, responses "
    "overlap and the non-target average holds a part of its neighbours."
)


def responses(results: RunResults) -> Section:
    """Show averages, signed r squared and single epochs, of each subject on demand."""
    if results.averages is None:
        return left_out(HEADING, "averages.parquet is not in the run folder")
    by_dataset = dict(list(results.averages.groupby("dataset", sort=False)))
    most = max(1, MOST_FOLDED // len(by_dataset))
    blocks: list[Block] = [Text(_READING)]
    for dataset, averages in by_dataset.items():
        blocks += _Responses(results, str(dataset), averages).blocks(most)
    return Section(HEADING, tuple(blocks))


class _Responses:
    """The responses of one data set.

    Parameters
    ----------
    results
        Of the run.
    dataset, averages
        Its name and its rows of the run's averages.
    """

    def __init__(self, results: RunResults, dataset: str, averages: pd.DataFrame) -> None:
        self.dataset = dataset
        self.averages = with_both_kinds(averages)
        self.places: Positions | None = results.positions.get(dataset)
        self.image = results.epoch_images.get(dataset)
        self.subjects = list(self.averages["subject"].unique())
        self.lacking = sorted(set(averages["subject"]) - set(self.subjects))
        whole = self.averages["deviation"].notna().all()
        self.r_squared = subject_r_squared(self.averages) if whole and self.subjects else None
        self.mean = None if self.r_squared is None else mean_over_subjects(self.r_squared)

    def blocks(self, most: int) -> Iterator[Block]:
        """Yield what there is to show, with a figure of its own for so many subjects at most."""
        if self.lacking:
            yield Text(
                f"{self.dataset}: without subject {listed(self.lacking)}, of whom there are target "
                "or non-target epochs alone."
            )
        if not self.subjects:
            return
        yield self._grand_average()
        if self.mean is None:
            yield Text(
                f"{self.dataset}: the run is of an earlier version of p300, which did not keep "
                "what signed r² and images of single epochs are computed from; p300 run into "
                "another folder keeps it."
            )
        else:
            yield self._map(self.mean)
        yield self._topographies()
        if self.image is not None and len(self.image):
            yield self._image(self.image)
        if self.r_squared is not None:
            yield from self._each_subject(self.r_squared, most)

    def _named(self, what: str) -> str:
        return f"{what}_{slug(self.dataset)}"

    def _over_subjects(self) -> str:
        n = len(self.subjects)
        return f"{self.dataset}: mean over {several(n, 'subject')}" if n > 1 else self.dataset

    def _grand_average(self) -> Block:
        n = len(self.subjects)
        caption = self._over_subjects()
        caption += " with its 95 % interval" if n >= FEWEST else _NO_INTERVAL
        if self.mean is None:
            shown, details = scalp.central_electrodes(self._electrodes, self.places), {}
        else:
            shown = best_electrodes(self.mean, BEST)
            details = {name: describe_peak(self.mean, name) for name in shown}
            told = listed([f"{name} ({text})" for name, text in details.items()])
            caption += (
                f". The electrodes of the largest signed r², either sign: {told}. They were chosen "
                "by these same epochs, so new ones would differ less there."
            )
        own = self.averages[self.averages["electrode"].isin(shown)]
        ratio = scalp.amplitude_ratio(own)
        if ratio > scalp.UNEQUAL_SCALES:
            caption += (
                f" Amplitudes differ {ratio:,.0f}-fold between subjects and electrodes, so each "
                "electrode of each subject was divided by the robust standard deviation (SD) of "
                "its averages."
            )
        figure = scalp.plot_grand_average(own, self.places, electrodes=shown, details=details)
        return picture(self._named("grand_average"), figure, caption)

    @property
    def _electrodes(self) -> list[str]:
        return [str(name) for name in self.averages["electrode"].unique()]

    def _map(self, mean: pd.DataFrame) -> Block:
        electrode, time, value = peak(mean)
        order = "" if describe_unplaced(self._electrodes, self.places) else ", from front to back"
        caption = (
            f"{self._over_subjects()}. Signed r² of single epochs by electrode{order} and "
            f"time; red: targets more positive, blue: more negative. Furthest from zero: "
            f"{signed(value)} at {electrode}, {1e3 * time:.0f} ms after the flash."
        )
        return picture(self._named("r_squared"), plot_r_squared(mean, self.places), caption)

    def _topographies(self) -> Block:
        if unplaced := describe_unplaced(self._electrodes, self.places):
            return Text(f"{self.dataset}: {unplaced}")
        caption = (
            f"{self._over_subjects()}. Target minus non-target on the head seen from above, nose "
            "up, by time from the flash."
        )
        if are_unequal(self.averages):
            caption += (
                " One subject or electrode is louder than others by far, so each electrode of each "
                "subject was divided by the robust standard deviation (SD) of its averages."
            )
        figure = plot_difference_maps(self.averages, self.places)
        return picture(self._named("topographies"), figure, caption)

    def _image(self, image: pd.DataFrame) -> Block:
        n = image["subject"].nunique()
        shown = "" if n <= MOST_IMAGES else f" The first {MOST_IMAGES} of {n} subjects."
        most, share = image["n"].max(), f"{100 * SMOOTHED:.0f} %"
        caption = (
            f"{self.dataset}: target epochs of each subject at {image['electrode'].iloc[0]} in the "
            "order of time, run below run; lines divide runs. Red: positive, blue: negative, up to "
            "the amplitude above the image. "
            + (f"Up to {most:,} neighbours are averaged; they are " if most > 1 else "They are ")
            + f"smoothed over the epochs of a run (Gaussian, SD {share} of all).{shown}"
        )
        return picture(self._named("epoch_images"), plot_epoch_images(image), caption)

    def _each_subject(self, r_squared: pd.DataFrame, most: int) -> Iterator[Block]:
        if len(self.subjects) < 2:
            return
        left = len(self.subjects) - most
        if left > 0:
            yield Text(
                f"{self.dataset}: a figure for each of the first {most} subjects; that of the "
                f"{left} others draws p300.report.plot_subject_responses."
            )
        for k, subject in enumerate(self.subjects[:most], start=1):
            own = self.averages[self.averages["subject"] == subject]
            electrode, time, value = peak(
                mean_over_subjects(r_squared[r_squared["subject"] == subject])
            )
            n = own.groupby("kind")["n"].first()
            caption = (
                f"{self.dataset}, subject {subject}: signed r² {signed(value)} at {electrode}, "
                f"{1e3 * time:.0f} ms; {n['target']:,} targets, {n['nontarget']:,} others"
            )
            image = None if self.image is None else self.image[self.image["subject"] == subject]
            figure = plot_subject_responses(own, image, self.places)
            yield picture(f"{self._named('responses')}_{k}", figure, caption, folded=True)
