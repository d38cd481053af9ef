"""Where two experiments differ, by content: what their JSON has, so that tuples equal lists."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from p300.runs.config import Experiment

MOST_NAMED = 3
"""Differences that are told."""

_LONGEST = 60


def tell_differences(mine: Experiment, theirs: Experiment) -> str:
    """Return where two experiments differ, by key path; nothing where they say the same.

    Their descriptions may: nothing that is computed depends on them.

    Parameters
    ----------
    mine, theirs
        What is asked for "here" and what stands "there".
    """
    found = list(_differences(*(_as_json(experiment) for experiment in (mine, theirs))))
    more = len(found) - MOST_NAMED
    return "; ".join([*found[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])])


def _as_json(experiment: Experiment) -> Any:
    return json.loads(json.dumps(experiment.model_dump(mode="json", exclude={"description"})))


def _differences(mine: Any, theirs: Any, key: str = "") -> Iterator[str]:
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for name in {**mine, **theirs}:
            path = f"{key}.{name}" if key else name
            if name in mine and name in theirs:
                yield from _differences(mine[name], theirs[name], path)
            else:
                yield f"{path}: only {'here' if name in mine else 'there'}"
    elif mine != theirs:
        yield f"{key}: {_short(mine)} here, {_short(theirs)} there"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
