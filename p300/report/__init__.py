"""Turn a finished run folder into one HTML file; draw its figures from tables."""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.report.comparison import compare_runs, write_comparison
    from p300.report.report import write_report

__getattr__ = lazy_names(
    __name__,
    {
        "compare_runs": "p300.report.comparison",
        "write_comparison": "p300.report.comparison",
        "write_report": "p300.report.report",
    },
)

__all__ = [
    "compare_runs",
    "write_comparison",
    "write_report",
]
