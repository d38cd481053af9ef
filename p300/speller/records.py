"""What the JSON file of a stored speller holds, checked on reading."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, Strict

from p300.ranges import Count, Finite, NonNegative, Positive, Probability
from p300.recordings.records import LayoutRecord
from p300.speller.evidence import LikelihoodRatio
from p300.speller.model import SpellerModel
from p300.speller.stopping import Risk

_UpToOne = Annotated[float, Strict(), Field(gt=0, le=1)]


class RatioRecord(BaseModel):
    """See :class:`p300.speller.evidence.LikelihoodRatio`."""

    slope: NonNegative
    intercept: Finite


class RiskRecord(BaseModel):
    """See :class:`p300.speller.stopping.Risk`."""

    nobody: Probability
    miss: Positive


class ModelRecord(BaseModel):
    """See :class:`p300.speller.model.SpellerModel`."""

    ratio: RatioRecord
    factor: _UpToOne
    threshold: _UpToOne
    repetitions: Count | None = None
    risk: RiskRecord | None = None

    def model(self) -> SpellerModel:
        """Return the speller."""
        ratio = LikelihoodRatio(self.ratio.slope, self.ratio.intercept)
        risk = None if self.risk is None else Risk(self.risk.nobody, self.risk.miss)
        return SpellerModel(ratio, self.factor, self.threshold, self.repetitions, risk)


class SpellerRecord(ModelRecord):
    """``speller.json``: what a speller has learned, and the layout that it learned on."""

    layout: LayoutRecord
