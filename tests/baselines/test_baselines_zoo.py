"""The hand-crafted proxies are formulas of the one language."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import random_table

from evozc.baselines import ZOO, proxies
from evozc.engine import Evaluator
from evozc.formula import parse
from primitives import FULL, LAYERS, NETWORK, SCALAR, scalar


@pytest.mark.parametrize("proxy", ZOO, ids=lambda p: p.name)
def test_every_proxy_is_a_formula_over_the_full_set(proxy):
    formula = parse(proxy.text)
    assert str(formula) == proxy.text
    assert formula.type == NETWORK
    assert formula.statistics()


def test_the_zoo_holds_the_proxies_that_papers_compare_with():
    names = [proxy.name for proxy in ZOO]
    assert len(set(names)) == len(names)
    assert {"params", "flops", "synflow", "snip", "grad_norm", "zico", "naswot"} <= set(names)


@pytest.mark.parametrize("proxy", ZOO, ids=lambda p: p.name)
def test_every_published_proxy_names_paper_and_place(proxy):
    if proxy.name not in ("params", "flops"):  # baselines that nobody needed to publish
        assert re.search(r"\b(19|20)\d\d\b", proxy.source)
        assert re.search(r"equation|section", proxy.source)


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("params", lambda v, a: v("network.params", a)[0]),
        ("flops", lambda v, a: v("network.macs", a)[0]),
        ("naswot", lambda v, a: v("network.naswot", a)[0]),
        ("synflow", lambda v, a: sum(v("layer.synflow", a))),
        ("snip", lambda v, a: sum(v("layer.weight_x_grad_l1", a))),
        ("grad_norm", lambda v, a: sum(v("layer.grad_l2", a))),
        ("zico", lambda v, a: np.log(v("layer.grad_ratio", a)).sum()),
    ],
)
def test_a_proxy_computes_what_its_paper_says(name, by_hand):
    table = random_table(5, 8, FULL, missing=False)
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
    np.testing.assert_allclose(scores, [by_hand(values, a) for a in range(8)], rtol=1e-12)


def test_the_full_set_offers_the_whole_zoo():
    found = proxies(FULL)
    assert {p.name: p.text for p in ZOO} == {p.name: str(found[p.name]) for p in ZOO}


@given(st.sets(st.sampled_from(sorted(FULL.statistics))))
def test_a_proxy_is_offered_exactly_where_its_statistics_are(keys):
    found = proxies(FULL.restricted(keys))
    for proxy in ZOO:
        needed = {s.key for s in parse(proxy.text).statistics()}
        assert (str(found.get(proxy.name)) == proxy.text) == (needed <= keys)
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
