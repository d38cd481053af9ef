"""Turn a finished run folder into one HTML file; draw its figures from tables."""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.report.comparison import compare_runs, write_comparison
    from p300.report.report import write_report
    from p300.report.response_figures import (
        plot_difference_maps,
        plot_epoch_images,
        plot_r_squared,
        plot_subject_responses,
    )
    from p300.report.scalp import plot_grand_average, plot_spatial_patterns
    from p300.report.sections.comparison_figures import plot_differences
    from p300.report.sections.detection_figures import (
        plot_auc_by_subject,
        plot_calibration,
        plot_roc,
        plot_training,
    )
    from p300.report.sections.letters_figures import (
        plot_bit_rates,
        plot_characters,
        plot_confusion,
    )

__getattr__ = lazy_names(
    __name__,
    {
        "compare_runs": "p300.report.comparison",
        "plot_auc_by_subject": "p300.report.sections.detection_figures",
        "plot_bit_rates": "p300.report.sections.letters_figures",
        "plot_calibration": "p300.report.sections.detection_figures",
        "plot_characters": "p300.report.sections.letters_figures",
        "plot_confusion": "p300.report.sections.letters_figures",
        "plot_difference_maps": "p300.report.response_figures",
        "plot_differences": "p300.report.sections.comparison_figures",
        "plot_epoch_images": "p300.report.response_figures",
        "plot_grand_average": "p300.report.scalp",
        "plot_r_squared": "p300.report.response_figures",
        "plot_roc": "p300.report.sections.detection_figures",
        "plot_spatial_patterns": "p300.report.scalp",
        "plot_subject_responses": "p300.report.response_figures",
        "plot_training": "p300.report.sections.detection_figures",
        "write_comparison": "p300.report.comparison",
        "write_report": "p300.report.report",
    },
)

__all__ = [
    "compare_runs",
    "plot_auc_by_subject",
    "plot_bit_rates",
    "plot_calibration",
    "plot_characters",
    "plot_confusion",
    "plot_difference_maps",
    "plot_differences",
    "plot_epoch_images",
    "plot_grand_average",
    "plot_r_squared",
    "plot_roc",
    "plot_spatial_patterns",
    "plot_subject_responses",
    "plot_training",
    "write_comparison",
    "write_report",
]
