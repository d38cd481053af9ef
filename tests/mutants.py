"""Lines that carry a promise, changed one at a time: some test must fail for each.

``python tests/mutants.py`` copies the package and its tests, changes one line, runs the tests that
keep its promise and reports which of them noticed. It fails where none did, where a line is not
there any more, or where a test fails without any change.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from mutant import Mutant
from mutants_estimators import ESTIMATORS
from mutants_help import HELP
from mutants_hostile import HOSTILE
from mutants_inception import INCEPTION
from mutants_log import RUN_LOG
from mutants_methods import METHODS
from mutants_mne import MNE
from mutants_moabb import MOABB
from mutants_online import ONLINE
from mutants_packaging import PACKAGING
from mutants_page import PAGE
from mutants_pages import PAGES
from mutants_plugins import PLUGINS
from mutants_post_hoc import POST_HOC
from mutants_published import PUBLISHED
from mutants_readings import READINGS
from mutants_recommended import RECOMMENDED
from mutants_recordings import RECORDINGS
from mutants_responses import RESPONSES
from mutants_risk import RISK
from mutants_running import RUNNING
from mutants_self_start import SELF_START
from mutants_session_report import SESSION_REPORT
from mutants_sharing import SHARING
from mutants_sockets import SOCKETS
from mutants_sums import SUMS
from mutants_toeplitz import TOEPLITZ

ROOT = Path(__file__).resolve().parent.parent

MUTANTS = (
    *RECORDINGS,
    *HOSTILE,
    *READINGS,
    *RISK,
    *SUMS,
    *RUNNING,
    *TOEPLITZ,
    *INCEPTION,
    *SELF_START,
    *POST_HOC,
    *PUBLISHED,
    *MNE,
    *PACKAGING,
    *ESTIMATORS,
    *RECOMMENDED,
    *RUN_LOG,
    *HELP,
    *SHARING,
    *MOABB,
    *PLUGINS,
    *ONLINE,
    *SESSION_REPORT,
    *PAGE,
    *SOCKETS,
    *METHODS,
    *PAGES,
    *RESPONSES,
    Mutant(
        "epochs of training and test set are a whole epoch apart",
        "evaluation/leaks.py",
        "< duration - 1e-9:",
        "< duration / 2 - 1e-9:",
        ("tests/evaluation/test_leaks.py",),
    ),
    Mutant(
        "weights decay as torch's AdamW lets them",
        "detectors/training/adamw.py",
        "weight_decay=self.decay,",
        "weight_decay=0.0,",
        ("tests/detectors/training/test_adamw.py",),
    ),
    Mutant(
        "CNN-1 with its factors in the products is the paper's",
        "detectors/networks/cecotti.py",
        "alpha=4 / 3 * 2 * AMPLITUDE,",
        "alpha=4 / 3 * AMPLITUDE,",
        ("tests/detectors/networks/test_cecotti.py",),
    ),
    Mutant(
        "certificates go to no scheduler that encrypts nothing",
        "runs/cluster.py",
        "if security.require_encryption:",
        "if not security:",
        ("tests/runs/test_cluster_tls.py",),
    ),
    Mutant(
        "electrodes of one name at two places are not joined",
        "signal/positions.py",
        "if apart[name] > ELSEWHERE]",
        "if apart[name] > 1.0]",
        ("tests/signal/test_positions.py",),
    ),
    Mutant(
        "scalp maps are drawn where the recordings place their electrodes",
        "report/scalp_maps.py",
        "places = known_positions(positions)",
        "places = known_positions(None)",
        ("tests/report/test_report.py",),
    ),
    Mutant(
        "epochs of one run without onsets are not divided",
        "evaluation/leaks.py",
        "if run in learned and (onset.isna().any() or np.isnan(learned[run]).any()):",
        "if run in learned and onset.isna().all() and len(onset) > 1000:",
        ("tests/evaluation/test_leaks.py",),
    ),
    Mutant(
        "an interval is one of 95 %",
        "evaluation/intervals.py",
        "LEVEL = 0.05",
        "LEVEL = 0.1",
        ("tests/evaluation/test_intervals.py",),
    ),
    Mutant(
        "training epochs are aligned without the test epochs",
        "evaluation/fold.py",
        "    train = align_part(whole.part(fold.train), alignment.offline)\n",
        "    both = whole.part(np.concatenate([fold.train, fold.test]))\n"
        "    train = align_part(both, alignment.offline).select(np.arange(len(fold.train)))\n",
        ("tests/evaluation/test_fold.py",),
    ),
    Mutant(
        "calibration keeps the order of the scores",
        "detectors/calibration.py",
        "    if slope <= 0:",
        "    if slope == 0:",
        ("tests/detectors/test_calibration.py",),
    ),
    Mutant(
        "repeats have seeds of their own",
        "runs/plan.py",
        "seed=seed_of(experiment.seed, name, protocol, fold.name, str(repeat)),",
        'seed=seed_of(experiment.seed, name, protocol, fold.name, "0"),',
        ("tests/evaluation/test_fold.py",),
    ),
    Mutant(
        "a report says which fits have learned from other subjects",
        "report/representative_fits.py",
        "        name: known is not None and known.learns_from_others\n",
        "        name: known is not None and not known.learns_from_others\n",
        ("tests/report/test_fits.py",),
    ),
    Mutant(
        "how strongly to adapt is not chosen on the tested subject",
        "adaptation/ways/self_calibrated.py",
        '        about: dict[str, Any] = {"strength": asdict(learned.strength)}\n',
        "        from dataclasses import replace\n"
        "        from sklearn.metrics import roc_auc_score\n"
        "        from p300.adaptation.readout import STRENGTHS\n"
        "        tried = [replace(learned, strength=one) for one in STRENGTHS]\n"
        "        if fold.calibration is None:\n"
        "            learned = max(tried, key=lambda one: roc_auc_score(\n"
        "                fold.test.y,\n"
        "                one.score_prequentially(fold.test, layout_of(fold)).scores))\n"
        '        about: dict[str, Any] = {"strength": asdict(learned.strength)}\n',
        ("tests/evaluation/test_fold.py",),
    ),
    Mutant(
        "calibration learns from scores of epochs that the detector has not seen",
        "detectors/linear/cross_fitted.py",
        "            return other._fit(X[rest], y[rest])._raw_scores(X[rows])\n",
        "            return other._fit(X, y)._raw_scores(X[rows])\n",
        ("tests/detectors/test_calibration.py",),
    ),
    Mutant(
        "a network's calibration learns from epochs that it has not seen",
        "detectors/training/network.py",
        "            held_out=torch.from_numpy(whole[1]),\n",
        "            held_out=torch.from_numpy(whole[0]),\n",
        ("tests/detectors/test_calibration.py",),
    ),
    Mutant(
        "no test character decides when training stops",
        "adaptation/ways/none.py",
        "        return detector.fit_part(fold.train, fold.validation)\n",
        "        from p300.signal.epochs import concatenate\n"
        "        from p300.signal.parts import part_of\n"
        "        both = part_of(concatenate([fold.train.gathered(), fold.test]))\n"
        "        return detector.fit_part(both, fold.validation)\n",
        ("tests/evaluation/test_fold.py",),
    ),
    Mutant(
        "the scale of a network's input is learned from what it learns from",
        "detectors/training/network.py",
        "        scaling = Scaling.learned(X, whole[0])\n",
        "        scaling = Scaling.learned(X, np.arange(len(X)))\n",
        ("tests/detectors/training/test_scaling.py",),
    ),
    Mutant(
        "epochs that touch a stretch marked as bad are left out",
        "signal/sampling.py",
        "here = inside & (first < end) & (last >= begin)",
        "here = inside & (first >= begin) & (last < end)",
        ("tests/signal/test_bad_stretches.py",),
    ),
    Mutant(
        "the command that goes on takes the rarer mark for the target",
        "commands/unread.py",
        "target, nontarget = map(_quoted, pair)",
        "nontarget, target = map(_quoted, pair)",
        ("tests/commands/test_unread.py",),
    ),
    Mutant(
        "one data set that cannot be read does not stop the others",
        "commands/survey.py",
        "            if len(found) == 1:\n                raise",
        "            raise",
        ("tests/commands/test_unread.py",),
    ),
    Mutant(
        "rows of a layout are the text that stands there",
        "yaml_text.py",
        '("layout", "subjects",',
        '("subjects",',
        ("tests/test_yaml_text.py",),
    ),
)


def run_tests(folder: Path, tests: tuple[str, ...]) -> tuple[bool, list[str]]:
    """Run tests in a copy; return whether all passed, and those that did not."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment(folder),
    )
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    if done.returncode and not failed:
        sys.exit(
            f"pytest ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.returncode == 0, failed


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of this process, in which the copy's package is imported."""
    return {**os.environ, "PYTHONPATH": str(folder), "P300_CACHE": str(folder / "cache")}


def try_out(mutant: Mutant, folder: Path) -> str:
    """Return the test that noticed a mutant, "" where none did.

    It must pass without the mutant: a test that fails anyway would notice everything.
    """
    file = folder / "p300" / mutant.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutant.line) != 1:
        sys.exit(
            f"{mutant.file}: {mutant.line!r} is there {text.count(mutant.line)} times, not once"
        )
    file.write_text(text.replace(mutant.line, mutant.change), encoding="utf-8")
    try:
        _, failed = run_tests(folder, mutant.tests)
    finally:
        file.write_text(text, encoding="utf-8")
    if not failed:
        return ""
    whole, _ = run_tests(folder, (failed[0].partition("[")[0],))  # cases may have blanks in names
    if not whole:
        sys.exit(f"{failed[0]} fails without any change")
    return failed[0]


def copy_to(folder: Path) -> Path:
    """Copy the checkout into a new folder, without runs and recordings."""
    ignored = shutil.ignore_patterns("__pycache__", ".*", "reports", "data", "build", "*.egg-info")
    shutil.copytree(ROOT, folder, ignore=ignored)
    return folder


def drawn_order() -> list[Mutant]:
    """Return all mutants in an order that follows from the commit, another for each."""
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    order = list(MUTANTS)
    random.Random(commit).shuffle(order)
    return order


def main() -> None:
    """Try mutants, in a copy a processor; exit with 1 where one survives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--minutes", type=float, help="begin none after so many, in an order drawn by the commit"
    )
    minutes = parser.parse_args().minutes
    mutants = list(MUTANTS) if minutes is None else drawn_order()
    end = math.inf if minutes is None else time.monotonic() + 60 * minutes
    n_copies = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as place:
        copies: Queue[Path] = Queue()
        for n in range(n_copies):
            copies.put(copy_to(Path(place) / str(n)))

        def tried(mutant: Mutant) -> str | None:
            folder = copies.get()
            try:
                return try_out(mutant, folder) if time.monotonic() < end else None
            finally:
                copies.put(folder)

        n_tried = survived = 0
        with ThreadPoolExecutor(n_copies) as pool:
            for mutant, noticed in zip(mutants, pool.map(tried, mutants), strict=True):
                if noticed is None:
                    continue
                n_tried += 1
                survived += not noticed
                said = "killed  " if noticed else "SURVIVED"
                print(f"{said} {mutant.promise}: {noticed}", flush=True)
    print(f"{n_tried - survived} of {n_tried} mutants killed, of {len(mutants)} that there are")
    sys.exit(survived > 0)


if __name__ == "__main__":
    main()
