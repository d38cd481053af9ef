"""Faults to bring into specimens, and what a loader makes of them."""

from __future__ import annotations

import importlib
import os
import resource
import struct
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import ov_writer as ov
from specimen_files import Content
from specimens import Specimen

from p300.errors import DataWarning, RecordingError
from p300.recordings import Recording, open_recordings

for library in ("mne_bids", "pyxdf", "scipy.interpolate", "scipy.io", "scipy.linalg",
                "scipy.signal", "scipy.spatial"):  # fmt: skip
    importlib.import_module(library)  # before memory is bounded

MOST_MEMORY = 400 * 2**20
"""Bytes that loading a specimen of some hundred kilobytes may take."""

LONGEST_MESSAGE = 2000


@contextmanager
def bounded_memory() -> Iterator[None]:
    """Let this process have no more than ``MOST_MEMORY`` in addition to what it has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MOST_MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@dataclass(frozen=True)
class Outcome:
    """What came of loading: recordings, or an error; and the warnings."""

    recordings: Sequence[Recording] | None
    error: str
    warnings: Sequence[str]

    @property
    def kind(self) -> str:
        return "error" if self.error else "warning" if self.warnings else "loaded"


def load_specimen(specimen: Specimen, path: Path) -> Outcome:
    """Load and check the manners of errors and warnings; any other exception comes through."""
    recordings, message = None, ""
    with warnings.catch_warnings(record=True) as caught, bounded_memory():
        warnings.simplefilter("always")
        try:
            recordings = list(open_recordings(specimen.source, path, **specimen.options))
        except RecordingError as error:
            message = str(error)
            check_text(message, path)
            check_cause(error)
    foreign = [w for w in caught if not issubclass(w.category, DataWarning)]
    assert not foreign, [f"{w.category.__name__}: {w.message}" for w in foreign]
    for warning in caught:
        check_text(str(warning.message), path)
    return Outcome(recordings, message, [str(warning.message) for warning in caught])


def check_text(message: str, path: Path) -> None:
    """A message names the file or folder, is one line of moderate length, and can be shown."""
    folder = path if path.is_dir() else path.parent
    shown = str(folder).encode("utf-8", "backslashreplace").decode()
    assert message.startswith(shown), message
    assert "\n" not in message, message
    assert len(message) <= LONGEST_MESSAGE, message
    message.encode("utf-8")


def check_cause(error: BaseException | None) -> None:
    """No error may come from memory that ran out or from this package's own mistakes."""
    while error is not None:
        assert not isinstance(error, MemoryError), "asked for too much memory"
        error = error.__cause__ or error.__context__


def files_of(path: Path) -> list[Path]:
    """Give all files that a specimen wrote."""
    folder = path if path.is_dir() else path.parent
    return sorted(file for file in folder.rglob("*") if file.is_file())


# Faults of the content -------------------------------------------------------------------------


def with_nan(content: Content) -> Content:
    signal = content.signal.copy()
    signal[1, 60:62] = np.nan
    return replace(content, signal=signal)


def swapped(content: Content) -> Content:
    signal = content.signal.T
    return replace(content, signal=signal, electrodes=tuple(f"E{k}" for k in range(len(signal))))


def out_of_range(content: Content) -> Content:
    samples = content.samples.copy()
    samples[-2:] += content.n_samples
    return replace(content, samples=samples)


def duplicated(content: Content) -> Content:
    samples = content.samples.copy()
    samples[11] = samples[10]
    return replace(content, samples=samples)


CONTENTS: dict[str, Callable[[Content], Content]] = {
    "NaN": with_nan,
    "swapped axes": swapped,
    "events out of range": out_of_range,
    "duplicate events": duplicated,
    "no targets": lambda content: replace(content, targets=np.zeros_like(content.targets)),
    "all targets": lambda content: replace(content, targets=np.ones_like(content.targets)),
    "a million times too large": lambda content: replace(content, signal=1e6 * content.signal),
    "a million times too small": lambda content: replace(content, signal=1e-6 * content.signal),
}

# Faults of a file ------------------------------------------------------------------------------

WEB_PAGE = b"<!DOCTYPE html>\n<html><body>\n<h1>404: not found</h1>\n</body></html>\n" * 30
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89" * 40


def cut(content: bytes, share: float) -> bytes:
    """Keep the beginning, not up to the end of a row or a sample: that is a shorter recording."""
    kept = content[: int(share * len(content)) // 32 * 32 + 5]
    return kept if kept[-1:] != b"\n" else kept[:-3]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut at 10 %": lambda content: cut(content, 0.1),
    "cut at 50 %": lambda content: cut(content, 0.5),
    "cut at 90 %": lambda content: cut(content, 0.9),
    "last byte lost": lambda content: content[:-1],
    "random bytes": lambda content: np.random.default_rng(1).bytes(3000),
    "text": lambda content: b"These are notes on the recording.\nNothing else.\n" * 60,
    "PNG": lambda content: PNG,
    "web page": lambda content: WEB_PAGE,
    "zeros": lambda content: bytes(len(content)),
}


def link_elsewhere(file: Path, elsewhere: Path) -> None:
    """Move a file and leave a link in its place, as datalad and git-annex do."""
    elsewhere.mkdir(exist_ok=True)
    file.rename(elsewhere / file.name)
    file.symlink_to(elsewhere / file.name)


def replace_by(file: Path, kind: str) -> None:
    """Put something that is no regular file in the place of a file."""
    file.unlink()
    if kind == "dangling link":
        file.symlink_to(file.with_name("nowhere"))
    elif kind == "link loop":
        other = file.with_name("loop")
        other.symlink_to(file)
        file.symlink_to(other)
    elif kind == "link to a device":
        file.symlink_to("/dev/zero")
    elif kind == "named pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()


PLACES = ("dangling link", "link loop", "link to a device", "named pipe", "folder")

# Headers that promise more than there is --------------------------------------------------------


def overwrite(at: int, new: bytes) -> Callable[[bytes], bytes]:
    return lambda content: content[:at] + new + content[at + len(new) :]


def substitute(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def apply(content: bytes) -> bytes:
        assert old in content, old
        return content.replace(old, new, 1)

    return apply


def dimensions(*shape: int) -> bytes:
    return struct.pack(f"<{len(shape)}i", *shape)


_MOST = 2**31 - 1
_EDF = {
    "records": overwrite(236, b"99999999"),
    "channels": overwrite(252, b"9999"),
    "samples a record": overwrite(256 + 9 * 216, b"99999999"),
    "seconds a record": overwrite(244, b"99999999"),
}
_GDF = {
    "records": overwrite(236, struct.pack("<q", 2**40)),
    "channels": overwrite(252, struct.pack("<I", _MOST)),
    "bytes of header": overwrite(184, struct.pack("<q", 2**40)),
    "samples a record": overwrite(256 + 8 * 216, struct.pack("<I", _MOST) * 8),
    "events": substitute(b"\1\xfa\0\0" + struct.pack("<I", 144), b"\1\xfa\0\0\xff\xff\xff\x7f"),
}
_VHDR = {
    "channels": substitute(b"NumberOfChannels=8", b"NumberOfChannels=99999999"),
    "channel number": substitute(b"Ch8=", b"Ch99999999="),
}
_FIF_CHANNELS = {
    "channels": substitute(
        struct.pack(">iiiii", 200, 3, 4, 0, 8), struct.pack(">iiiii", 200, 3, 4, 0, _MOST)
    )
}
_FIF = {
    **_FIF_CHANNELS,
    "samples": substitute(
        struct.pack(">iii", 300, 4, 8000), struct.pack(">iii", 300, 4, _MOST - 7)
    ),
}
_SET = {"samples": substitute(dimensions(8, 750), dimensions(_MOST, 750))}

HUGE: dict[str, dict[str, Callable[[bytes], bytes]]] = {
    "annotated-ant": {
        # Of the same length, so that the chunks keep theirs.
        "samples": substitute(
            b"250.0000000000\n[Samples]\n750\n", b"250.0\n[Samples]\n750000000000\n"
        ),
        "channels": substitute(
            b"250.0000000000\n[Samples]\n750\n[Channels]\n8",
            b"250.0\n[Samples]\n750\n[Channels]\n8000000000",
        ),
        "bytes": overwrite(4, b"\xff\xff\xff\x7f"),
    },
    "annotated-bdf": _EDF,
    "annotated-cnt": {
        "channels": overwrite(370, b"\xff\xff"),
        "samples": overwrite(864, struct.pack("<i", _MOST)),
        "place of the events": overwrite(886, struct.pack("<i", _MOST)),
    },
    "annotated-edf": _EDF,
    "annotated-fif": _FIF,
    "annotated-gdf": _GDF,
    "annotated-hdf5": {
        "samples": substitute(struct.pack("<QQ", 750, 8), struct.pack("<QQ", 2**40, 8)),
    },
    "annotated-mff": {
        "end of the last epoch": substitute(b"<endTime>3", b"<endTime>3000000000"),
    },
    "annotated-set": _SET,
    "annotated-set73": {
        "samples": substitute(struct.pack("<QQ", 750, 8), struct.pack("<QQ", 2**40, 8)),
    },
    "annotated-vhdr": _VHDR,
    "bci2000": {
        "channels": substitute(b"SourceCh= 8", b"SourceCh= 99999999"),
        "bytes of states": substitute(b"StatevectorLen= 3", b"StatevectorLen= 99999999"),
        "bytes of header": substitute(b"HeaderLen=   ", b"HeaderLen= 9999999999"),
        "values": substitute(b"ChannelNames= 8", b"ChannelNames= 99999999"),
        "rows of symbols": substitute(b"TargetDefinitions= 36", b"TargetDefinitions= 99999999"),
    },
    "bci2_iib": {"samples": substitute(dimensions(750, 64), dimensions(_MOST, 64))},
    "bci3_ii": {"samples": substitute(dimensions(1, 750, 64), dimensions(_MOST, 750, 64))},
    "bids": _VHDR,
    "bnci2014_008": {"samples": substitute(dimensions(750, 8), dimensions(_MOST, 8))},
    "bnci2014_009": {"samples": substitute(dimensions(750, 16), dimensions(_MOST, 16))},
    "bnci2015_003": {"samples": substitute(dimensions(11, 750), dimensions(_MOST, 750))},
    "epochs-fif": _FIF_CHANNELS,
    "epochs-set": {"samples": substitute(dimensions(8, 100, 48), dimensions(_MOST, 100, 48))},
    "epochs-npz": {"epochs": substitute(b"(48, 8, 100), }      ", b"(99999999, 8, 100), }")},
    "epochs-mat": {"samples": substitute(dimensions(48, 8, 100), dimensions(48, 8, _MOST))},
    "flash_table-edf": _EDF,
    "flash_table-fif": _FIF,
    "flash_table-set": _SET,
    "gtec_br41n": {"samples": substitute(dimensions(750, 8), dimensions(_MOST, 8))},
    "muse_csv": {},  # its header holds no number
    "table-openbci": {},
    "table-openvibe": {},
    "table-titles": {},
    "openvibe": _GDF,
    "openvibe-ov": {
        "channels": substitute(ov.node(0x001302F736D8438A, 8), ov.node(0x001302F736D8438A, 255)),
        "samples a block": substitute(
            ov.node(0x001302F736D8438A, 50), ov.node(0x001302F736D8438A, 255)
        ),
        "bytes of a block": substitute(ov.number(8 * 8 * 50), b"\x7f\xff"),
        "hertz": substitute(ov.node(0x00141C430C37006B, 250), ov.node(0x00141C430C37006B, 0)),
    },
    "session": {
        "channels": substitute(b"<channel_count>8", b"<channel_count>99999999"),
        "samples": substitute(
            struct.pack("<HI", 3, 1) + b"\4" + struct.pack("<I", 750),
            struct.pack("<HI", 3, 1) + b"\4" + struct.pack("<I", _MOST),
        ),
        "sample of a flash": substitute(b'"sample": ', b'"sample": 9999999'),
    },
    "xdf": {
        "bytes of a chunk": lambda content: overwrite(
            content.index(struct.pack("<HI", 3, 1)) - 4, b"\xff\xff\xff\x7f"
        )(content),
        "channels": substitute(b"<channel_count>8", b"<channel_count>99999999"),
        "samples": substitute(
            struct.pack("<HI", 3, 1) + b"\4" + struct.pack("<I", 750),
            struct.pack("<HI", 3, 1) + b"\4" + struct.pack("<I", _MOST),
        ),
    },
}
"""Specimen -> what its header counts -> how to make that huge."""
