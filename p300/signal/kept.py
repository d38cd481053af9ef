"""Arrays that one process derives of a study, in files that others read instead of doing so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from p300.files import safe_name, written_whole
from p300.stored import StoredFolder

Arrays = Mapping[str, npt.NDArray[Any]]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Kept:
    """A folder of arrays.

    Parameters
    ----------
    folder
        Need not exist.
    writes
        Whether what is not there yet is written to it.
    """

    folder: Path
    writes: bool = False

    def within(self, name: str) -> Kept:
        """Return a folder in this one."""
        return replace(self, folder=self.folder / safe_name(name))

    def once(
        self, name: str, derive: Callable[[], Arrays], use: Callable[[Arrays], Result]
    ) -> Result:
        """Return what is made of the arrays of a name, which are derived where they are not there.

        Parameters
        ----------
        name
            The same for what would be derived alike.
        derive
            Returns the arrays.
        use
            Takes them, whoever derived them; what it raises of a file's is told as its damage.

        Raises
        ------
        StoredFileError
            Naming a file that holds something else.
        """
        stored, file = StoredFolder(self.folder), f"{safe_name(name)}.safetensors"
        if stored.has(file):
            found = stored.arrays(file)
            with stored.reading(file):
                return use(found)
        arrays = derive()
        # What is not finite could not be read.
        if self.writes and all(np.isfinite(array).all() for array in arrays.values()):
            from safetensors.numpy import save_file

            with written_whole(self.folder / file) as temporary:
                save_file({key: np.ascontiguousarray(a) for key, a in arrays.items()}, temporary)
        return use(arrays)
