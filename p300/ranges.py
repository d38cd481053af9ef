"""Ranges of settings, as annotations of the functions and classes that take them.

``n_filters: Size = 4`` says where the parameter is written what values it may have.
:func:`p300.arguments.check_arguments` and pydantic models refuse all others when a config is read,
detectors when they are fitted, and ``p300 detectors NAME`` shows what :func:`describe` says of
them. True, "3" and NaN are no numbers.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, Strict, TypeAdapter

MOST = 1_000_000
"""Of anything counted: more is a slip of the pen."""

Count = Annotated[int, Strict(), Field(ge=1, le=MOST)]
"""A whole number of things of which there must be one at least."""

Natural = Annotated[int, Strict(), Field(ge=0, le=MOST)]
"""A whole number of things of which there may be none."""

Several = Annotated[int, Strict(), Field(ge=2, le=MOST)]
"""A whole number of parts, of which one is set aside."""

Group = Annotated[int, Strict(), Field(ge=3, le=MOST)]
"""A whole number of things that are compared among themselves."""

Size = Annotated[int, Strict(), Field(ge=1, le=1024)]
"""A whole number of things that take memory all at once: filters, neurons, samples of a kernel."""

Layers = Annotated[tuple[Size, ...], Field(min_length=1, max_length=16)]
"""A size for each layer of a network."""

Names = Annotated[tuple[str, ...], Field(min_length=1)]
"""Names, one at least; who wants all leaves them out."""

Seed = Annotated[int, Strict(), Field(ge=0, lt=2**32)]
"""What random numbers follow from; numpy, torch and scikit-learn all take it."""

Positive = Annotated[float, Strict(), Field(gt=0, allow_inf_nan=False)]
"""A finite number above 0."""

NonNegative = Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False)]
"""A finite number of 0 or more."""

Finite = Annotated[float, Strict(), Field(allow_inf_nan=False)]
"""Any number but NaN and infinity."""

Share = Annotated[float, Strict(), Field(gt=0, lt=1)]
"""A part of a whole, strictly between nothing and all."""

Probability = Annotated[float, Strict(), Field(ge=0, lt=1)]
"""A chance that is never certainty: of a dropout, for instance."""

_BOUNDS = {
    "minItems": "of at least",
    "maxItems": "of at most",
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
    "multipleOf": "a multiple of",
}
_KINDS = {
    "array": "list",
    "boolean": "true or false",
    "integer": "whole number",
    "null": "none",
    "object": "names with values",
    "string": "text",
}


def describe(annotation: Any) -> str:
    """Return in words which values an annotation allows: ``whole number at least 1``."""
    return _words(TypeAdapter(annotation).json_schema())


def _words(schema: dict[str, Any]) -> str:
    """Return in words what a JSON schema allows."""
    if choices := schema.get("anyOf"):
        return ", or ".join(_words(choice) for choice in choices)
    if "const" in schema or "enum" in schema:
        return " or ".join(map(str, schema.get("enum", [schema.get("const")])))
    kind = schema.get("type", "anything")
    said: str = _KINDS.get(kind, kind)
    bounds = [f"{word} {schema[bound]:.10g}" for bound, word in _BOUNDS.items() if bound in schema]
    if bounds:
        said += " " + " and ".join(bounds)
    if schema.get("items"):
        said += f" ({_words(schema['items'])})"
    return said
