"""What names of channels say: electrode, reference, a pair of electrodes, no EEG at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Electrodes that others are referenced to, also in one recording the left and the right one.
_EARS = re.compile(r"\b[am][12]\b")

_WORD = re.compile(r"[A-Za-z0-9']+")
_DASH = re.compile(r"\s*[-–—/]\s*")

_NO_EEG = re.compile(
    r"([hvlr]*eog|[lr]oc|ecg|ekg|emg|gsr|eda|resp(iration)?|plet(h|hysmograph)?|ppg|pulse|spo2|airflow|temp(erature)?|"
    r"status|stim?|trig(ger)?s?|markers?|events?|photo(diode)?|acc(el)?|gyro|aux|dc)[hvlrxyz]?\d*"
)
_NO_EEG_ALONE = re.compile(r"exg\s?\d+|erg\s?\d+|com|gnd|v?ref|vertex reference")


def is_no_eeg(channel: str) -> bool:
    """Return whether a name is that of something else, such as EOG, Status, GSR1 or EXG3."""
    name = channel.strip().lower()
    words = re.findall(r"[a-z]+\d*", name)
    return bool(_NO_EEG_ALONE.fullmatch(name)) or any(map(_NO_EEG.fullmatch, words))


@dataclass(frozen=True)
class _Form:
    """A name as what stands before and after the first electrode in it."""

    before: str
    electrode: str
    after: str

    @property
    def decoration(self) -> tuple[str, str]:
        """What must be alike in other names."""
        return self.before.lower(), _EARS.sub("ear", self.after.lower())


def _form(channel: str, known: Mapping[str, str]) -> _Form | None:
    """Find the first electrode in a name, None where there is none."""
    text = channel.strip().rstrip(". ")
    for word in _WORD.finditer(text):
        for start in (word.start(), word.start() + 3 * word[0].lower().startswith("eeg")):
            electrode = known.get(text[start : word.end()].lower())
            if electrode is not None:
                return _Form(text[:start], electrode, text[word.end() :])
    return None


def undecorated(channels: Sequence[str], known: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Read electrodes from names that all have the same before and after them.

    Parameters
    ----------
    channels
        Such as ``EEG Fp1-CPz``, ``Fp1-Ref`` or ``Fp1..``.
    known
        Name in lower case -> electrode.

    Returns
    -------
    Channel -> electrode, of those that are not named by the electrode alone; and the reference that
    they name, empty where they name none. Nothing where what is before and after the electrode is
    not alike in most of the names of EEG.
    """
    eeg = [name for name in channels if not is_no_eeg(name)]
    forms = {name: form for name in eeg if (form := _form(name, known)) is not None}
    alike = Counter(form.decoration for form in forms.values()).most_common(1)
    if not alike or 2 * alike[0][1] <= len(eeg):
        return {}, ""
    shared = {name: form for name, form in forms.items() if form.decoration == alike[0][0]}
    tails = {_DASH.sub("", form.after, count=1) for form in shared.values()}
    dashed = all(_DASH.match(form.after) for form in shared.values())
    reference = " or ".join(sorted(tails)) if dashed else ""
    read = {name: form.electrode for name, form in shared.items() if name.lower() not in known}
    return read, reference if read else ""


def pairs(channels: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """Return the channels that are the difference of two electrodes of the head, as F7-T3."""
    found = []
    for name in channels:
        form = _form(name, known)
        dash = _DASH.match(form.after) if form is not None else None
        if form is None or dash is None:
            continue
        word = _WORD.match(form.after, dash.end())
        other = word[0].lower() if word else ""
        if other in known and not _EARS.fullmatch(other):
            found.append(name)
    return found
