"""Small BCI2000 files, and the states of a speller and of an oddball."""

from __future__ import annotations

import numpy as np

from p300.recordings import Layout, open_recordings

ROWS = ["ABC", "D %"]
UNNAMED = "ignore:.*are no names of the 10-05 system"
STATES = {"StimulusCode": (8, 0, 3), "StimulusType": (1, 1, 3), "PhaseInSequence": (2, 1, 4)}


def speller(text="B%", *, repetitions=2, columns_first=False, every=40, pause=200):
    """Give the states of a run: [sample] for each."""
    layout = Layout.row_column(ROWS, columns_first=columns_first)
    states = {name: [0] * pause for name in STATES}
    for symbol in text:
        for _ in range(repetitions):
            for code in (3, 1, 5, 2, 4):
                states["StimulusCode"] += [code] * 16 + [0] * (every - 16)
                kind = int(code in layout.codes_of(symbol))
                states["StimulusType"] += [kind] * 16 + [0] * (every - 16)
                states["PhaseInSequence"] += [2] * every
        for name in states:
            states[name] += [3 if name == "PhaseInSequence" else 0] * pause
    return {name: np.array(values) for name, values in states.items()}


def oddball(n=40, *, codes=(1, 2), every=60):
    """Give the states of an oddball, of which each flash is a sequence; every fifth is a target."""
    states = {name: [0] * 100 for name in STATES}
    for k in range(n):
        target = k % 5 == 2
        code = codes[-1] if target else codes[k % (len(codes) - 1)]
        states["StimulusCode"] += [code] * 20 + [0] * (every - 20)
        states["StimulusType"] += [int(target)] * 20 + [0] * (every - 20)
        states["PhaseInSequence"] += [2] * 40 + [3] * (every - 40)
    for name in states:
        states[name] += [0] * 300
    return {name: np.array(values) for name, values in states.items()}


NO_MATRIX = dict.fromkeys(("TargetDefinitions", "NumMatrixRows", "NumMatrixColumns"))


def encode(word):
    return "%" if word == "" else word.replace("%", "%%").replace(" ", "%20")


def dat(states, *, sample_type="float32", names=("Fz", "Cz", "Pz"), text="B%", **more):
    """Write a BCI2000 file of noise, with a parameter in every notation."""
    dtype = {"float32": "<f4", "int16": "<i2", "int32": "<i4"}[sample_type]
    n, k = len(next(iter(states.values()))), more.get("n_channels", 3)
    signal = 100 * np.random.default_rng(2).normal(size=(n, k))
    cells = [symbol for row in ROWS for symbol in row]
    symbols = more.get("symbols", cells)
    parameters = {
        "SourceCh": f"{k}",
        "SamplingRate": "250Hz 256Hz 0 %",
        "ChannelNames": f"{len(names)} {' '.join(names)}",
        "SourceChOffset": f"{k} {'10 ' * k}",
        "SourceChGain": f"{k} {'0.1muV ' * k}",
        "SubjectName": "S%20one",
        "SubjectSession": "002",
        "SubjectRun": "03",
        "TargetDefinitions": f"{len(symbols)} {{ Display Enter }} "
        + " ".join(f"{encode(s)} {encode(s)}" for s in symbols),
        "NumMatrixRows": "1 2",
        "NumMatrixColumns": "1 3",
        "TextToSpell": encode(text),
        "InterpretMode": "2",
        **more.get("parameters", {}),
    }
    places = more.get("places", STATES)
    lines = ["[ State Vector Definition ] "]
    lines += [f"{name} {a} 0 {b} {c}" for name, (a, b, c) in places.items()]
    lines += ["[ Parameter Definition ] "]
    lines += [
        f"Some:Where int {a}= {b} // about {a}" for a, b in parameters.items() if b is not None
    ]
    body = "\r\n".join([*lines, "", ""])
    first = f"BCI2000V= 1.1 HeaderLen= {{:>6}} SourceCh= {more.get('said', k)} "
    first += f"StatevectorLen= 3 DataFormat= {sample_type}\r\n"
    length = len(first.format(0)) + len(body.encode(more.get("encoding", "utf-8")))
    bits = np.zeros((n, 24), np.uint8)
    for name, values in states.items():
        size, byte, bit = STATES[name]
        bits[:, 8 * byte + bit :][:, :size] = (values[:, None] >> np.arange(size)) & 1
    frames = np.zeros(n, [("signal", dtype, (k,)), ("states", "u1", (3,))])
    frames["signal"], frames["states"] = signal, np.packbits(bits, axis=1, bitorder="little")
    head = (first.format(more.get("length", length)) + body).encode(more.get("encoding", "utf-8"))
    return head + frames.tobytes()


def load(path, **options):
    return list(open_recordings("bci2000", path, **options))
