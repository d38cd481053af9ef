"""Turn a finished run folder into one HTML file; draw its figures from tables."""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.report.comparison import Comparison, compare_runs, write_comparison
    from p300.report.report import write_report
    from p300.report.run_results import RunResults, read_run
    from p300.report.scalp import plot_grand_average, plot_spatial_patterns
    from p300.report.sections.comparison_figures import plot_differences
    from p300.report.sections.detection_figures import (
        plot_auc_by_subject,
        plot_calibration,
        plot_roc,
        plot_training,
    )
    from p300.report.sections.letters_figures import plot_bit_rates, plot_characters, plot_confusion
    from p300.report.sections.network_figures import (
        plot_electrode_ranking,
        plot_kernel_gains,
        plot_saliency,
        plot_temporal_kernels,
    )

__getattr__ = lazy_names(
    __name__,
    {
        "Comparison": "p300.report.comparison",
        "RunResults": "p300.report.run_results",
        "compare_runs": "p300.report.comparison",
        "plot_auc_by_subject": "p300.report.sections.detection_figures",
        "plot_bit_rates": "p300.report.sections.letters_figures",
        "plot_calibration": "p300.report.sections.detection_figures",
        "plot_characters": "p300.report.sections.letters_figures",
        "plot_confusion": "p300.report.sections.letters_figures",
        "plot_differences": "p300.report.sections.comparison_figures",
        "plot_electrode_ranking": "p300.report.sections.network_figures",
        "plot_grand_average": "p300.report.scalp",
        "plot_kernel_gains": "p300.report.sections.network_figures",
        "plot_roc": "p300.report.sections.detection_figures",
        "plot_saliency": "p300.report.sections.network_figures",
        "plot_spatial_patterns": "p300.report.scalp",
        "plot_temporal_kernels": "p300.report.sections.network_figures",
        "plot_training": "p300.report.sections.detection_figures",
        "read_run": "p300.report.run_results",
        "write_comparison": "p300.report.comparison",
        "write_report": "p300.report.report",
    },
)

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
