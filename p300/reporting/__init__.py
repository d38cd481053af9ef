"""Turn a finished run folder into one HTML file; draw its figures from tables."""

from p300.reporting.figures import plot_auc_by_subject, plot_calibration, plot_roc, plot_training
from p300.reporting.report import write_report
from p300.reporting.run_results import RunResults, read_run
from p300.reporting.scalp import plot_grand_average, plot_spatial_patterns

__all__ = [
    "RunResults",
    "plot_auc_by_subject",
    "plot_calibration",
    "plot_grand_average",
    "plot_roc",
    "plot_spatial_patterns",
    "plot_training",
    "read_run",
    "write_report",
]
