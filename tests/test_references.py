"""Every name and path that the documentation mentions exists."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from p300.adaptation.registry import ADAPTATIONS
from p300.detectors.catalogue import DETECTORS
from p300.evaluation.metrics import METRICS
from p300.evaluation.protocols import PROTOCOLS
from p300.recordings.registry import SOURCES
from p300.report.report import FURTHER_SECTIONS

ROOT = Path(__file__).resolve().parent.parent
CODE = sorted((ROOT / "p300").rglob("*.py"))
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / folder / "README.md" for folder in ("benchmarks", "data", "reports")),
    ]
)
PAGES.remove(ROOT / "CHANGELOG.md")  # it tells of what was
PAGES.remove(
    ROOT / "CONTRIBUTING.md"
)  # it names files yet to be; tests/test_contributing.py makes them

ROLE = re.compile(r":(?:mod|func|class|data|meth|attr|exc):`~?\s*([^`]+)`")
GROUPS = {
    registry.group
    for registry in (DETECTORS, SOURCES, ADAPTATIONS, PROTOCOLS, METRICS, FURTHER_SECTIONS)
}
"""Entry points of plug-ins, which look like modules."""
DOTTED = re.compile(r"`(p300(?:\.\w+)+)`")
FILE = re.compile(r"`((?:p300|docs|tests|configs|benchmarks|data)/[\w./-]+\.(?:py|md|yaml))`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(#[^)]*)?\)")


def resolves(target: str) -> bool:
    """Return whether a dotted name is a module or what one holds."""
    parts = target.split(".")
    for n in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:n]))
        except ModuleNotFoundError:
            continue
        for name in parts[n:]:
            fields = getattr(found, "model_fields", {}) | getattr(found, "__annotations__", {})
            if not hasattr(found, name):
                return name in fields and name == parts[-1]
            found = getattr(found, name)
        return True
    return False


def broken_roles(file: Path) -> list[str]:
    """Return the targets of roles in a module that name nothing, seen from it or from anywhere."""
    own = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    text = file.read_text(encoding="utf-8")
    classes = re.findall(r"^class (\w+)", text, re.MULTILINE)
    broken = []
    for target in ROLE.findall(text):
        inside = [own, *(f"{own}.{name}" for name in classes)]
        if not any(resolves(name) for name in [target, *(f"{at}.{target}" for at in inside)]):
            broken.append(target)
    return broken


@pytest.mark.parametrize("file", CODE, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_docstrings_refer_to_exists(file):
    assert broken_roles(file) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_pages_name_exists(page):
    text = page.read_text(encoding="utf-8")
    imports = [
        f"{module}.{name}"
        for module, names in re.findall(r"^from (p300[\w.]*) import \(?([\w, ]+)", text, re.M)
        for name in re.findall(r"\w+", names)
    ]
    named = {*DOTTED.findall(text), *imports} - GROUPS
    assert [name for name in sorted(named) if not resolves(name)] == []
    assert [path for path in FILE.findall(text) if not (ROOT / path).exists()] == []
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert [path for path, _ in LINK.findall(prose) if not (page.parent / path).exists()] == []


def test_a_name_that_is_not_there_is_found():
    assert resolves("p300.recordings.study.Study.admit")
    assert not resolves("p300.recordings.study.Study.let_in")
    assert not resolves("p300.nowhere")
