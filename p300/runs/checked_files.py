"""Files of a run: checked when they are written, too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from p300.columns import REMEDY, Schema
from p300.errors import RunError
from p300.files import written_whole

if TYPE_CHECKING:
    import pandas as pd


def write_text(file: Path, text: str) -> None:
    """Write a text."""
    with written_whole(file) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_table(file: Path, table: pd.DataFrame, schema: Schema) -> None:
    """Write a table with the columns and types of its schema."""
    checked = schema.read(table, file.name)
    with written_whole(file) as temporary:
        checked.to_parquet(temporary, index=False)


def not_empty(table: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Return a table, or refuse one without rows."""
    if table.empty:
        raise RunError(f"{file}: 0 rows found, expected at least one; {REMEDY}")
    return table
