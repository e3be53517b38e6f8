"""Formulas as objects: loading, scoring, ranking, writing down."""

import numpy as np
import pytest
import torch
from small_tables import small_table
from torch import nn
from user_networks import made

import evozc
from evozc.baselines import find_proxy
from evozc.engine import rank_references
from evozc.formula import parse

torch.set_num_threads(1)
COMPARING = "logrank(sum(layer.numel))"


@pytest.fixture(scope="module")
def networks():
    """Perceptrons from narrow to wide."""
    widths = {"narrow": 4, "wide": 32, "middle": 8}
    return {
        name: nn.Sequential(nn.Linear(6, width), nn.ReLU(), nn.Linear(width, 3))
        for name, width in widths.items()
    }


INPUTS = torch.randn((8, 6), generator=torch.Generator().manual_seed(0))


def test_a_proxy_is_loaded_by_name_text_formula_or_itself():
    known = evozc.Proxy.load("zico")
    assert (known.text, known.name) == (find_proxy("zico").formula.text, "zico")
    assert "ICLR 2023" in known.source
    text = evozc.Proxy.load("sum(layer.numel)")
    assert evozc.Proxy.load(parse("sum(layer.numel)")).text == text.text == "sum(layer.numel)"
    assert evozc.Proxy.load(text) is text
    assert known.needs_labels
    assert not text.needs_labels


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("synflw", "did you mean 'synflow'"),
        ("sum(layer.numel", "never closed"),
        ("runs/none", "no such run folder"),
        (3, "not from int"),
        (None, "not from NoneType"),
        (["synflow"], "not from list"),
    ],
)
def test_what_is_no_proxy_is_told_truly(what, message):
    with pytest.raises(evozc.EvozcError, match=message):
        evozc.Proxy.load(what)


def test_only_runs_have_sizes_and_texts_are_loaded():
    with pytest.raises(evozc.EvozcError, match="--size belongs to a run"):
        evozc.Proxy.load("synflow", 3)
    with pytest.raises(evozc.EvozcError, match="call evozc"):
        evozc.Proxy("synflow")


def test_a_network_has_the_score_that_the_function_gives():
    network, (inputs, labels) = made("convolutions")
    for name in ("synflow", "snip"):
        proxy = evozc.Proxy.load(name)
        assert proxy.score(network, inputs, labels) == evozc.score(network, name, (inputs, labels))
        assert proxy.score(network, (inputs, labels)) == proxy.score(network, inputs, labels)
    with pytest.raises(evozc.EvozcError, match="needs labels"):
        evozc.Proxy.load("snip").score(network, inputs)
    with pytest.raises(evozc.EvozcError, match="a pair of inputs and labels, not 3 things"):
        evozc.Proxy.load("snip").score(network, (inputs, labels, labels))


def test_arrays_and_lists_are_taken_or_refused_truly(networks):
    proxy, network = evozc.Proxy.load("grad_norm"), networks["narrow"]
    labels = [0, 1, 2, 0, 1, 2, 0, 1]
    given = proxy.score(network, INPUTS, torch.tensor(labels))
    assert proxy.score(network, INPUTS.numpy(), np.array(labels)) == given
    for inputs in ("inputs", 3, {"a": "b"}, None):
        with pytest.raises(evozc.EvozcError, match="must be tensors or arrays"):
            proxy.score(network, inputs, labels)


def test_a_known_proxy_ranks_among_a_table(tmp_path):
    table = small_table()
    evozc.save_table(table, tmp_path / "small.npz")
    text = "logrank(network.params)"
    among = evozc.Proxy.load(text, among=tmp_path / "small.npz")
    np.testing.assert_array_equal(among.references[parse("network.params")], table.values["network.params"])
    assert evozc.Proxy.load(text, among=table).scores(table).tolist() == among.scores(table).tolist()


def test_networks_are_ranked_the_best_first(networks):
    proxy = evozc.Proxy.load("sum(layer.numel)")
    ranked = proxy.rank(networks, INPUTS)
    assert list(ranked) == ["wide", "middle", "narrow"]
    assert ranked["middle"] == proxy.score(networks["middle"], INPUTS) == 6 * 8 + 8 * 3
    assert list(proxy.rank(list(networks.values()), INPUTS)) == [1, 2, 0]
    numbered = {3: networks["narrow"], 2: networks["wide"]}
    assert list(proxy.rank(numbered, INPUTS)) == [2, 3]


def test_what_is_undefined_comes_last(networks):
    undefined = evozc.Proxy.load("log(sub(sum(layer.numel), 40))")  # 36 weights in the narrow one
    ranked = undefined.rank(networks, INPUTS)
    assert list(ranked)[:2] == ["wide", "middle"]


def test_networks_are_compared_with_one_another_or_with_references(networks):
    alone = evozc.Proxy.load(COMPARING)
    assert list(alone.rank(networks, INPUTS)) == ["wide", "middle", "narrow"]
    with pytest.raises(evozc.EvozcError, match="score several together"):
        alone.score(networks["wide"], INPUTS)
    inner = parse("sum(layer.numel)")
    among = evozc.Proxy(alone.formula, references={inner: np.array([10.0, 50.0, 100.0])})
    one = among.score(networks["middle"], INPUTS)
    assert among.rank(networks, INPUTS)["middle"] == one


def test_a_table_is_ranked_by_its_statistics():
    table = small_table()
    proxy = evozc.Proxy.load("network.params")
    ranked = proxy.rank(table)
    assert list(ranked.values()) == sorted(table.values["network.params"], reverse=True)
    assert set(ranked) == set(table.architectures)


def test_scores_among_references_do_not_hang_on_the_other_architectures():
    table = small_table()
    formula = parse("logrank(network.params)")
    proxy = evozc.Proxy(formula, references=rank_references(formula, table.select(range(20))))
    some = table.select(range(30, 60))
    each = [proxy.scores(some.select([i]))[0] for i in range(30)]
    np.testing.assert_array_equal(proxy.scores(some), each)


def test_nothing_to_rank_and_no_inputs_are_told(networks):
    proxy = evozc.Proxy.load("sum(layer.numel)")
    with pytest.raises(evozc.EvozcError, match="no networks to rank"):
        proxy.rank({}, INPUTS)
    with pytest.raises(evozc.EvozcError, match="ranked on inputs"):
        proxy.rank(networks)


def test_a_proxy_is_written_in_every_form(tmp_path):
    proxy = evozc.Proxy.load("sum(log(layer.numel))")
    assert proxy.export("text") == str(proxy) == "sum(log(layer.numel))"
    assert proxy.export("latex") == proxy.latex
    assert "Sum" in proxy.export("sympy") or "sum" in proxy.export("sympy")
    assert "def score(statistics)" in proxy.export("python", tmp_path / "proxy.py")
    assert "import torch" in proxy.export("torch")
    with pytest.raises(evozc.EvozcError, match=r"proxy.py.*exists"):
        proxy.export("text", tmp_path / "proxy.py")
    with pytest.raises(evozc.EvozcError, match="unknown format 'jax'"):
        proxy.export("jax")


def test_a_proxy_shows_itself():
    assert repr(evozc.Proxy.load("synflow")) == "Proxy('sum(layer.synflow)', name='synflow')"
    assert repr(evozc.Proxy.load("sum(layer.numel)")) == "Proxy('sum(layer.numel)')"
    assert evozc.Proxy.load("synflow")._repr_latex_().startswith("$")
