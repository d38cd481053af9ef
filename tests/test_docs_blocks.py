"""Every block of code in the README and in docs/ runs, page by page, from top to bottom.

A page has a folder of its own with the files that it speaks of, made from the simulated study. Its
Python shares names from block to block; its YAML is read as a config; its ``p300 ...`` lines are
run by the command line itself. What cannot run here is listed below with the reason, and a reason
that no longer holds fails.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import textwrap
import tomllib
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from own_recordings import study
from typer.testing import CliRunner

from p300.commands.main import app
from p300.errors import P300Error
from p300.runs.config import Experiment, load_experiment

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```([\w+-]*)(?:\{.*\}.*)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""What has no language is a drawing, or a directive of the site, ``{include}`` say."""

TEXT = ("README.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")))


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    language: str
    code: str


def blocks_of(page: str) -> list[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    found = [Block(page, *groups.groups()) for groups in FENCE.finditer(text)]
    return [block for block in found if block.language]


BLOCKS = {page: found for page in TEXT if (found := blocks_of(page))}

NOT_RUN = {
    "p300 datasets fetch": "it loads files from a server",
    "p300 run bnci2015_003": "recordings that are no part of the project; .ci/run runs it",
    "p300 run family_tree": "hours, on the same recordings",
    "p300 run benchmark": "hours, on the same recordings; .ci/wheel plans it",
    "p300 run self_started": "the same",
    "p300 speller": "it serves a page until Ctrl-C; tests/online/test_page_server.py runs it",
    "p300 online": "it waits for streams; tests/online has some",
    "p300 replay": "it plays as long as the recording is",
    "p300 timing": "a session with a photodiode; tests/online/test_offsets.py has one",
    "p300 run study.yaml --cluster": "it needs a scheduler, as tests/runs/test_cluster_tls.py has",
}
"""Beginnings of command lines that are only parsed."""

NOT_PARSED = "p300 --install-completion"
"""To parse it is to write into the home folder; tests/commands/test_completion.py has the rest."""

NOT_OURS = {
    "umask": "tests/runs/test_cluster_tls.py runs these lines",
    "openssl": "the same",
    "dask": "the same",
    "PYTHONPATH=tests python -m campaigns": "tests/campaigns run in tests of their own",
}
"""Beginnings of other command lines."""

FAILS = {
    ("docs/recordings.md", "CrossSubjectEvaluation"): (ImportError, NameError),
    ("docs/runs.md", "dask_jobqueue"): (ImportError,),
    ("docs/detectors.md", "mypackage.module"): (P300Error,),
}
"""Page and a word of the block -> how it fails: a package that is not there. The example
plot_moabb.py runs the first when the site is built."""

GIVEN = {
    "docs/adaptation.md": """
from p300 import make_detector, open_recordings, preprocess
one = open_recordings("simulated", n_subjects=1, paradigm="checkerboard", characters_per_run=2)
epochs = preprocess(one)
detector = make_detector("slda").fit(epochs.X, epochs.y, groups=epochs.groups("character"))
features, layout = detector.features(epochs.X), epochs.layouts["simulated"]
""",
    "docs/detectors.md": """
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from p300 import open_recordings, preprocess
epochs, new = (
    preprocess(open_recordings("simulated", subjects=[s], n_runs=1, characters_per_run=3))
    for s in "12"
)
""",
    "docs/statistics.md": """
from p300.runs import RunFolder
scores = RunFolder("reports/mine").scores()
""",
}
"""What a page speaks of as known: names that its Python begins with."""

AFTER = {
    "docs/detectors.md": lambda names: (names["aucs"].loc[["ours", "slda"]] > 0.55).all(),
    "docs/export.md": lambda names: names["difference"] < 1e-4,
    "docs/plugins.md": lambda names: {"misses", "roc_auc"} <= set(names["metrics"]["metric"]),
    "docs/python.md": lambda names: Path("averages.png").is_file() and names["report"].is_file(),
    "docs/runs.md": lambda names: set(names["scores"]["detector"]) == {"recommended", "slda"},
}
"""What must be true once a page has run."""

MARKS = {"docs/questions.md": ("S 11", "S 12")}
"""What the lab of a page calls targets and non-targets."""

SMALL = ["--set", "detectors={slda: {}, xdawn_lda: {}}", "--set", "spelling.dynamic=false"]
RUN = ["run", "my.yaml", "--out", "reports/mine", "--jobs", "1"]
CONFIG = """
name: my
datasets: {simulated: {source: simulated, n_subjects: 2, characters_per_run: 2, repetitions: 6}}
detectors: {recommended: {}, slda: {}, cnn1: {max_passes: 1}}
protocols: {within_subject: {}}
"""
KEYS = tuple(Experiment.model_fields)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that pages speak of: configs, a new person's recording, finished runs."""
    import mne

    folder = tmp_path_factory.mktemp("made")
    for name in ("my.yaml", "study.yaml", "quickstart"):
        (folder / name).write_text(CONFIG.replace("name: my", f"name: {Path(name).stem}"))
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert CliRunner().invoke(app, RUN).exit_code == 0
    finally:
        os.chdir(before)
    for name in ("yours", "my-study", "quickstart"):
        shutil.copytree(folder / "reports/mine", folder / "reports" / name)
    (person,) = study(subjects=["2"], n_subjects=2, n_runs=1)
    flashes, raw = person.flashes, person.raw.copy().load_data()
    for name in ("new", "new_eeg"):
        flashes.to_csv(folder / f"{name}_flashes.csv", index=False)
    names = [f"flash/{code}" for code in flashes["code"]]
    raw.set_annotations(mne.Annotations(flashes["sample"] / person.sfreq, 0.0, names))
    raw.save(folder / "new_eeg.fif", verbose="error")
    mne.export.export_raw(folder / "new.edf", raw, verbose="error")
    return folder


def write_study(folder: Path, target: str, other: str) -> None:
    """Write two people, two runs each, as EDF in the words of a lab."""
    import mne

    folder.mkdir()
    for one in study(n_subjects=2, n_runs=2):
        flashes, raw = one.flashes, one.raw.copy().load_data()
        words = [target if is_target else other for is_target in flashes["target"]]
        if "/" in target:
            words = [f"{word}/{code}" for word, code in zip(words, flashes["code"], strict=True)]
        raw.set_annotations(mne.Annotations(flashes["sample"] / one.sfreq, 0.0, words))
        ending = "" if one.run == "1" else "_run2"
        mne.export.export_raw(folder / f"s0{one.subject}{ending}.edf", raw, verbose="error")


def lines_of(block: Block) -> list[str]:
    """Return the command lines of a block, each whole and without its comment."""
    joined = block.code.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip()]


def parse(arguments: list[str]) -> None:
    """Parse the arguments of ``p300`` as the command line does, and run nothing."""
    command, name = typer.main.get_command(app), "p300"
    while True:
        try:
            context = command.make_context(name, list(arguments))
        except typer.Exit:  # --version and its like answer at once
            return
        if not hasattr(command, "resolve_command"):
            return
        rest = [*getattr(context, "_protected_args", []), *context.args]
        if not rest:
            return
        name, command, arguments = command.resolve_command(context, rest)


def run_line(line: str) -> None:
    """Run a command line of ours; what cannot be is parsed, and what is no line of ours listed."""
    words = shlex.split(line, comments=True)
    if words[0] == "pip":
        extras = set(re.findall(r"\w+", "".join(re.findall(r"\[(.*?)\]", line))))
        known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        assert extras <= set(known["optional-dependencies"]), line
        return
    if words[0] != "p300":
        assert any(line.startswith(known) for known in NOT_OURS), f"{line}: neither ours nor listed"
        return
    if line.startswith(NOT_PARSED):
        return
    arguments = words[1:]
    if ">" in arguments:
        arguments = arguments[: arguments.index(">")]
    parse(arguments)
    if any(line.startswith(known) for known in NOT_RUN):
        return
    if arguments[0] == "run" and "--help" not in arguments:
        arguments += ["--jobs", "1"]
        if arguments[1] == "my-study.yaml" and "--set" not in arguments:
            arguments += SMALL
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, f"{line}\n{done.output}\n{done.exception!r}"


def read_config(code: str, place: Path) -> None:
    """Read a piece of a config, on top of the simulated study."""
    spoken = re.search(r"^\s*[^#\s]", code, re.MULTILINE)  # a comment alone begins any config
    if spoken and not re.search(rf"^({'|'.join(KEYS)}):", code, re.MULTILINE):  # detectors' lines
        code = "detectors:\n" + textwrap.indent(code, "  ")
    base = "name: page\n"
    if not re.search("^datasets:", code, re.MULTILINE):
        base += "datasets: {simulated: {source: simulated}}\n"
    config = place / "block.yaml"
    config.write_text(base + code, encoding="utf-8")
    load_experiment(config)


def run_block(block: Block, names: dict[str, object], place: Path) -> None:
    if block.language == "python":
        exec(compile(block.code, block.page, "exec"), names)
    elif block.language == "yaml":
        read_config(block.code, place)
    elif block.language == "sh":
        for line in lines_of(block):
            run_line(line)
    elif block.language == "toml":
        tomllib.loads(block.code)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore::p300.errors.P300Warning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("page", [page for page in BLOCKS if page != "docs/convolution.md"])
def test_the_blocks_of_a_page_run(page, made, tmp_path, monkeypatch):
    from p300.detectors import DETECTORS
    from p300.evaluation.metrics import METRICS

    place = tmp_path / "page"
    shutil.copytree(made, place)
    monkeypatch.chdir(place)
    code = "".join(block.code for block in BLOCKS[page])
    if "p300 run quickstart" in code:
        shutil.rmtree("reports/quickstart")
    if "p300 run my-study.yaml" in code:
        shutil.rmtree("reports/my-study")
    else:
        shutil.copytree("reports/mine", "reports/second")
    if "my-study" in code:
        write_study(place / "my-study", *MARKS.get(page, ("rare", "frequent")))
    names: dict[str, object] = {"__name__": "docs"}
    exec(GIVEN.get(page, ""), names)
    try:
        for block in BLOCKS[page]:
            fails = [
                kind for (at, word), kind in FAILS.items() if at == page and word in block.code
            ]
            with pytest.raises(fails[0]) if fails else nullcontext():
                run_block(block, names, tmp_path)
        assert AFTER.get(page, lambda _: True)(names)
    finally:
        DETECTORS.pop("my_ridge", None)
        METRICS.pop("misses", None)


def test_blocks_are_in_languages_that_run():
    assert len(BLOCKS) > 15
    spoken = {block.language for found in BLOCKS.values() for block in found}
    assert spoken == {"python", "yaml", "sh", "toml", "pycon"}
    pycon = {page for page, found in BLOCKS.items() if any(b.language == "pycon" for b in found)}
    assert pycon == {"docs/convolution.md"}  # tests/test_convolution_page.py runs its blocks


def test_every_exception_is_needed():
    lines = [
        line
        for found in BLOCKS.values()
        for block in found
        if block.language == "sh"
        for line in lines_of(block)
    ]
    for known in (*NOT_RUN, *NOT_OURS):
        assert any(line.startswith(known) for line in lines), known
    for page, word in FAILS:
        assert sum(word in block.code for block in BLOCKS[page]) == 1, (page, word)


def test_an_option_that_is_not_there_is_found():
    with pytest.raises(Exception, match="No such option"):
        parse(["run", "my.yaml", "--dry-walk"])
    with pytest.raises(Exception, match="No such command"):
        parse(["dance"])
    with pytest.raises(AssertionError, match="neither ours nor listed"):
        run_line("rm -rf reports")
