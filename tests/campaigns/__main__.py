"""Try to break what is promised: files, configs, kills, disks. See docs/reliability.md.

``PYTHONPATH=tests python -m campaigns --minutes 30 --seed 1``
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

# One thread a process, as in the tests: several of them would slow each other down.
os.environ["OMP_NUM_THREADS"] = "1"
TESTS = Path(__file__).resolve().parents[1]
# As pytest has it: what writes specimens is there.
sys.path += [str(TESTS / "recordings" / place) for place in ("", "formats", "readers")]

from campaigns.conduct import CAMPAIGNS, conducted  # noqa: E402
from campaigns.tried import Tried  # noqa: E402

ENDLESS = 10.0**6


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m campaigns", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="shared out between campaigns")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", action="append", choices=[*CAMPAIGNS], help="a campaign (repeatable)"
    )
    parser.add_argument("--try", type=int, action="append", dest="tries", help="one try alone")
    options = parser.parse_args(given)
    names = options.only or [*CAMPAIGNS]
    shares = sum(CAMPAIGNS[name][1] for name in names)
    rows: list[str] = []
    failed = False
    try:
        for name in names:
            seconds = 60 * options.minutes * CAMPAIGNS[name][1] / shares
            row, all_held = conduct(name, options.seed, seconds, options.tries)
            rows.append(row)
            failed |= not all_held
    except KeyboardInterrupt:
        print("Interrupted. What was tried before is in the table.", file=sys.stderr)
        failed = True
    print("\n".join([*HEAD, *rows]))
    return 1 if failed else 0


HEAD = (
    "| campaign | tried | held | of these refused | failed | seconds |",
    "|---|---|---|---|---|---|",
)


def conduct(name: str, seed: int, seconds: float, tries: Sequence[int] | None) -> tuple[str, bool]:
    """Conduct a campaign and tell what fails as it does; return its row and whether all held."""
    began, tried, notes = time.monotonic(), [], dict[str, None]()
    for one in conducted(name, seed, ENDLESS if tries else seconds, tries=tries):
        if one.left_out:
            notes[one.outcome] = None
            continue
        tried.append(one)
        if not one.held or tries:
            print(tell(name, seed, one), flush=True)
    held = sum(one.held for one in tried)
    refused = sum(one.outcome == "refused" for one in tried)
    label = " ".join([name, *(f"({note})" for note in notes)])
    took = time.monotonic() - began
    row = f"| {label} | {len(tried)} | {held} | {refused} | {len(tried) - held} | {took:.0f} |"
    return row, held == len(tried)


def tell(name: str, seed: int, one: Tried) -> str:
    """Return what came of a try, and how it is repeated."""
    again = f"python -m campaigns --only {name!r} --seed {seed} --try {one.number}"
    what = one.what.encode("utf-8", "backslashreplace").decode()
    outcome = one.outcome.encode("utf-8", "backslashreplace").decode()
    return f"{name}: {outcome}\n    {what}\n    {again}"


if __name__ == "__main__":
    sys.exit(main())
