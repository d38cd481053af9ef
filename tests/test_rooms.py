"""The house: each room imports only from the rooms before it, and no module in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "p300"
FLOOR = (
    "errors", "files", "ranges", "arguments", "columns", "lazy", "notebooks", "showing", "stored",
    "threads", "json_text", "yaml_text", "plugins", "references", "parameters",
)  # fmt: skip
"""What every room stands on."""
ROOMS = (
    "recordings", "signal", "detectors", "steps", "adaptation", "evaluation", "runs", "speller",
    "online", "report", "pipeline", "commands",
)  # fmt: skip
"""In the direction of the flow."""
ROOF = ("__init__", "__main__")
"""What puts the rooms together."""
MOST_LINES = 400
LONGEST_FUNCTION = 60


def modules() -> dict[str, Path]:
    """Name of every module -> its file."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(path: Path, *, at_once: bool) -> Iterator[str]:
    """Yield the modules of the package that a module imports, or only those when it is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in _nodes(tree, at_once=at_once):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            inner = [name for name in below if name in MODULES]
            # A package's own names come with the package; its modules do not need it.
            names = inner if len(inner) == len(below) else [*inner, node.module]
        else:
            continue
        yield from (name for name in names if name in MODULES and name != "p300")


def _nodes(tree: ast.AST, *, at_once: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if at_once and (later or typing_only):
            continue
        yield node
        yield from _nodes(node, at_once=at_once)


def room(module: str) -> str:
    """The room that a module is in, or its own name on the floor and under the roof."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def test_every_module_is_in_a_room():
    assert {room(name) for name in MODULES} <= {*FLOOR, *ROOMS, *ROOF}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_room_imports_only_from_rooms_before_it(module):
    where = room(module)
    if where in ROOF:
        return
    allowed = {*FLOOR} if where in FLOOR else {*FLOOR, *ROOMS[: ROOMS.index(where) + 1]}
    found = {room(name) for name in imported(MODULES[module], at_once=False)}
    assert found <= allowed, f"{module} imports from {sorted(found - allowed)}"


def test_no_module_is_imported_in_a_circle():
    graph = {name: set(imported(path, at_once=True)) - {name} for name, path in MODULES.items()}
    while graph:
        free = {name for name, needs in graph.items() if not needs & set(graph)}
        assert free, f"a circle is among {sorted(graph)}"
        graph = {name: needs for name, needs in graph.items() if name not in free}


@pytest.mark.parametrize("room", ["p300", "tests", "benchmarks"])
def test_no_file_is_too_long(room):
    lines = {
        path.relative_to(PACKAGE.parent): path.read_text(encoding="utf-8").count("\n")
        for path in (PACKAGE.parent / room).rglob("*.py")
    }
    assert lines
    assert not {path: n for path, n in lines.items() if n > MOST_LINES}


def test_no_function_is_too_long():
    long = []
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                told = ast.get_docstring(node) is not None
                docs = (first.end_lineno or 0) - first.lineno + 1 if told else 0
                length = (node.end_lineno or 0) - node.lineno + 1 - docs
                if length > LONGEST_FUNCTION:
                    long.append(f"{name}.{node.name}: {length} lines")
    assert not long
