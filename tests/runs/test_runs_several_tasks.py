"""A search on several tasks: what counts, what is held out, and that it ends the same however it was run."""

from dataclasses import replace

import numpy as np
import pytest
from small_tables import files, small_table

import evozc
from evozc._api._search import open_run
from evozc.benchmarks import open_tasks, reopen_tasks
from evozc.engine import OVER_TASKS, Evaluator, Objective, kendall_tau
from evozc.errors import DataError
from evozc.evaluation import compare_over, estimate, together
from evozc.evolution import SearchSettings, ensembles, symbols_of, uncommon
from evozc.formula import parse
from evozc.runs import RunFolder, _keeper, continue_run, read_results, start_run
from evozc.table import Target, save_table

SETTINGS = SearchSettings(population=24, islands=2, generations=3, terms=3, seed=1)
FORMULAS = [parse(t) for t in ("network.params", "sum(layer.grad_l2)", "logrank(mean(block.entropy))")]


@pytest.fixture(autouse=True, scope="module")
def every_generation_is_kept():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_keeper, "_REST", 0)
        yield


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Two tables, of which the second lacks a statistic and has two targets."""
    folder = tmp_path_factory.mktemp("tables")
    first, second = small_table(50, seed=1), small_table(70, seed=2, without=("network.naswot",))
    noise = np.random.default_rng(0).normal(size=70)
    loss = Target("loss", -second.target().values + 3 * noise, higher_is_better=False)
    save_table(first, folder / "first.npz")
    save_table(second.with_targets([second.target(), loss]), folder / "second.npz")
    return [str(folder / name) for name in ("first.npz", "second.npz")]


@pytest.fixture(scope="module")
def tasks(tables):
    return open_tasks(tables, ["accuracy", "loss"], labels=24, seed=3)


def test_every_table_and_target_is_a_task(tables, tasks):
    assert [(task.name, task.target) for task in tasks] == [
        (tables[0], "accuracy"), (tables[1], "accuracy"), (tables[1], "loss"),
    ]
    assert [task.name for task in open_tasks(tables, "accuracy", 24)] == tables
    with pytest.raises(DataError, match=r"first.npz: holds none of the targets loss"):
        open_tasks(tables, "loss", 24)
    with pytest.raises(DataError, match="no table holds the target 'speed'"):
        open_tasks(tables, ["accuracy", "speed"], 24)
    with pytest.raises(DataError, match="named twice"):
        open_tasks([tables[0], tables[0]], None, 24)


def test_nothing_is_held_out_that_another_task_labels(tasks):
    labelled = {key for task in tasks for key in task.labelled.keys}
    assert all(labelled.isdisjoint(task.held_out.keys) for task in tasks)
    again = reopen_tasks([task.source for task in tasks])
    assert [task.held_out.architectures for task in again] == [task.held_out.architectures for task in tasks]
    assert [task.labelled.architectures for task in again] == [task.labelled.architectures for task in tasks]


def test_only_statistics_that_all_have_are_used(tasks):
    assert uncommon(tasks) == ["network.naswot"]
    symbols = symbols_of(tasks, SETTINGS)
    assert set(symbols.statistics) == {s.key for s in tasks[1].table.statistics}


@pytest.mark.parametrize("over", OVER_TASKS)
def test_formulas_are_scored_on_each_task_by_itself(tasks, over):
    outcomes = Objective(tasks, over=over).score(FORMULAS)
    alone = np.array([
        [
            kendall_tau(Evaluator(task.labelled).scores([formula])[0], task.labelled_target.merit)
            for formula in FORMULAS
        ]
        for task in tasks
    ])
    expected = {"mean": alone.mean(0), "min": alone.min(0), "mean-std": alone.mean(0) - alone.std(0)}[over]
    assert [outcome.tau for outcome in outcomes] == pytest.approx(expected.tolist(), abs=1e-12)
    one = Objective(tasks[:1], over=over).score(FORMULAS)
    assert [outcome.tau for outcome in one] == pytest.approx(alone[0].tolist(), abs=1e-12)


@pytest.mark.parametrize("over", OVER_TASKS)
def test_shares_are_slopes(over):
    rng, step = np.random.default_rng(0), 1e-6
    for count in (1, 2, 5):
        taus = rng.uniform(-1, 1, count)
        moved = taus[:, None] + step * np.eye(count)
        slopes = (OVER_TASKS[over].value(moved) - OVER_TASKS[over].value(taus[:, None])) / step
        np.testing.assert_allclose(OVER_TASKS[over].shares(taus), slopes, atol=1e-4)


def test_the_interval_of_a_mean_is_that_of_independent_tasks(tasks):
    rows = compare_over({str(k): f for k, f in enumerate(FORMULAS)}, tasks[:2])
    for row in rows:
        assert row.estimate.tau == pytest.approx(np.mean([one.estimate.tau for one in row.by_task]))
        widths = [one.estimate.high - one.estimate.low for one in row.by_task]
        assert row.estimate.high - row.estimate.low == pytest.approx(np.hypot(*widths) / 2, rel=0.1)


def test_a_task_twice_is_no_surer_than_once():
    rng = np.random.default_rng(1)
    target, keys = rng.normal(size=80), [str(k) for k in range(80)]
    one = estimate(target + rng.normal(size=80), target, keys)
    both = together([one, one], keys + keys)
    assert (both.tau, both.low, both.high) == pytest.approx((one.tau, one.low, one.high))


def test_terms_are_added_for_what_the_tasks_become(tasks):
    by_name = {over: ensembles(FORMULAS, tasks, 3, over) for over in OVER_TASKS}
    for over, found in by_name.items():
        alone = [outcome.tau for outcome in Objective(tasks, over=over).score(FORMULAS)]
        first = Objective(tasks, over=over).score(found[:1])[0].tau
        assert first >= max(alone) - 1e-12


def run(path, tasks, jobs=1, stop_at=None):
    class StopError(Exception):
        pass

    def observe(progress):
        if progress.generation == stop_at:
            raise StopError

    with start_run(path, tasks, replace(SETTINGS, over_tasks="min")) as folder:
        try:
            return continue_run(folder, observe, jobs)
        except StopError:
            pass
    with RunFolder.open(path) as folder:
        return continue_run(folder, jobs=jobs)


def figures(results):
    return replace(results, seconds=0.0, scoring_seconds={})


def test_one_job_two_jobs_and_a_stopped_run_end_the_same(tasks, tmp_path):
    whole = run(tmp_path / "whole", tasks)
    two = run(tmp_path / "two", tasks, jobs=2)
    stopped = run(tmp_path / "stopped", tasks, stop_at=1)
    assert figures(whole) == figures(two) == figures(stopped) == figures(read_results(tmp_path / "whole"))
    for name in ("formulas.jsonl", "front.csv", "labelled.txt", "manifest.json"):
        assert len({files(tmp_path / path)[name] for path in ("whole", "two", "stopped")}) == 1
    lines = (tmp_path / "whole" / "labelled.txt").read_text().splitlines()
    assert len(lines) == 3 * 24
    assert lines[-1].startswith("loss of ")


def test_results_tell_each_task(tasks, tables, tmp_path):
    results = run(tmp_path / "run", tasks)
    assert (results.over_tasks, len(results.tasks)) == ("min", 3)
    chosen = parse(results.chosen.formula)
    for task, told in zip(tasks, results.tasks, strict=True):
        assert (told.table, told.target, told.held_out) == (task.name, task.target, len(task.held_out))
        scores = Evaluator(task.held_out).scores([chosen])[0]
        assert told.front[-1].held_out_tau == pytest.approx(kendall_tau(scores, task.held_out_target.merit))
    assert results.chosen.held_out_tau == min(told.front[-1].held_out_tau for told in results.tasks)
    for place, one in enumerate(results.baselines):
        assert one.labelled_tau == min(told.baselines[place].labelled_tau for told in results.tasks)
    opened = open_run(tmp_path / "run")
    text = str(opened)
    assert "Task 3: loss of" in text
    assert "min over 3 tasks" in text
    if "logrank" in results.chosen.formula:
        assert all(len(values) == 3 * 24 for values in opened.proxy.references.values())


def test_tables_in_memory_are_tasks_as_well(tmp_path):
    both = [small_table(50, seed=1), small_table(60, seed=2)]
    found = evozc.search(both, labels=20, settings=SETTINGS, progress=False)
    assert [one.labelled for one in found.results.tasks] == [20, 20]
    assert found.results.labelled == 40
