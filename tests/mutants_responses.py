"""What breaks the promises about averages, signed r squared and images of epochs."""

from __future__ import annotations

from mutant import Mutant

AVERAGES = ("tests/signal/test_averages.py",)
FIGURES = ("tests/report/test_response_figures.py",)
SECTION = ("tests/report/sections/test_responses.py",)

RESPONSES = (
    Mutant(
        "signed r squared is the share of the variance of all epochs",
        "signal/averages.py",
        "total = between + within",
        "total = within",
        AVERAGES,
    ),
    Mutant(
        "signed r squared weighs the classes by their epochs",
        "signal/averages.py",
        "between = share * (1 - share) * difference**2",
        "between = 0.25 * difference**2",
        AVERAGES,
    ),
    Mutant(
        "deviations of recordings are pooled around the mean of all",
        "signal/averages.py",
        'whole["deviation"] ** 2 + (whole["microvolts"] - mean) ** 2',
        'whole["deviation"] ** 2',
        AVERAGES,
    ),
    Mutant(
        "a negative peak makes an electrode as good as a positive one",
        "signal/averages.py",
        "mean.abs().max(axis=1)",
        "mean.max(axis=1)",
        AVERAGES,
    ),
    Mutant(
        "recordings of a subject share the lines of its image",
        "signal/averages.py",
        "max(n_targets, MOST_LINES)",
        "max(len(targets), MOST_LINES)",
        AVERAGES,
    ),
    Mutant(
        "images are in the order of time",
        "signal/averages.py",
        'np.argsort(targets.flashes["sample"].to_numpy(), kind="stable")',
        "np.arange(len(targets))",
        AVERAGES,
    ),
    Mutant(
        "images are of volts",
        "runs/dataset_epochs.py",
        "lines.append(image_targets(part, imaged[0], int(n_targets[subject])))",
        "lines.append(\n"
        "                    image_targets(\n"
        "                        normalise(part, settings), imaged[0], int(n_targets[subject])\n"
        "                    )\n"
        "                )",
        ("tests/runs/test_cache.py::test_the_image_is_of_volts_whatever_the_normaliser",),
    ),
    Mutant(
        "one loud electrode does not hide the rest of a map",
        "report/response_figures.py",
        "max(loudest, typical.max() / typical.min())",
        "typical.max() / typical.min()",
        FIGURES,
    ),
    Mutant(
        "a line of an image is as high as it has epochs",
        "report/response_figures.py",
        "values.repeat(n, axis=0), runs.repeat(n)",
        "values, runs",
        FIGURES,
    ),
    Mutant(
        "many subjects do not make the page endless",
        "report/sections/responses.py",
        "enumerate(self.subjects[:most], start=1)",
        "enumerate(self.subjects, start=1)",
        SECTION,
    ),
    Mutant(
        "a subject of one kind is named",
        "report/sections/responses.py",
        'set(averages["subject"]) - set(self.subjects)',
        "set(self.subjects) - set(self.subjects)",
        SECTION,
    ),
)
