"""Arrows between rooms point one way."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted([*ROOT.glob("evozc/**/*.py"), *ROOT.glob("primitives/**/*.py")])
#: A room imports from storeys below its own, and from its own; of rooms of one storey none imports another
#: that imports it. Single files of evozc, as _files and errors, are the ground that all stand on.
STOREYS = [
    ["primitives"],
    ["evozc.symbols", "evozc.spaces", "evozc.executors"],
    ["evozc.formula", "evozc.table"],
    ["evozc.engine", "evozc.extraction"],
    ["evozc.evolution", "evozc.benchmarks", "evozc.baselines", "evozc.exports", "evozc.evaluation"],
    ["evozc.comparison", "evozc.runs", "evozc.scoring", "evozc.testing"],
    ["evozc.auditing", "evozc.report", "evozc.transfer", "evozc.nas"],
    ["evozc.leaderboard"],
    ["evozc._api"],
    ["evozc.cli"],
]


def room(module):
    parts = module.split(".")
    return ".".join(parts[: 1 if parts[0] == "primitives" else 2])


def imported(statements, late):
    """The modules that statements import, in functions as well if ``late``, without a type checker's."""
    for node in statements:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not late:
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from imported(node.orelse, late)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports hide where they lead"
            yield str(node.module)
            if node.module == "evozc":
                yield from (f"evozc.{alias.name}" for alias in node.names)
        for field in ("body", "orelse", "handlers", "finalbody", "cases"):
            yield from imported(getattr(node, field, []), late)


def arrows(late):
    """Between rooms: from, to, and the file."""
    found = {}
    for path in FILES:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for name in imported(ast.parse(path.read_text()).body, late):
            if name.partition(".")[0] in ("evozc", "primitives") and room(name) != room(module):
                found.setdefault((room(module), room(name)), path.relative_to(ROOT))
    return found


def storey(name):
    floors = [floor for floor, rooms in enumerate(STOREYS) if name in rooms]
    return floors[0] if floors else -1


def test_every_folder_is_a_room_with_a_storey():
    folders = {f"evozc.{path.parent.name}" for path in ROOT.glob("evozc/*/__init__.py")}
    assert folders <= {name for rooms in STOREYS for name in rooms}


@pytest.mark.parametrize("late", [False, True], ids=["when imported", "whenever"])
def test_no_import_runs_upwards(late):
    up = {
        f"{file}: {start} imports {end}"
        for (start, end), file in arrows(late).items()
        if storey(end) > storey(start) and end != "evozc" and start != "evozc"
    }
    assert not up


def test_no_circle():
    """Of rooms of one storey as well; the package itself, which commands call, imports nothing at first."""
    ahead = {}
    for start, end in arrows(late=False):
        ahead.setdefault(start, set()).add(end)
    assert "evozc" not in ahead or ahead["evozc"] <= {"evozc.errors", "evozc._version"}
    while leaves := {end for ends in ahead.values() for end in ends if end not in ahead}:
        ahead = {start: rest for start, ends in ahead.items() if (rest := ends - leaves)}
    assert not ahead


def test_torch_is_imported_early_by_those_alone_that_work_with_networks():
    early = set()
    for path in FILES:
        found = imported(ast.parse(path.read_text()).body, late=False)
        if any(name.partition(".")[0] == "torch" for name in found):
            early.add(path.relative_to(ROOT).as_posix())
    rooms = ("extraction", "spaces", "baselines/parzc", "scoring", "benchmarks/digits", "testing")
    assert {path for path in early if not path.startswith(tuple(f"evozc/{room}/" for room in rooms))} == set()
    assert not [path for path in early if path.startswith("evozc/spaces/") and path.endswith("_space.py")]
