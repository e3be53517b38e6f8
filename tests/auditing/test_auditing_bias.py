"""Bias as published and on ranks: what one failure does to each, and what removal leaves."""

import numpy as np
import pytest

from evozc.auditing._bias import (
    Structure,
    pearson_without_failures,
    published_bias,
    rank_bias,
    remove_bias,
)
from evozc.auditing._scores import Scores
from evozc.engine import kendall_tau
from evozc.formula import parse

SIZE = 725


@pytest.fixture(scope="module")
def sample():
    draw = np.random.default_rng(0)
    structure = draw.integers(-3, 7, SIZE).astype(float)
    merit = structure + 3 * draw.normal(size=SIZE)
    values = 700 + 10 * structure + 5 * merit + 20 * draw.normal(size=SIZE)
    return Structure("conv:pool", structure), merit, values


def scores(values):
    return Scores("x", parse("network.params"), values)


def test_one_failure_bends_the_published_bias_and_not_that_of_ranks(sample):
    structure, _, values = sample
    own = np.arange(SIZE)
    whole = scores(values)
    assert published_bias(whole, structure) == pytest.approx(np.corrcoef(values, structure.values)[0, 1])
    for failure in (-1e8, np.nan, -np.inf):
        one = scores(np.where(own == 3, failure, values))
        assert abs(published_bias(one, structure)) < 0.1 < 0.5 < published_bias(whole, structure)
        assert pearson_without_failures(one, structure) == pytest.approx(
            published_bias(whole, structure), abs=0.01)
        assert rank_bias(one, structure, own).value == pytest.approx(
            rank_bias(whole, structure, own).value, abs=0.01)


def test_huge_scores_do_not_overflow(sample):
    structure, _, values = sample
    assert published_bias(scores(values * 1e200), structure) == pytest.approx(
        published_bias(scores(values), structure), abs=1e-9)


def test_removal(sample):
    structure, merit, values = sample
    found = {r.way: r for r in remove_bias(scores(values), structure, merit, np.arange(SIZE))}
    before = kendall_tau(values, merit)
    residuals = found["rank residuals"]
    assert abs(residuals.bias) < 0.05  # of their ranks; they themselves have none
    assert residuals.change.value == pytest.approx(residuals.tau.value - before)
    assert residuals.change.excludes(0)  # the target leans the same way: taking it out costs
    own = np.corrcoef(merit, structure.values)[0, 1]
    assert abs(found["minimise"].bias) < abs(published_bias(scores(values), structure))
    assert abs(found["equalise"].bias - own) < 0.1
    assert found["performance"].tau.value >= max(found[w].tau.value for w in ("minimise", "equalise")) - 1e-9


def test_failures_are_left_out_of_removal(sample):
    structure, merit, values = sample
    some = scores(np.where(np.arange(SIZE) < 20, -1e8, values))
    found = remove_bias(some, structure, merit, np.arange(SIZE))
    kept = np.arange(SIZE) >= 20
    rest = Structure("", structure.values[kept])
    expected = remove_bias(scores(values[kept]), rest, merit[kept], np.arange(SIZE - 20))
    assert [r.tau.value for r in found] == pytest.approx([r.tau.value for r in expected])


def test_constant_scores_have_nothing_to_remove(sample):
    structure, merit, _ = sample
    assert remove_bias(scores(np.ones(SIZE)), structure, merit, np.arange(SIZE)) == []
