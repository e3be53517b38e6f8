"""Searches for architectures: limits, exact resumption, any number of jobs, fronts, every algorithm."""

import random
from dataclasses import replace

import numpy as np
import pytest

from evozc.baselines import resolve
from evozc.engine import Evaluator
from evozc.errors import CheckpointError, ConfigError, DataError
from evozc.extraction import ExtractionSettings, RandomInputs
from evozc.nas import ALGORITHMS, Limit, NasSettings, find_networks, read_nas_results
from evozc.spaces import get_space

SPACE = get_space("nasbench201", cells=1, channels=4)
INPUTS = RandomInputs(SPACE)
EXTRACTION = ExtractionSettings(batch=4)
FORMULA = resolve("sum(layer.weight_l2)")
SETTINGS = NasSettings(
    budget=24, population=8, tournament=4, batch=8, limits=(Limit("params", 2000, 6000),)
)


class StoppedError(Exception):
    """Raised in the middle of a search."""


def score(table):
    return Evaluator(table).scores([FORMULA])[0]


def find(path, settings=SETTINGS, **options):
    return find_networks(
        SPACE, FORMULA, INPUTS, path, settings, EXTRACTION, **{"score": score, **options}
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("nas") / "run"
    return path, find(path)


def parameters(architecture):
    return sum(p.numel() for p in SPACE.build(architecture).parameters() if p.requires_grad)


def test_limits_are_never_broken_and_nothing_is_scored_twice(whole):
    path, found = whole
    assert found.scored == 24
    assert found.refused > 0
    assert len({one.key for one in found.best}) == len(found.best) == 10
    for one in found.best:
        assert 2000 <= one.sizes["params"] <= 6000
        assert one.sizes["params"] == parameters(one.architecture)
    assert [f.score for f in found.best] == sorted((f.score for f in found.best), reverse=True)
    assert read_nas_results(path) == found
    rows = (path / "best.csv").read_text().splitlines()
    assert len(rows) == 11
    assert rows[1].startswith(f"{found.best[0].architecture},")


def test_stopped_at_any_moment_it_ends_as_if_never_stopped(whole, tmp_path):
    generator = random.Random(0)
    for _ in range(4):
        left = generator.randint(1, 2)

        def stop(*_):
            nonlocal left
            left -= 1
            if left < 0:
                raise StoppedError

        with pytest.raises(StoppedError):
            find(tmp_path / "run", progress=stop)
    assert find(tmp_path / "run") == whole[1]


@pytest.mark.slow
def test_two_jobs_give_what_one_gives(whole, tmp_path):
    assert find(tmp_path / "run", jobs=2) == whole[1]


def test_a_folder_is_of_one_search(whole):
    with pytest.raises(CheckpointError, match="another search"):
        find(whole[0], replace(SETTINGS, seed=1))


@pytest.mark.slow
def test_evolution_beats_random_search_on_what_it_is_given(tmp_path):
    free = replace(SETTINGS, budget=48, limits=())
    bred = find(tmp_path / "bred", free)
    drawn = find(tmp_path / "drawn", replace(free, algorithm="random"))
    assert np.mean([f.score for f in bred.best]) > np.mean([f.score for f in drawn.best])


def test_a_front_is_of_what_nothing_beats(tmp_path):
    found = find(tmp_path / "run", replace(SETTINGS, algorithm="nsga2", against="macs"))
    sizes, scores = zip(*((f.sizes["macs"], f.score) for f in found.front), strict=True)
    assert list(sizes) == sorted(set(sizes))
    assert list(scores) == sorted(set(scores))
    assert scores[-1] == found.best[0].score
    assert all(2000 <= f.sizes["params"] <= 6000 for f in found.front)


def test_an_exhaustive_search_sees_every_architecture_once():
    settings = NasSettings(algorithm="exhaustive")
    algorithm = ALGORITHMS.get("exhaustive")(SPACE, settings, random.Random(0))
    texts = [algorithm.propose([], {}, {}) for _ in range(5**6)]
    with pytest.raises(StopIteration):
        algorithm.propose([], {}, {})
    assert len(texts) == len(set(texts)) == SPACE.count == 5**6


def test_what_cannot_be_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("evozc.nas._run._REFUSED", 20)
    with pytest.raises(DataError, match="the limits refused"):
        find(tmp_path / "run", replace(SETTINGS, budget=4, limits=(Limit("params", 1e9),)))
    with pytest.raises(ConfigError, match="too large"):
        find_networks(get_space("darts"), FORMULA, RandomInputs(get_space("darts")), tmp_path / "other",
                      NasSettings(algorithm="exhaustive"), EXTRACTION, score=score)
    for bad in ({"budget": 0}, {"algorithm": "nsga2"}, {"against": "params"}):
        with pytest.raises(ConfigError):
            NasSettings(**bad)
    with pytest.raises(ConfigError, match="there is nothing"):
        Limit("params", 2, 1)
