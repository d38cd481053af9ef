"""JSON that others may have written, read so that it can neither surprise nor exhaust."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any

from p300.arguments import repeated

LARGEST = 64 * 2**20
"""Bytes; the record of a large network with all it shows has a twentieth of that."""

BYTES_A_VALUE = 16
"""Of a text of the largest size: one of brackets alone means a hundred times its size in memory."""

DEEPEST = 64
"""Brackets in each other."""

_TEXTS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_json(data: bytes, largest: int = LARGEST) -> Any:
    """Return what a JSON text says: finite numbers of at most 64 bits, no key twice, proper text.

    Size, number of values and depth are bounded before anything is made of them.

    Parameters
    ----------
    data
        The text in UTF-8.
    largest
        Bytes that it may have, and :data:`BYTES_A_VALUE` times the values.

    Raises
    ------
    ValueError
        Saying what is wrong.
    """
    if len(data) > largest:
        raise ValueError(f"{len(data):,} bytes found, at most {largest:,} expected")
    _check_shape(_TEXTS.sub(b"", data), largest // BYTES_A_VALUE)
    content = json.loads(
        data.decode("utf-8"),
        parse_int=_whole,
        parse_float=_finite,
        parse_constant=_refuse_constant,
        object_pairs_hook=_once,
    )
    if _SURROGATE.search(data):  # half a character: no file can be named by it, no page show it
        json.dumps(content, ensure_ascii=False).encode("utf-8")
    return content


def _check_shape(skeleton: bytes, most: int) -> None:
    """Refuse too many values and too deep ones; of the text only what is outside quotes is seen."""
    n_values = sum(skeleton.count(mark) for mark in b",:[{")
    if n_values > most:
        raise ValueError(f"{n_values:,} values found, at most {most:,} expected")
    steps = (_STEPS[mark] for mark in skeleton.translate(None, delete=_NO_BRACKETS))
    if (depth := max(accumulate(steps), default=0)) > DEEPEST:
        raise ValueError(f"brackets {depth:,} deep found, at most {DEEPEST} expected")


def _whole(text: str) -> int:
    number = int(text) if len(text) <= len(str(2**64)) else 2**64
    if not -(2**63) <= number < 2**64:
        raise ValueError(f"a number of {len(text)} digits found, expected one of 64 bits")
    return number


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} found, expected a finite number")
    return number


def _refuse_constant(text: str) -> Any:
    raise ValueError(f"{text} found, expected a finite number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        (twice, *_) = repeated(name for name, _ in pairs)
        raise ValueError(f"key {twice[:40]!r} is there twice")
    return content
