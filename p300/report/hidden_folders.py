"""Texts without the folders of whoever made them: a page is handed on, a home folder is not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

_PART = r"[^\s/\\'\"<>|:;,()\[\]]+"
_BEGIN = r"(?:~?/|[A-Za-z]:[/\\]|\\\\)"
# A path from the root, of two parts at least: no fraction, no unit, no "and/or", no web address.
_ABSOLUTE = re.compile(
    rf"(?<![\w./:…~\\)])(?:(?:/{_PART}){{2,}}/?|~(?:/{_PART})+/?"
    rf"|[A-Za-z]:(?:[/\\]{_PART})+|\\\\{_PART}(?:\\{_PART})+)"
)
# In quotes, and as the whole value of a line of YAML, a path may hold blanks.
_QUOTED = re.compile(rf"(?<=['\"]){_BEGIN}[^'\"\n]*[/\\][^'\"\n]*(?=['\"])")
_VALUE = re.compile(rf"(?m)(?:(?<=^)|(?<=: )|(?<=- )){_BEGIN}[^'\"\n]*[/\\][^'\"\n]*$")


def common_folder(paths: Iterable[str]) -> str:
    """Return the folder that all absolute paths of files lie in; nothing where there is none."""
    folders = {str(Path(path).parent) for path in paths if Path(path).is_absolute()}
    found = os.path.commonpath(folders) if folders else ""
    return "" if Path(found) == Path(found).parent else found


def hide_folders(part: Any, known: Sequence[str] = ()) -> Any:
    """Return a part of a page, or a text, without absolute paths.

    Parameters
    ----------
    part
        Text, or data classes and tuples of texts and of whatever else, which stays.
    known
        Folders from which paths are shown as they go on (``…/sub-1/eeg.edf``), blanks in them or
        not; the home folder is another. Of any other absolute path the last part is shown.
    """
    folders = sorted({*known, str(Path.home())} - {"", "/"}, key=len, reverse=True)
    return _mapped(part, partial(_without, folders))


def hide_in_yaml(text: str) -> str:
    """Return YAML without absolute paths, those too that hold blanks."""
    return _VALUE.sub(_last, text)


def _without(folders: Sequence[str], text: str) -> str:
    for folder in folders:
        text = re.sub(rf"(?<![\w/…]){re.escape(folder)}(?=[/\\])", "…", text)
    return _ABSOLUTE.sub(_last, _QUOTED.sub(_last, text))


def _last(path: re.Match[str]) -> str:
    return "…/" + re.split(r"[/\\]", path[0].rstrip("/\\ "))[-1]


def _mapped(part: Any, change: partial[str]) -> Any:
    if isinstance(part, str):
        return change(part)
    if isinstance(part, tuple):
        return tuple(_mapped(inner, change) for inner in part)
    if is_dataclass(part) and not isinstance(part, type):
        changed = {f.name: _mapped(getattr(part, f.name), change) for f in fields(part)}
        return replace(part, **changed)
    return part
