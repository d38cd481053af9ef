"""What breaks the promises about detectors that others are handed."""

from __future__ import annotations

from mutant import Mutant

ONNX = tuple(
    f"tests/detectors/sharing/test_onnx.py::test_{name}"
    for name in (
        "a_graph_that_gives_something_else_is_not_written",
        "what_is_compared_varies_whatever_the_unit",
        "a_flat_electrode_becomes_zero_as_everywhere",
        "windows_that_do_not_divide_the_epoch",
    )
)
CARD = ("tests/detectors/sharing/test_card.py",)

SHARING = (
    Mutant(
        "a graph that gives something else is not written",
        "detectors/sharing/check.py",
        "if largest > MOST_APART:",
        "if False:",
        ONNX,
    ),
    Mutant(
        "the graph is compared where its log-odds vary",
        "detectors/sharing/check.py",
        "VOLTS if normalised else amplitude(detector)",
        "VOLTS",
        ONNX,
    ),
    Mutant(
        "a flat electrode becomes zero in the graph too",
        "detectors/sharing/graph.py",
        '["window_constant", "window_nothing", "window_divided"]',
        '["window_constant", "window_divided", "window_divided"]',
        ONNX,
    ),
    Mutant(
        "the calibration is in the graph",
        "detectors/sharing/parts.py",
        "calibration.slope * intercept + calibration.intercept",
        "calibration.slope * intercept",
        ONNX,
    ),
    Mutant(
        "a cell of a table ends where it ends",
        "detectors/sharing/markdown.py",
        r're.compile(r"([\\`*_\[\]#|~!])")',
        r're.compile(r"([\\`*_\[\]#~!])")',
        CARD,
    ),
    Mutant(
        "a name in the front matter is one line",
        "detectors/sharing/markdown.py",
        "return one_line(value)",
        "return value",
        CARD,
    ),
    Mutant(
        "a card shows the figures of the very settings only",
        "report/measured.py",
        "and method.alignment == stored.alignment",
        "",
        ("tests/report/test_measured.py",),
    ),
)
