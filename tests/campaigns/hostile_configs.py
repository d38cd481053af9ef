"""Configs made up to do harm, as files, ``--set`` and ``--option``: an error, or as they say."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import yaml
from campaigns.hostile_yaml import DOCUMENTS, PIECES, numbers, wrong
from campaigns.tried import MIB, Tried, outcome_of

from p300.arguments import parse_options
from p300.recordings import SOURCES
from p300.recordings.registry import check_options
from p300.runs.config import Experiment, load_experiment, parse_experiment
from p300.runs.plan import preview

SECONDS, CPU, MEMORY = 20, 2.0, 300 * MIB
"""Of the clock, on a machine that is busy, and of the processor; beyond what the imports take."""

FULL = """
name: hostile
description: one
seed: 1
repeats: 1
datasets:
  simulated:
  - {source: simulated, n_subjects: 2, n_runs: 2, characters_per_run: 3, repetitions: 3,
    subjects: ['1', '2']}
distinct_subjects: [['1', '01']]
detectors: {lda: {detector: slda, alignment: euclidean}, cnn: {detector: cnn1, max_passes: 3}}
protocols: {within_subject: {}, cross_subject: {detectors: [lda]}}
"""
"""A config that is right; one of its values is replaced, or one of its defaults."""


def hostile_configs(place: Path, seed: int, tries: Iterable[int]) -> Iterator[Tried]:
    """Yield what came of configs, overrides and options."""
    # What is imported when it is first used is no part of what a config may take.
    preview(parse_experiment(FULL), Path())
    for name in SOURCES:
        check_options(name, {})
    file = place / "hostile.yaml"
    for k in tries:
        random = Random(f"{seed}-{k}")
        way = random.choice([_text, _text, _text, _override, _option])
        what, use = way(random, file)
        yield Tried(k, what, judged(use))


def judged(use: Any) -> str:
    """Tell what came of one config, and whether it took too much of the processor."""
    began = time.process_time()
    found = outcome_of(use, seconds=SECONDS, memory=MEMORY)
    took = time.process_time() - began
    return found if took <= CPU else f"{found}, {took:.1f} s of the processor"


def _text(random: Random, file: Path) -> tuple[str, Any]:
    """Put a piece somewhere into a config, or noise, or write another kind of document."""
    kind = random.choice(["value", "value", "value", "value", "new key", "noise", "document"])
    said, text = kind, FULL
    if kind == "document":
        text = random.choice([*DOCUMENTS, *(piece(random) for piece in PIECES)])
    elif kind == "noise":
        content, at, n = FULL.encode(), random.randrange(len(FULL)), random.randrange(1, 9)
        marks = "".join(random.choices("[]{}:,-#&*!|>'\"%@` \n0aZ", k=n)).encode()
        new = random.choice([random.randbytes(n), marks, marks])
        text = (content[:at] + new + content[at + random.randrange(4) :]).decode(
            "utf-8", "surrogateescape"
        )
    else:
        piece = random.choice(PIECES)
        path = random.choice(list(_places(_resolved(), ())))
        path = (*path[:-1], "more") if kind == "new key" else path
        text = _with(path, piece(random))
        said = f"{piece.__name__} at {'.'.join(map(str, path))}"
    file.write_bytes(
        text.encode("utf-8", "surrogateescape" if kind == "noise" else "surrogatepass")
    )
    return f"{said}: {_short(text)}", partial(_loaded, file, ())


def _override(random: Random, file: Path) -> tuple[str, Any]:
    file.write_text(FULL, encoding="utf-8")
    path = [str(key) for key in random.choice(list(_places(_resolved(), ())))]
    odd = ["0", "-1", "99999999", "", "name", "a.b", "\x1b", "[0]", "\udcff", "x" * 10**5]
    if random.random() < 0.3:
        path[random.randrange(len(path))] = random.choice(odd)
    piece = random.choice(PIECES)
    given = f"{'.'.join(path)}={piece(random)}"
    given = random.choice([given] * 9 + [given.partition("=")[0]])
    return f"--set {_short(given)} ({piece.__name__})", partial(_loaded, file, [given])


def _option(random: Random, file: Path) -> tuple[str, Any]:
    from p300.arguments import accepted_arguments
    from p300.recordings import source_module

    source = random.choice(sorted(SOURCES))
    names = sorted(accepted_arguments(source_module(source).load, ("path", "dataset", "subjects")))
    piece = random.choice([*PIECES, numbers, wrong])
    given = f"{random.choice([*names, *names, 'odd', ''])}={piece(random)}"

    def use() -> Any:
        check_options(source, parse_options([given]))
        return [0.0]

    return f"--source {source} --option {_short(given)} ({piece.__name__})", use


def _loaded(file: Path, overrides: Sequence[str]) -> Any:
    """Load a config; what is accepted reads back as it was written, and its folds are planned."""
    experiment = load_experiment(file, overrides)
    if parse_experiment(experiment.to_yaml()) != experiment:
        raise AssertionError("the resolved config reads back as another one")
    if _is_small(experiment):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            preview(experiment, file.parent)
    return [experiment.seed, experiment.repeats]


def _is_small(experiment: Experiment) -> bool:
    """Tell whether reading the recordings takes no time: to be asked for many is no fault."""
    sizes = ("n_subjects", "n_runs", "characters_per_run", "repetitions")
    sources = [source for several in experiment.datasets.values() for source in several]
    return (
        experiment.repeats < 5
        and len(sources) < 3
        and all(
            source.source == "simulated"
            and all(source.options.get(size, 99) < 5 for size in sizes)
            and source.options.get("sfreq", 240) < 300
            for source in sources
        )
    )


def _resolved() -> Any:
    return yaml.safe_load(parse_experiment(FULL).to_yaml())


def _places(content: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from _places(value, (*path, key))


def _with(path: Sequence[Any], piece: str) -> str:
    """Write the resolved config with a piece of YAML in the place of one of its values."""
    content = _resolved()
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    if isinstance(inner, list) and not isinstance(path[-1], int):
        inner.append("@piece@")
    else:
        inner[path[-1]] = "@piece@"
    return yaml.safe_dump(content, sort_keys=False, default_flow_style=True, width=10**9).replace(
        "'@piece@'", piece
    )


def _short(text: str) -> str:
    return repr(text if len(text) < 300 else f"{text[:200]} ... {text[-60:]}")
