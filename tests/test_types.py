"""What is registered keeps its protocol as a type checker sees it."""

import inspect
from pathlib import Path

import pytest

from evozc.benchmarks.readers import READERS
from evozc.executors import EXECUTORS
from evozc.spaces import SPACES, ColumnSpace, GraphSpace, get_space

ROOT = Path(__file__).resolve().parent.parent


def declared():
    """Lines of Python that are well typed if everything that is built in keeps its protocol."""
    lines = ["from evozc.benchmarks.readers import Reader", "from evozc.executors import Executor",
             "from evozc.spaces import ColumnSpace, GraphSpace, SearchSpace"]
    uses = []
    for registry, protocol, arguments in ((SPACES, "SearchSpace", ""), (READERS, "Reader", ""),
                                          (EXECUTORS, "Executor", "1")):
        for name in registry.names():
            made = registry.get(name)
            if name in registry.added() or not inspect.isclass(made):
                continue
            alias = f"{protocol}{len(uses)}"
            lines.append(f"from {made.__module__} import {made.__qualname__} as {alias}")
            protocols = [protocol]
            if registry is SPACES:
                space = get_space(name)
                protocols += [p.__name__ for p in (GraphSpace, ColumnSpace) if isinstance(space, p)]
            uses += [f"x{len(uses)}_{p}: {p} = {alias}({arguments})" for p in protocols]
    return "\n".join([*lines, *uses, ""])


@pytest.mark.slow
def test_everything_that_is_built_in_keeps_its_protocol(tmp_path, monkeypatch):
    api = pytest.importorskip("mypy.api")
    monkeypatch.setenv("MYPYPATH", str(ROOT))
    text = declared()
    assert text.count(": SearchSpace = ") >= 2
    assert ": GraphSpace = " in text
    path = tmp_path / "declared.py"
    path.write_text(text + "wrong: Reader = SearchSpace0()\n")  # so that one error shows that it looks
    options = ["--config-file", ROOT / "pyproject.toml", "--cache-dir", ROOT / ".mypy_cache"]
    out, err, _ = api.run([*map(str, options), str(path)])
    errors = [line for line in out.splitlines() if ": error: " in line and "declared.py:" in line]
    assert len(errors) == 1, out + err
    assert 'variable has type "Reader"' in errors[0]
