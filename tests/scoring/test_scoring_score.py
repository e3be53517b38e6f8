"""Any formula on any network that is in memory."""

import sys

import numpy as np
import pytest
import torch
import user_networks
from scipy.stats import rankdata
from small_tables import python, small_table
from torch import nn
from torch.nn.functional import cross_entropy
from user_networks import CASES, Bare, made

import evozc
from evozc.baselines import ZOO, find_proxy
from evozc.engine import rank_references
from evozc.errors import ConfigError, DataError, FormulaError
from evozc.formula import parse
from evozc.scoring import load_network, noise, score, score_networks
from primitives import FULL, Operator, scalar

torch.set_num_threads(1)


def gradients(network, inputs, labels):
    network.train()
    scores = network(inputs)
    if scores.ndim == 3:
        scores = scores.mean(1)
    loss = cross_entropy(scores, labels)
    layers = [m.weight for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d | nn.Embedding)]
    return layers, torch.autograd.grad(loss, layers)


@pytest.mark.parametrize("name", ["convolutions", "perceptron"])
def test_proxies_are_what_torch_says_by_hand(name):
    network, batch = made(name)
    layers, grads = gradients(network, *batch)
    network, batch = made(name)
    by_hand = {
        "params": sum(p.numel() for p in network.parameters()),
        "l2_norm": sum(w.norm().item() for w in layers),
        "grad_norm": sum(g.norm().item() for g in grads),
        "snip": sum((w * g).abs().sum().item() for w, g in zip(layers, grads, strict=True)),
        "plain": -sum((w * g).sum().item() for w, g in zip(layers, grads, strict=True)),
    }
    for proxy, expected in by_hand.items():
        assert score(network, proxy, batch) == pytest.approx(expected, rel=1e-4, abs=1e-5), proxy


@pytest.mark.parametrize("name", CASES)
def test_every_proxy_scores_every_network_or_says_what_is_missing(name):
    network, (inputs, labels) = made(name)
    copy = {k: v.clone() for k, v in network.state_dict().items()}
    formulas = {proxy.name: proxy.formula for proxy in ZOO}
    scores = score_networks({"a": network, "b": made(name)[0]}, formulas, inputs, labels)
    assert set(scores.values) | set(scores.lacking) == set(formulas)
    for found in scores.values.values():
        assert np.isfinite(found).all()
        assert found[0] == found[1]
    for lacking, reason in scores.lacking.items():
        assert any(s.key in reason for s in formulas[lacking].statistics())
    assert len(scores.lacking) <= 5, scores.lacking
    assert all(torch.equal(copy[k], v) for k, v in network.state_dict().items())


def test_what_needs_labels_is_exactly_what_fails_without():
    network, (inputs, _) = made("convolutions")
    formulas = {proxy.name: proxy.formula for proxy in ZOO if proxy.name != "aznas"}
    scores = score_networks({"net": network}, formulas, inputs)
    assert set(scores.lacking) == {p.name for p in ZOO if p.needs_labels}
    assert all("needs labels" in reason for reason in scores.lacking.values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sum(layer.numel)", "needs layer.numel, but the network has no layer nodes: no weight of it is"),
        ("mean(activation.positive)", "no activation nodes: no non-linear function runs"),
        ("first(block.entropy)", "no block nodes: .* name the modules"),
        ("sum(log(layer.grad_l2))", r"needs labels: layer\.grad_l2"),
    ],
)
def test_a_formula_that_needs_what_the_network_lacks_says_so(text, message):
    with pytest.raises(FormulaError, match=message):
        score(Bare(), text, user_networks.images()[0])


def test_a_statistic_that_is_missing_everywhere_is_named_with_the_reason():
    network, batch = made("perceptron")
    with pytest.raises(FormulaError, match=r"correlation_min, which .* missing at all 3 nodes: .*one pos"):
        score(network, "meco", batch)
    with pytest.raises(FormulaError, match=r"network\.zen, which the network is missing"):
        score(made("encoder")[0], "zen", made("encoder")[1])


def test_single_nodes_that_lack_a_value_are_named():
    network, (inputs, labels) = made("convolutions")
    network.stages[1].first[0].weight.requires_grad_(False)
    scores = score_networks({"net": network}, {"g": find_proxy("grad_norm").formula}, inputs, labels)
    assert scores.missing == {"net": {"stages.1.first.0": ["layer.grad_l2"]}}
    assert np.isfinite(scores.values["g"]).all()


def test_several_networks_are_ranked_among_each_other():
    networks = {
        str(width): nn.Sequential(nn.Flatten(), nn.Linear(192, width), nn.ReLU(), nn.Linear(width, 4))
        for width in (5, 3, 9)
    }
    networks["again"] = networks["9"]
    inputs, _ = user_networks.images()
    scores = score_networks(networks, {"f": parse("logrank(network.params)")}, inputs)
    sizes = [sum(p.numel() for p in n.parameters()) for n in networks.values()]
    np.testing.assert_allclose(scores.values["f"], np.log(rankdata(sizes) / len(sizes)), rtol=1e-12)


def test_one_network_is_ranked_among_references():
    network, (inputs, _) = made("perceptron")
    formula = parse("add(logrank(network.params), logrank(add(1, logrank(network.macs))))")
    inner = parse("add(1, logrank(network.macs))")
    params, macs = parse("network.params"), parse("network.macs")
    count = sum(p.numel() for p in network.parameters())
    references = {params: np.array([0.0, count, 1e9, np.nan]), macs: np.arange(2.0), inner: np.zeros(3)}
    # The rank among others counts those below, half of those that are equal, and itself by a half.
    of_params = np.log((2 + 0.5 + 0.5) / 4)
    of_macs = np.log((2 + 0.5) / 2)
    of_inner = np.log((3 + 0.5) / 3)
    assert 1 + of_macs > 0
    assert score(network, formula, inputs, references=references) == pytest.approx(of_params + of_inner)
    with pytest.raises(FormulaError, match=r"compares networks by network\.params: score several"):
        score(network, "logrank(network.params)", inputs)


def test_beyond_the_references_order_is_kept_and_told():
    networks = {}
    for width in (4, 8, 16):
        torch.manual_seed(0)
        networks[str(width)] = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(3072, width), torch.nn.ReLU(), torch.nn.Linear(width, 3)
        )
    inputs, formula = torch.randn(4, 3, 32, 32), parse("neg(logrank(network.params))")
    references = {parse("network.params"): np.arange(100.0)}
    scores = score_networks(networks, {"f": formula}, inputs, references=references)
    assert (np.diff(scores.values["f"]) < 0).all()
    for notes in scores.notes.values():
        assert any("logrank(network.params) lies beyond all 100 references" in note for note in notes)
    inside = {parse("network.params"): np.array([0.0, 1e9])}
    scores = score_networks(networks, {"f": formula}, inputs, references=inside)
    assert not any("beyond" in note for notes in scores.notes.values() for note in notes)


def centred(x):
    return x - x.mean()


def centred_against(x, reference):
    return x - reference[np.isfinite(reference)].mean()


def test_an_operator_of_ones_own_compares_by_its_own_kernel():
    network, (inputs, _) = made("perceptron")
    params = parse("network.params")
    count = sum(p.numel() for p in network.parameters())
    own = Operator("centre", "candidates", centred, "x less its mean", against_reference=centred_against)
    formula = parse("centre(network.params)", FULL.with_operator(own))
    references = {params: np.array([0.0, 1000.0, np.nan])}
    assert score(network, formula, inputs, references=references) == count - 500
    assert rank_references(formula, small_table())[params].shape == (60,)


def test_an_operator_that_cannot_compare_with_references_says_so():
    network, (inputs, _) = made("perceptron")
    own = Operator("centre", "candidates", centred, "x less its mean")
    formula = parse("add(1, centre(network.params))", FULL.with_operator(own))
    for references in ({}, {parse("network.params"): np.arange(3.0)}):
        with pytest.raises(FormulaError, match="operator 'centre' declares no against_reference"):
            score(network, formula, inputs, references=references)
    networks = {"one": network, "two": made("convolutions")[0]}
    scores = score_networks(networks, {"f": formula}, inputs)
    sizes = np.array([sum(p.numel() for p in n.parameters()) for n in networks.values()])
    np.testing.assert_allclose(scores.values["f"], 1 + sizes - sizes.mean())
    scores = score_networks(networks, {"f": formula}, inputs, references={parse("network.params"): sizes})
    assert "declares no against_reference" in scores.lacking["f"]


def test_a_formula_may_be_given_as_text_name_or_tree():
    network, (inputs, _) = made("perceptron")
    found = {score(network, f, inputs) for f in ("params", "network.params", parse("network.params"))}
    assert len(found) == 1
    assert score(network, "7", inputs) == 7
    with pytest.raises(ConfigError, match="did you mean 'params'"):
        score(network, "parms", inputs)


def test_columns_of_published_scores_cannot_be_scored():
    symbols = FULL.with_statistics([scalar("published")])
    with pytest.raises(FormulaError, match=r"network\.published, which is in its table"):
        score(Bare(), parse("network.published", symbols), user_networks.images()[0])


def test_wrong_inputs_are_told():
    with pytest.raises(DataError, match=r"forward pass failed in 1 \(Linear\)"):
        score(user_networks.perceptron(), "synflow", torch.zeros(4, 3, 9, 9))
    with pytest.raises(DataError, match="labels"):
        score(user_networks.perceptron(), "snip", (torch.zeros(4, 3, 8, 8), torch.full((4,), 9)))


def test_torch_is_imported_only_when_a_network_is_scored():
    code = "import evozc, evozc.cli, sys; assert 'torch' not in sys.modules; print(evozc.score.__name__)"
    assert python(code).strip() == "score"
    assert evozc.score is score
    with pytest.raises(AttributeError, match="scores"):
        evozc.scores  # noqa: B018


def test_noise_is_the_same_for_the_same_seed():
    assert noise((3, 4, 5), 6, seed=1).shape == (6, 3, 4, 5)
    assert torch.equal(noise((3,), 6, seed=1), noise((3,), 6, seed=1))
    assert not torch.equal(noise((3,), 6, seed=1), noise((3,), 6, seed=2))
    drawn = noise((50,), 20, tokens=7)
    assert drawn.dtype == torch.int64
    assert drawn.unique().tolist() == list(range(7))


def test_a_network_is_made_by_name_with_seeded_weights(monkeypatch):
    monkeypatch.setitem(sys.modules, "user_networks", user_networks)
    first, second, other = (load_network("user_networks:perceptron", seed) for seed in (1, 1, 2))
    assert torch.equal(first[1].weight, second[1].weight)
    assert not torch.equal(first[1].weight, other[1].weight)
    assert isinstance(load_network("user_networks:Bare"), Bare)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("user_networks", ConfigError, "package.module:function"),
        (":perceptron", ConfigError, "package.module:function"),
        ("user_networks:nothing", ConfigError, "user_networks has no nothing"),
        ("no_such_module_at_all:f", DataError, "importing no_such_module_at_all failed: ModuleNotFound"),
        ("user_networks:broken", DataError, "making the network failed: RuntimeError: broken on purpose"),
        ("user_networks:images", DataError, "gave a tuple; expected a torch.nn.Module"),
    ],
)
def test_a_name_that_makes_no_network_is_told(name, error, message):
    with pytest.raises(error, match=message):
        load_network(name)
