"""Fits of baselines to scores: what they can and cannot imitate."""

import numpy as np
import pytest

from evozc.auditing._baselines import Baseline
from evozc.auditing._imitation import Imitator, normal_scores
from evozc.evaluation import estimate

SIZE = 400


@pytest.fixture(scope="module")
def sample():
    draw = np.random.default_rng(0)
    params, depth = np.exp(draw.normal(size=SIZE)), draw.integers(0, 9, SIZE).astype(float)
    merit = np.log(params) + 0.3 * depth + draw.normal(size=SIZE)
    own = np.arange(SIZE)
    sizes = [Baseline("params", "parameters", params), Baseline("depth", "depth", depth)]
    return draw, params, depth, merit, own, Imitator("sizes", sizes, merit, own, 0)


def imitation(imitate, scores, merit):
    return imitate(scores, estimate(scores, merit, np.arange(len(merit))))


def test_a_function_of_sizes_is_imitated_and_worth_as_much(sample):
    _, params, depth, merit, _, imitate = sample
    found = imitation(imitate, params**2 * np.exp(0.5 * depth), merit)
    assert found.variance.value > 0.95
    assert found.agreement.value > 0.9
    assert found.share.value == pytest.approx(1, abs=0.05)
    assert found.share.low < 1 < found.share.high


def test_what_has_nothing_to_do_with_sizes_is_not(sample):
    draw, _, _, merit, own, imitate = sample
    noise = draw.normal(size=SIZE)
    found = imitation(imitate, merit - 0.0 + 5 * noise, merit)
    assert found.variance.value < 0.2
    constant = imitate(noise, estimate(noise, merit, own))
    assert constant.share.value is None  # there is no tau to have a share of
    assert constant.variance.value < 0.05


def test_no_architecture_is_fitted_to_itself(sample):
    """As many baselines of noise as there are architectures imitate nothing."""
    draw, _, _, merit, _, _ = sample
    noise = [Baseline(str(k), "named", draw.normal(size=SIZE)) for k in range(60)]
    found = imitation(Imitator("noise", noise, merit, np.arange(SIZE), 0), merit, merit)
    assert found.variance.value < 0.05
    assert abs(found.tau.value) < 0.1


def test_copies_of_an_architecture_stay_in_one_fold():
    draw = np.random.default_rng(1)
    classes = np.repeat(np.arange(50), 4)
    scores = draw.normal(size=50)[classes]
    marks = [Baseline(str(k), "named", draw.normal(size=50)[classes]) for k in range(30)]
    found = imitation(Imitator("marks", marks, scores, classes, 0), scores, scores)
    assert found.variance.value < 0.3  # the marks of a class would give its score away


def test_normal_scores_are_those_of_ranks():
    values = np.array([3.0, 1.0, 1.0, 9.0])
    found = normal_scores(values)
    assert found[1] == found[2] < found[0] < found[3]
    assert normal_scores(np.exp(values)) == pytest.approx(found)
