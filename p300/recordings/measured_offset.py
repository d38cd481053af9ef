"""How much later than its marker a flash is in the EEG, as it was measured on a session."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, StrictStr, ValidationError
from pydantic import model_validator as checked

from p300.errors import OnlineError, StoredFileError
from p300.files import read_json, write_json
from p300.ranges import Count, Finite

LARGEST = 1 << 14
"""Bytes of a stored record."""


def _time(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("expected a time with its zone")
    return text


class MeasuredOffset(BaseModel):
    """An offset that is to be applied, and where it comes from; seconds.

    Attributes
    ----------
    offset : from a marker to its flash; the whole of it, ``applied`` included
    low, high : what 95 % lie in: of single flashes with a photodiode, of the estimate by a detector
    n : flashes (photodiode) or characters (detector) that it was measured on
    by : how it was measured
    using : label of the photodiode's channel, name of the detector's folder
    applied : the offset that the session had while it was recorded
    stream : name of the stream of EEG, which alone the offset is of
    session : name of the session's file
    date : when it was measured, ISO 8601
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    offset: Finite
    low: Finite
    high: Finite
    n: Count
    by: Literal["photodiode", "detector"]
    using: StrictStr
    applied: Finite
    stream: StrictStr
    session: StrictStr
    date: Annotated[StrictStr, AfterValidator(_time)]

    @checked(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low:g} above high {self.high:g} found")
        return self

    def __str__(self) -> str:
        counted = "flashes" if self.by == "photodiode" else "characters"
        return (
            f"{1e3 * self.offset:.1f} ms, 95 % within {1e3 * self.low:.1f} to "
            f"{1e3 * self.high:.1f} ms, by the {self.by} {self.using!r} on {self.n} {counted} of "
            f"session {self.session!r}, stream {self.stream!r}, {self.date}"
        )

    def save(self, path: Path) -> None:
        """Write the record as JSON.

        Raises
        ------
        OnlineError
            When there is such a file.
        """
        if path.exists():
            raise OnlineError(f"{path}: exists already; name another file with --out")
        write_json(path, self.model_dump())

    @classmethod
    def load(cls, path: Path) -> MeasuredOffset:
        """Read what :meth:`save` wrote.

        Raises
        ------
        StoredFileError
            When the file is no such record.
        """
        content = read_json(path, LARGEST)
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise StoredFileError(
                f"{path}: {where}: {first['msg']}; expected a record that p300 timing SESSION "
                "--out FILE writes"
            ) from error
