"""Formulas side by side."""

import numpy as np
import pytest
from scipy import stats
from strategies import scalar_table

from evozc.errors import DataError, FormulaError
from evozc.evaluation import compare, judge
from evozc.formula import parse
from evozc.table import Task
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


def task(labelled, held_out):
    return Task(held_out, "accuracy", labelled, held_out)


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_a_comparison_holds_both_taus_the_interval_and_what_was_dropped(higher_is_better):
    train = sample(1, [0.5, 2.0], 20, higher_is_better)
    test = sample(2, [0.5, 2.0], 50, higher_is_better)
    spoilt = test.values["network.c1"].copy()
    spoilt[::10] = [np.nan, np.inf, -np.inf, np.nan, np.inf]
    columns = {"c0": test.values["network.c0"], "c1": spoilt}
    test = scalar_table(columns, test.target().values, higher_is_better=higher_is_better)
    rows = compare(front(train, "c1", "c0"), task(train, test))
    assert [row.name for row in rows] == ["c1", "c0"]
    assert [str(row.formula) for row in rows] == ["network.c1", "network.c0"]
    assert [row.dropped for row in rows] == [5, 0]
    for row in rows:
        key = f"network.{row.name}"
        scores = np.where(np.isfinite(test.values[key]), test.values[key], -np.inf)
        held_out = stats.kendalltau(scores, test.target().merit).statistic
        labelled = stats.kendalltau(train.values[key], train.target().merit).statistic
        assert (row.estimate.tau, row.labelled_tau) == pytest.approx((held_out, labelled), abs=1e-12)
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
        (row,) = compare(front(test, "c0"), task(train, test))
        widths.append(row.estimate.high - row.estimate.low)
    assert widths[1] > 1.5 * widths[0]


def test_a_constant_formula_has_no_tau_and_no_formula_no_row():
    table = scalar_table({"flat": np.ones(8)}, np.arange(8.0))
    (row,) = compare(front(table, "flat"), task(table, table))
    assert np.isnan([row.estimate.tau, row.estimate.low, row.estimate.high, row.labelled_tau]).all()
    assert compare({}, task(table, table)) == []


def test_what_the_tables_lack_is_named():
    table = sample(0, [1.0])
    with pytest.raises(DataError, match="no target 'loss'"):
        judge(front(table, "c0"), table, "loss")
    with pytest.raises(FormulaError, match=r"network\.params"):
        compare({"params": parse("network.params")}, task(table, table))
