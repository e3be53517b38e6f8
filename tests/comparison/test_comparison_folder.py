"""The comparison: fair splits, cells that are never done twice, the same table twice."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from small_tables import files, small_table

from evozc.comparison import (
    ComparisonSettings,
    affordable_budgets,
    check_methods,
    continue_comparison,
    start_comparison,
    summarise,
    to_csv,
)
from evozc.comparison import _folder as folder_module
from evozc.comparison._split import split_budgets
from evozc.errors import CheckpointError, ConfigError, DataError, FormulaError, WorkerError
from evozc.table import save_table, split_table

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
    """A folder, its manifest, the records and the results."""
    path = tmp_path_factory.mktemp("finished") / "study"
    manifest = start_comparison(path, source, SETTINGS)
    records = continue_comparison(path)
    return path, manifest, records, summarise(manifest, records)


def without_times(results):
    times = ("fit_seconds", "score_seconds")
    rows = [{name: value for name, value in row.items() if name not in times} for row in results["methods"]]
    return {**results, "methods": rows}


@pytest.mark.parametrize("seed", range(3))
def test_samples_are_nested_and_share_no_class_with_the_held_out(seed):
    table = small_table(80)
    samples, held_out = split_budgets(table, (10, 20, 40), seed)
    sets = {budget: set(sample.architectures) for budget, sample in samples.items()}
    assert {budget: len(s) for budget, s in sets.items()} == {10: 10, 20: 20, 40: 40}
    assert sets[10] < sets[20] < sets[40]
    assert not set(samples[40].keys) & set(held_out.keys)
    largest, rest = split_table(table, 40, seed)
    assert (largest.architectures, rest.architectures) == (samples[40].architectures, held_out.architectures)


def test_what_given_formulas_were_searched_on_is_not_held_out(source, tmp_path):
    table = small_table(80)
    seen = table.keys[:50]
    settings = replace(
        SETTINGS, methods=("proxies",), given={"mine": "sum(abs(layer.grad_l2))"}, seen=seen
    )
    manifest = start_comparison(tmp_path / "study", source, settings)
    records = continue_comparison(tmp_path / "study")
    results = summarise(manifest, records)
    held_out = [split_budgets(table, (10, 20), seed, seen)[1] for seed in range(2)]
    assert results["held_out"] == [len(test) for test in held_out]
    assert not any(set(test.keys) & set(seen) for test in held_out)
    (mine,) = [record for record in records if record["method"] == "mine" and record["seed"] == 0]
    assert len(mine["scores"]) == len(held_out[0])
    with pytest.raises(FormulaError):
        start_comparison(tmp_path / "other", source, replace(settings, given={"mine": "sum(layer.nothing)"}))
    with pytest.raises(DataError, match="no given formula"):
        start_comparison(tmp_path / "other", source, replace(settings, seen=table.keys))


def test_results_hold_every_method_at_every_budget_and_its_true_tau(finished, source):
    _, _, records, results = finished
    table = small_table(80)
    labelled = {(row["budget"], row["method"]) for row in results["methods"] if row["budget"]}
    assert labelled == {(b, m) for b in (10, 20) for m in ("formula", "trees")}
    assert {"params", "nwot", "grad_norm"} <= {r["method"] for r in results["methods"] if not r["budget"]}
    for row in results["methods"]:
        group = [r for r in records if (r["budget"], r["method"]) == (row["budget"], row["method"])]
        tests = [split_budgets(table, (10, 20), record["seed"])[1] for record in group]
        taus = [
            stats.kendalltau(record["scores"], test.target().merit).statistic
            for record, test in zip(group, tests, strict=True)
        ]
        measure = row["measures"]["kendall"]
        assert measure["mean"] == pytest.approx(np.mean(taus))
        assert measure["std"] == pytest.approx(np.std(taus, ddof=1))
        assert measure["low"] < measure["mean"] < measure["high"]
    json.dumps(results, allow_nan=False)


def test_differences_are_those_of_the_means_and_are_paired(finished):
    _, _, _, results = finished
    means = {(r["budget"], r["method"]): r["measures"]["kendall"]["mean"] for r in results["methods"]}
    assert {d["method"] for d in results["differences"]} > {"trees", "params"}
    for entry in results["differences"]:
        other = means.get((entry["budget"], entry["method"]), means.get((0, entry["method"])))
        assert entry["difference"] == pytest.approx(means[entry["budget"], "formula"] - other)
        assert entry["significant"] == (entry["low"] > 0 or entry["high"] < 0)


def test_formulas_come_with_their_fronts_and_agreement_is_symmetric(finished):
    _, _, _, results = finished
    assert len(results["formulas"]) == 4
    for entry in results["formulas"]:
        (chosen,) = [point for point in entry["front"] if point["chosen"]]
        assert chosen["formula"] == entry["formula"]
        assert chosen["held_out_tau"] == entry["held_out_tau"]
    matrix = np.array(results["agreement"]["tau"], dtype=float)
    assert np.allclose(matrix, matrix.T, equal_nan=True)
    assert np.allclose(np.diag(matrix), 1)


def test_the_table_of_values_has_a_row_for_every_method(finished):
    results = finished[3]
    lines = to_csv(results).splitlines()
    assert len(lines) == 1 + len(results["methods"])
    assert len({line.count(",") for line in lines}) == 1


def test_two_workers_and_an_interruption_give_the_same_table(finished, source, tmp_path, monkeypatch):
    path, manifest, _, results = finished
    start_comparison(tmp_path / "again", source, SETTINGS)
    seen = []

    def interrupt(done, total):
        seen.append((done, total))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        continue_comparison(tmp_path / "again", observe=interrupt)
    kept = files(tmp_path / "again" / "cells")
    assert len(kept) == 3
    assert start_comparison(tmp_path / "again", source, SETTINGS) == manifest
    records = continue_comparison(tmp_path / "again", jobs=2)
    after = files(tmp_path / "again" / "cells")
    assert {name: after[name] for name in kept} == kept
    assert without_times(summarise(manifest, records)) == without_times(results)
    # Nothing is left to do, so nothing is done.
    monkeypatch.setattr(folder_module, "run_cell", None)
    assert len(continue_comparison(path)) == len(records)


def test_other_settings_or_folders_are_refused(finished, source, tmp_path):
    path = finished[0]
    with pytest.raises(CheckpointError, match="other settings"):
        start_comparison(path, source, replace(SETTINGS, seeds=3))
    (tmp_path / "folder").mkdir()
    with pytest.raises(CheckpointError, match="not the folder of a comparison"):
        start_comparison(tmp_path / "folder", source, SETTINGS)
    for content in ("", "[]", '{"format": "evozc-comparison-1"}', "{" * 10**5):
        (tmp_path / "folder" / "manifest.json").write_text(content)
        with pytest.raises(CheckpointError):
            start_comparison(tmp_path / "folder", source, SETTINGS)


def test_a_damaged_cell_is_named_and_can_be_made_again(source, tmp_path):
    settings = replace(SETTINGS, methods=("proxies",))
    manifest = start_comparison(tmp_path / "study", source, settings)
    before = without_times(summarise(manifest, continue_comparison(tmp_path / "study")))
    cell = tmp_path / "study" / "cells" / "proxies-0-1.json"
    for content in ("", "[1]", '[{"scores": "x"}]', "[" * 10**5):
        cell.write_text(content)
        with pytest.raises(CheckpointError, match=r"proxies-0-1\.json.*delete it"):
            continue_comparison(tmp_path / "study")
    cell.unlink()
    assert without_times(summarise(manifest, continue_comparison(tmp_path / "study"))) == before


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
    start_comparison(tmp_path / "study", str(tmp_path / "flat.npz"), settings)
    with pytest.raises(WorkerError, match=r"cells failed; trees with .* have the same accuracy"):
        continue_comparison(tmp_path / "study")
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
