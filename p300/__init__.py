"""p300: from raw EEG to a spelled letter and an honest cross-subject report.

The names here are the public ones; each is imported when it is first used, so that
``import p300`` is quick.
"""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.detectors import load_detector, make_detector, save_detector
    from p300.detectors.registry import register_detector
    from p300.evaluation.fold import evaluate_epochs
    from p300.evaluation.method import Method
    from p300.evaluation.metrics import register_metric, summarise_scores
    from p300.evaluation.statistics import compare_detectors
    from p300.pipeline import evaluate, run_experiment
    from p300.recordings import Layout, Recording, open_recordings
    from p300.recordings.registry import register_source
    from p300.report import compare_runs, write_report
    from p300.report.epoch_figures import (
        plot_averages,
        plot_image,
        plot_signed_r_squared,
        plot_topographies,
    )
    from p300.runs.config import Experiment, load_experiment
    from p300.runs.progress import progress_bars
    from p300.signal.epochs import Epochs, concatenate
    from p300.signal.preprocessing import Preprocessing, preprocess

__version__ = "0.2.0"
"""The only place that says it: pyproject.toml reads it from here."""

__getattr__ = lazy_names(
    __name__,
    {
        "Epochs": "p300.signal.epochs",
        "Experiment": "p300.runs.config",
        "Layout": "p300.recordings",
        "Method": "p300.evaluation.method",
        "Preprocessing": "p300.signal.preprocessing",
        "Recording": "p300.recordings",
        "compare_detectors": "p300.evaluation.statistics",
        "compare_runs": "p300.report",
        "concatenate": "p300.signal.epochs",
        "evaluate": "p300.pipeline",
        "evaluate_epochs": "p300.evaluation.fold",
        "load_detector": "p300.detectors",
        "load_experiment": "p300.runs.config",
        "make_detector": "p300.detectors",
        "open_recordings": "p300.recordings",
        "plot_averages": "p300.report.epoch_figures",
        "plot_image": "p300.report.epoch_figures",
        "plot_signed_r_squared": "p300.report.epoch_figures",
        "plot_topographies": "p300.report.epoch_figures",
        "preprocess": "p300.signal.preprocessing",
        "progress_bars": "p300.runs.progress",
        "register_detector": "p300.detectors.registry",
        "register_metric": "p300.evaluation.metrics",
        "register_source": "p300.recordings.registry",
        "run_experiment": "p300.pipeline",
        "save_detector": "p300.detectors",
        "summarise_scores": "p300.evaluation.metrics",
        "write_report": "p300.report",
    },
)

__all__ = [
    "Epochs",
    "Experiment",
    "Layout",
    "Method",
    "Preprocessing",
    "Recording",
    "compare_detectors",
    "compare_runs",
    "concatenate",
    "evaluate",
    "evaluate_epochs",
    "load_detector",
    "load_experiment",
    "make_detector",
    "open_recordings",
    "plot_averages",
    "plot_image",
    "plot_signed_r_squared",
    "plot_topographies",
    "preprocess",
    "progress_bars",
    "register_detector",
    "register_metric",
    "register_source",
    "run_experiment",
    "save_detector",
    "summarise_scores",
    "write_report",
]
