"""The constant offset that a session applies: told as a number, or measured and stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from p300.errors import OnlineError
from p300.recordings.measured_offset import MeasuredOffset


@dataclass(frozen=True)
class AppliedOffset:
    """From a marker to its flash in the EEG.

    Parameters
    ----------
    seconds
        That every flash is placed later than its marker says.
    measured
        What they come from; None: somebody said so.
    """

    seconds: float = 0.0
    measured: MeasuredOffset | None = None

    @classmethod
    def of(cls, measured: MeasuredOffset) -> AppliedOffset:
        """Return what was measured as the one to apply."""
        return cls(measured.offset, measured)

    def check(self, stream: str) -> None:
        """Refuse what was measured on another stream of EEG than the one of this name.

        Raises
        ------
        OnlineError
            With what was found.
        """
        if self.measured is not None and self.measured.stream != stream:
            raise OnlineError(
                f"the offset was measured on the stream of EEG {self.measured.stream!r} (session "
                f"{self.measured.session!r}, {self.measured.date}), the one found is {stream!r}; "
                "another amplifier has another delay: measure it with p300 timing on a session of "
                "this stream, or give --offset in milliseconds"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return it JSON-ready, for the report."""
        measured = None if self.measured is None else self.measured.model_dump()
        return {"seconds": self.seconds, "measured": measured}

    def __str__(self) -> str:
        if self.measured is not None:
            return str(self.measured)
        return f"{1e3 * self.seconds:.1f} ms{', as told' if self.seconds else ''}"


NO_OFFSET = AppliedOffset()
