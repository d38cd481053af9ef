"""The software that a run was computed with, of which only that is cited which had a part in it."""

from __future__ import annotations

from p300.detectors.described import describe
from p300.report.methods.cited import Paragraph, Sentence, say
from p300.report.methods.data import known_source
from p300.report.run_results import RunResults

NAMES = {
    "mne": "MNE-Python",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "pandas": "pandas",
    "scikit-learn": "scikit-learn",
    "torch": "PyTorch",
    "pyriemann": "pyRiemann",
    "mne-bids": "MNE-BIDS",
    "moabb": "MOABB",
    "braindecode": "braindecode",
}
"""Package, which is its key in :mod:`p300.references` too -> what it is called."""

_ALWAYS = ("mne", "numpy", "scipy", "pandas", "scikit-learn")
"""What reads, filters, scores and measures every run."""


def used_packages(results: RunResults) -> list[str]:
    """Return the packages that had a part in a run, in the order of :data:`NAMES`."""
    used = set(_ALWAYS)
    for label in results.unique("detector"):
        used.update(describe(results.detector_name(label), results.settings(label)).software)
        if results.alignment(label).method == "riemannian":
            used.add("pyriemann")
    for dataset in results.config.get("datasets") or {}:
        for source in results.sources(dataset):
            info = known_source(source)
            used.update(info.format_references if info else ())
    return [name for name in NAMES if name in used]


def software(results: RunResults) -> Paragraph:
    """Return the software with its versions."""
    manifest = results.manifest
    packages = manifest.get("packages") or {}
    ours = say(f"All was computed with p300 {manifest['p300']}", ("p300",))
    python = f" under Python {manifest['python']}" if manifest.get("python") else ""
    pieces: Sentence = (*ours, f"{python}, with ")
    used = used_packages(results)
    for number, name in enumerate(used):
        last, first = number == len(used) - 1, number == 0
        comma = "" if first else " and " if last else ", "
        version = f" {packages[name]}" if name in packages else ""
        pieces += say(f"{comma}{NAMES[name]}{version}", (name,))
    sentences = [(*pieces, ".")]
    learned_on = manifest.get("device")
    if "torch" in used and learned_on and learned_on != "cpu":
        sentences.append(say(f"Networks learned on a graphics card ({learned_on})."))
    return Paragraph.of("Software", sentences)
