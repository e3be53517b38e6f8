"""Kendall tau's interval against the bootstrap, and how often it holds the truth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evozc.engine import kendall_tau, rankable
from evozc.evaluation import estimate, standard_error


def correlated(draw, size, strength):
    x = draw.normal(size=size)
    return x, strength * x + math.sqrt(1 - strength**2) * draw.normal(size=size)


def coarse(draw, size, strength):
    x, y = correlated(draw, size, strength)
    return np.round(0.7 * x), np.round(0.7 * y)


def failing(draw, size, strength):
    """Half of the scores are not finite, as those of a formula that is seldom defined."""
    x, y = correlated(draw, size, strength)
    return np.where(x < 0, -np.inf, x), np.round(y)


def apart(size):
    return [str(k) for k in range(size)]


def half_width(result):
    return (math.atanh(result.high) - math.atanh(result.low)) / 2


SAMPLES = {"smooth": correlated, "tied": coarse, "failing": failing}


@settings(max_examples=100)
@given(st.lists(st.tuples(st.floats(), st.integers(-3, 3).map(float)), min_size=2, max_size=30))
def test_tau_is_scipy_s_and_lies_in_its_interval(rows):
    x, y = np.array(rows).T
    result = estimate(x, y, apart(len(rows)))
    reference = stats.kendalltau(rankable(x), y).statistic
    if math.isnan(reference):
        assert math.isnan(result.tau)
        assert math.isnan(result.low)
        assert math.isnan(result.high)
        assert (result.influence == 0).all()
    else:
        assert abs(result.tau - reference) < 1e-12
        assert -1 <= result.low <= result.tau + 2e-12
        assert result.tau - 2e-12 <= result.high <= 1
    assert result.influence.shape == (len(rows),)
    assert abs(result.influence.sum()) < 1e-9


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("strength", [0.0, 0.5, 0.9])
def test_the_standard_error_is_that_of_the_bootstrap(kind, strength):
    draw = np.random.default_rng(5)
    x, y = SAMPLES[kind](draw, 150, strength)
    drawn = draw.integers(0, 150, (400, 150))
    bootstrap = np.std([kendall_tau(x[rows], y[rows]) for rows in drawn])
    result = estimate(x, y, apart(150))
    # among its 150 draws the bootstrap ties an architecture with itself, which adds some spread
    assert standard_error(result.influence, apart(150)) == pytest.approx(bootstrap, rel=0.15)
    assert result.high - result.low == pytest.approx(2 * 1.96 * bootstrap, rel=0.2)


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("strength", [0.0, 0.6, 0.95])
def test_the_interval_holds_the_truth_about_95_times_in_100(kind, strength):
    draw = np.random.default_rng(11)
    truth = kendall_tau(*SAMPLES[kind](draw, 20_000, strength))
    held = 0
    for _ in range(300):
        result = estimate(*SAMPLES[kind](draw, 80, strength), apart(80))
        held += result.low <= truth <= result.high
    assert 0.91 <= held / 300 <= 0.99  # the binomial's own spread is 0.0126


@pytest.mark.parametrize("copies", [2, 5])
def test_copies_of_an_architecture_add_no_certainty(copies):
    x, y = correlated(np.random.default_rng(2), 120, 0.6)
    once = estimate(x, y, apart(120))
    names = np.repeat(apart(120), copies)
    honest = estimate(np.repeat(x, copies), np.repeat(y, copies), names)
    naive = estimate(np.repeat(x, copies), np.repeat(y, copies), apart(120 * copies))
    assert half_width(honest) == pytest.approx(half_width(once), rel=0.05)
    assert half_width(honest) > 0.95 * math.sqrt(copies) * half_width(naive)


def test_the_error_of_a_difference_knows_that_both_see_the_same_architectures():
    draw = np.random.default_rng(3)
    x, y = correlated(draw, 200, 0.7)
    nearly = x + 0.1 * draw.normal(size=200)
    first, second = estimate(x, y, apart(200)), estimate(nearly, y, apart(200))
    paired = standard_error(first.influence - second.influence, apart(200))
    rows = draw.integers(0, 200, (400, 200))
    bootstrap = np.std([kendall_tau(x[r], y[r]) - kendall_tau(nearly[r], y[r]) for r in rows])
    assert paired == pytest.approx(bootstrap, rel=0.2)
    assert paired < 0.5 * standard_error(first.influence, apart(200))
    assert standard_error(first.influence - first.influence, apart(200)) == 0


@pytest.mark.parametrize("size", [2, 20, 700])
def test_a_perfect_ranking_leaves_no_doubt(size):
    x = np.arange(size, dtype=float)
    for sign in (1, -1):
        result = estimate(sign * x, x, apart(size))
        assert [result.tau, result.low, result.high] == pytest.approx([sign] * 3, abs=1e-9)


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("size", [5, 127, 128, 129, 511, 1100])
def test_influences_are_those_of_all_pairs(kind, size):
    x, y = SAMPLES[kind](np.random.default_rng(size), size, 0.6)
    x = np.where(np.isfinite(x), x, -1e9)
    result = estimate(x, y, apart(size))
    own = np.array([np.sign(x - a) @ np.sign(y - b) for a, b in zip(x, y, strict=True)])
    px, py = ((v[:, None] != v[None, :]).mean(axis=1) for v in (x, y))
    concordance = own / size / math.sqrt(px.mean() * py.mean())
    assert concordance.mean() == pytest.approx(result.tau, abs=1e-12)
    expected = concordance - result.tau / 2 * (px / px.mean() + py / py.mean())
    np.testing.assert_allclose(result.influence, 2 * expected / size, atol=1e-12)


def test_the_order_of_the_architectures_does_not_matter():
    x, y = coarse(np.random.default_rng(4), 60, 0.5)
    clusters = [str(k // 3) for k in range(60)]
    order = np.random.default_rng(1).permutation(60)
    one, other = estimate(x, y, clusters), estimate(x[order], y[order], [clusters[k] for k in order])
    assert (one.tau, one.low, one.high) == pytest.approx((other.tau, other.low, other.high), rel=1e-12)
    np.testing.assert_allclose(one.influence[order], other.influence, atol=1e-15)
