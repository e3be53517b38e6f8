"""Everything is well typed, and the public names have the types that they are documented with."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PUBLIC = '''
from pathlib import Path
from typing import assert_type

import numpy as np
from torch import Tensor, nn

import evozc

table = evozc.open_table("digits")
assert_type(table, evozc.Table)
assert_type(evozc.load_table(Path("a.npz")), evozc.Table)
assert_type(evozc.extract("a.csv", "b.npz", targets=["accuracy"]), evozc.Table)
settings = evozc.SearchSettings(seed=1)
found = evozc.search(table, labels=20, settings=settings, progress=lambda progress: progress.tau)
assert_type(found, evozc.SearchRun)
assert_type(found.results, evozc.SearchResults)
assert_type(found.results.chosen.held_out_tau, float | None)
assert_type(evozc.resume("runs/digits-1"), evozc.SearchRun)
assert_type(found.front, tuple[evozc.Proxy, ...])
proxy = evozc.Proxy.load("synflow")
assert_type(proxy, evozc.Proxy)
assert_type(proxy.latex, str)
assert_type(proxy.scores(table), np.ndarray)


def rank(network: nn.Module, inputs: Tensor, labels: Tensor) -> None:
    assert_type(proxy.score(network, inputs), float)
    assert_type(evozc.score(network, "snip", (inputs, labels)), float)
    assert_type(proxy.rank({"a": network}, inputs, labels), dict[str, float])
    assert_type(proxy.rank([network], inputs), dict[int, float])
    assert_type(proxy.rank(table), dict[str, float])


assert_type(proxy.export("python", "proxy.py"), str)
search = evozc.ProxySearch(generations=3).fit(table)
assert_type(search, evozc.ProxySearch)
assert_type(search.predict([[1.0, 2.0]]), np.ndarray)
assert_type(search.score(table), float)
assert_type(evozc.compare("digits"), evozc.ComparisonResults)
assert_type(evozc.audit("digits"), evozc.AuditResults)
assert_type(evozc.zoo()[0].name, str)
'''
WRONG = '''
evozc.search(3)
evozc.search("digits", label=3)
evozc.SearchSettings(generations="many")
evozc.Proxy.load(3)
evozc.serch
proxy.rank([network])
'''


@pytest.fixture(scope="module")
def errors(tmp_path_factory):
    """What mypy finds wrong: in the packages, in the public uses, and in the wrong ones, by file."""
    api = pytest.importorskip("mypy.api")
    folder = tmp_path_factory.mktemp("uses")
    files = {"public": PUBLIC, "wrong": PUBLIC + "network = nn.Linear(2, 2)\n" + WRONG}
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        asked = ["evozc", "primitives", *(str(folder / f"{name}.py") for name in files)]
        out, err, _ = api.run(["--cache-dir", str(ROOT / ".mypy_cache"), *asked])
    assert not err
    assert "checked" in out
    lines = [line for line in out.splitlines() if ": error: " in line]
    uses = {name: [line for line in lines if f"{name}.py:" in line.partition(" ")[0]] for name in files}
    return {"packages": [line for line in lines if line.startswith(("evozc", "primitives"))], **uses}


def test_everything_is_well_typed(errors):
    assert errors["packages"] == []


def test_public_names_have_their_types(errors):
    assert errors["public"] == []


def test_wrong_uses_are_errors(errors):
    first = PUBLIC.count("\n") + 2
    lines = {int(line.split(":")[1]) - first for line in errors["wrong"]}
    assert lines == set(range(1, len(WRONG.splitlines())))
