"""Writers of small recordings in every format, all from one description of what they hold.

Each takes a folder, the content and the name of a part to leave out, and gives the path to load.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mne
import numpy as np
import numpy.typing as npt
from scipy.io import savemat

from p300.recordings import MATRIX_6X6
from p300.recordings.formats.bci2_iib import MICROVOLTS_PER_UNIT

N_SAMPLES, FIRST, INTERVAL, HELD = 750, 40, 12, 5
SYMBOL = "N"  # column 2, row 9


@dataclass(frozen=True)
class Content:
    """What a recording holds: one character, four repetitions of twelve flashes.

    ``signal`` is [electrode, sample] in volts; the others have one entry a flash, or a row.
    """

    signal: npt.NDArray[np.float64]
    samples: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]
    targets: npt.NDArray[np.bool_]
    electrodes: tuple[str, ...]

    @property
    def n_samples(self) -> int:
        return self.signal.shape[1]

    def state(self, values: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Hold a value a while from each flash on; as long as the last flash needs."""
        vector = np.zeros(max(self.n_samples, self.samples.max() + HELD), dtype=np.int64)
        for sample, value in zip(self.samples, np.broadcast_to(values, 48), strict=True):
            vector[sample : sample + HELD] = value
        return vector


def make_content(electrodes: tuple[str, ...]) -> Content:
    random = np.random.default_rng(7)
    codes = np.concatenate([random.permutation(12) + 1 for _ in range(4)])
    return Content(
        signal=1e-5 * random.normal(size=(len(electrodes), N_SAMPLES)),
        samples=FIRST + INTERVAL * np.arange(48),
        codes=codes,
        targets=np.isin(codes, sorted(MATRIX_6X6.codes_of(SYMBOL))),
        electrodes=electrodes,
    )


Write = Callable[[Path, Content, str], Path]


def save_mat(path: Path, variables: dict[str, Any], without: str) -> Path:
    kept = {name: value for name, value in variables.items() if name != without}
    savemat(path, kept, appendmat=False)
    # The description holds the time of writing.
    path.write_bytes(b"MATLAB 5.0 MAT-file".ljust(116) + path.read_bytes()[116:])
    return path


def as_stored(values: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """Give 16-bit integers where the values allow it."""
    fits = np.isfinite(values).all() and np.abs(values).max() < 2**15
    return values.round().astype(np.int16) if fits else values


def write_bci2_iib(folder: Path, content: Content, without: str = "") -> Path:
    column = content.state(content.codes)[:, np.newaxis]
    stored = {
        "signal": as_stored(content.signal.T / (1e-6 * MICROVOLTS_PER_UNIT)),
        "Flashing": (column > 0).astype(np.uint8),
        "StimulusCode": column.astype(np.uint8),
        "StimulusType": content.state(content.targets)[:, np.newaxis].astype(np.uint8),
        "runnr": np.ones_like(column, dtype=np.uint8),
    }
    return save_mat(folder / "AAS013R01.mat", stored, without)


def write_bci3_ii(folder: Path, content: Content, without: str = "") -> Path:
    row = content.state(content.codes)[np.newaxis].astype(np.float32)
    kinds = content.state(content.targets)[np.newaxis].astype(np.float32)
    stored = {
        "Signal": (1e6 * content.signal.T)[np.newaxis].astype(np.float32),
        "Flashing": (row > 0).astype(np.float32),
        "StimulusCode": row,
        "StimulusType": kinds,
    }
    if not content.targets.all() and content.targets.any():
        stored["TargetChar"] = SYMBOL
    return save_mat(folder / "Subject_A_Train.mat", stored, without)


def write_bnci2015_003(folder: Path, content: Content, without: str = "") -> Path:
    n_samples = content.n_samples
    rows = [np.arange(n_samples) / 256, *(1e6 * content.signal)]
    rows += [content.state(values)[:n_samples] for values in (content.codes, content.targets)]
    run = np.vstack(rows)
    struct_ = {name: run for name in ("train", "test") if name != without}
    return save_mat(folder / "s4.mat", {"s4": struct_}, "")


def write_gtec(folder: Path, content: Content, without: str = "") -> Path:
    trig = content.state(np.where(content.targets, 1, -1)).astype(np.int16)[:, np.newaxis]
    stored = {"y": 1e6 * content.signal.T, "trig": trig, "fs": np.uint8(250)}
    return save_mat(folder / "S1.mat", stored, without)


def write_bnci2014(
    folder: Path, content: Content, without: str = "", *, name: str, unit: float, cell: bool
) -> Path:
    run = {
        "channels": np.array(content.electrodes, dtype=object),
        "X": content.signal.T / unit,
        "y": content.state(1 + content.targets)[:, np.newaxis],
        "y_stim": content.state(content.codes)[:, np.newaxis],
        "trial": np.array([[FIRST + 1]]),
        "classes": np.array(["NonTarget", "Target"], dtype=object),
        "classes_stim": np.array(
            [f"{kind}{k}" for kind in ("Col", "Row") for k in range(1, 7)], dtype=object
        ),
    }
    run = {name: value for name, value in run.items() if name != without}
    runs = np.empty((1, 1), dtype=object)
    runs[0, 0] = run
    return save_mat(folder / name, {"data": runs if cell else run}, "")


def annotate(content: Content) -> list[str]:
    return ["Target" if target else "NonTarget" for target in content.targets]


def write_table(file: Path, content: Content, without: str, **columns: str) -> None:
    """Write a table of flashes whose columns are ``sample``, ``target`` and so on, renamed."""
    kinds = annotate(content) if "trial_type" in columns.values() else content.targets.astype(int)
    values = {
        "onset": content.samples / 250,
        "duration": np.full(48, 0.02),
        "sample": content.samples,
        "target": kinds,
        "code": content.codes,
        "character": np.ones_like(content.codes),
        "repetition": np.arange(48) // 12 + 1,
    }
    kept = {columns.get(name, name): value for name, value in values.items()}
    kept = {name: value for name, value in kept.items() if name != without}
    end = "\t" if file.suffix == ".tsv" else ","
    rows = [list(kept), *zip(*kept.values(), strict=True)]
    text = "".join(end.join(str(value) for value in row) + "\n" for row in rows)
    file.write_text(text, encoding="utf-8")


VHDR = """Brain Vision Data Exchange Header File Version 1.0

[Common Infos]
Codepage=UTF-8
DataFile={stem}.eeg
MarkerFile={stem}.vmrk
DataFormat=BINARY
DataOrientation=MULTIPLEXED
NumberOfChannels={n}
SamplingInterval=4000

[Binary Infos]
BinaryFormat=IEEE_FLOAT_32

[Channel Infos]
"""
VMRK = """Brain Vision Data Exchange Marker File, Version 1.0

[Common Infos]
Codepage=UTF-8
DataFile={stem}.eeg

[Marker Infos]
"""


def write_vhdr(folder: Path, content: Content, without: str = "", *, stem: str = "sub-1") -> Path:
    path = folder / f"{stem}.vhdr"
    (1e6 * content.signal.T).astype("<f4").tofile(path.with_suffix(".eeg"))
    names = [f"Ch{k + 1}={name},,1,µV\n" for k, name in enumerate(content.electrodes)]
    head = VHDR.format(stem=stem, n=len(names))
    lines = [line for line in head.splitlines(keepends=True) if not without or without not in line]
    path.write_text("".join([*lines, *names]), encoding="utf-8")
    marks = zip(annotate(content), content.samples, strict=True)
    rows = [f"Mk{k + 1}=Stimulus,{name},{at + 1},1,0\n" for k, (name, at) in enumerate(marks)]
    text = VMRK.format(stem=stem) + "".join(rows)
    path.with_suffix(".vmrk").write_text(text, encoding="utf-8")
    return path


def write_bids(folder: Path, content: Content, without: str = "") -> Path:
    eeg = folder / "sub-01" / "eeg"
    eeg.mkdir(parents=True)
    stem = "sub-01_task-speller_run-1"
    write_vhdr(eeg, content, without, stem=f"{stem}_eeg")
    columns = {"target": "trial_type", "code": "stimulus_code"}
    write_table(eeg / f"{stem}_events.tsv", content, without, **columns)
    names = "".join(f"{name}\tEEG\tµV\n" for name in content.electrodes)
    about = {"Name": "a study", "BIDSVersion": "1.9.0"}
    for place, text in {
        folder / "dataset_description.json": json.dumps(about),
        folder / "participants.tsv": "participant_id\nsub-01\n",
        eeg / f"{stem}_eeg.json": json.dumps({"TaskName": "speller", "SamplingFrequency": 250}),
        eeg / f"{stem}_channels.tsv": "name\ttype\tunits\n" + names,
    }.items():
        if place.name != without:
            place.write_text(text, encoding="utf-8")
    return folder


def write_fif(folder: Path, content: Content, without: str = "") -> Path:
    path = folder / "sub-1_raw.fif"
    info = mne.create_info(list(content.electrodes), 250.0, "eeg", verbose="error")
    raw = mne.io.RawArray(content.signal, info, verbose="error")
    marks = mne.Annotations(content.samples / 250, 0.0, annotate(content))
    # set_annotations would leave out what lies outside; an exporter may write it.
    raw._annotations = mne.Annotations([], [], []) if without == "annotations" else marks
    raw.save(path, verbose="error")
    return path


def record(content: Content) -> float:
    """Give the duration of a data record of EDF in seconds, of which whole ones must fit."""
    return 1.0 if content.n_samples % 250 == 0 else content.n_samples / 250


def write_edf(folder: Path, content: Content, without: str = "") -> Path:
    import edfio

    path = folder / "sub-1.edf"
    # A field of the header takes eight characters.
    unit, volts = ("V", 1.0) if np.abs(content.signal).max() > 0.1 else ("uV", 1e-6)
    signals = [
        edfio.EdfSignal(row / volts, 250.0, label=name, physical_dimension=unit)
        for row, name in zip(content.signal, content.electrodes, strict=True)
    ]
    marks = [
        edfio.EdfAnnotation(at / 250, None, name)
        for at, name in zip(content.samples, annotate(content), strict=True)
    ]
    marks = [] if without == "annotations" else marks
    edfio.Edf(signals, annotations=marks, data_record_duration=record(content)).write(path)
    return path


def write_bdf(folder: Path, content: Content, without: str = "") -> Path:
    import edfio

    path = folder / "sub-1.bdf"
    # A field of the header takes eight characters.
    unit, volts = ("V", 1.0) if np.abs(content.signal).max() > 0.1 else ("uV", 1e-6)
    signals = [
        edfio.BdfSignal(row / volts, 250.0, label=name, physical_dimension=unit)
        for row, name in zip(content.signal, content.electrodes, strict=True)
    ]
    status = content.state(np.where(content.targets, 5, 3))[: content.n_samples]
    whole = (-(2**23), 2**23 - 1)
    label = "Other" if without == "Status" else "Status"
    signals.append(
        edfio.BdfSignal(status, 250.0, label=label, physical_range=whole, digital_range=whole)
    )
    edfio.Bdf(signals, data_record_duration=record(content)).write(path)
    return path


def write_set(folder: Path, content: Content, without: str = "") -> Path:
    eeg = {
        "setname": "a study",
        "nbchan": len(content.electrodes),
        "trials": 1,
        "pnts": content.n_samples,
        "srate": 250.0,
        "xmin": 0.0,
        "xmax": content.n_samples / 250,
        "data": (1e6 * content.signal).astype(np.float32),
        "chanlocs": np.array([(n,) for n in content.electrodes], dtype=[("labels", object)]),
        "event": np.array(
            list(zip(annotate(content), content.samples + 1.0, strict=True)),
            dtype=[("type", object), ("latency", object)],
        ),
    }
    kept = {name: value for name, value in eeg.items() if name != without}
    return save_mat(folder / "sub-1.set", {"EEG": kept}, "")


def write_with_table(folder: Path, content: Content, without: str = "", *, write: Write) -> Path:
    path = write(folder, content, without)
    table = folder / f"{path.name.removesuffix('.gz').rsplit('.', 1)[0]}_flashes.csv"
    if without != "table":
        write_table(table, content, without)
    return path
