"""The tables that rooms hand each other: columns, order and types, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from p300.errors import P300Error, RunError

if TYPE_CHECKING:
    import pandas as pd


REMEDY = "it is damaged or not of this p300: start again with p300 run into another folder"


class Decoded(StrEnum):
    """When a character was decoded, and by what was known of the person then."""

    INSTANT = "instant"
    """When it was spelled: by what was known before it."""
    POST_HOC = "post-hoc"
    """Again at the end of the session, by all that was known then: a detector that goes on learning
    without labels has by then seen these very flashes."""


@dataclass(frozen=True)
class Column:
    """What a column of a table holds.

    Parameters
    ----------
    holds
        For messages.
    kinds
        Names by which pandas infers such values (:func:`pandas.api.types.infer_dtype`).
    dtype, dtype_with_missing
        Of the column in memory.
    may_be_missing
        Whether rows may have no value.
    one_of
        The only values that it may have; any, where there are none.
    added
        Whether tables of an earlier version are read that do not have it.
    of_old
        What all their rows have then.
    """

    holds: str
    kinds: frozenset[str]
    dtype: str
    dtype_with_missing: str
    may_be_missing: bool = False
    one_of: tuple[str, ...] = ()
    added: bool = False
    of_old: str | None = None

    def read(self, values: pd.Series[Any]) -> pd.Series[Any]:
        """Return the values in this column's type.

        Raises
        ------
        ValueError
            Telling the first value that this column cannot hold.
        """
        import numpy as np
        from pandas.api.types import infer_dtype, pandas_dtype

        missing = values.isna()
        if missing.any() and not self.may_be_missing:
            raise ValueError(f"nothing in row {int(missing.argmax())} found")
        if self.one_of and not (known := values.isin(self.one_of)).all():
            raise ValueError(f"{str(values[~known].iloc[0])[:40]!r} found")
        wanted = pandas_dtype(self.dtype_with_missing if self.may_be_missing else self.dtype)
        if values.dtype == wanted and wanted.kind != "f":  # such a type holds nothing else
            return values
        found = infer_dtype(values, skipna=True)
        if found not in self.kinds and not missing.all():
            shown = repr(values[~missing].iloc[0])
            raise ValueError(f"{found} ({shown[:40]}) found")
        if found in ("floating", "integer", "mixed-integer-float"):
            numbers = values[~missing].astype("float64")
            endless = ~np.isfinite(numbers.to_numpy())
            if endless.any():
                raise ValueError(f"{numbers.iloc[int(endless.argmax())]} found")
        try:
            # By way of the type that knows missing values: it refuses to cut decimals off.
            read: pd.Series[Any] = values.astype(pandas_dtype(self.dtype_with_missing))
            return read if self.may_be_missing else read.astype(wanted)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{error} found") from error


def _column(holds: str, kinds: str, dtype: str, dtype_with_missing: str) -> tuple[Column, Column]:
    """Return a column that is full, and the same with rows that may have no value."""
    full = (holds, frozenset(kinds.split()), dtype, dtype_with_missing)
    return Column(*full), Column(*full, may_be_missing=True)


TEXT, TEXT_OR_NONE = _column("text", "string", "str", "str")
WHOLE, WHOLE_OR_NONE = _column("whole numbers", "integer floating", "int64", "Int64")
NUMBER, NUMBER_OR_NONE = _column(
    "finite numbers", "floating integer mixed-integer-float", "float64", "float64"
)
FLAG, FLAG_OR_NONE = _column("true or false", "boolean", "bool", "boolean")
DECODED = replace(
    TEXT,
    holds=" or ".join(Decoded),
    one_of=tuple(map(str, Decoded)),
    added=True,
    of_old=str(Decoded.INSTANT),
)


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in order."""

    columns: Mapping[str, Column]

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.columns)

    def read(
        self,
        table: pd.DataFrame,
        where: str,
        *,
        error: type[P300Error] = RunError,
        remedy: str = REMEDY,
    ) -> pd.DataFrame:
        """Return a table with these columns, in this order and these types, and no others.

        Parameters
        ----------
        table
            Must have all of them, but for those that were added since it was written.
        where
            The file or the table, for messages.
        error
            The exception class to raise.
        remedy
            What to do, for messages.

        Raises
        ------
        error
            When a column is missing or holds something else.
        """
        absent = [name for name in self.columns if name not in table.columns]
        if lacking := [name for name in absent if not self.columns[name].added]:
            raise error(
                f"{where}: {len(table)} rows without the columns {lacking} found "
                f"({list(table.columns)}), expected {self.names}; {remedy}"
            )
        table, read = table.assign(**{name: self.columns[name].of_old for name in absent}), {}
        for name, column in self.columns.items():
            try:
                read[name] = column.read(table[name])
            except ValueError as failure:
                raise error(
                    f"{where}: column {name}: {failure}, expected {column.holds}; {remedy}"
                ) from failure
        return table[self.names].assign(**read).reset_index(drop=True)

    def empty(self) -> pd.DataFrame:
        """Return a table without rows."""
        import pandas as pd

        return self.read(pd.DataFrame(columns=self.names), "an empty table")


_FOLD = {
    "dataset": TEXT, "protocol": TEXT, "calibration_characters": TEXT_OR_NONE, "fold": TEXT,
    "detector": TEXT, "seed": WHOLE,
}  # fmt: skip
FOLD = list(_FOLD)
"""Columns that name one fit. ``calibration_characters`` is how many characters of the tested
subject a detector could adapt to, a number as text or "all", and missing under protocols that have
none."""

GROUP = ["dataset", "protocol", "calibration_characters", "detector"]
"""Columns within which subjects are averaged."""

_PLACE = {"subject": TEXT, "session": TEXT, "run": TEXT}
_FLASH = {"character": WHOLE_OR_NONE, "repetition": WHOLE_OR_NONE, "code": WHOLE_OR_NONE}

SCORES = Schema(
    {
        "experiment": TEXT, "protocol": TEXT, "calibration_characters": TEXT_OR_NONE, "fold": TEXT,
        "detector": TEXT, "seed": WHOLE, "dataset": TEXT, **_PLACE, **_FLASH, "target": FLAG,
        "score": NUMBER, "score_post_hoc": replace(NUMBER_OR_NONE, added=True),
        "threshold": NUMBER,
    }
)  # fmt: skip
"""Score table: one row a tested epoch. ``score`` is the log-odds of a target, calibrated on
training data; ``score_post_hoc`` is the same by what was known at the end of the subject's session,
after learning from these very flashes without their labels, and missing where nothing is learned
while testing (:class:`p300.adaptation.base.Scored`); ``threshold`` is the log-odds of the training
target share, above which an epoch counts as detected."""

METRIC_ROWS = Schema(
    {
        "dataset": TEXT, "protocol": TEXT, "calibration_characters": TEXT_OR_NONE,
        "alignment": TEXT, "detector": TEXT, "subject": TEXT, "metric": TEXT, "rule": TEXT_OR_NONE,
        "stopping": TEXT_OR_NONE, "decoded": DECODED, "repetitions": WHOLE_OR_NONE,
        "value": NUMBER_OR_NONE, "low": NUMBER_OR_NONE, "high": NUMBER_OR_NONE, "n": WHOLE,
    }
)  # fmt: skip
"""Metrics, tidy. ``subject`` is "mean" for the mean over subjects; ``rule``, ``stopping`` and
``repetitions`` tell how characters were decided and are missing for metrics of single flashes;
``decoded`` is a :class:`Decoded`, and single flashes are measured by their scores at the time."""

CHARACTERS = Schema(
    {
        "dataset": TEXT, "protocol": TEXT, "calibration_characters": TEXT_OR_NONE,
        "detector": TEXT, "fold": TEXT, "seed": WHOLE, **_PLACE, "character": WHOLE, "rule": TEXT,
        "stopping": TEXT, "decoded": DECODED, "repetitions": WHOLE, "symbol": TEXT,
        "true_symbol": TEXT_OR_NONE, "correct": FLAG_OR_NONE, "posterior": NUMBER_OR_NONE,
        "seconds": NUMBER, "forced": FLAG, "tie": FLAG,
    }
)  # fmt: skip
"""Spelled characters; see :data:`p300.speller.decisions.DECISION_COLUMNS`. ``seconds`` is what the
selection took, the pause included."""

AVERAGES = Schema(
    {
        "dataset": TEXT, "subject": TEXT, "kind": TEXT, "electrode": TEXT, "time": NUMBER,
        "microvolts": NUMBER, "deviation": replace(NUMBER_OR_NONE, added=True), "n": WHOLE,
    }
)  # fmt: skip
"""Averages of the epochs of a ``kind`` ("target" or "nontarget") in microvolts, ``time`` in s from
the flash, ``deviation`` their standard deviation over epochs (missing in tables of a version before
it), ``n`` how many."""

EPOCH_IMAGES = Schema(
    {
        "dataset": TEXT, **_PLACE, "electrode": TEXT, "line": WHOLE, "time": NUMBER,
        "microvolts": NUMBER, "n": WHOLE,
    }
)  # fmt: skip
"""Target epochs in the order of time within their run, each ``line`` the mean of ``n`` neighbours;
see :func:`p300.signal.averages.image_targets`."""

FLASHES = Schema(
    {
        "dataset": TEXT,
        **_PLACE,
        **_FLASH,
        "target": FLAG_OR_NONE,
        "sample": WHOLE,
        "onset": NUMBER_OR_NONE,
    }
)
"""The flashes of epochs; see :data:`p300.signal.epochs.EPOCH_COLUMNS`."""


def protocol_label(protocol: str, calibration_characters: str | None) -> str:
    """Return what people call a protocol with its number of calibration characters."""
    return protocol if calibration_characters is None else f"{protocol}-{calibration_characters}"


def label_protocols(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose column ``protocol`` has labels (:func:`protocol_label`).

    The protocol's name is in the column ``protocol_name``.
    """
    name, number = table["protocol"], table["calibration_characters"].astype("str")
    label = (name + "-" + number).where(number.notna(), name)
    return table.assign(protocol=label, protocol_name=name)
