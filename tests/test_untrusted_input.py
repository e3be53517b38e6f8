"""Nothing that can run code is ever applied to what was read from a file: the source is searched for it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(path for package in ("evozc", "primitives") for path in (ROOT / package).rglob("*.py"))

MODULES = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "deap.creator"}
BUILTINS = {"eval", "exec", "compile", "__import__"}
NAMES = {"sympify", "parse_expr", "parse_latex", "from_string"}
CALLS = {"yaml.load", "yaml.unsafe_load", "yaml.full_load", "gp.compile", "gp.compileADF", "joblib.load",
         "creator.create", "numpy.fromregex", "pandas.read_pickle"}


def aliases(tree):
    """What names stand for by the imports of a file, as ``{"np": "numpy"}``."""
    found = {"np": "numpy"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {a.asname: a.name for a in node.names if a.asname}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return found


def dotted(node, known):
    """``a.b.c`` of an expression made of names and attributes alone, or ''."""
    if isinstance(node, ast.Name):
        return known.get(node.id, node.id)
    if isinstance(node, ast.Attribute) and (outer := dotted(node.value, known)):
        return f"{outer}.{node.attr}"
    return ""


def is_literally(keyword, call, value):
    given = [k.value for k in call.keywords if k.arg == keyword]
    return len(given) == 1 and isinstance(given[0], ast.Constant) and given[0].value is value


def call_fault(call, known):
    name = dotted(call.func, known)
    last = name.rpartition(".")[2]
    if name in BUILTINS or (name.startswith("builtins.") and last in BUILTINS):
        return name
    if any(name == c or name.endswith(f".{c}") for c in CALLS):
        return name
    if name == "numpy.load" and not is_literally("allow_pickle", call, False):
        return "np.load without allow_pickle=False"
    if name == "torch.load" and not is_literally("weights_only", call, True):
        return "torch.load without weights_only=True"
    return ""


def faults(source):
    """``line: what`` of everything forbidden in a source text."""
    found, tree = [], ast.parse(source)
    known = aliases(tree)
    for node in ast.walk(tree):
        what = ""
        if isinstance(node, ast.Import):
            what = next((a.name for a in node.names if MODULES & {a.name, a.name.split(".")[0]}), "")
        elif isinstance(node, ast.ImportFrom) and not node.level:
            whole = {f"{node.module}.{a.name}" for a in node.names}
            parts = {node.module.split(".")[0], node.module} | whole
            banned = MODULES | CALLS | {f"builtins.{b}" for b in BUILTINS} | {"numpy.load", "torch.load",
                                                                             "deap.gp.compile"}
            what = next(iter(parts & banned), "")
            what = what or next((a.name for a in node.names if a.name in NAMES), "")
        elif isinstance(node, ast.Call):
            what = call_fault(node, known)
        elif isinstance(node, ast.ExceptHandler) and node.type is None:
            what = "bare except"
        if not what and isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            unbound = isinstance(node, ast.Name) and name in BUILTINS - set(known)
            what = name if name in NAMES or unbound else ""
        if what:
            found.append(f"{node.lineno}: {what}")
    return found


def test_there_are_sources_to_search():
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == {"evozc", "primitives"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_source_can_run_what_it_reads(path):
    assert faults(path.read_text(encoding="utf-8")) == []


FORBIDDEN = [
    "import pickle", "import pickle as p", "from pickle import loads", "import os, marshal", "import shelve",
    "import cloudpickle", "from joblib.externals import cloudpickle; import dill",
    "eval(text)", "exec(text)", "compile(text, '', 'eval')", "__import__('os')",
    "import builtins; builtins.eval(x)",
    "from builtins import eval as harmless",
    "import sympy; sympy.sympify(text)", "from sympy import sympify", "run = sympy.sympify",
    "from sympy.parsing.sympy_parser import parse_expr", "import yaml; yaml.load(file)",
    "yaml.load(file, Loader=yaml.SafeLoader)", "from yaml import load",
    "np.load(path)", "numpy.load(path)", "np.load(path, allow_pickle=True)",
    "np.load(path, allow_pickle=flag)",
    "np.load(path, **options)", "from numpy import load", "import numpy as xp; xp.load(path)",
    "import torch as t; t.load(path)", "from torch import load as read", "import yaml as y; y.load(file)",
    "import deap.gp as g; g.compile(tree)", "values = map(eval, texts)", "run = exec",
    "torch.load(path)", "torch.load(path, weights_only=False)", "torch.load(path, weights_only=safe)",
    "from deap import creator", "import deap.creator", "deap.creator.create('F', object)",
    "gp.compile(tree, pset)", "deap.gp.compile(tree, pset)", "from deap.gp import compile",
    "gp.PrimitiveTree.from_string(text, pset)", "joblib.load(path)",
    "try:\n    f()\nexcept:\n    pass",
    "def f():\n    def g():\n        return [eval(x) for x in y]",
]
ALLOWED = [
    "import re; re.compile('a')", "model.eval()", "torch.compile(model)", "np.load(path, allow_pickle=False)",
    "torch.load(path, weights_only=True)", "json.load(file)", "yaml.safe_load(file)",
    "from deap import gp, tools",
    "from . import pickle_free", "x = 'eval(text)'", "try:\n    f()\nexcept ValueError:\n    pass",
    "sympy.Float(1.0)", "table.load(path)",
]


@pytest.mark.parametrize("snippet", FORBIDDEN)
def test_the_search_finds_every_forbidden_form(snippet):
    assert faults(snippet)


@pytest.mark.parametrize("snippet", ALLOWED)
def test_the_search_leaves_harmless_code_alone(snippet):
    assert faults(snippet) == []
