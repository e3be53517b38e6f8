"""Fitness, or the reason for having none, independent of what else is scored."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from strategies import formulas, random_table, scalar_table, tables

from evozc.engine import Evaluator, Outcome, Scorer, rankable
from evozc.errors import DataError, FormulaError
from evozc.formula import parse
from primitives import FULL

lists = st.lists(formulas(depth=4), min_size=1, max_size=8)
samples = tables(architectures=st.integers(4, 30))


def scorer(table):
    return Scorer(table, table.target())


def formula(text, table):
    return parse(text, FULL.with_statistics(table.statistics))


@settings(max_examples=100)
@given(lists, samples)
def test_an_outcome_is_tau_or_a_reason_and_both_are_right(listed, table):
    scores = Evaluator(table).scores(listed)
    for outcome, row in zip(scorer(table).score(listed), scores, strict=True):
        ranked = rankable(row)
        bad = np.mean(~np.isfinite(row))
        if outcome.reason is None:
            assert not outcome.probed
            assert outcome.ranking
            assert bad <= max(1 / len(table), 0.2)
            assert abs(outcome.tau - stats.kendalltau(ranked, table.target().merit).statistic) < 1e-12
        else:
            assert outcome.tau is None
            assert outcome.ranking == ""
            if not outcome.probed:
                constant = ranked.min() == ranked.max() and not bad
                assert outcome.reason == ("constant" if constant else "not finite")
                assert constant or bad > 0.2


@settings(max_examples=60)
@given(lists, samples, st.data())
def test_an_outcome_does_not_depend_on_what_else_is_scored(listed, table, data):
    together = scorer(table).score(listed)
    assert [scorer(table).score([f])[0] for f in listed] == together
    one, order = scorer(table), data.draw(st.permutations(range(len(listed))))
    again = one.score([listed[k] for k in order])
    assert again == [together[k] for k in order]
    assert one.score(listed) == together


@settings(max_examples=60)
@given(st.lists(formulas(depth=3), min_size=2, max_size=8), tables(architectures=st.integers(4, 6)))
def test_two_formulas_share_a_digest_exactly_if_they_rank_alike(listed, table):
    ranks = [tuple(stats.rankdata(rankable(row))) for row in Evaluator(table).scores(listed)]
    outcomes = scorer(table).score(listed)
    valid = [(o.ranking, r) for o, r in zip(outcomes, ranks, strict=True) if o.tau is not None]
    assert len({digest for digest, _ in valid}) == len({r for _, r in valid}) == len(set(valid))


@given(samples)
def test_monotone_twins_share_a_digest_and_opposites_do_not(table):
    texts = ("network.params", "add(mul(2, network.params), 1)", "neg(network.params)")
    same, twin, opposite = scorer(table).score([parse(text) for text in texts])
    if same.reason is None:
        assert same.ranking == twin.ranking
        assert same.tau == twin.tau
    if not np.isnan(table.values["network.params"]).any() and same.reason is None:
        assert opposite.tau == -same.tau
        assert opposite.ranking != same.ranking


def test_lower_is_better_turns_the_ranking_round():
    column = np.arange(10.0)
    for higher, expected in ((True, 1.0), (False, -1.0)):
        table = scalar_table({"a": column}, column**2, higher_is_better=higher)
        assert scorer(table).score([formula("network.a", table)])[0].tau == pytest.approx(expected)


# The probe takes 16 architectures evenly through the target's order: of 100, ranks 0, 6, 13, ... 99.
PROBED = np.linspace(0, 99, 16).astype(int)


def test_the_probe_spares_the_rest():
    noise = np.random.default_rng(0).permutation(100).astype(float)
    inside = np.isin(np.arange(100), PROBED)
    columns = {
        "fine": noise,
        "flat": np.where(inside, 1.0, noise),  # tells apart only what the probe does not see
        "gaps": np.where(~inside & (np.arange(100) % 2 == 0), np.nan, noise),  # only where it does not look
        "probe_gaps": np.where(inside, np.nan, noise),
        "nowhere": np.full(100, np.nan),
        "few": np.where(np.arange(100) % 10 == 5, np.nan, noise),
    }
    table = scalar_table(columns, np.arange(100.0))
    names = ["fine", "flat", "gaps", "probe_gaps", "nowhere", "few"]
    texts = [f"network.{name}" for name in names] + ["sub(network.fine, network.fine)", "inv(0)", "1e300"]
    outcomes = scorer(table).score([formula(text, table) for text in texts])
    shown = dict(zip([*names, "zero", "infinite", "number"], outcomes, strict=True))
    assert {name: (o.reason, o.probed) for name, o in shown.items()} == {
        "fine": (None, False), "flat": ("constant", True), "gaps": ("not finite", False),
        "probe_gaps": ("not finite", True), "nowhere": ("not finite", True), "few": (None, False),
        "zero": ("constant", True), "infinite": ("not finite", True), "number": ("constant", True),
    }


def test_what_is_not_finite_ranks_last():
    table = scalar_table({"a": [1, 2, 3, 4, 5, 6, 7, 8, 9, np.nan]}, [2, 3, 4, 5, 6, 7, 8, 9, 10, 1])
    assert scorer(table).score([formula("network.a", table)])[0].tau == pytest.approx(1)


@pytest.mark.parametrize(("size", "allowed"), [(4, 1), (5, 1), (9, 1), (10, 2), (12, 2)])
def test_one_in_five_but_at_least_one_may_be_undefined(size, allowed):
    values, last = np.arange(float(size)), np.arange(size)[::-1]
    gaps = {f"gaps_{k}": np.where(last < k, np.nan, values) for k in (allowed, allowed + 1)}
    table = scalar_table(gaps, values)
    good, bad = scorer(table).score([formula(f"network.{name}", table) for name in gaps])
    assert good.reason is None
    assert bad.reason == "not finite"


def test_no_formulas_no_outcomes_and_the_clock_runs():
    one = scorer(random_table(0, 40, missing=False))
    assert one.score([]) == []
    one.score([parse("abs(network.params)"), parse("sub(network.params, network.params)")])
    assert all(seconds > 0 for seconds in one.seconds.values())


@settings(max_examples=20)
@given(lists, tables(architectures=st.integers(30, 120)))
def test_the_number_of_jobs_changes_no_outcome(listed, table):
    assert Scorer(table, table.target(), jobs=3).score(listed) == scorer(table).score(listed)


def test_outcomes_cannot_be_changed():
    with pytest.raises(AttributeError):
        Outcome(0.5).tau = 1.0


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_architectures_are_refused(count):
    table = random_table(0, 4).select(np.arange(count))
    with pytest.raises(DataError, match=f"{count} labelled architectures are too few: at least 4"):
        scorer(table)


def test_a_constant_target_is_refused():
    table = scalar_table({"a": np.arange(5.0)}, [7.0] * 5)
    with pytest.raises(DataError, match="all 5 labelled architectures have the same accuracy"):
        scorer(table)


def test_a_formula_that_the_table_cannot_serve_is_refused():
    table = scalar_table({"a": np.arange(5.0)}, np.arange(5.0))
    with pytest.raises(FormulaError, match=r"network\.params"):
        scorer(table).score([parse("network.params")])
