"""Turn a finished run folder into one HTML file; draw its figures from tables."""

from p300.reporting.comparison import Comparison, compare_runs, write_comparison
from p300.reporting.comparison_figures import plot_differences
from p300.reporting.figures import plot_auc_by_subject, plot_calibration, plot_roc, plot_training
from p300.reporting.inspection_figures import (
    plot_electrode_ranking,
    plot_kernel_gains,
    plot_saliency,
    plot_temporal_kernels,
)
from p300.reporting.report import write_report
from p300.reporting.run_results import RunResults, read_run
from p300.reporting.scalp import plot_grand_average, plot_spatial_patterns
from p300.reporting.speller_figures import plot_bit_rates, plot_characters, plot_confusion

__all__ = [
    "Comparison",
    "RunResults",
    "compare_runs",
    "plot_auc_by_subject",
    "plot_bit_rates",
    "plot_calibration",
    "plot_characters",
    "plot_confusion",
    "plot_differences",
    "plot_electrode_ranking",
    "plot_grand_average",
    "plot_kernel_gains",
    "plot_roc",
    "plot_saliency",
    "plot_spatial_patterns",
    "plot_temporal_kernels",
    "plot_training",
    "read_run",
    "write_comparison",
    "write_report",
]
