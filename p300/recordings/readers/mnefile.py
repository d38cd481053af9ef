"""Recordings that MNE reads: find, open, keep the EEG, take out marks that become flashes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from p300.errors import DataWarning, RecordingError
from p300.recordings.annotations import add_annotations, is_stretch
from p300.recordings.electrode_names import guess_channels
from p300.recordings.guard import check_regular, guarded
from p300.recordings.layout import Layout
from p300.recordings.places import Place, file_stem
from p300.recordings.readers.cntfile import DataFormat
from p300.recordings.readers.edf_times import is_discontinuous, mend_annotations
from p300.recordings.readers.eeglab_epochs import is_epoch_set
from p300.recordings.readers.epochfile import is_epoch_fif
from p300.recordings.readers.fif import check_fif, is_further_part
from p300.recordings.readers.gtec_hdf5 import is_gtec
from p300.recordings.readers.headers import check_header
from p300.recordings.readers.named_files import is_beside
from p300.recordings.readers.opening import HDF5_ENDINGS, open_raw
from p300.recordings.recording import Recording, finish_recording

if TYPE_CHECKING:
    import pandas as pd
    from mne.io import BaseRaw

# The files that stand for a recording in a folder; others (.eeg, .vmrk, .fdt) belong to these.
RECORDINGS = (
    ".bdf", ".cnt", ".edf", ".fif", ".fif.gz", ".gdf", ".lay", ".mff", ".nxe", ".ov", ".set",
    ".vhdr", *HDF5_ENDINGS,
)  # fmt: skip

# The smallest samples have a byte; compressed ones (.fif.gz, .cnt) less, constants far less.
_MOST_VALUES_A_BYTE = 100

# What old versions of EEGLAB call a boundary, where all events are numbers.
_BOUNDARIES = ("-99", "-99.0")

# What MNE warns of and is mended here.
_MENDED = {
    ".set": r"The data contains 'boundary' events",
    "discontinuous": r"(Omitted|Limited) \d+ annotation\(s\) that were",
}

# What MNE calls the formats of BrainVision's samples -> bytes.
_WIDTHS = {"short": 2, "int": 4, "single": 4}


def is_recording(path: Path) -> bool:
    """Return by the name whether a file (with ``.mff`` a folder) is a recording that is read."""
    return path.name.lower().endswith(RECORDINGS)


def find_recordings(path: Path) -> list[Path]:
    """Return the recordings of a folder, sorted by name, or the one that is named itself.

    Of a FIF recording that was split the first file stands for all.
    """
    if not path.is_dir() or is_recording(path):
        return [path]
    named = sorted(filter(is_recording, path.iterdir()))
    found = [file for file in named if file.suffix.lower() not in HDF5_ENDINGS or is_gtec(file)]
    parts = {file for file in found if _first_part(file) != file and _first_part(file) in found}
    return [file for file in found if file not in parts or not is_further_part(file)]


def _first_part(file: Path) -> Path:
    """Return what the first part of a split FIF recording is called, by the name of any part."""
    name = re.sub(r"-\d+\.fif$", ".fif", file.name)
    return file.with_name(re.sub(r"_split-\d+(?=_.*\.fif$)", "_split-01", name))


def open_recording(file: Path, *, data_format: DataFormat | None = None) -> BaseRaw:
    """Open a recording with the reader that its name and content call for.

    Parameters
    ----------
    file
        The recording.
    data_format
        How a Neuroscan ``.cnt`` file stores samples, ``int16`` or ``int32``; by default what the
        number of samples in its header tells.

    Raises
    ------
    RecordingError
        When the file cannot be read, or an option is missing or does not fit.
    """

    def read() -> BaseRaw:
        kind = "discontinuous" if is_discontinuous(file) else file.suffix.lower()
        with warnings.catch_warnings():
            if kind in _MENDED:
                warnings.filterwarnings("ignore", _MENDED[kind], RuntimeWarning)
            return open_raw(file, data_format)

    _check_files(file)
    raw = _read(read, file)
    return guarded(lambda: _mend(raw, file), file)


def _mend(raw: BaseRaw, file: Path) -> BaseRaw:
    """Check what MNE has opened, and mend what it makes of the marks of some formats."""
    _check_extent(raw, file)
    for part in raw.filenames[1:] if file.suffix.lower() == ".fif" else ():
        check_fif(Path(part), first=False)
    if file.suffix.lower() in (".edf", ".bdf"):
        mend_annotations(raw, file)
    if file.suffix.lower() == ".set":
        numbers = {mark: "boundary" for mark in _BOUNDARIES if mark in raw.annotations.description}
        raw.annotations.rename(numbers)
    return raw


def keep_pauses(raw: BaseRaw, file: Path) -> None:
    """Put the pauses and bad stretches on a Raw that a file has, whoever has read the Raw.

    MNE-BIDS replaces the annotations of a file by those of its table of events.

    Parameters
    ----------
    raw
        Changed in place.
    file
        Read anew; its signal is not.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said when the Raw was read
        own = open_recording(file)
    there, sample = own.annotations, mark_samples(own)
    known = {*zip(mark_samples(raw).tolist(), raw.annotations.description, strict=True)}
    there.delete(
        [
            k
            for k, mark in enumerate(there.description)
            if not is_stretch(mark) or (int(sample[k]), mark) in known
        ]
    )
    add_annotations(raw, there.onset - own.first_time, there.duration, list(there.description))


def read_raw(read: Callable[[], BaseRaw], path: Path) -> BaseRaw:
    """Run a reader of MNE.

    Parameters
    ----------
    read
        Opens the recording; its many failures become one.
    path
        The file, for messages.

    Raises
    ------
    RecordingError
        When the file cannot be read.
    """
    _check_files(path)
    raw = _read(read, path)
    _check_extent(raw, path)
    return raw


def _read(read: Callable[[], BaseRaw], file: Path) -> BaseRaw:
    """Run a reader of MNE; of a file without continuous signal say that it holds epochs."""
    try:
        return guarded(read, file)
    except RecordingError as error:
        if _holds_epochs(file):
            raise RecordingError(
                f"{file}: it holds epochs, expected a continuous recording; the source 'epochs' "
                "reads it"
            ) from error
        raise


def _holds_epochs(file: Path) -> bool:
    try:
        return is_epoch_fif(file) or is_epoch_set(file)
    except RecordingError:
        return False  # damaged, or of a version that only MNE reads


def _check_files(file: Path) -> None:
    """Refuse, before MNE opens it, what MNE would not come back from."""
    check_regular(file)
    stem = file_stem(file)
    for beside in file.parent.iterdir():
        if beside.name.startswith(stem) and beside.exists():
            check_regular(beside)
    check_header(file)


def _check_extent(raw: BaseRaw, file: Path) -> None:
    """Compare the size of the signal that a header promises with that of the files.

    MNE reads the signal later, and would first make room for whatever the header says.
    """
    parts = {file, *(Path(part) for part in raw.filenames if part is not None)}
    for part in parts - {file}:
        if not is_beside(file, part):
            raise RecordingError(
                f"{file}: its signal is in {str(part)!r}, expected a file beside it; put it there"
            )
        check_regular(part)
    size = sum(part.stat().st_size for part in parts if part.is_file())
    n_channels, n_samples = len(raw.ch_names), int(raw.n_times)
    if file.is_file() and n_channels * n_samples > _MOST_VALUES_A_BYTE * size:
        raise RecordingError(
            f"{file}: its header promises {n_samples} samples of {n_channels} channels, the file "
            f"has {size} bytes; it is damaged or cut short"
        )
    if raw.preload and len(raw._data) != n_channels:
        raise RecordingError(
            f"{file}: signals of {len(raw._data)} channels found, expected those of the "
            f"{n_channels} that it names; it is damaged"
        )
    data, width = Path(raw.filenames[0] or file), _WIDTHS.get(raw.orig_format)
    if file.suffix.lower() == ".vhdr" and width and data.is_file():
        left = data.stat().st_size % (width * n_channels)
        if left:
            warnings.warn(
                f"{file}: {data.name} ends within a sample, {left} bytes are left out; it is "
                "probably cut short",
                DataWarning,
                stacklevel=3,
            )


def guess_eeg(raw: BaseRaw) -> dict[str, Any]:
    """Guess the option ``drop`` of a recording; see :func:`guess_channels`."""
    kinds = zip(raw.ch_names, raw.get_channel_types(), strict=True)
    return guess_channels([name for name, kind in kinds if kind == "eeg"])


def mark_samples(raw: BaseRaw) -> npt.NDArray[np.int64]:
    """Return the samples at which the annotations begin, counted from the first sample."""
    begins = (raw.annotations.onset - raw.first_time) * raw.info["sfreq"]
    samples: npt.NDArray[np.int64] = np.round(begins).astype(np.int64)
    return samples


def record_file(
    raw: BaseRaw,
    flashes: pd.DataFrame,
    layout: Layout | None,
    file: Path | str,
    dataset: str,
    place: Place,
    montage: str | None = None,
) -> Recording:
    """Make the recording of a file; its marks become flashes.

    Parameters
    ----------
    raw
        EEG channels only; changed in place.
    flashes
        Flash table.
    layout
        The stimulus matrix, None where it is unknown.
    file, dataset, place
        Where the recording belongs.
    montage
        Of its electrodes, see :func:`p300.recordings.electrode_names.read_electrodes`.

    Raises
    ------
    RecordingError
        When anything in it cannot be a recording.
    """
    remove_flash_annotations(raw, flashes["sample"].to_numpy())
    return finish_recording(
        raw, flashes, dataset=dataset, **asdict(place), layout=layout, source=str(file),
        montage=montage,
    )  # fmt: skip


def remove_flash_annotations(raw: BaseRaw, samples: npt.NDArray[np.int64]) -> None:
    """Delete annotations that begin at a flash; the flash table puts its own there.

    Marked stretches (descriptions that begin with BAD or EDGE) stay.

    Parameters
    ----------
    raw
        Changed in place.
    samples
        [flash], counted from the first sample of ``raw``.
    """
    stretch = [is_stretch(text) for text in raw.annotations.description]
    at_flash = np.isin(mark_samples(raw), samples) & ~np.array(stretch, dtype=bool)
    raw.annotations.delete(np.flatnonzero(at_flash))
