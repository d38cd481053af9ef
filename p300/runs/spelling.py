"""How characters are spelled: the ``spelling`` part of a config."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from p300.ranges import NonNegative, Positive, Probability, Share

TARGET_ERROR = 0.05
"""Usual share of wrong decisions that dynamic stopping aims at."""


class Spelling(BaseModel):
    """How characters are spelled from scores."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    dynamic: bool = False
    """Whether to spell with posteriors and dynamic stopping too, not only by the paper's sum of
    probabilities. What they need is learned from cross-fitted training scores, which takes five
    more fits a fold."""
    target_error: Share | None = TARGET_ERROR
    """Wanted share of wrong decisions in dynamic stopping, among those that are not forced. None:
    whatever share gives the most bits a minute on training characters."""
    error_seconds: Positive | None = None
    """Seconds that a wrong symbol costs. Given, dynamic stopping is by risk, in place of
    ``target_error``: errors and time together cost least on training characters, and nothing is
    spelled where nobody seems to attend or a symbol is too doubtful."""
    nobody: Probability | None = None
    """How probable it is beforehand that nobody attends, for ``error_seconds``. None: the share of
    training characters at which nobody did, which is mostly 0."""
    pause: Annotated[NonNegative, Field(le=3600)] | None = None
    """Seconds between characters that rates count; None measures them from the flashes."""
    language_model: str | None = None
    """File of n-gram counts, see ``LanguageModel.load``; None for equally likely symbols."""
    random_text: tuple[str, ...] = ()
    """Data sets whose strings are random letters, so that a language model is refused on them."""
