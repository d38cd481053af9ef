"""Ways to spoil stored files: bytes, JSON, arrays, tables, and the files themselves."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterator
from functools import reduce
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

Mutation = Callable[[Path, Random], str]
"""Spoils a file; says how."""

NUMBERS = (b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\xff" * 8, b"9999", b"-1", b"NaN", b"1e999")


def spoil_bytes(file: Path, random: Random) -> str:
    content = file.read_bytes()
    at = random.randrange(min(len(content), random.choice([300, len(content)])) + 1)
    at = len(content) - at if random.random() < 0.3 else at
    head, tail, new = content[:at], content[at:], random.choice(NUMBERS)
    more = random.randbytes(random.randrange(1, 40))
    what, spoilt = random.choice(
        [
            ("flip", head + bytes(byte ^ 1 << random.randrange(8) for byte in tail[:1]) + tail[1:]),
            ("number", head + new + tail[len(new) :]),
            ("insert", head + more + tail),
            ("delete", head + tail[len(more) :]),
            ("zero", head + bytes(len(tail[:40])) + tail[40:]),
            ("cut", head),
            ("empty", b""),
            ("noise", 80 * more),
        ]
    )
    file.write_bytes(spoilt)
    return f"{what} at {at}"


RAW = {
    "NaN": "NaN", "Infinity": "-Infinity", "1e999": "1e999", "huge": "9" * 5000,
    "deep": "[" * 50_000 + "]" * 50_000, "deep objects": '{"a":' * 300 + "1" + "}" * 300,
    "many": "[" + "[]," * 300_000 + "[]]", "surrogate": '"\\ud800"',
    "long": '"' + "x" * 10**6 + '"',
}  # fmt: skip
"""JSON that :mod:`json` does not write."""
VALUES = (
    None, True, False, 0, -1, 1, 2, 10**18, -(10**18), 2**63, 10**30, 10**300, 0.5, 1e-300, 1e38,
    1e308, -1e308, "", "1", "none", "a\x1b[2Jb", "../../outside", "/etc/passwd", "\0", [], [[]], {},
    [None], [1, 2], {"a": 1}, {"": {}}, [1e308] * 3, list(range(1000)),
)  # fmt: skip


def spoil_json(file: Path, random: Random) -> str:
    content = json.loads(file.read_text(encoding="utf-8"))
    places = list(_places(content, ()))
    # A key near the root as often as one of the many in lists.
    depth = random.randrange(max(len(path) for path in places)) + 1
    *outer, key = random.choice([path for path in places if len(path) == depth])
    inner = reduce(lambda within, one: within[one], outer, content)
    what = random.choice(["value", "value", "value", "raw", "drop", "rename", "double", "swap"])
    name, raw = random.choice(sorted(RAW.items()))
    old = inner.pop(key)
    if what not in ("drop", "rename"):
        new = {"value": random.choice(VALUES), "raw": "@raw@", "double": [old, old]}
        value = new.get(what, next(iter(content.values()), None))
        inner.insert(key, value) if isinstance(inner, list) else inner.update({key: value})
        what += f" {str(value)[:20]!r} {name if what == 'raw' else ''}"
    elif what == "rename" and isinstance(inner, dict):
        inner[f"{key}x"] = old
    text = json.dumps(content, indent=1, ensure_ascii=False)
    file.write_text(text.replace('"@raw@"', raw), encoding="utf-8")
    return f"{what} at {'.'.join(map(str, [*outer, key]))}"


def _places(content: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from _places(value, (*path, key))


def spoil_config(file: Path, random: Random) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    k = random.randrange(len(lines))
    key, value = lines[k].partition(":")[0], random.choice(VALUES)
    what, new = random.choice(
        [("drop", []), ("value", [f"{key}: {value!r}"]), ("twice", [lines[k], lines[k]])]
    )
    file.write_text("\n".join([*lines[:k], *new, *lines[k + 1 :]]), encoding="utf-8")
    return f"{what} at {key.strip()}"


def spoil_safetensors(file: Path, random: Random) -> str:
    arrays = load_file(file)
    name = random.choice(sorted(arrays))
    array = arrays[name].copy()
    single = np.arange(array.size).reshape(array.shape) == random.randrange(max(1, array.size))
    most = np.finfo(array.dtype).max if array.dtype.kind == "f" else 2**31 - 1
    kind = random.choice(["float16", "float64", "int32", "bool", "complex64"])
    new: dict[str, Callable[[], Any]] = {
        "NaN": lambda: np.where(single, np.nan, array).astype(array.dtype),
        "infinite": lambda: np.where(single, np.inf, array).astype(array.dtype),
        "one huge": lambda: np.where(single, most, array).astype(array.dtype),
        "huge": lambda: np.full_like(array, most / 2),
        "negative": lambda: -array,
        "zero": lambda: np.zeros_like(array),
        f"as {kind}": lambda: array.astype(kind),
        "more axes": lambda: array.reshape(-1, *([1] * random.randrange(4))),
        "longer": lambda: np.concatenate([array, array]),
        "shorter": lambda: array[:-1],
    }
    what = random.choice([*sorted(new), "drop", "extra", "header"])
    with np.errstate(all="ignore"):
        changed = {name: new[what]()} if what in new else {"extra": np.ones(3)}
    kept = {other: own for other, own in arrays.items() if (other, what) != (name, "drop")}
    save_file({n: np.ascontiguousarray(a) for n, a in {**kept, **changed}.items()}, file)
    if what == "header":
        shapes = f'{{"{name}":{{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4]}}}}'
        file.write_bytes(struct.pack("<Q", len(shapes)) + shapes.encode() + b"\0" * 4)
    return f"{what} of {name}"


def spoil_npy(file: Path, random: Random) -> str:
    array = np.load(file)
    what, header = random.choice(
        [
            ("huge", {"descr": "<f4", "fortran_order": False, "shape": (10**12, 8, 79)}),
            ("no samples", {"descr": "<f4", "fortran_order": False, "shape": (10**12, 0, 79)}),
            ("objects", {"descr": "|O", "fortran_order": False, "shape": array.shape}),
            ("Fortran", {"descr": "<f4", "fortran_order": True, "shape": array.shape}),
            ("doubles", {"descr": "<f8", "fortran_order": False, "shape": array.shape}),
            ("fields", {"descr": [("a", "<f4")], "fortran_order": False, "shape": array.shape}),
            ("negative", {"descr": "<f4", "fortran_order": False, "shape": (-1, 8, 79)}),
            ("flat", {"descr": "<f4", "fortran_order": False, "shape": (array.size,)}),
            ("text", {"descr": "<f4", "fortran_order": False, "shape": "many"}),
            ("turned", {"descr": "<f4", "fortran_order": False, "shape": array.shape[::-1]}),
        ]
    )
    with file.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        stream.write(array.tobytes())
    return what


def spoil_table(file: Path, random: Random) -> str:
    table = pd.read_parquet(file)
    name, n = random.choice(list(table.columns)), len(table)
    new: dict[str, Callable[[], Any]] = {
        "drop": lambda: pa.Table.from_pandas(table.drop(columns=name)),
        "NaN": lambda: pa.Table.from_pandas(table.assign(**{name: np.nan})),
        "inf": lambda: pa.Table.from_pandas(table.assign(**{name: -np.inf})),
        "huge": lambda: pa.Table.from_pandas(table.assign(**{name: 1e308})),
        "negative": lambda: pa.Table.from_pandas(table.assign(**{name: -(2**62)})),
        "text": lambda: pa.Table.from_pandas(table.assign(**{name: "x\x1b[2J"})),
        "long text": lambda: pa.Table.from_pandas(table.assign(**{name: "x" * 10**6})),
        "one": lambda: pa.Table.from_pandas(table.assign(**{name: 1})),
        "true": lambda: pa.Table.from_pandas(table.assign(**{name: True})),
        "no rows": lambda: pa.Table.from_pandas(table.iloc[:0]),
        "twice": lambda: pa.Table.from_pandas(pd.concat([table, table])),
        "few": lambda: pa.Table.from_pandas(table.iloc[:3]),
        "mixed": lambda: pa.Table.from_pandas(table.sample(frac=1, random_state=1)),
        "nested": lambda: pa.table({**_columns(table), name: [[[1, 2]]] * n}),
        "struct": lambda: pa.table({**_columns(table), name: [{"a": {"b": 1}}] * n}),
        "decimal": lambda: pa.table({**_columns(table), name: pa.nulls(n, pa.decimal128(9))}),
        "time": lambda: pa.table({**_columns(table), name: pa.nulls(n, pa.timestamp("s"))}),
        "bytes": lambda: pa.table({**_columns(table), name: [b"\xff"] * n}),
        "bomb": lambda: pa.table({c: pa.nulls(30_000_000, pa.float64()) for c in table.columns}),
        "text bomb": lambda: pa.table(
            {
                **{column: pa.nulls(900_000) for column in table.columns},
                name: pa.DictionaryArray.from_arrays(np.zeros(900_000, "i4"), ["x" * 50_000]),
            }
        ),
    }
    what = random.choice(sorted(new))
    codec = random.choice(["snappy", "snappy", "snappy", "zstd", "none"])
    parquet.write_table(new[what](), file, compression=codec)
    return f"{what} of {name}, {codec}"


def _columns(table: pd.DataFrame) -> dict[str, Any]:
    return {name: pa.array(table[name]) for name in table.columns}


BY_ENDING: dict[str, Mutation] = {
    ".json": spoil_json,
    ".yaml": spoil_config,
    ".safetensors": spoil_safetensors,
    ".npy": spoil_npy,
    ".parquet": spoil_table,
}


def replace_file(file: Path, random: Random, folder: Path, outside: Path) -> str:
    """Drop a file or put something else in its place; ``outside`` holds what no one may open."""
    if random.random() < 0.1 and file.parent != folder:
        kept = outside / f"kept-{file.parent.name}"
        file.parent.rename(kept)
        file.parent.symlink_to(kept)
        return "folder replaced by a link to it"
    other = random.choice([f for f in sorted(folder.rglob("*")) if f.is_file()])
    content, others = file.read_bytes(), other.read_bytes()
    (outside / file.name).write_bytes(content)
    os.mkfifo(outside / "pipe")
    new: dict[str, Callable[[], Any]] = {
        "nothing": lambda: None,
        "a pipe": lambda: os.mkfifo(file),
        "a folder": file.mkdir,
        "a link to nowhere": lambda: file.symlink_to(outside / "nowhere"),
        "a link to itself": lambda: file.symlink_to(file),
        "a link to a device": lambda: file.symlink_to("/dev/zero"),
        "a link to itself outside": lambda: file.symlink_to(outside / file.name),
        "a link to a pipe": lambda: file.symlink_to(outside / "pipe"),
        f"{other.name}": lambda: (file.write_bytes(others), other.write_bytes(content)),
    }
    what = random.choice(sorted(new))
    file.unlink()
    new[what]()
    return f"replaced by {what}"


SPOILT = (ValueError, TypeError, LookupError, OSError, RecursionError, AttributeError, EOFError)


def spoil(folder: Path, random: Random, outside: Path) -> str:
    """Spoil one or two files of a folder; says which, and how."""
    said = []
    for _ in range(random.choice([1, 1, 1, 2])):
        files = [f for f in sorted(folder.rglob("*")) if f.is_file() and not f.is_symlink()]
        if not files:
            break
        file = random.choice(files)
        by_ending = BY_ENDING.get(file.suffix, spoil_bytes)
        try:
            how = random.choice([by_ending, by_ending, by_ending, spoil_bytes, None])
            what = how(file, random) if how else replace_file(file, random, folder, outside)
        except (pa.ArrowException, SafetensorError, *SPOILT):
            what = spoil_bytes(file, random)  # it was spoilt already
        said.append(f"{file.relative_to(folder)}: {what}")
    return "; ".join(said)
