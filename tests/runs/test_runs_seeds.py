"""Searches over seeds: each as if searched alone, the same from any executor, gone on with, added up."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from small_tables import small_table

import evozc
from evozc.benchmarks import open_tasks
from evozc.cli._options import seeds_of
from evozc.errors import CheckpointError, ConfigError
from evozc.evolution import SearchSettings
from evozc.runs import Spread, continue_run, read_results, start_run
from evozc.table import save_table

SETTINGS = SearchSettings(population=20, generations=2)
SEEDS = (4, 0, 7)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    save_table(small_table(60), folder / "small.npz")
    return folder


def search(place, run, jobs=1, **changes):
    asked = {"seeds": SEEDS, "labels": 25, "settings": SETTINGS, "progress": False, **changes}
    return evozc.search_seeds(place / "small.npz", run=run, jobs=jobs, **asked)


@pytest.fixture(scope="module")
def whole(place):
    return search(place, place / "run")


def lasting(path):
    results = read_results(path)
    return replace(results, seconds=0.0, scoring_seconds={})


def test_each_search_is_that_of_its_seed_alone(place, whole, tmp_path):
    settings = replace(SETTINGS, seed=7)
    tasks = open_tasks([place / "small.npz"], None, 25, 7)
    with start_run(tmp_path / "alone", tasks, settings) as folder:
        continue_run(folder)
    for name in ("labelled.txt", "formulas.jsonl", "front.csv", "formula.txt", "manifest.json"):
        assert (tmp_path / "alone" / name).read_bytes() == (place / "run" / "seed-7" / name).read_bytes()
    assert lasting(tmp_path / "alone") == lasting(place / "run" / "seed-7")
    row = whole.seeds[SEEDS.index(7)]
    assert row.held_out_tau == read_results(tmp_path / "alone").chosen.held_out_tau
    known = {one.name: one for one in read_results(tmp_path / "alone").baselines}
    assert known[row.known].labelled_tau == max(one.labelled_tau for one in known.values())
    assert row.known_tau == known[row.known].held_out_tau


@pytest.mark.parametrize("workers", [ThreadPoolExecutor, pytest.param(int, marks=pytest.mark.slow)])
def test_other_executors_give_the_same_and_finished_searches_are_kept(place, whole, tmp_path, workers):
    run = tmp_path / "run"
    shutil.copytree(place / "run", run)
    kept = (run / "seed-0" / "results.json").stat().st_mtime_ns
    for seed in (4, 7):
        shutil.rmtree(run / f"seed-{seed}")
    told = []
    assert search(place, run, jobs=workers(2), progress=lambda done, of: told.append((done, of))) == whole
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert (run / "seed-0" / "results.json").stat().st_mtime_ns == kept
    assert (run / "seeds.csv").read_bytes() == (place / "run" / "seeds.csv").read_bytes()
    assert json.loads((run / "results.json").read_text())["tau"]["mean"] == whole.tau.mean


def test_one_that_was_stopped_goes_on_from_its_checkpoint(place, whole, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(place / "run", run)
    (run / "seed-4" / "results.json").unlink()
    (run / "results.json").unlink()
    scored = (run / "seed-4" / "formulas.jsonl").stat()
    assert search(place, run) == whole
    assert (run / "seed-4" / "formulas.jsonl").stat().st_ino == scored.st_ino


def test_a_folder_is_of_one_study(place, whole):
    with pytest.raises(CheckpointError, match="searches with other seeds and settings; name another"):
        search(place, place / "run", seeds=[1], settings=replace(SETTINGS, generations=3))


@pytest.mark.parametrize("seeds", [[], [1, 1]])
def test_seeds_are_some_and_different(place, tmp_path, seeds):
    with pytest.raises(ConfigError, match="at least one"):
        search(place, tmp_path / "run", seeds=seeds)


def test_a_seed_that_fails_is_named_and_the_others_are_kept(place, whole, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(place / "run", run)
    (run / "seed-7" / "results.json").unlink()
    (run / "seed-7" / "manifest.json").write_text("{")
    (run / "seed-4" / "results.json").unlink()
    with pytest.raises(evozc.EvozcError, match=r"1 of 3 searches failed; seed 7: .*damaged"):
        search(place, run)
    assert lasting(run / "seed-4") == lasting(place / "run" / "seed-4")


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=12).filter(lambda taus: max(taus) - min(taus) > 1e-3))
def test_the_spread_is_that_of_student(taus):
    spread = Spread.of([taus[0], None, *taus[1:]])
    interval = stats.ttest_1samp(taus, 0).confidence_interval()
    assert (spread.low, spread.high) == pytest.approx((interval.low, interval.high), abs=1e-12)
    assert spread.least <= spread.mean <= spread.most
    assert spread.seeds == len(taus)


def test_what_is_undefined_is_said():
    assert Spread.of([None, None]) == Spread(None, None, None, None, None, None, 0)
    assert Spread.of([0.5, None]) == Spread(0.5, None, None, None, 0.5, 0.5, 1)


@pytest.mark.parametrize(("text", "seeds"), [
    ("3", (3,)), ("0-9", tuple(range(10))), ("5-5", (5,)), ("1,4-6,0", (1, 4, 5, 6, 0)),
])
def test_seeds_are_read(text, seeds):
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["", "x", "3-1", "1,,2", "1-", "0-99999999", "1 ", "1.5", "\u0663"])
def test_what_are_no_seeds_is_refused(text):
    with pytest.raises(ConfigError, match="write a whole number, or several as 0-9"):
        seeds_of(text)
    with pytest.raises(ConfigError, match="each once"):
        seeds_of("1,0-3")
