"""Measures and their bootstrap against scipy and against resampling done the plain way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evozc.evaluation import Bootstrap, HeldOut, interval, metrics, p_value
from evozc.evaluation._metrics import best_share, ndcg, regret, top_share

seeds = st.integers(0, 10**6)


def draw(seed, n=40, levels=12):
    generator = np.random.default_rng(seed)
    merit = generator.normal(size=n)
    return np.round(merit + generator.normal(size=n), 1), merit, [f"class {k % levels}" for k in range(n)]


@given(seed=seeds)
def test_measures_agree_with_scipy(seed):
    scores, merit, _ = draw(seed)
    found = metrics(scores, merit)
    for name, share in (("", 1.0), (" top 25 %", 0.25), (" top 10 %", 0.1)):
        kept = np.argsort(-merit)[: round(share * 40)]
        x, y = scores[kept], merit[kept]
        if len(np.unique(x)) > 1:
            assert found[f"kendall{name}"] == pytest.approx(stats.kendalltau(x, y).statistic)
            assert found[f"spearman{name}"] == pytest.approx(stats.spearmanr(x, y).statistic)
    assert 0 <= found["ndcg"] <= 1
    assert found["regret"] >= 0


@given(seed=seeds)
def test_perfect_scores_have_the_best_of_every_measure(seed):
    _, merit, _ = draw(seed)
    found = metrics(np.exp(merit), merit)
    assert found.pop("regret") == 0
    assert all(value == pytest.approx(1) for value in found.values())
    assert metrics(-merit, merit)["regret"] == pytest.approx(np.ptp(merit))


def test_constant_scores_are_undefined_and_missing_ones_rank_last():
    merit = np.arange(20.0)
    assert metrics(np.zeros(20), merit)["kendall"] is None
    assert regret(np.zeros(20), merit) == pytest.approx(9.5)
    scores = merit.copy()
    scores[0] = np.nan
    assert metrics(scores, merit)["kendall"] == pytest.approx(1)


@pytest.mark.parametrize("metric", [
    "kendall", "spearman", "regret", "ndcg", "top share", "kendall top 25 %", "spearman top 10 %",
])
def test_bootstrap_draws_are_those_of_the_repeated_architectures(metric):
    held_out, scores = [], []
    for seed in range(3):
        x, merit, keys = draw(seed, n=60, levels=60 if "top" in metric else 12)
        held_out.append(HeldOut(merit, keys))
        scores.append(x)
    bootstrap = Bootstrap(held_out, draws=20, seed=5)
    found = bootstrap.draws(metric, scores)
    share = {"kendall top 25 %": 0.25, "spearman top 10 %": 0.1}.get(metric, 1.0)
    for d in range(20):
        expected = []
        for picked in bootstrap.picked[d]:
            kept = best_share(held_out[picked].merit, share)
            times = bootstrap.weights[picked][d][kept].astype(int)
            x, y = (np.repeat(v[kept], times) for v in (scores[picked], held_out[picked].merit))
            if metric == "regret":
                expected.append(regret(x, y))
            elif metric == "ndcg":
                expected.append(ndcg(x, y))
            elif metric == "top share":
                expected.append(top_share(x, y))
            elif len(np.unique(x)) < 2:
                expected.append(np.nan)
            elif "kendall" in metric:
                expected.append(stats.kendalltau(x, y).statistic)
            else:
                expected.append(stats.spearmanr(x, y).statistic)
        assert found[d] == pytest.approx(np.mean(expected), nan_ok=True, abs=1e-6)


@given(seed=seeds)
def test_the_top_share_is_what_random_orders_of_ties_hold_on_average(seed):
    scores, merit, _ = draw(seed)
    scores, generator = np.round(scores), np.random.default_rng(seed)
    best = set(np.argsort(-merit)[:4].tolist())
    held = []
    for _ in range(400):
        order = np.lexsort((generator.random(40), -scores))
        held.append(len(best & set(order[:4].tolist())) / 4)
    assert top_share(scores, merit) == pytest.approx(np.mean(held), abs=0.1)
    assert top_share(merit, merit) == 1
    assert top_share(np.zeros(40), merit) == pytest.approx(0.1)


def test_isomorphic_architectures_are_drawn_together():
    _, merit, keys = draw(0)
    (weights,) = Bootstrap([HeldOut(merit, keys)], draws=50).weights
    for key in set(keys):
        members = [i for i, k in enumerate(keys) if k == key]
        assert (weights[:, members] == weights[:, members[:1]]).all()


@pytest.mark.slow
def test_intervals_cover_the_truth_about_as_often_as_they_say():
    truth = 2 / np.pi * np.arcsin(np.sqrt(0.5))  # Kendall tau of normals with correlation sqrt(1/2)
    covered = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        merit = generator.normal(size=150)
        scores = merit + generator.normal(size=150)
        bootstrap = Bootstrap([HeldOut(merit, [str(k) for k in range(150)])], draws=300, seed=seed)
        low, high = interval(bootstrap.draws("kendall", [scores]))
        covered += low <= truth <= high
    assert 0.9 <= covered / 200 <= 0.99


def test_p_values_are_small_only_far_from_zero():
    assert p_value(np.linspace(-1, 1, 101)) == pytest.approx(1, abs=0.02)
    assert p_value(np.linspace(0.1, 1, 999)) == pytest.approx(0.002)
    assert p_value(np.zeros(99)) == 1
