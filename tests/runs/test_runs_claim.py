"""What a search may claim: paired differences from known proxies and from shorter formulas."""

from dataclasses import replace

import numpy as np
import pytest
from small_tables import small_table

from evozc.evaluation import Bootstrap, HeldOut, interval, judge
from evozc.formula import parse
from evozc.runs._claim import claim
from evozc.table import Target
from primitives import FULL

GOOD, BAD, LONG = "network.params", "network.naswot", "sum(add(block.entropy, network.params))"


@pytest.fixture(scope="module")
def table():
    """400 architectures; params follow the target, naswot follows it less and falls."""
    made, generator = small_table(400, seed=2), np.random.default_rng(0)
    merit = generator.normal(size=400)
    values = dict(made.values)
    values[GOOD] = 10 + merit + generator.normal(0, 1.0, 400)
    values[BAD] = 10 - merit + generator.normal(0, 2.5, 400)
    return replace(made, values=values, targets={"accuracy": Target("accuracy", merit)})


@pytest.fixture(scope="module")
def rows(table):
    def make(*texts):
        symbols = FULL.with_statistics(table.statistics)
        return judge({text: parse(text, symbols) for text in texts}, table, "accuracy")

    return make


def test_differences_are_those_of_the_bootstrap(table, rows):
    merit = table.target("accuracy").merit
    front, known = rows(GOOD), rows(BAD)
    found = claim(front, known, table.keys).known
    bootstrap = Bootstrap([HeldOut(merit, table.keys)], 2000)
    ours, theirs = (bootstrap.draws("kendall", [table.values[name]]) for name in (GOOD, BAD))
    assert known[0].estimate.tau < 0  # of which the better sign is taken
    assert found.difference == pytest.approx(front[0].estimate.tau + known[0].estimate.tau)
    assert (found.low, found.high) == pytest.approx(interval(ours + theirs), abs=0.015)
    assert found.beyond_chance


def test_the_best_known_proxy_is_named_and_what_is_better_said_to_be(table, rows):
    text = claim(rows(GOOD), rows(BAD, "network.params"), table.keys).text
    assert text == (
        "the chosen formula is not told from the best known proxy, network.params: tau +0.000 (+0.000 to "
        "+0.000); no shorter formula of the front is level with it"
    )
    assert claim(rows(GOOD), rows(BAD), table.keys).text.startswith(
        "the chosen formula is better than the best known proxy, network.naswot: tau +0."
    )
    worse = claim(rows(f"neg({BAD})"), rows(BAD, GOOD), table.keys).text
    assert worse.startswith("the chosen formula is worse than the best known proxy, network.params: tau -0.")


def test_the_shortest_formula_that_is_level_is_found(table, rows):
    longer = f"log({GOOD})"  # the same ranking
    found = claim(rows(f"neg({BAD})", GOOD, longer), rows(BAD), table.keys)
    assert found.level.name == GOOD
    assert "the formula of size 1 on the front is level with it: tau +0.000" in found.text
    assert claim(rows(f"neg({BAD})", GOOD), rows(BAD), table.keys).level.name == GOOD


def test_what_ranks_nothing_claims_nothing(table, rows):
    constant = rows(f"sub({GOOD}, {GOOD})")
    assert claim(constant, rows(BAD), table.keys).text == (
        "the chosen formula gives all held-out architectures the same score"
    )
    found = claim(rows(GOOD), constant, table.keys)
    assert found.known is None
    assert found.text.startswith("no known proxy can be had from this table; ")
