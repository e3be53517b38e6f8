"""Formulas side by side, and which one of a Pareto front is kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from strategies import scalar_table

from evozc.comparison import choose, compare, estimate, standard_error
from evozc.errors import DataError, FormulaError
from evozc.formula import parse
from primitives import FULL


def front(table, *names):
    symbols = FULL.with_statistics(table.statistics)
    return {name: parse(f"network.{name}", symbols) for name in names}


def sample(seed, noises, size=60, higher_is_better=True):
    """Columns c0, c1, ...: the accuracy under ever so much noise."""
    draw = np.random.default_rng(seed)
    accuracy = draw.normal(size=size)
    columns = {f"c{k}": accuracy + noise * draw.normal(size=size) for k, noise in enumerate(noises)}
    target = accuracy if higher_is_better else -accuracy
    return scalar_table(columns, target, higher_is_better=higher_is_better)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.lists(st.floats(0.1, 4), min_size=1, max_size=5), st.floats(0, 3))
def test_the_shortest_within_so_many_standard_errors_is_kept(seed, noises, tolerance):
    table = sample(seed, noises)
    names = [f"c{k}" for k in range(len(noises))]
    kept = choose(front(table, *names), table, table.target(), tolerance)
    merit = table.target().merit
    estimates = {n: estimate(table.values[f"network.{n}"], merit, table.keys) for n in names}
    best = max(estimates.values(), key=lambda e: e.tau)
    behind = {
        n: (best.tau - e.tau) - tolerance * standard_error(best.influence - e.influence, table.keys)
        for n, e in estimates.items()
    }
    assert behind[kept] <= 1e-12
    assert all(behind[name] > -1e-12 for name in names[: names.index(kept)])


def test_a_tolerance_of_nothing_keeps_the_best_and_a_huge_one_the_shortest():
    table = sample(0, [3.0, 1.0, 0.2, 0.5])
    formulas = front(table, "c0", "c1", "c2", "c3")
    assert choose(formulas, table, table.target(), 0) == "c2"
    assert choose(formulas, table, table.target(), 1e9) == "c0"
    assert choose(formulas, table, table.target()) == "c2"


def test_of_equals_the_first_is_kept():
    table = sample(0, [0.5])
    symbols = FULL.with_statistics(table.statistics)
    twice = {"short": parse("network.c0", symbols), "long": parse("exp(network.c0)", symbols)}
    assert choose(twice, table, table.target(), 0) == "short"


def test_the_choice_rests_on_what_is_given_alone():
    """Another target of the same table, its split and its provenance change nothing."""
    table = sample(1, [2.0, 0.3])
    formulas = front(table, "c0", "c1")
    other = scalar_table({"x": np.zeros(60)}, -table.target().values).target()
    moved = table.with_targets([other], train=np.arange(60) < 3)
    assert choose(formulas, moved, table.target()) == choose(formulas, table, table.target()) == "c1"
    assert choose(formulas, moved, other) == "c0"


@pytest.mark.parametrize("order", [("flat", "good"), ("good", "flat"), ("missing", "flat", "good")])
def test_a_formula_that_is_constant_on_the_sample_is_never_kept(order):
    accuracy = np.arange(12.0)
    table = scalar_table({"flat": np.ones(12), "missing": np.full(12, np.nan), "good": accuracy}, accuracy)
    assert choose(front(table, *order), table, table.target()) == "good"


@pytest.mark.parametrize("names", [(), ("flat",)])
def test_a_front_that_tells_nothing_apart_is_refused(names):
    table = scalar_table({"flat": np.ones(12)}, np.arange(12.0))
    with pytest.raises(DataError, match="tells the labelled architectures apart"):
        choose(front(table, *names), table, table.target())


def test_doubt_is_counted_in_classes_not_in_architectures():
    """Many copies of a few classes: the better formula's lead is no longer beyond doubt."""
    draw = np.random.default_rng(8)
    accuracy = draw.normal(size=8)
    columns = {"short": accuracy + 0.8 * draw.normal(size=8), "long": accuracy + 0.5 * draw.normal(size=8)}
    copies = {name: np.repeat(column, 25) for name, column in columns.items()}
    keys = np.repeat([f"class {k}" for k in range(8)], 25).tolist()
    chosen = {}
    for label, own in (("classes", keys), ("architectures", None)):
        table = scalar_table(copies, np.repeat(accuracy, 25), own)
        leads = [stats.kendalltau(columns[n], accuracy).statistic for n in ("short", "long")]
        assert leads[0] < leads[1]
        chosen[label] = choose(front(table, "short", "long"), table, table.target())
    assert chosen == {"classes": "short", "architectures": "long"}


# --- side by side ----------------------------------------------------------------------------------


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_a_comparison_holds_both_taus_the_interval_and_what_was_dropped(higher_is_better):
    train = sample(1, [0.5, 2.0], 20, higher_is_better)
    test = sample(2, [0.5, 2.0], 50, higher_is_better)
    spoilt = test.values["network.c1"].copy()
    spoilt[::10] = [np.nan, np.inf, -np.inf, np.nan, np.inf]
    columns = {"c0": test.values["network.c0"], "c1": spoilt}
    test = scalar_table(columns, test.target().values, higher_is_better=higher_is_better)
    rows = compare(front(train, "c1", "c0"), train, test, "accuracy")
    assert [row.name for row in rows] == ["c1", "c0"]
    assert [str(row.formula) for row in rows] == ["network.c1", "network.c0"]
    assert [row.dropped for row in rows] == [5, 0]
    for row in rows:
        key = f"network.{row.name}"
        scores = np.where(np.isfinite(test.values[key]), test.values[key], -np.inf)
        held_out = stats.kendalltau(scores, test.target().merit).statistic
        labelled = stats.kendalltau(train.values[key], train.target().merit).statistic
        assert (row.estimate.tau, row.train_tau) == pytest.approx((held_out, labelled), abs=1e-12)
        assert row.estimate.low < held_out < row.estimate.high
    assert rows[1].estimate.tau > rows[0].estimate.tau > 0


def test_isomorphic_architectures_widen_the_interval_of_a_comparison():
    train, draw = sample(3, [1.0]), np.random.default_rng(0)
    shared = np.repeat(draw.normal(size=12), 5)
    accuracy = shared + 0.01 * draw.normal(size=60)
    columns = {"c0": np.repeat(draw.normal(size=12), 5) + shared}
    keys = [f"{k // 5}" for k in range(60)]
    widths = []
    for own in (None, keys):
        test = scalar_table(columns, accuracy, own)
        (row,) = compare(front(test, "c0"), train, test, "accuracy")
        widths.append(row.estimate.high - row.estimate.low)
    assert widths[1] > 1.5 * widths[0]


def test_a_constant_formula_has_no_tau_and_no_formula_no_row():
    table = scalar_table({"flat": np.ones(8)}, np.arange(8.0))
    (row,) = compare(front(table, "flat"), table, table, "accuracy")
    assert np.isnan([row.estimate.tau, row.estimate.low, row.estimate.high, row.train_tau]).all()
    assert compare({}, table, table, "accuracy") == []


def test_what_the_tables_lack_is_named():
    table = sample(0, [1.0])
    with pytest.raises(DataError, match="no target 'loss'"):
        compare(front(table, "c0"), table, table, "loss")
    with pytest.raises(FormulaError, match=r"network\.params"):
        compare({"params": parse("network.params")}, table, table, "accuracy")
