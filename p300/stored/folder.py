"""A folder whose files may be damaged, or a stranger's: nothing in it is taken at its word."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from p300.errors import P300Error, StoredFileError
from p300.files import check_plain, read_bytes
from p300.json_text import LARGEST, parse_json

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from pydantic import BaseModel

    from p300.columns import Schema

Record = TypeVar("Record", bound="BaseModel")

_FAILURES = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    P300Error,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What comes of content that nobody has thought of."""


@dataclass(frozen=True)
class StoredFolder:
    """Reads the files of a folder; whatever is wrong with one is told in one kind of error.

    Only plain files in the folder are opened, never what a link leads to outside, a pipe or a
    device. Room is made for nothing that the file is too small for.

    Parameters
    ----------
    path
        The folder.
    error
        The exception class to raise; its message begins with the file.
    remedy
        What to do, for its message.
    """

    path: Path
    error: type[P300Error] = StoredFileError
    remedy: str = "copy the folder again, or make it anew"

    def has(self, name: str) -> bool:
        """Return whether there is anything of a name, even a link that leads nowhere."""
        return os.path.lexists(self.path / name)

    @contextmanager
    def reading(self, name: str) -> Iterator[Path]:
        """Yield the path of a plain file; what goes wrong in the block is told as its damage."""
        file = self.path / name
        try:
            check_plain(file, self.path)
            yield file
        except self.error as error:
            if str(error).startswith(str(file)) and self.remedy in str(error):
                raise
            raise self.damaged(file, error) from error
        except _FAILURES as error:
            raise self.damaged(file, error) from error

    def damaged(self, file: Path, error: Exception) -> P300Error:
        """Return the error that names a file that cannot be used."""
        text = " ".join(str(error).split())[:400].removeprefix(f"{file}: ")
        told = text if isinstance(error, P300Error) else f"{type(error).__name__}: {text}"
        return self.error(f"{file} is damaged ({told}); {self.remedy}")

    def text(self, name: str, largest: int) -> str:
        """Return a text in UTF-8 of at most so many bytes."""
        with self.reading(name) as file:
            return read_bytes(file, largest).decode("utf-8")

    def json(self, name: str, largest: int = LARGEST) -> dict[str, Any]:
        """Return a JSON object; see :func:`p300.json_text.parse_json`."""
        with self.reading(name) as file:
            content = parse_json(read_bytes(file, largest), largest)
        if not isinstance(content, dict):
            raise self.error(
                f"{self.path / name}: {type(content).__name__} found, expected a JSON object; "
                f"{self.remedy}"
            )
        return content

    def record(self, name: str, kind: type[Record]) -> Record:
        """Return what a JSON file holds as a record of its kind."""
        return self.check(name, self.json(name), kind)

    def check(self, name: str, content: Mapping[str, Any], kind: type[Record]) -> Record:
        """Return what was read from a file as a record of its kind.

        Raises
        ------
        P300Error
            Naming the file and the key that holds something else.
        """
        from pydantic import ValidationError

        from p300.arguments import shown

        try:
            return kind.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"])) or "content"
            found = "nothing" if first["type"] == "missing" else shown(first.get("input"))
            raise self.error(
                f"{self.path / name}: {key}: {found[:100]} found: {first['msg']}; {self.remedy}"
            ) from error

    def table(self, name: str, schema: Schema, n_rows: int | None = None) -> pd.DataFrame:
        """Return a table; columns that its schema does not have are passed over.

        Parameters
        ----------
        name, schema
            Of the file.
        n_rows
            Rows that it must have by what other files say.
        """
        from p300.stored.tables import read_parquet

        with self.reading(name) as file:
            table = read_parquet(file, schema.names, n_rows)
            return schema.read(table, str(file), error=self.error, remedy=self.remedy)

    def arrays(self, name: str) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays of a safetensors file, whose numbers must be finite."""
        from p300.stored.arrays import read_safetensors

        with self.reading(name) as file:
            return read_safetensors(file)

    def memory_mapped(self, name: str, n_axes: int) -> npt.NDArray[np.float32]:
        """Return a float32 array of a .npy file, which stays on disk."""
        from p300.stored.arrays import map_npy

        with self.reading(name) as file:
            return map_npy(file, n_axes)
