"""Files that are checked when they are read: what is damaged or planted is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from p300.columns import REMEDY, Schema
from p300.errors import RunError
from p300.files import written_whole

if TYPE_CHECKING:
    import pandas as pd

Record = TypeVar("Record", bound=BaseModel)

LARGEST_JSON = 256 * 2**20
"""Bytes; the record of a large network with all it shows has a hundredth of that."""

MOST_SMALL_ROWS = 1_000_000
"""Rows that any table may have; a longer one has numbers that take a byte a row at least, so a
small file that unpacks into more is refused."""


def damaged(file: Path, error: Exception) -> RunError:
    """Return the error that names a file that cannot be read."""
    return RunError(f"{file} is damaged ({type(error).__name__}: {str(error)[:300]}); {REMEDY}")


def write_text(file: Path, text: str) -> None:
    """Write a text."""
    with written_whole(file) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    RunError
        When it cannot be read, is something else or too large.
    """
    try:
        if file.stat().st_size > LARGEST_JSON:
            raise ValueError(f"{file.stat().st_size:,} bytes, at most {LARGEST_JSON:,} expected")
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(file, error) from error
    if not isinstance(content, dict):
        raise RunError(f"{file}: {type(content).__name__} found, expected a JSON object; {REMEDY}")
    return content


def check_record(kind: type[Record], content: Any, file: Path) -> Record:
    """Return what a JSON file holds as a record of its kind.

    Raises
    ------
    RunError
        Naming the file and the key that holds something else.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "content"
        found = "nothing" if first["type"] == "missing" else repr(first.get("input"))[:100]
        raise RunError(f"{file}: {key}: {found} found: {first['msg']}; {REMEDY}") from error


def write_table(file: Path, table: pd.DataFrame, schema: Schema) -> None:
    """Write a table with the columns and types of its schema."""
    checked = schema.read(table, file.name)
    with written_whole(file) as temporary:
        checked.to_parquet(temporary, index=False)


def read_table(file: Path, schema: Schema) -> pd.DataFrame:
    """Read a table; columns that its schema does not have are passed over.

    Raises
    ------
    RunError
        When it cannot be read, lacks a column, holds something else or has more rows than a file
        of its size can honestly have.
    """
    import pandas as pd
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(file) as stored:
            there, n_rows = stored.schema_arrow.names, stored.metadata.num_rows
        if n_rows > max(MOST_SMALL_ROWS, file.stat().st_size):
            raise ValueError(f"{n_rows:,} rows in {file.stat().st_size:,} bytes")
        table = pd.read_parquet(file, columns=[name for name in schema.names if name in there])
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException) as error:
        raise damaged(file, error) from error
    return schema.read(table, str(file))


def not_empty(table: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Return a table, or refuse one without rows."""
    if table.empty:
        raise RunError(f"{file}: 0 rows found, expected at least one; {REMEDY}")
    return table
