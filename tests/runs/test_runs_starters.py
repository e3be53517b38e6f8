"""Searches that begin with formulas of the user's choice."""

import json

import pytest
from small_tables import small_table

from evozc.baselines import proxies
from evozc.benchmarks import open_task
from evozc.errors import ConfigError, FormulaError
from evozc.evolution import SearchSettings
from evozc.runs import RunFolder, continue_run, read_search, start_run
from evozc.table import save_table
from primitives import FULL

SETTINGS = SearchSettings(population=12, generations=2, zoo=False)
STARTERS = ("grad_norm", "mul(network.params, std(layer.weight_mean))", "exp(network.params)")


@pytest.fixture
def table(tmp_path):
    save_table(small_table(), tmp_path / "table.npz")
    return str(tmp_path / "table.npz")


def begin(path, table, starters, settings=SETTINGS):
    return start_run(path, [open_task(table, labels=30)], settings, starters=starters)


def scored(path):
    return [json.loads(line)["formula"] for line in (path / "formulas.jsonl").read_text().splitlines()]


def test_starters_are_the_first_to_be_scored_in_their_shortest_form(table, tmp_path):
    with begin(tmp_path / "run", table, STARTERS) as folder:
        continue_run(folder)
    assert scored(tmp_path / "run")[:3] == [
        "sum(layer.grad_l2)", "mul(network.params, std(layer.weight_mean))", "network.params",
    ]


def test_a_search_with_starters_ends_as_if_it_had_not_been_interrupted(table, tmp_path):
    with begin(tmp_path / "whole", table, STARTERS) as folder:
        whole = continue_run(folder)

    def stop(progress):
        if progress.generation == 0:
            raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        begin(tmp_path / "cut", table, STARTERS) as folder,
    ):
        continue_run(folder, stop)
    with RunFolder.open(tmp_path / "cut") as folder:
        cut = continue_run(folder)
    assert scored(tmp_path / "cut") == scored(tmp_path / "whole")
    assert cut.front == whole.front


@pytest.mark.parametrize(
    ("starter", "error", "message"),
    [
        ("grad_nrm", ConfigError, "did you mean 'grad_norm'"),
        ("synflow", FormulaError, r"unknown statistic 'layer\.synflow'"),
        ("sum(layer.grad_l2", FormulaError, "never closed"),
        ("tanh(add(network.params, std(minmax(layer.weight_mean))))", ConfigError, "raise --max-size"),
    ],
)
def test_a_starter_that_cannot_be_used_is_refused_before_the_folder_is_made(
    table, tmp_path, starter, error, message
):
    settings = SearchSettings(population=12, generations=1, max_size=4)
    with pytest.raises(error, match=message):
        begin(tmp_path / "run", table, [starter], settings)
    assert not (tmp_path / "run").exists()


def test_the_zoo_of_the_day_on_which_a_run_began_is_kept(table, tmp_path):
    settings = SearchSettings(population=12, generations=1)
    with begin(tmp_path / "run", table, ["grad_norm"], settings) as folder:
        continue_run(folder)
    known = proxies(FULL.with_statistics(small_table().statistics))
    expected = ("sum(layer.grad_l2)", *(formula.text for formula in known.values()))
    assert read_search(tmp_path / "run").starters == expected
