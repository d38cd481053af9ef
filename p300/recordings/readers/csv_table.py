"""Text tables of flashes or samples."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from p300.errors import DataWarning, RecordingError
from p300.recordings.guard import check_regular

if TYPE_CHECKING:
    import pandas as pd


def read_table(file: Path, separator: str = ",") -> pd.DataFrame:
    """Read a text table in UTF-8 whose first row names the columns.

    Raises
    ------
    RecordingError
        When it cannot be read.

    Warns
    -----
    DataWarning
        When the last row lacks its line break, as that of a table cut short does.
    """
    import pandas as pd

    check_regular(file)
    try:
        with warnings.catch_warnings():
            # Rows with more fields than the first: pandas would take some as names of the rows.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                file,
                sep=separator,
                index_col=False,
                na_values=["n/a"],
                skipinitialspace=True,
                low_memory=False,
            )
        whole = _ends_with_line_break(file)
    except (ValueError, OSError, pd.errors.ParserWarning) as error:
        reason = " ".join(str(error).split())
        kind = "CSV" if separator == "," else "TSV"
        raise RecordingError(f"{file}: cannot be read as a {kind} table: {reason}") from error
    if not whole:
        warnings.warn(
            f"{file}: the last row has no line break; if the file was cut short, rows are missing",
            DataWarning,
            stacklevel=2,
        )
    return table


def _ends_with_line_break(file: Path) -> bool:
    with file.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read() in (b"\n", b"\r")
