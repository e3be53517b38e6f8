"""Kendall tau-b is scipy's to the last digits, and scores are rounded only as far as noise goes."""

import itertools
import math
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from evozc.engine import KendallTau, kendall_tau, rankable

SIZES = [*range(2, 51), 127, 128, 599, 600, 601, 1000]


def same(tau, reference):
    return math.isnan(reference) if math.isnan(tau) else abs(tau - reference) <= 1e-12


@pytest.mark.parametrize("size", SIZES)
def test_tau_is_scipy_s_on_tied_and_untied_data(size):
    draw = np.random.default_rng(size)
    for kinds in (2, 3, 10, 10 * size):
        target = draw.integers(0, kinds, size).astype(float)
        own, noise = draw.normal(size=size), draw.integers(0, 2, size)
        scores = [draw.integers(0, kinds, size).astype(float), target + noise, own]
        scores += [np.where(draw.random(size) < 0.4, -np.inf, own), np.full(size, 3.0)]
        tau = KendallTau(target)
        for x in scores:
            reference = stats.kendalltau(x, target).statistic
            assert same(tau(x), reference)
            assert same(kendall_tau(x, target), reference)
            assert same(kendall_tau(-x, target), -reference)
            assert same(kendall_tau(x, -target), -reference)


def by_definition(x, y):
    """Pair after pair."""
    concordant = untied_x = untied_y = 0
    for (a, b), (c, d) in itertools.combinations(zip(x.tolist(), y.tolist(), strict=True), 2):
        concordant += ((a > c) - (a < c)) * ((b > d) - (b < d))
        untied_x += a != c
        untied_y += b != d
    return concordant / math.sqrt(untied_x * untied_y) if untied_x and untied_y else math.nan


rows = st.tuples(st.integers(-2, 2).map(float) | st.just(-np.inf), st.integers(-2, 2).map(float))


@settings(max_examples=200)
@given(st.lists(rows, min_size=2, max_size=12), st.data())
def test_tau_is_that_of_its_definition_whatever_the_order_of_the_rows(pairs, data):
    x, y = np.array(pairs).T
    tau = kendall_tau(x, y)
    assert same(tau, by_definition(x, y))
    order = np.array(data.draw(st.permutations(range(len(pairs)))))
    assert kendall_tau(x[order], y[order]) == tau or math.isnan(tau)
    assert kendall_tau(np.arctan(x), y**3) == tau or math.isnan(tau)
    assert math.isnan(tau) == (len(set(x)) < 2 or len(set(y)) < 2)


@pytest.mark.parametrize("size", [2, 600, 601])
def test_a_perfect_ranking_is_one(size):
    x = np.arange(size, dtype=float)
    assert kendall_tau(x, x) == pytest.approx(1, abs=1e-15)
    assert -1 <= kendall_tau(-x, x) == pytest.approx(-1, abs=1e-15)
    assert kendall_tau(x, x) <= 1


@pytest.mark.parametrize("size", [0, 1])
def test_fewer_than_two_have_no_tau(size):
    assert math.isnan(kendall_tau(np.zeros(size), np.zeros(size)))


# --- scores as they are ranked ---------------------------------------------------------------------

finite = st.floats(allow_nan=False, allow_infinity=False)
anything = st.floats()


@settings(max_examples=200)
@given(st.floats(1e-300, 1e300) | st.integers(1, 1000).map(float), st.integers(-2000, 2000), st.booleans())
def test_noise_in_the_last_bits_makes_no_difference(value, units, below_zero):
    value = float(rankable(np.array([value]))[0]) * (-1 if below_zero else 1)
    noisy = value + units * np.spacing(value) / 2
    assert rankable(np.array([noisy])) == rankable(np.array([value])) == value


def test_small_integers_and_halves_stay_what_they_are():
    values = np.arange(-1000, 1000) / 2
    np.testing.assert_array_equal(rankable(values), values)


def test_sums_in_different_orders_tie():
    draw = np.random.default_rng(0)
    terms = draw.lognormal(size=(200, 50))
    orders = np.array([rankable(draw.permuted(terms, axis=1).sum(axis=1)) for _ in range(20)])
    assert np.mean(orders == orders[0]) > 0.99


@settings(max_examples=300)
@given(finite, finite)
def test_the_order_of_what_is_apart_is_kept_and_none_is_turned_round(x, y):
    assume(x < y)
    low, high = rankable(np.array([x, y]))
    assert low <= high
    if (y - x) / 2 > 2.0**-40 * max(abs(x), abs(y)) + 1e-319:
        assert low < high


@given(st.lists(anything, max_size=20))
def test_rounding_is_small_once_and_for_all(values):
    scores = np.array(values, dtype=np.float64)
    before = scores.copy()
    rounded = rankable(scores)
    np.testing.assert_array_equal(scores, before)
    kept = np.isfinite(scores)
    assert (rounded[~kept] == -np.inf).all()
    assert np.isfinite(rounded[kept]).all()
    np.testing.assert_array_equal(rankable(rounded), rounded)
    moved = np.abs(rounded[kept] / 2 - scores[kept] / 2)
    assert (moved <= 2.0**-41 * np.abs(scores[kept]) + 2.0**-1062).all()


@pytest.mark.parametrize(
    "value", [sys.float_info.max, -sys.float_info.max, 1e308, -1e308, 5e-324, -5e-324, 2.2e-308, 0.0, -0.0]
)
def test_the_ends_of_the_number_range_stay_finite_and_in_order(value):
    ranked = rankable(np.array([np.nan, -np.inf, value, np.inf]))
    assert np.isfinite(ranked[2])
    assert (np.delete(ranked, 2) == -np.inf).all()
    assert ranked[2] == pytest.approx(value, rel=1e-12, abs=1e-319)


def test_shape_and_stride_do_not_matter():
    grid = np.random.default_rng(0).normal(size=(6, 4))
    np.testing.assert_array_equal(rankable(grid.T), rankable(grid).T)
    np.testing.assert_array_equal(rankable(grid[::2, 1]), rankable(grid)[::2, 1])
