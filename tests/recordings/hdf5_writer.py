"""HDF5 files as MATLAB 7.3 and g.tec's recorder write them, with h5py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


class MatlabWriter:
    """Writes variables of MATLAB, whose axes HDF5 has the other way round."""

    def __init__(self, path: Path) -> None:
        import h5py

        self.path = path
        self.file = h5py.File(path, "w", userblock_size=512)
        self.references = self.file.create_group("#refs#")

    def close(self) -> None:
        self.file.close()
        head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
        with self.path.open("r+b") as stream:
            stream.write(head.ljust(512, b"\0"))

    def put(self, group: Any, name: str, value: Any) -> Any:
        """Write a number, a text, an array, a struct (mapping) or several (list of mappings)."""
        if isinstance(value, Mapping):
            made = group.create_group(name)
            made.attrs["MATLAB_class"] = np.bytes_("struct")
            for key, one in value.items():
                self.put(made, key, one)
            return made
        if isinstance(value, list):
            made = group.create_group(name)
            made.attrs["MATLAB_class"] = np.bytes_("struct")
            for key in value[0]:
                self._refer(made, key, [one[key] for one in value])
            return made
        if isinstance(value, str):
            codes = np.array([[ord(letter)] for letter in value], dtype="<u2").reshape(-1, 1)
            kind, stored = "char", codes if value else np.zeros(2, dtype="<u8")
        else:
            stored = np.atleast_2d(np.asarray(value)).T
            kind = {"f4": "single", "f8": "double"}.get(stored.dtype.str[1:], "double")
        made = group.create_dataset(name, data=stored)
        made.attrs["MATLAB_class"] = np.bytes_(kind)
        if isinstance(value, str):
            made.attrs["MATLAB_int_decode"] = np.int32(2)
            if not value:
                made.attrs["MATLAB_empty"] = np.uint8(1)
        return made

    def _refer(self, group: Any, name: str, values: Sequence[Any]) -> None:
        import h5py

        made = [self.put(self.references, f"{group.name[1:]}{name}{k}".replace("/", "_"), value)
                for k, value in enumerate(values)]  # fmt: skip
        stored = group.create_dataset(name, (len(made), 1), dtype=h5py.ref_dtype)
        stored[:, 0] = [one.ref for one in made]


def eeglab(
    path: Path,
    signal: npt.NDArray[np.float64],
    names: Sequence[str],
    rate: float,
    events: Iterable[tuple[float, Any]],
    *,
    beside: bool = False,
    struct: bool = True,
    without: str = "",
) -> None:
    """Write a .set of EEGLAB saved with -v7.3: microvolts, [channel, sample].

    ``events`` are (sample from 0, type); ``beside`` puts the signal into a .fdt file; ``struct``
    says whether all is in one variable EEG.
    """
    data: Any = signal.astype(np.float32)
    if beside:
        data = path.with_suffix(".fdt").name
        signal.T.astype("<f4").tofile(path.with_suffix(".fdt"))
    eeg = {
        "setname": "a study", "filename": path.name, "filepath": "", "nbchan": float(len(names)),
        "trials": 1.0, "pnts": float(signal.shape[1]), "srate": float(rate), "xmin": 0.0,
        "xmax": (signal.shape[1] - 1) / rate, "data": data,
        "chanlocs": [{"labels": name, "type": ""} for name in names],
        "event": [{"type": kind, "latency": sample + 1.0} for sample, kind in events],
    }  # fmt: skip
    kept = {name: value for name, value in eeg.items() if name != without}
    writer = MatlabWriter(path)
    if struct:
        writer.put(writer.file, "EEG", kept)
    else:
        for name, value in kept.items():
            writer.put(writer.file, name, value)
    writer.close()


ABOUT = """<?xml version="1.0" encoding="utf-8"?>
<AcquisitionTaskDescription xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <SamplingFrequency>{rate}</SamplingFrequency>
  <NumberOfAcquiredChannels>{n}</NumberOfAcquiredChannels>
  <ChannelProperties>{channels}</ChannelProperties>
</AcquisitionTaskDescription>"""
CHANNEL = """
    <ChannelProperties>
      <ChannelName>{name}</ChannelName>
      <ChannelType>{kind}</ChannelType>
      <LogicalChannelNumber>{number}</LogicalChannelNumber>
      <SampleRate>{rate}</SampleRate>
    </ChannelProperties>"""
TYPE = """
  <AsynchronSignalDescription>
    <Name>{name}</Name><ID>{number}</ID><IsTrigger>true</IsTrigger>
  </AsynchronSignalDescription>"""


def gtec(
    path: Path,
    signal: npt.NDArray[np.float64],
    channels: Sequence[tuple[str, str]],
    rate: float,
    marks: Sequence[tuple[float, int, int]],
    types: Mapping[int, str],
    *,
    without: str = "",
) -> None:
    """Write a recording of g.Recorder: microvolts, [channel, sample].

    ``channels`` are (name, type), ``marks`` (sample, type, value), ``types`` their names.
    """
    import h5py

    rows = "".join(
        CHANNEL.format(name=name, kind=kind, number=k, rate=rate)
        for k, (name, kind) in enumerate(channels)
    )
    listed = "".join(TYPE.format(name=name, number=k) for k, name in types.items())
    texts = {
        "RawData/AcquisitionTaskDescription": ABOUT.format(
            rate=rate, n=len(channels), channels=rows
        ),
        "AsynchronData/AsynchronSignalTypes": f"<ArrayOfAsynchronSignalDescription>{listed}"
        "</ArrayOfAsynchronSignalDescription>",
    }
    with h5py.File(path, "w") as file:
        for name, text in texts.items():
            if name != without:
                file[name] = np.array([text.encode()])
        if without != "RawData/Samples":
            file["RawData/Samples"] = signal.T.astype("<f4")
        for k, name in enumerate(("Time", "TypeID", "Value")):
            if f"AsynchronData/{name}" != without:
                file[f"AsynchronData/{name}"] = np.array([[mark[k]] for mark in marks], dtype=float)
