"""The steps of detectors as transformers, for pipelines of scikit-learn on X [epoch, ...].

They take X [epoch, electrode, time] where not said otherwise. Each is imported when it is first
used.
"""

from typing import TYPE_CHECKING

from p300.lazy import lazy_names

if TYPE_CHECKING:
    from p300.steps.align import Align
    from p300.steps.covariances import Covariances
    from p300.steps.electrodes import PickElectrodes
    from p300.steps.windows import WindowMeans
    from p300.steps.xdawn import Xdawn

__getattr__ = lazy_names(
    __name__,
    {
        "Align": "p300.steps.align",
        "Covariances": "p300.steps.covariances",
        "PickElectrodes": "p300.steps.electrodes",
        "WindowMeans": "p300.steps.windows",
        "Xdawn": "p300.steps.xdawn",
    },
)

__all__ = ["Align", "Covariances", "PickElectrodes", "WindowMeans", "Xdawn"]
