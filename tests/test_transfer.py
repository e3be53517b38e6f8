"""Transfer: who is judged on what, that nobody has seen it, and that it ends the same however it was run."""

import html
import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from small_tables import environment, files, small_table
from small_tables import evozc as command

from evozc.benchmarks import open_tasks
from evozc.engine import Evaluator, kendall_tau, rankable
from evozc.errors import CheckpointError, ConfigError, DataError, WorkerError
from evozc.formula import parse
from evozc.report import draw_transfer, render_transfer
from evozc.table import save_table
from evozc.transfer import TransferFolder, TransferSettings, continue_transfer, start_transfer
from evozc.transfer import _run as running
from evozc.transfer._cell import Cell, cells_of, tasks_of

SETTINGS = TransferSettings(seeds=2, population=20, generations=1, terms=2)


def renamed(table, word):
    """The same measurements under keys that no other table has."""
    names = tuple(f"{word} {name}" for name in table.architectures)
    return replace(table, architectures=names, keys=names)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three tables, of which the first two share architectures."""
    place = tmp_path_factory.mktemp("tables")
    save_table(small_table(60, seed=1), place / "a.npz")
    save_table(small_table(60, seed=1, without=("network.naswot",)), place / "b.npz")
    save_table(renamed(small_table(60, seed=5), "other"), place / "c.npz")
    return place


@pytest.fixture(scope="module")
def tasks(folder):
    return open_tasks([str(folder / f"{name}.npz") for name in "abc"], labels=20)


@pytest.fixture(scope="module")
def study(folder, tasks):
    with start_transfer(folder / "study", tasks, SETTINGS) as opened:
        return continue_transfer(opened)


def test_each_task_alone_and_all_but_each_space_is_searched_on():
    cells = list(cells_of([0, 0, 2], 2))
    assert {cell.tasks for cell in cells} == {(0,), (1,), (2,), (0, 1)}
    assert len(cells) == len(set(cells)) == 8
    assert {cell.tasks for cell in cells_of([0, 0], 1)} == {(0,), (1,)}


def test_tables_that_share_architectures_are_one_space(tasks):
    assert running.spaces_of(tasks) == [0, 0, 2]
    assert running.spaces_of(tasks, [("b", "c")]) == [0, 0, 0]
    with pytest.raises(ConfigError, match="no table is called 'd'; there are a, b, c"):
        running.spaces_of(tasks, [("a", "d")])


def test_what_is_judged_was_seen_by_no_search(tasks):
    for seed in (0, 1):
        seeded = tasks_of([task.source for task in tasks], seed)
        labelled = {key for task in seeded for key in task.labelled.keys}
        assert all(labelled.isdisjoint(task.held_out.keys) for task in seeded)


def test_the_matrix_is_what_the_formulas_give(tasks, study):
    assert [task.space for task in study.tasks] == [0, 0, 2]
    assert study.left_out == ("network.naswot",)
    found = {(one.tasks, one.seed): parse(one.formula) for one in study.formulas}
    rows = {(row.kind, row.name): row for row in study.rows}
    left_out, alone = rows["left out", "all but its space"], rows["task", "c"]
    for seed in range(2):
        seeded = tasks_of([task.source for task in tasks], seed)
        for number, sources in enumerate([(2,), (2,), (0, 1)]):
            test = seeded[number].held_out
            scores = Evaluator(test).scores([found[sources, seed]])[0]
            expected = kendall_tau(rankable(scores), test.target().merit)
            assert left_out.taus[number].values[seed] == pytest.approx(expected)
            if number < 2:
                assert alone.taus[number].values[seed] == pytest.approx(expected)
    assert alone.taus[2] is None
    assert rows["task", "a"].taus[:2] == (None, None)
    for row in study.rows:
        means = [tau.mean for tau in row.taus if tau is not None]
        assert row.mean == pytest.approx(np.mean(means))
        assert row.worst == min(means)
        assert all(tau.low <= tau.mean <= tau.high for tau in row.taus if tau is not None)
    assert study.to_csv().count("\n") == 1 + sum(
        2 + sum(tau is not None for tau in row.taus) for row in study.rows
    )
    assert "all but its space" in draw_transfer(study)
    page = render_transfer(study)
    assert page == render_transfer(study)
    for found in study.formulas:
        assert page.count(html.escape(found.formula)) >= 2  # to be read and to be copied
    for row in study.rows:
        assert all(f"{tau.mean:.3f}" in page for tau in row.taus if tau and tau.mean is not None)
    assert not re.search(r"(?:src|href)=[\"'](?!#)", page)


def test_two_jobs_and_a_stopped_study_end_the_same(folder, tasks, study, tmp_path):
    class StopError(Exception):
        pass

    def stop(done, _total):
        if done == 3:
            raise StopError

    with start_transfer(tmp_path / "stopped", tasks, SETTINGS) as opened, pytest.raises(StopError):
        continue_transfer(opened, observe=stop)
    seen = []
    with start_transfer(tmp_path / "stopped", tasks, SETTINGS) as opened:
        again = continue_transfer(opened, jobs=2, observe=lambda done, total: seen.append((done, total)))
    assert seen[0] == (3, 8)
    assert again == study
    kept = files(folder / "study")
    assert {name: text for name, text in files(tmp_path / "stopped").items() if name != "LOCK"} == {
        name: text for name, text in kept.items() if name not in ("LOCK", "matrix.svg", "report.html")
    }


def test_other_tasks_settings_and_folders_are_refused(folder, tasks, study, tmp_path):
    with pytest.raises(CheckpointError, match="other settings"):
        start_transfer(folder / "study", tasks, replace(SETTINGS, seeds=3))
    with pytest.raises(CheckpointError, match="other tasks"):
        start_transfer(folder / "study", tasks[1:], SETTINGS)
    with pytest.raises(ConfigError, match="at least two tasks"):
        start_transfer(tmp_path / "one", tasks[:1], SETTINGS)
    with TransferFolder.open(folder / "study") as opened:
        assert continue_transfer(opened) == study


def test_a_search_that_fails_is_named_and_the_others_are_kept(tasks, tmp_path, monkeypatch):
    real = running.search_cell

    def some(sources, settings, cell):
        if cell == Cell((2,), 1):
            raise DataError("no luck")
        return real(sources, settings, cell)

    monkeypatch.setattr(running, "search_cell", some)
    failed = pytest.raises(WorkerError, match=r"1 of 8 searches failed; on tasks 2, seed 1: .*no luck")
    with start_transfer(tmp_path / "study", tasks, SETTINGS) as opened, failed:
        continue_transfer(opened)
    assert sum(name.startswith("cells/") for name in files(tmp_path / "study")) == 7


def test_the_command(folder, study):
    done = subprocess.run(
        command("transfer", "study"), cwd=folder, env=environment(), capture_output=True, text=True,
        timeout=120, check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "all but its space" in done.stdout
    assert (folder / "study" / "matrix.svg").exists()
    assert (folder / "study" / "report.html").exists()
