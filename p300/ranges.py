"""Ranges of settings, as annotations of the functions and classes that take them.

``n_filters: Count = 4`` says where the parameter is written what values it may have;
:func:`p300.arguments.check_arguments` and pydantic models refuse all others when a config is read.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Strict

Count = Annotated[int, Strict(), Field(ge=1)]
"""A whole number of things of which there must be one at least."""

Natural = Annotated[int, Strict(), Field(ge=0)]
"""A whole number of things of which there may be none."""

Several = Annotated[int, Strict(), Field(ge=2)]
"""A whole number of parts, of which one is set aside."""

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
"""A finite number above 0."""

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A finite number of 0 or more."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
"""Any number but NaN and infinity."""

Share = Annotated[float, Field(gt=0, lt=1)]
"""A part of a whole, strictly between nothing and all."""

Probability = Annotated[float, Field(ge=0, lt=1)]
"""A chance that is never certainty: of a dropout, for instance."""
