"""Folders of strangers: nothing outside is opened, and no file is taken at its word."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from pydantic import BaseModel
from safetensors.numpy import save_file

from p300.columns import METRIC_ROWS, NUMBER, TEXT, WHOLE_OR_NONE, Schema
from p300.errors import DetectorError, StoredFileError
from p300.files import read_json, write_json
from p300.ranges import Finite
from p300.stored import StoredFolder
from p300.stored.tables import MOST_SMALL_ROWS

SCHEMA = Schema({"name": TEXT, "count": WHOLE_OR_NONE, "value": NUMBER})
TABLE = pd.DataFrame({"name": ["a", "b"], "count": pd.array([1, None], "Int64"), "value": [0.5, 2]})


class Record(BaseModel):
    a: Finite


@pytest.fixture
def stored(tmp_path):
    (tmp_path / "stored").mkdir()
    return StoredFolder(tmp_path / "stored", DetectorError, "do this")


def put_pipe(file, outside):
    os.mkfifo(file)


def put_link_to_pipe(file, outside):
    os.mkfifo(outside / "pipe")
    file.symlink_to(outside / "pipe")


def put_link_outside(file, outside):
    (outside / "secret").write_bytes(b"{}")
    file.symlink_to(outside / "secret")


PLANTED = {
    "pipe": (put_pipe, "no plain file found"),
    "folder": (lambda file, _: file.mkdir(), "no plain file found"),
    "device": (lambda file, _: file.symlink_to("/dev/zero"), "a link out of its folder"),
    "link to a pipe": (put_link_to_pipe, "a link out of its folder"),
    "link outside": (put_link_outside, "a link out of its folder"),
    "link to nowhere": (lambda file, _: file.symlink_to("nowhere"), "no plain file found"),
    "link to itself": (lambda file, _: file.symlink_to(file), "no plain file|leads nowhere"),
    "nothing": (lambda file, _: None, "nothing found, expected a file"),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize(
    "read",
    [
        lambda stored: stored.json("a"),
        lambda stored: stored.text("a", 10),
        lambda stored: stored.arrays("a"),
        lambda stored: stored.memory_mapped("a", 3),
        lambda stored: stored.table("a", SCHEMA),
    ],
)
def test_only_plain_files_inside_are_opened(planted, read, stored, tmp_path):
    put, message = PLANTED[planted]
    put(stored.path / "a", tmp_path)
    with pytest.raises(DetectorError, match=message) as caught:
        read(stored)
    assert str(caught.value).startswith(str(stored.path / "a"))
    assert str(caught.value).endswith("; do this")
    assert stored.has("a") == (planted != "nothing")


def test_links_inside_and_to_the_folder_are_followed(stored, tmp_path):
    write_json(stored.path / "a.json", {"a": 1})
    (stored.path / "b.json").symlink_to("a.json")
    (tmp_path / "link").symlink_to(stored.path)
    assert StoredFolder(tmp_path / "link").json("b.json") == {"a": 1}


def test_a_link_between_the_folder_and_the_file_is_one_too(stored, tmp_path):
    (tmp_path / "outside").mkdir()
    (stored.path / "inner").symlink_to(tmp_path / "outside")
    write_json(tmp_path / "outside" / "a.json", {})
    with pytest.raises(DetectorError, match="a link out of its folder"):
        stored.json("inner/a.json")


def test_json_is_an_object_and_a_record_of_its_kind(stored):
    write_json(stored.path / "a.json", [1])
    with pytest.raises(DetectorError, match=r"a\.json: list found, expected a JSON object; do"):
        stored.json("a.json")
    write_json(stored.path / "a.json", {"a": "x" * 500})
    with pytest.raises(DetectorError, match=r"a\.json: a: 'xxx.* found: .*number; do this") as told:
        stored.record("a.json", Record)
    assert len(str(told.value)) < 400
    write_json(stored.path / "a.json", {})
    with pytest.raises(DetectorError, match=r"a\.json: a: nothing found"):
        stored.record("a.json", Record)
    (stored.path / "a.json").write_text('{"a": 1, "a": 2}')
    with pytest.raises(DetectorError, match=r"a\.json is damaged \(ValueError: key 'a' is there"):
        stored.json("a.json")


def test_files_are_not_read_beyond_their_largest_size(stored):
    with (stored.path / "a.json").open("wb") as file:
        file.truncate(2**40)  # takes no room
    with pytest.raises(DetectorError, match=r"1,099,511,627,776 bytes found, at most"):
        stored.json("a.json")
    with pytest.raises(StoredFileError, match=r"a\.json is damaged \(1,099,511,627,776 bytes"):
        read_json(stored.path / "a.json")
    with pytest.raises(DetectorError, match=r"bytes found, at most"):
        stored.arrays("a.json")


# Arrays.


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_named(value, stored):
    save_file({"fine": np.ones(3), "odd": np.array([1, value])}, stored.path / "w")
    with pytest.raises(DetectorError, match=r"w is damaged .*array odd holds NaN or infinite"):
        stored.arrays("w")


def test_arrays_that_promise_more_than_there_is_are_refused(stored):
    text = b'{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}'
    (stored.path / "w").write_bytes(len(text).to_bytes(8, "little") + text + bytes(4))
    with pytest.raises(DetectorError, match=r"w is damaged"):
        stored.arrays("w")
    save_file({"a": np.ones(3, np.complex64)}, stored.path / "w")
    with pytest.raises(DetectorError, match=r"w is damaged .*array a of complex64"):
        stored.arrays("w")


def write_npy(file, shape, descr="<f4", n_bytes=None, *, by_columns=False):
    header = {"descr": descr, "fortran_order": by_columns, "shape": shape}
    with file.open("wb") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
        stream.write(bytes(4 * int(np.prod(shape)) if n_bytes is None else n_bytes))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"shape": (10**12, 2, 3), "n_bytes": 48}, r"24,000,000,000,000 promised|bytes promised"),
        ({"shape": (10**12, 0, 3), "n_bytes": 0}, "0 bytes promised, 0 found"),
        ({"shape": (2, 2, 3), "n_bytes": 49}, "48 bytes promised, 49 found"),
        ({"shape": (2, 2, 3), "n_bytes": 44}, "48 bytes promised, 44 found"),
        ({"shape": (-1, 2, 3), "n_bytes": 44}, "dimensions"),
        ({"shape": (2, 2, 3), "by_columns": True}, "in Fortran order found, expected float32"),
        ({"shape": (2, 2, 3), "descr": "|O"}, "object .* found, expected float32"),
        ({"shape": (2, 2, 3), "descr": [("a", "<f4")]}, "found, expected float32"),
        ({"shape": (2, 2, 3), "descr": ">f4"}, "found, expected float32"),
        ({"shape": (12,)}, "expected float32 of 3 axes"),
    ],
)
def test_an_array_is_exactly_what_its_header_says(wrong, message, stored):
    write_npy(stored.path / "X.npy", **wrong)
    with pytest.raises(DetectorError, match=message):
        stored.memory_mapped("X.npy", 3)


def test_a_header_that_cannot_be_parsed_is_damage(stored):
    write_npy(stored.path / "X.npy", (2, 2, 3))
    content = (stored.path / "X.npy").read_bytes()
    for end in (b"(2, 2, '", b"(2, 2 3)", b"(2, 2, x)"):
        (stored.path / "X.npy").write_bytes(content.replace(b"(2, 2, 3)", end))
        with pytest.raises(DetectorError, match=r"X\.npy is damaged"):
            stored.memory_mapped("X.npy", 3)


@pytest.mark.parametrize("n", [0, 2])
def test_arrays_stay_on_disk(n, stored):
    write_npy(stored.path / "X.npy", (n, 2, 3))
    X = stored.memory_mapped("X.npy", 3)
    assert X.shape == (n, 2, 3)
    assert isinstance(X, np.memmap) == (n > 0)


# Tables.


def test_a_table_comes_back_as_it_was(stored):
    TABLE.to_parquet(stored.path / "t.parquet")
    pd.testing.assert_frame_equal(stored.table("t.parquet", SCHEMA), SCHEMA.read(TABLE, "t"))
    metrics = METRIC_ROWS.empty()
    metrics.to_parquet(stored.path / "t.parquet")
    pd.testing.assert_frame_equal(stored.table("t.parquet", METRIC_ROWS), metrics)


N = 900_000
COLUMNS = {"name": ["a", "b"], "count": [1, 2], "value": [0.5, 1.5]}
BOMBS = {
    "rows": ({c: pa.nulls(20 * MOST_SMALL_ROWS, pa.float64()) for c in COLUMNS}, "20,000,000 rows"),
    "text": (
        {"name": pa.DictionaryArray.from_arrays(np.zeros(N, "int32"), ["x" * 10_000])},
        "9,000,000,000 bytes of text",
    ),
    "nested": ({**COLUMNS, "name": [[["a"]], [["b"]]]}, "column name: list.* found"),
    "structure": ({**COLUMNS, "value": [{"a": 1}, {"a": 2}]}, "column value: struct.* found"),
    "decimal": ({**COLUMNS, "value": pa.nulls(2, pa.decimal128(9))}, "column value: decimal"),
    "bytes": ({**COLUMNS, "name": [b"a", b"\xff"]}, "column name: binary found"),
    "not UTF-8": (
        {**COLUMNS, "name": pa.array([b"a", b"\xff"]).cast(pa.string(), safe=False)}, "UTF8|UTF-8",
    ),
    "infinite": ({**COLUMNS, "value": [0.5, np.inf]}, "column value: inf found, expected finite"),
    "half": ({**COLUMNS, "count": [1.5, 2]}, "column count: .* expected whole numbers; do this"),
}  # fmt: skip


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", BOMBS)
def test_tables_that_grow_or_hold_something_else_are_refused(kind, stored):
    columns, message = BOMBS[kind]
    parquet.write_table(pa.table(columns), stored.path / "t.parquet")
    with pytest.raises(DetectorError, match=message) as caught:
        stored.table("t.parquet", SCHEMA)
    assert str(caught.value).startswith(str(stored.path / "t.parquet"))


def test_tables_packed_tighter_than_here_are_refused(stored):
    parquet.write_table(pa.table(COLUMNS), stored.path / "t.parquet", compression="zstd")
    with pytest.raises(DetectorError, match="ZSTD found"):
        stored.table("t.parquet", SCHEMA)


def test_a_column_twice_is_refused(stored):
    twice = pa.Table.from_arrays([pa.array([1.0])] * 2, ["value", "value"])
    parquet.write_table(twice, stored.path / "t.parquet")
    with pytest.raises(DetectorError, match="expected each once"):
        stored.table("t.parquet", SCHEMA)


def test_other_files_say_how_many_rows_there_are(stored):
    TABLE.to_parquet(stored.path / "t.parquet")
    assert len(stored.table("t.parquet", SCHEMA, n_rows=2)) == 2
    with pytest.raises(DetectorError, match="2 rows found, 3 expected by the other files"):
        stored.table("t.parquet", SCHEMA, n_rows=3)
