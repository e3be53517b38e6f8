"""Rank correlations with intervals: against scipy, plain definitions and the bootstrap."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evozc.auditing._association import normal_partial, partial_tau, spearman, tau_left, tau_within
from evozc.auditing._measured import of_influence
from evozc.engine import kendall_tau
from evozc.evaluation import estimate

small = st.integers(-3, 3).map(float)
triples = st.lists(st.tuples(small, small, small), min_size=3, max_size=25)


def sample(seed, size=200):
    draw = np.random.default_rng(seed)
    x = np.round(draw.normal(size=size), 1)
    y = np.round(x + draw.normal(size=size), 1)
    z = np.round(x + draw.normal(size=size), 0)
    w = np.round(y + draw.normal(size=size), 1)
    return x, y, z, w


def tau(x, y):
    return kendall_tau(x, y)  # scipy's, which is slower, is what it is tested against elsewhere


def partial(x, y, z):
    a, b, c = tau(x, y), tau(x, z), tau(y, z)
    return (a - b * c) / math.sqrt((1 - b * b) * (1 - c * c))


def normal(x, y, *others):
    matrix = np.array([[math.sin(math.pi / 2 * tau(a, b)) for a in (x, y, *others)] for b in (x, y, *others)])
    inverse = np.linalg.inv(matrix)
    return 2 / math.pi * math.asin(-inverse[0, 1] / math.sqrt(inverse[0, 0] * inverse[1, 1]))


def within(x, y, z):
    same = z[:, None] == z[None]
    sx, sy = (np.sign(v[:, None] - v[None]) * same for v in (x, y))
    return (sx * sy).sum() / math.sqrt(np.abs(sx).sum() * np.abs(sy).sum())


def estimates(*pairs):
    own = np.arange(len(pairs[0][0]))
    return [estimate(a, b, own) for a, b in pairs]


def with_interval(value, influence):
    return of_influence(value, influence, np.arange(len(influence)))


def half_width(figure):
    return (math.atanh(figure.high) - math.atanh(figure.low)) / 2


def bootstrap(statistic, *columns, draws=300):
    draw = np.random.default_rng(1)
    rows = draw.integers(0, len(columns[0]), (draws, len(columns[0])))
    return 1.96 * np.std([math.atanh(statistic(*(c[r] for c in columns))) for r in rows])


@given(st.lists(st.tuples(small, small), min_size=2, max_size=30))
def test_spearman_is_scipy_s(rows):
    x, y = np.array(rows).T
    found = spearman(x, y, np.arange(len(x)))
    if min(np.ptp(x), np.ptp(y)) == 0:
        assert found.value is None
    else:
        assert found.value == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


@given(triples)
def test_partial_tau_is_kendall_s(rows):
    x, y, z = np.array(rows).T
    found = partial_tau(*estimates((x, y), (x, z), (y, z)), np.arange(len(x)))
    taus = [tau(x, y), tau(x, z), tau(y, z)]
    if np.isnan(taus).any() or max(map(abs, taus[1:])) > 1 - 1e-9:
        assert found.value is None
    else:
        assert found.value == pytest.approx(partial(x, y, z), abs=1e-9)


@given(triples)
def test_tau_within_looks_at_pairs_of_one_stratum_alone(rows):
    x, y, z = np.array(rows).T
    strata = np.unique(z, return_inverse=True)[1]
    found = tau_within(x, y, strata, np.arange(len(x)))
    same = z[:, None] == z[None]
    compared = [(np.abs(v[:, None] - v[None]) * same).any() for v in (x, y)]
    if not all(compared):
        assert found.value is None
    else:
        assert found.value == pytest.approx(within(x, y, z), abs=1e-9)


def test_intervals_are_those_of_the_bootstrap():
    x, y, z, w = sample(0)
    own = np.arange(len(x))
    strata = np.unique(z, return_inverse=True)[1]
    zz = dict(zip([(0, 1)], estimates((z, w)), strict=True))
    pairs = [
        (spearman(x, y, own), bootstrap(lambda a, b: stats.spearmanr(a, b).statistic, x, y)),
        (partial_tau(*estimates((x, y), (x, z), (y, z)), own), bootstrap(partial, x, y, z)),
        (tau_within(x, y, strata, own), bootstrap(within, x, y, z)),
        (with_interval(*normal_partial(*estimates((x, y)), estimates((x, z)), estimates((y, z)), {})),
         bootstrap(normal, x, y, z)),
        (with_interval(*normal_partial(
            *estimates((x, y)), estimates((x, z), (x, w)), estimates((y, z), (y, w)), zz
        )), bootstrap(normal, x, y, z, w)),
    ]
    for found, expected in pairs:
        assert half_width(found) == pytest.approx(expected, rel=0.2)


def test_given_one_or_several_is_the_partial_correlation_of_what_greiner_s_relation_makes_of_taus():
    x, y, z, w = sample(3)
    one, _ = normal_partial(*estimates((x, y)), estimates((x, z)), estimates((y, z)), {})
    assert one == pytest.approx(normal(x, y, z), abs=1e-9)
    zz = dict(zip([(0, 1)], estimates((z, w)), strict=True))
    two, _ = normal_partial(*estimates((x, y)), estimates((x, z), (x, w)), estimates((y, z), (y, w)), zz)
    assert two == pytest.approx(normal(x, y, z, w), abs=1e-9)
    left = tau_left(x, y, [np.arange(200.0) + z, w], np.arange(200))
    assert left.tau == pytest.approx(normal(x, y, np.arange(200.0) + z, w), abs=1e-9)


def test_others_of_few_values_are_strata():
    x, y, z, w = sample(2)
    z = np.round(z)
    own, strata = np.arange(200), np.unique(z, return_inverse=True)[1]
    assert tau_left(x, y, [z], own).tau == tau_within(x, y, strata, own).value
    half = w > 0
    both = np.unique(2 * strata + half, return_inverse=True)[1]
    assert tau_left(x, y, [z, half.astype(float)], own).tau == tau_within(x, y, both, own).value
    mixed = tau_left(x, y, [z, w], own)
    a, b, c = (tau_within(*pair, strata, own).value for pair in ((x, y), (x, w), (y, w)))
    r = [math.sin(math.pi / 2 * t) for t in (a, b, c)]
    partial_r = (r[0] - r[1] * r[2]) / math.sqrt((1 - r[1] ** 2) * (1 - r[2] ** 2))
    assert mixed.tau == pytest.approx(2 / math.pi * math.asin(partial_r), abs=1e-9)


def test_copies_of_an_architecture_add_no_certainty():
    x, y, z, _ = (np.repeat(column, 3) for column in sample(4))
    honest, naive = np.repeat(np.arange(200), 3), np.arange(600)
    for measure in (spearman, lambda a, b, c: tau_within(a, b, np.unique(z, return_inverse=True)[1], c)):
        assert half_width(measure(x, y, honest)) > 1.5 * half_width(measure(x, y, naive))


@pytest.mark.parametrize("noise", [0.3, 0.7, 1.5])
@pytest.mark.parametrize("values", ["many", "few"])
def test_what_follows_z_and_noise_alone_leaves_no_tau(noise, values):
    draw = np.random.default_rng(5)
    z = draw.normal(size=3000)
    z = np.round(2 * z) / 2 if values == "few" else z
    x, y = (np.exp(z + noise * draw.normal(size=3000)) for _ in range(2))
    xy, xz, yz = estimates((x, y), (x, z), (y, z))
    assert xy.tau > 0.15
    left = tau_left(x, y, [z], np.arange(3000))
    assert not with_interval(left.tau, left.influence).excludes(0)
    assert partial_tau(xy, xz, yz, np.arange(3000)).low > 0  # Kendall's own is no zero here


@pytest.mark.parametrize("values", ["many", "few"])
def test_what_adds_something_of_its_own_leaves_some(values):
    draw = np.random.default_rng(6)
    z, more = draw.normal(size=(2, 2000))
    z = np.round(z) if values == "few" else z
    y = z + more + 0.5 * draw.normal(size=2000)
    x = z + more + draw.normal(size=2000)
    left = tau_left(x, y, [z], np.arange(2000))
    assert with_interval(left.tau, left.influence).low > 0.2
