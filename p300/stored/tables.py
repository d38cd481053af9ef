"""Parquet tables of this package: metadata are read first, and bound what is read after them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MOST_SMALL_ROWS = 1_000_000
"""Rows that any table may have; a longer one has numbers that take a byte a row at least, so a
small file that unpacks into more is refused."""

MOST_SMALL_TEXT = 64 * 2**20
"""Bytes of text that any column may have; a larger file ten times its own size."""

CODECS = ("SNAPPY", "UNCOMPRESSED")
"""How tables are packed here; nothing grows more than twentyfold by them."""

MOST_PARTS = 10_000
"""Columns, and groups of rows."""


def read_parquet(file: Path, names: Sequence[str], n_rows: int | None = None) -> pd.DataFrame:
    """Return those of some columns that a table has, of text, numbers, and true or false.

    What pandas has noted in the file is not asked.

    Parameters
    ----------
    file
        The table.
    names
        Of the columns.
    n_rows
        Rows that it must have, where that is known.

    Raises
    ------
    ValueError
        When it cannot be read, or would unpack into more than such a table can honestly hold.
    """
    import pandas as pd
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(file, thrift_container_size_limit=MOST_PARTS) as stored:
            wanted = [name for name in stored.schema_arrow.names if name in set(names)]
            _check_parts(stored, file, wanted, n_rows)
            texts = [n for n in wanted if _holds_text(stored.schema_arrow.field(n).type)]
        # A name that a million rows share is kept once, until it is known how much that makes.
        with ParquetFile(
            file, thrift_container_size_limit=MOST_PARTS, read_dictionary=texts
        ) as stored:
            table = stored.read(columns=wanted, use_threads=False)
        table.validate(full=True)
        columns = {name: _unpacked(table[name], file) for name in wanted}
        plain = pa.table(columns)
        types: dict[Any, Any] = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
        unpacked: pd.DataFrame = plain.to_pandas(types_mapper=types.get, use_threads=False)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error
    return unpacked


def _check_parts(stored: Any, file: Path, wanted: Sequence[str], n_rows: int | None) -> None:
    """Refuse what is too long, packed otherwise than here, nested, or there twice."""
    import pyarrow.types as kinds

    about, size = stored.metadata, file.stat().st_size
    if len(set(wanted)) < len(wanted):
        raise ValueError(f"columns {sorted(wanted)} found, expected each once")
    if about.num_rows > max(MOST_SMALL_ROWS, size):
        raise ValueError(f"{about.num_rows:,} rows in {size:,} bytes")
    if n_rows is not None and about.num_rows != n_rows:
        raise ValueError(f"{about.num_rows:,} rows found, {n_rows:,} expected by the other files")
    for name in wanted:
        kind = stored.schema_arrow.field(name).type
        plain = kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_boolean(kind)
        if not (plain or kinds.is_null(kind) or _holds_text(kind)):
            raise ValueError(f"column {name}: {kind} found, expected numbers, text or flags")
    packed = 0
    for group in (about.row_group(k) for k in range(about.num_row_groups)):
        for column in (group.column(k) for k in range(group.num_columns)):
            packed += column.total_compressed_size
            if column.compression not in CODECS:
                raise ValueError(f"{column.compression} found, expected one of {CODECS}")
    if packed > size:  # the same bytes again and again
        raise ValueError(f"{packed:,} bytes of columns in {size:,} bytes")


def _holds_text(kind: pa.DataType) -> bool:
    import pyarrow.types as kinds

    held = kind.value_type if kinds.is_dictionary(kind) else kind
    return bool(kinds.is_string(held) or kinds.is_large_string(held))


def _unpacked(column: pa.ChunkedArray, file: Path) -> pa.ChunkedArray:
    """Return a column whose text, if it holds any, is written out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        return column
    lengths = [pc.binary_length(chunk.dictionary).take(chunk.indices) for chunk in column.chunks]
    n_bytes = sum(pc.sum(own).as_py() or 0 for own in lengths)
    if n_bytes > max(MOST_SMALL_TEXT, 10 * file.stat().st_size):
        raise ValueError(f"{n_bytes:,} bytes of text in {file.stat().st_size:,} bytes")
    return column.cast(pa.large_string())
