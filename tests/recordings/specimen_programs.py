"""Writers of small recordings in the formats of recording programs; see ``specimen_files``."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import test_xdf as xdf
from specimen_files import Content, annotate

from p300.recordings import MATRIX_6X6


def write_gdf(folder: Path, content: Content, without: str = "") -> Path:
    path = folder / "sub-1.gdf"
    n, sfreq = len(content.electrodes), 250
    head = b"GDF 1.25" + b"x".ljust(80) + b"x".ljust(80) + b"2020010112000000"
    head += struct.pack("<q", 256 * (n + 1)) + b"\0" * 44
    head += struct.pack("<qIII", content.n_samples, 1, sfreq, n)
    columns = [
        b"".join(name.encode().ljust(16, b"\0") for name in content.electrodes),
        b"\0" * 80 * n,
        b"uV".ljust(8, b"\0") * n,
        struct.pack("<d", -1e6) * n + struct.pack("<d", 1e6) * n,
        struct.pack("<q", -1_000_000) * n + struct.pack("<q", 1_000_000) * n,
        b"\0" * 80 * n,
        struct.pack("<I", 1) * n,
        struct.pack("<I", 17) * n,
        b"\0" * 32 * n,
    ]
    labels = 0x8100 + content.codes
    kinds = np.where(content.targets, 0x8205, 0x8206)
    codes, places = [kinds, labels, np.full(48, 0x800B)], np.tile(content.samples + 1, 3)
    shown = np.concatenate(codes) if without != "stimulations" else np.full(144, 0x300)
    table = b"\1" + sfreq.to_bytes(3, "little") + struct.pack("<I", len(shown))
    table += places.astype("<u4").tobytes() + shown.astype("<u2").tobytes()
    signal = (1e6 * content.signal.T).astype("<f8").tobytes()
    path.write_bytes(head + b"".join(columns) + signal + table)
    return path


BCI2000 = """BCI2000V= 1.1 HeaderLen= {length:6d} SourceCh= {n} StatevectorLen= 3 \
DataFormat= float32\r
[ State Vector Definition ] \r
StimulusCode 8 0 0 0\r
StimulusType 1 0 1 0\r
PhaseInSequence 2 0 2 0\r
[ Parameter Definition ] \r
Source:Signal int SourceCh= {n} // channels\r
Source:Signal float SamplingRate= 256Hz // rate\r
Source:Signal list ChannelNames= {n} {names} // names\r
Source:Signal list SourceChOffset= {n} {offset} // offset\r
Source:Signal list SourceChGain= {n} {gain} // gain\r
Speller string TextToSpell= N // text\r
Speller int InterpretMode= 2 // copy\r
Speller int NumMatrixRows= 1 6 // rows\r
Speller int NumMatrixColumns= 1 6 // columns\r
Speller matrix TargetDefinitions= 36 2 {symbols} // matrix\r
\r
"""


def write_bci2000(folder: Path, content: Content, without: str = "") -> Path:
    path, n = folder / "sub-1.dat", len(content.electrodes)
    facts = {
        "n": n,
        "names": " ".join(content.electrodes),
        "offset": "0 " * n,
        "gain": "1 " * n,
        "symbols": " ".join(f"{symbol} {symbol}" for symbol in MATRIX_6X6.symbols),
    }
    lines = BCI2000.splitlines(keepends=True)
    text = "".join(line for line in lines if not without or f"{without}" not in line)
    text = text.format(length=len(text.format(length=0, **facts)), **facts)
    # Its default: rows have the codes 1 to 6, columns those after them.
    codes = np.where(content.codes > 6, content.codes - 6, content.codes + 6)
    n_samples = content.n_samples
    states = [content.state(codes), content.state(content.targets), np.full(n_samples, 2)]
    frames = np.zeros(n_samples, [("signal", "<f4", (n,)), ("states", "u1", (3,))])
    frames["signal"] = 1e6 * content.signal.T
    frames["states"] = np.stack([vector[:n_samples] for vector in states], axis=1)
    path.write_bytes(text.encode() + frames.tobytes())
    return path


def write_xdf(folder: Path, content: Content, without: str = "") -> Path:
    path, sfreq = folder / "sub-1.xdf", 250
    times = 5000 + np.arange(content.n_samples) / sfreq
    marks = zip(annotate(content), content.codes, strict=True)
    texts = [[f"{kind}/{code}"] for kind, code in marks]
    channels = xdf.labels(*content.electrodes)
    form = "float32"
    parts = {
        "EEG header": xdf.header(
            1, name="Amp", kind="EEG", n=len(channels), rate=sfreq, form=form, channels=channels
        ),
        "marker header": xdf.header(2, name="Marks", kind="Markers", n=1, rate=0, form="string"),
        "EEG": xdf.samples(1, times, 1e6 * content.signal.T, form),
        "markers": xdf.samples(2, 5000 + content.samples / sfreq, texts, "string"),
        "EEG footer": xdf.chunk(6, b"<info></info>", 1),
        "marker footer": xdf.chunk(6, b"<info></info>", 2),
    }
    version = xdf.chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')
    kept = [part for name, part in parts.items() if name != without]
    path.write_bytes(b"".join([b"XDF:", version, *kept]))
    return path


def write_muse(folder: Path, content: Content, without: str = "") -> Path:
    path = folder / "data.csv"
    marker = content.state(1 + content.targets)[: content.n_samples]
    columns = {
        "timestamps": [f"{1486223470 + k / 256:.4f}" for k in range(content.n_samples)],
        **dict(zip(content.electrodes, 1e6 * content.signal, strict=True)),
        "Right AUX": np.zeros(content.n_samples),
        "Marker": marker,
    }
    kept = {name: values for name, values in columns.items() if name != without}
    rows = [list(kept), *zip(*kept.values(), strict=True)]
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
    return path
