"""What predictors are given: one-hot graphs and aggregated statistics."""

from dataclasses import replace

import numpy as np
import pytest
from small_tables import architectures, small_table

from evozc.auditing._predictors import _splits, one_hot, predict, statistics_features
from evozc.errors import ConfigError
from evozc.spaces import NasBench201


def in_space(count=60):
    return replace(small_table(count), provenance={"space": "nasbench201", "space_settings": {}})


def test_one_hot_is_the_six_operations_of_nas_bench_201():
    table = in_space(200)
    found = one_hot(table)
    operations = [NasBench201().parse(a) for a in table.architectures]
    places = [(edge, name) for edge in range(6) for name in sorted({o[edge] for o in operations})]
    expected = np.array([[op[edge] == name for edge, name in places] for op in operations], dtype=float)
    assert found.shape == (200, 30)
    assert {tuple(c) for c in found.T} == {tuple(c) for c in expected.T}
    assert one_hot(replace(table, provenance={})) is None


def test_statistics_are_reduced_six_ways():
    table = in_space()
    found = statistics_features(table)
    nodes = [s for s in table.statistics if s.type != "network"]
    assert found.shape == (60, len(table.statistics) - len(nodes) + 6 * len(nodes))
    scores = table.select(np.arange(60))
    assert statistics_features(replace(
        scores, statistics=tuple(s for s in table.statistics if s.type == "network"), offsets={},
        values={k: v for k, v in table.values.items() if k.startswith("network.")})) is None


def test_what_tells_the_target_predicts_it_and_gains_are_relative():
    table = in_space(120)
    merit = table.target().merit
    draw = np.random.default_rng(0)
    features = {
        "noise": draw.normal(size=(120, 3)), "target": np.stack([merit, draw.normal(size=120)], axis=1)
    }
    found = predict(table, merit, features, labels=40, repeats=3, seed=0)
    noise, target = found.rows
    assert abs(noise.tau.value) < 0.3 < 0.8 < target.tau.value
    assert noise.gain is None
    assert found == predict(table, merit, features, labels=40, repeats=3, seed=0)


def test_scores_that_float32_cannot_hold_are_features_too():
    table = in_space(60)
    merit = table.target().merit
    columns = np.stack([10.0 ** (60 * np.linspace(0, 1, 60)), np.where(merit > merit.mean(), np.inf, -np.inf),
                        np.where(np.arange(60) % 7, merit, np.nan)], axis=1)
    found = predict(table, merit, {"x": columns}, labels=20, repeats=2, seed=0)
    assert found.rows[0].tau.value > 0.5


def test_isomorphic_architectures_stand_on_one_side():
    table = in_space(60)
    _, keys = architectures(30)
    doubled = replace(table, keys=tuple(keys) * 2)
    for train, test in _splits(doubled, 15, 5, 0):
        assert not {doubled.keys[i] for i in train} & {doubled.keys[i] for i in test}


def test_too_small_a_table_is_refused():
    table = in_space(40)
    with pytest.raises(ConfigError, match="too small to train on 39"):
        predict(table, table.target().merit, {"x": np.ones((40, 1))}, labels=39, repeats=2, seed=0)
