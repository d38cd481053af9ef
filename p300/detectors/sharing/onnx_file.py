"""Export of a stored detector: an ONNX file, and a JSON file that tells how to use it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import platform
from dataclasses import dataclass
from pathlib import Path

from p300.detectors.sharing.check import MOST_APART, largest_difference
from p300.detectors.sharing.description import describe_export
from p300.detectors.sharing.graph import front, model_of
from p300.detectors.sharing.parts import log_odds_part
from p300.detectors.storage import StoredDetector
from p300.errors import DetectorError
from p300.files import write_json, written_whole

MODEL = "model.onnx"
PACKAGES = ("onnx", "onnxruntime", "onnxscript")


@dataclass(frozen=True)
class Exported:
    """What was written.

    Parameters
    ----------
    model, description
        The two files.
    difference
        The largest found between graph and detector; see
        :func:`p300.detectors.sharing.check.largest_difference`.
    """

    model: Path
    description: Path
    difference: float


def export_onnx(
    stored: StoredDetector, file: str | Path, *, adaptation: str | None = None
) -> Exported:
    """Write a detector as an ONNX graph from filtered epochs to calibrated log-odds.

    The normaliser of the epochs, the scaling of a network's input and the calibration are in the
    graph. The matrix of an alignment, which follows from a person's epochs, is its second input.
    What adapts to a person is not in it.

    Parameters
    ----------
    stored
        The detector.
    file
        To write; beside it the description, ``FILE.json``. What is there is replaced.
    adaptation
        Name of the adaptation that is stored with the detector, for the description.

    Raises
    ------
    DetectorError
        When a package is missing, the detector cannot be exported, or the graph does not give the
        detector's log-odds to 1e-4; nothing is written then.
    """
    _check_packages()
    file = Path(file)
    settings, detector = stored.settings, stored.detector
    before = front(
        detector.input_shape_,
        normalised=settings.normaliser != "none",
        mixed=stored.alignment.changes_epochs,
    )
    model = model_of(before, log_odds_part(detector))
    difference = largest_difference(model, stored)
    content = model.SerializeToString()
    description = file.with_name(f"{file.name}.json")
    about = {
        **describe_export(stored, adaptation),
        "file": file.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "checked": {"largest_difference": difference, "at_most": MOST_APART},
        "versions": _versions(),
    }
    with written_whole(file) as temporary:
        temporary.write_bytes(content)
    write_json(description, about)
    return Exported(file, description, difference)


def _check_packages() -> None:
    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        raise DetectorError(
            f"the export to ONNX needs {', '.join(missing)}, which cannot be found; install it "
            "with pip install 'p300[onnx]'"
        )


def _versions() -> dict[str, str]:
    import p300

    packages = {name: importlib.metadata.version(name) for name in (*PACKAGES, "torch")}
    return {"p300": p300.__version__, "python": platform.python_version(), **packages}
