"""The file that measures and scores a network by itself scores it as evozc does."""

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import user_networks
from user_networks import CASES, made

from evozc.baselines import ZOO
from evozc.errors import FormulaError
from evozc.exports import to_torch
from evozc.extraction import Group
from evozc.formula import parse
from evozc.scoring import score
from evozc.symbols import GROUPS, group_names
from primitives import FULL, NETWORK, STATISTICS, Operator, Sign, Statistic, scalar

torch.set_num_threads(1)

#: Loads the files alone with torch and numpy; one answer a file and network.
DRIVER = """
import importlib.util, json, sys
import torch
torch.set_num_threads(1)

def load(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

networks = load(sys.argv[1], "networks")
answers = []
for number, path in enumerate(sys.argv[2:]):
    scorer = load(path, f"exported_{number}")
    answers.append([])
    for name in networks.CASES:
        network, (inputs, labels) = networks.made(name)
        before = [p.clone() for p in network.parameters()]
        answers[-1].append(scorer.score(network, inputs, labels, seed=3))
        assert all(torch.equal(p, q) for p, q in zip(network.parameters(), before))
print(json.dumps([answers, [m for m in sys.modules if m.split(".")[0] in ("evozc", "primitives", "deap")]]))
"""


def of_group(group):
    """A formula over all statistics of a group."""
    terms = [
        s.key if s.type == NETWORK else f"mean({s.key})" for s in STATISTICS if s.group == group
    ]
    text = terms[0]
    for term in terms[1:]:
        text = f"add(tanh({text}), {term})"
    return parse(text)


def each_alone():
    """Every statistic by itself, since a sum of several is missing where one is."""
    return [parse(s.key if s.type == NETWORK else f"sum({s.key})") for s in STATISTICS]


RANKED = parse("add(logrank(sum(layer.numel)), logrank(add(network.macs, logrank(mean(block.entropy)))))")


def references(formula):
    ranked = {p.arguments[0] for p in formula.walk() if p.operator and p.operator.name == "logrank"}
    return {part: np.linspace(0, 6000, 1500) for part in ranked}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Formulas, and their scores (formulas, networks) by files in isolated Python."""
    folder = tmp_path_factory.mktemp("exported")
    formulas = [*map(of_group, group_names()), *each_alone(), *(proxy.formula for proxy in ZOO), RANKED]
    formulas = list(dict.fromkeys(formulas))
    paths = [folder / f"f{k}.py" for k in range(len(formulas))]
    for path, formula in zip(paths, formulas, strict=True):
        path.write_text(to_torch(formula, references(formula)), encoding="utf-8")
    (folder / "driver.py").write_text(DRIVER)
    command = [sys.executable, "-I", folder / "driver.py", user_networks.__file__, *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    answers, loaded = json.loads(done.stdout)
    assert loaded == []
    return dict(zip(formulas, answers, strict=True))


@pytest.mark.slow
def test_every_file_scores_every_network_as_evozc_does(alone):
    finite = 0
    for formula, answers in alone.items():
        for name, answer in zip(CASES, answers, strict=True):
            network, batch = made(name)
            try:
                expected = score(network, formula, batch, seed=3, references=references(formula))
            except FormulaError:  # the network lacks what the formula needs: the file says NaN
                expected = np.nan
            assert answer == pytest.approx(expected, rel=1e-6, nan_ok=True), (formula.text, name)
            finite += np.isfinite(expected)
    assert finite > 0.8 * len(alone) * len(CASES)


def test_every_group_gave_a_value_on_some_network(alone):
    for group in group_names():
        keys = [s.key for s in STATISTICS if s.group == group]
        found = [alone[f] for f in alone if f.size <= 2 and f.statistics()[0].key in keys]
        assert np.isfinite(found).any(), group


def groups_in(source):
    classes = [n for n in ast.parse(source).body if isinstance(n, ast.ClassDef)]
    return {n.name for n in classes if any(ast.unparse(b) == "Group" for b in n.bases)}


@pytest.mark.parametrize("proxy", ZOO, ids=lambda p: p.name)
def test_the_file_holds_what_the_formula_uses_and_nothing_else(proxy):
    source = to_torch(proxy.formula, references(proxy.formula))
    tree = ast.parse(source)
    assert len(groups_in(source)) == len(proxy.groups)
    modules = {
        (a.name if isinstance(n, ast.Import) else n.module).split(".")[0]
        for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom) for a in n.names
    }
    assert modules - sys.stdlib_module_names == {"torch", "numpy"}
    assert "evozc" not in source.replace("found by evozc", "")
    defined = [n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    assert len(set(defined)) == len(defined)
    used = [{n.id for n in ast.walk(statement) if isinstance(n, ast.Name)} for statement in tree.body]
    for name in set(defined) - {"score"}:
        others = zip(tree.body, used, strict=True)
        assert any(name in names for n, names in others if getattr(n, "name", "") != name), name


@pytest.mark.slow
def test_the_files_pass_the_linter(tmp_path):
    for proxy in ZOO:
        (tmp_path / f"{proxy.name}.py").write_text(to_torch(proxy.formula, references(proxy.formula)))
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E9,F", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def loaded(source, folder):
    path = Path(folder) / "exported.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("exported", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_labels_are_asked_for_where_they_are_needed(tmp_path):
    network, (inputs, labels) = made("perceptron")
    module = loaded(to_torch(parse("sum(layer.grad_l2)")), tmp_path)
    with pytest.raises(ValueError, match=r"layer\.grad_l2 is taken from the loss"):
        module.score(network, inputs)
    assert module.score(network, inputs, labels) > 0


def test_a_network_that_cannot_be_scored_is_nan(tmp_path):
    module = loaded(to_torch(parse("sum(activation.positive)")), tmp_path)
    assert np.isnan(module.score(user_networks.Bare(), user_networks.images()[0]))


def test_blocks_can_be_named(tmp_path):
    network, (inputs, _) = made("convolutions")
    formula = parse("sum(block.entropy)")
    module = loaded(to_torch(formula), tmp_path)
    blocks = [network.stem, network.stages[1]]
    assert module.score(network, inputs, blocks=blocks) == score(network, formula, inputs, blocks=blocks)
    assert module.score(network, inputs, blocks=blocks) != module.score(network, inputs)


@pytest.mark.parametrize("note", ['"""\nimport os\n"""', "\\", "{formula}", "é ☃", '"'])
def test_a_note_stays_inside_the_docstring(note):
    tree = ast.parse(to_torch(parse("network.params"), note=note))
    assert ast.get_docstring(tree, clean=False).startswith(note)
    assert "os" not in {a.name for n in tree.body if isinstance(n, ast.Import) for a in n.names}


def test_published_scores_cannot_be_measured():
    symbols = FULL.with_statistics([scalar("published")])
    with pytest.raises(FormulaError, match=r"network\.published .* cannot be measured"):
        to_torch(parse("network.published", symbols))


def test_logrank_without_references_is_refused():
    with pytest.raises(FormulaError, match=r"reference values of network\.params"):
        to_torch(parse("logrank(network.params)"))


def measure(x):  # by a name that the file does not need
    return x * 2


def run_groups(x):  # by the name of a function in the file
    return measure(x) + 1


def test_an_operator_of_the_user_s_own_comes_along(tmp_path):
    symbols = FULL.with_operator(Operator("own", "elementwise", run_groups, "2 x + 1"))
    module = loaded(to_torch(parse("own(network.params)", symbols)), tmp_path)
    network, (inputs, _) = made("perceptron")
    assert module.score(network, inputs) == 2 * sum(p.numel() for p in network.parameters()) + 1


class Lower(Group):
    """Of the second layer it measures what its statistic declares not to be."""

    name = "lower"
    statistics = (Statistic("layer", "low", "x", Sign.NONNEGATIVE, group="lower"),)

    def before_loss(self, run):
        for place, node in enumerate(run.nodes["layer"]):
            node.values["low"] = 3 - 5 * place


def test_a_value_against_its_declared_sign_is_missing_in_the_file_too(tmp_path):
    network, (inputs, _) = made("perceptron")
    with GROUPS.lent("lower", Lower):
        formula = parse("sum(layer.low)", FULL.with_statistics(Lower.statistics))
        module = loaded(to_torch(formula), tmp_path)
        assert module.score(network, inputs) == score(network, formula, inputs) == 3
