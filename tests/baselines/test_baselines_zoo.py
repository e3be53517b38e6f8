"""The hand-crafted proxies are formulas of the one language."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata
from strategies import random_table

from evozc.baselines import ZOO, find_proxy, proxies, resolve
from evozc.engine import Evaluator
from evozc.errors import ConfigError, FormulaError
from evozc.formula import parse
from primitives import FULL, LAYERS, NETWORK, SCALAR, STATISTICS, scalar


@pytest.mark.parametrize("proxy", ZOO, ids=lambda p: p.name)
def test_every_proxy_is_a_formula_over_the_full_set(proxy):
    formula = parse(proxy.text)
    assert str(formula) == proxy.text
    assert formula.type == NETWORK
    assert formula.statistics()


def test_the_zoo_holds_the_proxies_that_papers_compare_with():
    names = [proxy.name for proxy in ZOO]
    assert len(set(names)) == len(names)
    suite_zero = "epe_nas fisher flops grad_norm grasp jacov l2_norm nwot params plain snip synflow zen"
    aznas = "aznas aznas_expressivity aznas_progressivity aznas_trainability aznas_complexity"
    later = "zico meco swap lswag vkdnw eznas_a lpzero autoprox"
    assert set(names) == {*suite_zero.split(), *aznas.split(), *later.split()}


@pytest.mark.parametrize("proxy", ZOO, ids=lambda p: p.name)
def test_every_published_proxy_names_its_paper(proxy):
    if proxy.name not in ("params", "flops"):  # baselines that nobody needed to publish
        assert re.search(r"et al\.| and ", proxy.source)
        assert re.search(r"\b(19|20)\d\d\b", proxy.source)


@pytest.mark.parametrize("proxy", ZOO, ids=lambda p: p.name)
def test_labels_and_groups_follow_from_the_catalogue(proxy):
    declared = [s for s in STATISTICS if re.search(rf"\b{re.escape(s.key)}\b", proxy.text)]
    assert set(proxy.groups) == {s.group for s in declared}
    assert proxy.needs_labels == any(s.needs_labels for s in declared)


def test_which_proxies_need_labels_is_what_their_papers_say():
    assert {proxy.name for proxy in ZOO if proxy.needs_labels} == {
        "plain", "grad_norm", "snip", "grasp", "fisher", "epe_nas", "zico", "lswag", "eznas_a", "lpzero",
        "autoprox",
    }


def test_the_formula_of_a_proxy_that_falls_with_accuracy_is_turned():
    negative = {proxy.name: proxy.text for proxy in ZOO if proxy.direction == "negative"}
    assert negative == {"plain": "neg(sum(layer.weight_x_grad_sum))"}


def test_a_proxy_is_found_by_its_name_or_a_hint_is_given():
    assert all(find_proxy(proxy.name) is proxy for proxy in ZOO)
    with pytest.raises(ConfigError, match="did you mean 'nwot'"):
        find_proxy("naswot")
    with pytest.raises(ConfigError, match="evozc zoo"):
        find_proxy("q" * 200)


def test_a_name_or_a_text_resolves_to_a_formula():
    assert str(resolve("synflow", FULL)) == "sum(layer.synflow)"
    assert str(resolve("sqrt(network.params)", FULL)) == "sqrt(network.params)"
    assert str(resolve("2", FULL)) == "2"
    with pytest.raises(ConfigError, match="synflow"):
        resolve("sinflow", FULL)
    with pytest.raises(FormulaError, match="unknown operator 'sum'"):
        resolve("synflow", SCALAR)


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("params", lambda v, a: v("network.params", a)[0]),
        ("flops", lambda v, a: v("network.macs", a)[0]),
        ("nwot", lambda v, a: v("network.naswot", a)[0]),
        ("l2_norm", lambda v, a: sum(v("layer.weight_l2", a))),
        ("plain", lambda v, a: -sum(v("layer.weight_x_grad_sum", a))),
        ("grasp", lambda v, a: -sum(v("layer.weight_x_hessian_grad_sum", a))),
        (
            "fisher",
            lambda v, a: sum(v("layer.fisher", a) * v("layer.numel", a) / v("layer.c_out", a)),
        ),
        ("lswag", lambda v, a: np.log(v("layer.grad_inverse_std", a)).sum()),
        ("aznas_progressivity", lambda v, a: np.diff(v("block.entropy", a)).min(initial=np.inf)),
        (
            "aznas_trainability",
            lambda v, a: np.mean(-v("block.jacobian", a) - 1 / (v("block.jacobian", a) + 1e-6)),
        ),
        ("meco", lambda v, a: sum(v("layer.correlation_min", a)) + sum(v("activation.correlation_min", a))),
        ("vkdnw", lambda v, a: len(v("layer.numel", a)) + v("network.fisher_entropy", a)[0]),
        ("eznas_a", lambda v, a: v("layer.sign_grad_logdet", a).mean()),
        (
            "lpzero",
            lambda v, a: np.mean(
                v("layer.weight_l2", a) ** 2 / v("layer.numel", a) + v("layer.grad_softmax_square", a)
            ),
        ),
        (
            "autoprox",
            lambda v, a: np.mean(v("layer.input_minmax_l2", a) + v("layer.output_grad_sqrt_sigmoid", a)),
        ),
        ("synflow", lambda v, a: sum(v("layer.synflow", a))),
        ("snip", lambda v, a: sum(v("layer.weight_x_grad_l1", a))),
        ("grad_norm", lambda v, a: sum(v("layer.grad_l2", a))),
        ("zico", lambda v, a: np.log(v("layer.grad_ratio", a)).sum()),
    ],
)
def test_a_proxy_computes_what_its_paper_says(name, by_hand):
    table = random_table(5, 16, FULL, missing=False)
    table = type(table)(**{
        **{field: getattr(table, field) for field in table.__dataclass_fields__},
        "values": {key: np.abs(values) + 0.5 for key, values in table.values.items()},
    })

    def values(key, a):
        found = table.values[key]
        node_set = key.split(".")[0]
        if node_set == NETWORK:
            return found[a : a + 1]
        return found[table.offsets[node_set][a] : table.offsets[node_set][a + 1]]

    scores = Evaluator(table).scores([proxies(FULL)[name]])[0]
    expected = np.array([by_hand(values, a) for a in range(16)])
    defined = np.isfinite(expected)  # a single block has no step
    np.testing.assert_allclose(scores[defined], expected[defined], rtol=1e-9)
    assert np.isfinite(scores).tolist() == defined.tolist()
    assert defined.sum() >= 4


def test_the_aggregate_of_az_nas_sums_log_ranks():
    table = random_table(5, 12, FULL, missing=False)
    names = ("expressivity", "progressivity", "trainability", "complexity")
    parts = [find_proxy(f"aznas_{name}").formula for name in names]
    whole, *scores = Evaluator(table).scores([find_proxy("aznas").formula, *parts])
    ranks = [rankdata(np.where(np.isfinite(s), s, -np.inf)) / 12 for s in scores]
    np.testing.assert_allclose(whole, np.log(ranks).sum(axis=0), rtol=1e-12)


def test_the_full_set_offers_the_whole_zoo():
    found = proxies(FULL)
    assert {p.text for p in ZOO} <= {str(f) for f in found.values()}
    assert {p.name for p in ZOO} - set(found) == {"aznas_complexity"}  # another name of flops


@given(st.sets(st.sampled_from(sorted(FULL.statistics))))
def test_a_proxy_is_offered_exactly_where_its_statistics_are(keys):
    found = proxies(FULL.restricted(keys))
    for proxy in ZOO:
        needed = {s.key for s in parse(proxy.text).statistics()}
        assert (parse(proxy.text) in found.values()) == (needed <= keys)
    for formula in found.values():
        assert {s.key for s in formula.statistics()} <= keys
    scalars = {key for key in keys if key.startswith("network.")}
    assert scalars <= {s.key for f in found.values() for s in f.statistics()}
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize("symbols", [SCALAR, LAYERS], ids=lambda s: s.name)
def test_named_sets_offer_what_they_can_compute(symbols):
    found = proxies(symbols)
    assert found
    for formula in found.values():
        assert parse(str(formula), symbols) == formula


def test_published_scores_stand_for_themselves():
    symbols = SCALAR.with_statistics([scalar("nwot"), scalar("synflow"), scalar("params")])
    assert {n: str(f) for n, f in proxies(symbols).items()} == {
        "params": "network.params", "nwot": "network.nwot", "synflow": "network.synflow",
    }


def test_a_set_of_nothing_offers_nothing():
    assert proxies(FULL.restricted([])) == {}
