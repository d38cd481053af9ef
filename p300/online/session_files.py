"""The files of a session: what was recorded, what happened, how it went."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from p300.files import write_json
from p300.online.applied_offset import AppliedOffset
from p300.online.recorder import Recorder
from p300.online.source import EegSource


class SessionFiles:
    """An XDF file named after the time, beside it the log (.jsonl) and in the end a report (.json).

    Parameters
    ----------
    folder
        Is made where it is not there.
    source
        Of the EEG.
    offset
        From a flash as it is told to the flash in the EEG.
    """

    def __init__(self, folder: Path, source: EegSource, offset: AppliedOffset) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{datetime.now().astimezone():%Y-%m-%dT%H-%M-%S}"
        taken = len(list(folder.glob(f"{name}*.xdf")))
        self.path = folder / f"{name}{f'-{taken + 1}' if taken else ''}.xdf"
        self.recorder = Recorder(
            self.path, source.name, source.sfreq, list(source.described), source.layout, offset
        )
        self._log = self.path.with_suffix(".jsonl").open("x", encoding="utf-8")

    def log(self, said: dict[str, Any]) -> None:
        """Write a line of the log, at once."""
        self._log.write(json.dumps(said, ensure_ascii=False) + "\n")
        self._log.flush()

    def close(self, report: dict[str, Any]) -> None:
        """Write the report and end the log."""
        self._log.close()
        write_json(self.path.with_suffix(".json"), report)
