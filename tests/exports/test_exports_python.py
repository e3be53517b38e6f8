"""The Python file that a formula is written to: alone with numpy, it scores as the engine does."""

import ast
import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import FEW, formulas, random_table, rounding, tables

from evozc.engine import Evaluator
from evozc.errors import FormulaError
from evozc.exports import to_python
from evozc.formula import Formula, call, parse, statistic
from evozc.table import Table
from primitives import FULL, NETWORK, Operator, Statistic

#: Imports numpy, then the files one by one; says what else they loaded and how they score.
DRIVER = """
import importlib.util, json, sys, warnings
import numpy as np
warnings.simplefilter("error")
with open(sys.argv[1]) as file:
    cases = json.load(file)
answers, loaded = [], []
for k, case in enumerate(cases["files"]):
    spec = importlib.util.spec_from_file_location(f"exported_{k}", case)
    module = importlib.util.module_from_spec(spec)
    before = set(sys.modules)
    spec.loader.exec_module(module)
    answers.append([module.score({n: a[n] for n in module.STATISTICS}) for a in cases["architectures"]])
    loaded += sorted(set(sys.modules) - before)
print(json.dumps([answers, [m for m in loaded if m.split(".")[0] != "numpy"], "evozc" in sys.modules]))
"""
_numbers = itertools.count()


def scored_alone(sources, table, folder):
    """Scores (files, architectures) by isolated Python, each file run on one architecture at a time."""
    folder = folder / str(next(_numbers))
    folder.mkdir()
    paths = [folder / f"m{k}.py" for k in range(len(sources))]
    for path, source in zip(paths, sources, strict=True):
        path.write_text(source, encoding="utf-8")
    architectures = [
        {s.key: single.values[s.key].tolist() for s in table.statistics}
        for single in (table.select([a]) for a in range(len(table)))
    ]
    (folder / "driver.py").write_text(DRIVER)
    cases = {"files": [str(path) for path in paths], "architectures": architectures}
    (folder / "cases.json").write_text(json.dumps(cases))
    done = subprocess.run(
        [sys.executable, "-I", folder / "driver.py", folder / "cases.json"],
        capture_output=True, text=True, timeout=60, check=False, cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    answers, loaded, has_evozc = json.loads(done.stdout)
    assert loaded == []
    assert not has_evozc
    return np.array(answers, dtype=np.float64).reshape(len(sources), len(table))


def ranked(formula):
    """What the formula ranks among the architectures."""
    return {p.arguments[0] for p in formula.walk() if p.operator and p.operator.name == "logrank"}


def references(formula, table):
    return {part: Evaluator(table).scores([part])[0] for part in ranked(formula)}


@settings(max_examples=12)
@given(listed=st.lists(formulas(depth=5), min_size=4, max_size=12), table=tables())
def test_an_exported_formula_scores_each_network_as_the_engine_does(listed, table, tmp_path_factory):
    sources = [to_python(f, references(f, table)) for f in listed]
    alone = scored_alone(sources, table, tmp_path_factory.getbasetemp())
    for formula, scores in zip(listed, alone, strict=True):
        expected = Evaluator(table).scores([formula])[0]
        finite = np.isfinite(expected)
        assert (np.isfinite(scores) == finite).all(), (str(formula), scores, expected)
        assert np.isnan(scores[~finite]).all()
        slack = rounding(formula, table)[finite]
        assert (np.abs(scores - expected)[finite] <= slack).all(), (str(formula), scores, expected)


@pytest.mark.parametrize("operator", FULL.operators.values(), ids=lambda o: o.name)
def test_every_operator_can_be_exported(operator):
    key = "layer.numel" if operator.kind in ("vector", "reduction") else "network.naswot"
    inner = call(operator, *[statistic(FULL.statistics[key])] * operator.arity)
    formula = call(FULL.operators["sum"], inner) if inner.type != NETWORK else inner
    source = to_python(formula, {formula.arguments[0]: np.arange(4.0)})
    names = {}
    exec(compile(source, "exported", "exec"), names)
    assert set(names["STATISTICS"]) == {key}
    assert isinstance(names["score"]({key: [3.0, 1.0, 2.0] if key == "layer.numel" else 2.5}), float)


def kernels_needed(formula):
    """Names of the kernels, and of all functions they call."""
    operators = {p.operator for p in formula.walk() if p.operator and p.operator.name != "logrank"}
    needed, waiting = set(), [operator.kernel for operator in operators]
    while waiting:
        function = waiting.pop()
        if function.__name__ not in needed:
            needed.add(function.__name__)
            called = [function.__globals__.get(name) for name in function.__code__.co_names]
            waiting += [f for f in called if callable(f) and hasattr(f, "__code__")]
    return needed


@settings(max_examples=60)
@given(formulas(FULL, depth=6))
def test_the_file_holds_what_the_formula_uses_and_nothing_else(formula):
    source = to_python(formula, dict.fromkeys(ranked(formula), np.arange(3.0)))
    body = ast.parse(source).body
    functions = [n.name for n in body if isinstance(n, ast.FunctionDef)]
    assert len(functions) == len(set(functions))
    helpers = {"_input", "score"} | ({"relative_log_rank", "rounded"} if ranked(formula) else set())
    assert set(functions) == kernels_needed(formula) | helpers
    vectors = any(s.type != NETWORK for s in formula.statistics())
    assert [n.name for n in body if isinstance(n, ast.ClassDef)] == ["Nodes"] * vectors
    imports = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(n) for n in imports] == ["import numpy as np"]
    assert formula.text in ast.get_docstring(ast.parse(source))


@pytest.mark.parametrize("note", ['"""\nimport os\n"""', "\\", "a\nb", "{formula}", "é ☃", "'''", '"', "%s"])
def test_a_note_stays_inside_the_docstring(note):
    tree = ast.parse(to_python(parse("network.params"), note=note))
    assert ast.get_docstring(tree, clean=False).startswith(note)
    assert [ast.unparse(n) for n in tree.body if isinstance(n, ast.Import)] == ["import numpy as np"]


def test_logrank_ranks_among_its_references_ties_and_failures_included(tmp_path):
    table = random_table(1, 9)
    values = dict(table.values)
    values["network.naswot"] = np.array([2.0, -1.0, 2.0, np.nan, 5.0, np.inf, 0.0, -np.inf, -1e308])
    table = Table(**{**vars_of(table), "values": values})
    formula = parse("logrank(network.naswot)", FEW)
    alone = scored_alone([to_python(formula, references(formula, table))], table, tmp_path)[0]
    np.testing.assert_allclose(alone, Evaluator(table).scores([formula])[0], rtol=1e-14)


def vars_of(table):
    return {name: getattr(table, name) for name in table.__dataclass_fields__}


def centred(x):
    return x - x.mean()


def centred_against(x, reference):
    return x - reference[np.isfinite(reference)].mean()


def test_an_operator_of_ones_own_compares_by_its_own_kernel(tmp_path):
    own = Operator("centre", "candidates", centred, "x less its mean", against_reference=centred_against)
    formula = parse("exp(centre(network.params))", FULL.with_operator(own))
    source = to_python(formula, {parse("network.params"): np.array([1.0, 3.0, np.nan])})
    assert "relative_log_rank" not in source
    names = {}
    exec(compile(source, "exported", "exec"), names)
    assert names["score"]({"network.params": 2.5}) == pytest.approx(np.exp(0.5))
    poor = Operator("centre", "candidates", centred, "x less its mean")
    formula = parse("exp(centre(network.params))", FULL.with_operator(poor))
    with pytest.raises(FormulaError, match=r"operator .centre. .* declares no against_reference"):
        to_python(formula, {parse("network.params"): np.arange(3.0)})


def test_many_references_are_thinned_without_moving_a_rank_by_much():
    formula = parse("logrank(network.naswot)")
    reference = np.random.default_rng(0).standard_cauchy(40_000)
    reference[:10_000] = -np.inf
    source = to_python(formula, {formula.arguments[0]: reference})
    assert len(source) < 40_000
    names = {}
    exec(compile(source, "exported", "exec"), names)
    for value in (-1e9, -1.0, 0.0, 0.3, 100.0):
        rank = np.exp(names["score"]({"network.naswot": value}))
        assert rank == pytest.approx(np.mean(reference < value), abs=0.002)


def test_logrank_without_references_is_refused():
    with pytest.raises(FormulaError, match=r"reference values of network\.naswot"):
        to_python(parse("add(1, logrank(network.naswot))"))


def test_a_scalar_must_be_one_number():
    names = {}
    exec(compile(to_python(parse("network.params")), "exported", "exec"), names)
    assert names["score"]({"network.params": 3}) == 3.0
    with pytest.raises(ValueError, match=r"network\.params must be one number"):
        names["score"]({"network.params": [1.0, 2.0]})


def test_statistics_named_like_the_file_s_own_variables_do_no_harm():
    symbols = FULL.with_statistics([Statistic("layer", name, "own") for name in ("nodes", "numel")])
    names = {}
    source = to_python(parse("sum(mul(layer.nodes, layer.numel))", symbols))
    exec(compile(source, "exported", "exec"), names)
    assert names["score"]({"layer.nodes": [1.0, 2.0], "layer.numel": [3.0, 4.0]}) == 11.0


# --- operators of a user's own ---------------------------------------------------------------------

#: What the next kernel multiplies by.
SCALE, OFFSET = 2.0, 0.5


def double(x):
    return np.add(x, x)


def quadruple(x: np.ndarray) -> np.ndarray:
    return double(double(x))


def scaled(x):
    return x * SCALE + OFFSET


def square(x):
    return x * x * x if len(x) else square(x)  # by the name of another kernel, and naming itself


def score(x):
    return x * 3


alias = double


def renamed(x):
    return alias(x)


class Scale:
    by = SCALE

    @staticmethod
    def apply(x):
        return x * Scale.by


def with_class(x):
    return Scale.apply(x)


def importing(x):
    import math

    return x * math.pi


def not_numpy(x):
    return np.asarray(random_table(0, len(x)).values["network.params"])


def confusing(x):
    square = 3.0
    return globals_square(x) * square


def globals_square(x):
    return square(x)


def one_liner(): return lambda x: x * 7


class Callable:
    def __call__(self, x):
        return x * 5


def formula_with(kernel):
    operator = Operator("own", "elementwise", kernel, "the user's own")
    return parse("square(own(network.params))", FULL.with_operator(operator))


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (quadruple, 144.0), (scaled, 6.5**2), (square, 27.0**2), (score, 81.0), (renamed, 36.0),
        (with_class, 36.0), (confusing, 81.0**2),
    ],
    ids=lambda k: getattr(k, "__name__", ""),
)
def test_a_user_s_plain_function_is_exported_with_what_it_needs(kernel, expected):
    names = {}
    exec(compile(to_python(formula_with(kernel)), "exported", "exec"), names)
    assert names["score"]({"network.params": 3.0}) == expected


@pytest.mark.parametrize(
    "kernel",
    [lambda x: x * 2, one_liner(), importing, not_numpy, np.tanh, Callable()],
    ids=["lambda", "inner", "import", "other package", "ufunc", "object"],
)
def test_a_kernel_that_cannot_stand_alone_is_refused(kernel):
    with pytest.raises(FormulaError, match="operator 'own'"):
        to_python(formula_with(kernel))


def test_a_kernel_without_a_source_is_refused():
    names = {}
    exec("def typed_in(x):\n    return x * 2.0\n", names)
    with pytest.raises(FormulaError, match="of a module's top level"):
        to_python(formula_with(names["typed_in"]))


def test_a_formula_that_is_a_statistic_or_a_number_alone_is_exported():
    for text, expected in (("network.params", 3.0), ("2.5", 2.5)):
        formula: Formula = parse(text)
        names = {}
        exec(compile(to_python(formula), "exported", "exec"), names)
        assert names["score"]({"network.params": 3.0}) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_cannot_be_computed_is_nan(value):
    names = {}
    exec(compile(to_python(parse("neg(network.params)")), "exported", "exec"), names)
    assert np.isnan(names["score"]({"network.params": value}))
