"""The comparison: fair splits, cells that are never done twice, the same table twice."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from small_tables import files, small_table

from evozc._folder import read_sealed
from evozc._records import from_json
from evozc.comparison import (
    ComparisonSettings,
    affordable_budgets,
    check_methods,
    continue_comparison,
    read_comparison,
    read_comparison_results,
    start_comparison,
    to_csv,
)
from evozc.comparison import _run as run_module
from evozc.comparison._cell import CellResult, draw_task
from evozc.errors import CheckpointError, ConfigError, DataError, FormulaError, WorkerError
from evozc.table import Task, save_table

SETTINGS = ComparisonSettings(
    methods=("formula", "trees", "proxies"), budgets=(10, 20), seeds=2, population=20, generations=2, draws=50
)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "small.npz"
    save_table(small_table(80), path)
    return str(path)


@pytest.fixture(scope="module")
def finished(source, tmp_path_factory):
    """A folder and the results."""
    path = tmp_path_factory.mktemp("finished") / "study"
    return path, compare(path, source, SETTINGS)


def compare(path, source, settings, **more):
    with start_comparison(path, source, settings) as folder:
        return continue_comparison(folder, **more)


def rankings(path):
    """The budget, the seed and the ranking of every cell."""
    cells = [read_sealed(cell, CellResult) for cell in sorted((path / "cells").iterdir())]
    return [(cell.budget, cell.seed, ranking) for cell in cells for ranking in cell.rankings]


def held_out_of(table, seed, settings=SETTINGS):
    return draw_task(table, "accuracy", settings, seed).held_out


def without_times(results):
    rows = tuple(replace(row, fit_seconds=0.0, score_seconds=0.0) for row in results.methods)
    return replace(results, methods=rows)


@pytest.mark.parametrize("seed", range(3))
def test_the_largest_sample_is_the_one_that_a_search_draws(seed):
    table = small_table(80)
    task, own = draw_task(table, "accuracy", SETTINGS, seed), Task.draw(table, None, 20, seed)
    assert task.labelled.architectures == own.labelled.architectures
    assert task.held_out.architectures == own.held_out.architectures


def test_what_given_formulas_were_searched_on_is_not_held_out(source, tmp_path):
    table = small_table(80)
    seen = table.keys[:50]
    settings = replace(
        SETTINGS, methods=("proxies",), given={"mine": "sum(abs(layer.grad_l2))"}, seen=seen
    )
    results = compare(tmp_path / "study", source, settings)
    held_out = [held_out_of(table, seed, settings) for seed in range(2)]
    assert results.held_out == tuple(len(test) for test in held_out)
    assert not any(set(test.keys) & set(seen) for test in held_out)
    (mine,) = [r for _, seed, r in rankings(tmp_path / "study") if r.method == "mine" and seed == 0]
    assert len(mine.scores) == len(held_out[0])
    with pytest.raises(FormulaError):
        start_comparison(tmp_path / "other", source, replace(settings, given={"mine": "sum(layer.nothing)"}))
    with pytest.raises(DataError, match="no given formula"):
        start_comparison(tmp_path / "other", source, replace(settings, seen=table.keys))


def test_results_hold_every_method_at_every_budget_and_its_true_tau(finished):
    path, results = finished
    table, found = small_table(80), rankings(path)
    labelled = {(row.budget, row.method) for row in results.methods if row.budget}
    assert labelled == {(b, m) for b in (10, 20) for m in ("formula", "trees")}
    assert {"params", "nwot", "grad_norm"} <= {row.method for row in results.methods if not row.budget}
    for row in results.methods:
        group = [(seed, r) for budget, seed, r in found if (budget, r.method) == (row.budget, row.method)]
        taus = [
            stats.kendalltau(r.scores, held_out_of(table, seed).target().merit).statistic for seed, r in group
        ]
        assert row.tau.mean == pytest.approx(np.mean(taus))
        assert row.tau.std == pytest.approx(np.std(taus, ddof=1))
        assert row.tau.low < row.tau.mean < row.tau.high


def test_what_is_returned_is_what_is_written_and_read(finished):
    path, results = finished
    assert read_comparison_results(path) == results
    assert (path / "comparison.csv").read_text() == to_csv(results)
    assert read_comparison(path).settings == SETTINGS
    content = json.loads((path / "results.json").read_text())
    assert from_json(type(results), {k: v for k, v in content.items() if k != "sha256"}) == results


def test_differences_are_those_of_the_means_and_are_paired(finished):
    results = finished[1]
    means = {(row.budget, row.method): row.tau.mean for row in results.methods}
    assert {d.method for d in results.differences} > {"trees", "params"}
    for entry in results.differences:
        other = means.get((entry.budget, entry.method), means.get((0, entry.method)))
        assert entry.difference == pytest.approx(means[entry.budget, "formula"] - other)
        assert entry.significant == (entry.low > 0 or entry.high < 0)


def test_formulas_come_with_their_fronts_and_agreement_is_symmetric(finished):
    results = finished[1]
    assert len(results.formulas) == 4
    for entry in results.formulas:
        (chosen,) = [point for point in entry.front if point.chosen]
        assert chosen.formula == entry.formula
        assert chosen.held_out_tau == entry.held_out_tau
    matrix = np.array(results.agreement.tau, dtype=float)
    assert np.allclose(matrix, matrix.T, equal_nan=True)
    assert np.allclose(np.diag(matrix), 1)


def test_the_table_of_values_has_a_row_for_every_method(finished):
    results = finished[1]
    lines = to_csv(results).splitlines()
    assert len(lines) == 1 + len(results.methods)
    assert len({line.count(",") for line in lines}) == 1


def test_two_workers_and_an_interruption_give_the_same_table(finished, source, tmp_path, monkeypatch):
    path, results = finished
    seen = []

    def interrupt(done, total):
        seen.append((done, total))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(tmp_path / "again", source, SETTINGS, observe=interrupt)
    kept = files(tmp_path / "again" / "cells")
    assert len(kept) == 3
    assert not (tmp_path / "again" / "results.json").exists()
    again = compare(tmp_path / "again", source, SETTINGS, jobs=2)
    after = files(tmp_path / "again" / "cells")
    assert {name: after[name] for name in kept} == kept
    assert without_times(again) == without_times(results)
    # Nothing is left to do, so nothing is done.
    monkeypatch.setattr(run_module, "run_cell", None)
    before = files(path)
    assert compare(path, source, SETTINGS) == results
    assert files(path) == before


def test_other_settings_or_folders_are_refused(finished, source, tmp_path):
    path = finished[0]
    with pytest.raises(CheckpointError, match="other settings"):
        start_comparison(path, source, replace(SETTINGS, seeds=3))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").write_text("mine")
    with pytest.raises(CheckpointError, match="not the folder of a comparison"):
        start_comparison(tmp_path / "folder", source, SETTINGS)
    for content in ("", "[]", '{"format": "evozc-comparison-1"}', "{" * 10**5):
        (tmp_path / "folder" / "manifest.json").write_text(content)
        with pytest.raises(CheckpointError):
            start_comparison(tmp_path / "folder", source, SETTINGS)


def test_a_damaged_cell_is_named_and_can_be_made_again(source, tmp_path):
    settings = replace(SETTINGS, methods=("proxies",))
    study = tmp_path / "study"
    before = without_times(compare(study, source, settings))
    (study / "results.json").unlink()
    cell = study / "cells" / "proxies-0-1.json"
    content = cell.read_bytes()
    places = random.Random(0).sample(range(len(content)), 30)
    flipped = [content[:p] + bytes([content[p] ^ 1]) + content[p + 1 :] for p in places]
    for damaged in (b"", b"[1]", b'{"rankings": "x"}', b"[" * 10**5, content[:-20], *flipped):
        cell.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=r"proxies-0-1\.json: damaged.*delete it"):
            compare(study, source, settings)
    assert not (study / "results.json").exists()
    cell.unlink()
    assert without_times(compare(study, source, settings)) == before


def test_a_missing_statistic_is_named_before_anything_is_done(source, tmp_path):
    settings = replace(SETTINGS, methods=("parzc", "proxies"))
    with pytest.raises(DataError, match=r"parzc cannot be compared: .*needs layer\.weight_x_grad_l1"):
        start_comparison(tmp_path / "study", source, settings)
    assert not (tmp_path / "study").exists()
    reasons = check_methods(small_table(), ("parzc", "parzc-strong", "parzc-graph", "formula", "trees"))
    assert set(reasons) == {"parzc", "parzc-graph"}


def test_a_cell_that_fails_is_named_and_the_others_are_kept(tmp_path):
    # Of the labelled architectures only one differs, so that small samples are constant.
    table = small_table(80)
    values = np.where(np.arange(80) == 0, 90.0, 80.0)
    save_table(table.with_targets([replace(table.target(), values=values)]), tmp_path / "flat.npz")
    settings = replace(SETTINGS, methods=("trees", "proxies"))
    with pytest.raises(WorkerError, match=r"cells failed; trees with .* have the same accuracy"):
        compare(tmp_path / "study", str(tmp_path / "flat.npz"), settings)
    assert {"proxies-0-0.json", "proxies-0-1.json"} <= set(files(tmp_path / "study" / "cells"))


def test_tables_that_cannot_be_compared_on_are_refused(tmp_path):
    table = small_table(12)
    save_table(table, tmp_path / "few.npz")
    with pytest.raises(DataError, match="smallest default budget is 20"):
        affordable_budgets(table)
    with pytest.raises(DataError, match="cannot label"):
        start_comparison(tmp_path / "study", str(tmp_path / "few.npz"), SETTINGS)
    constant = table.with_targets([replace(table.target(), values=np.full(12, 90.0))])
    save_table(constant, tmp_path / "constant.npz")
    with pytest.raises(DataError, match="same accuracy"):
        start_comparison(tmp_path / "study", str(tmp_path / "constant.npz"), replace(SETTINGS, budgets=(4,)))
    assert not (tmp_path / "study").exists()
    assert affordable_budgets(small_table(120)) == (20, 78)


@pytest.mark.parametrize("change", [
    {"methods": ["hinge"]}, {"methods": []}, {"budgets": [3]}, {"budgets": []}, {"seeds": 0}, {"draws": 1},
    {"surprise": 1},
])
def test_settings_out_of_range_are_refused(change):
    with pytest.raises(ConfigError, match="comparison"):
        ComparisonSettings.from_mapping({**SETTINGS.to_mapping(), **change})
