"""Searches that begin with formulas of the user's choice."""

import json

import pytest
from small_tables import small_table

from evozc.errors import CheckpointError, ConfigError, FormulaError
from evozc.runs import RunFolder, continue_run, read_manifest, start_run
from evozc.search import SearchSettings
from evozc.table import save_table

SETTINGS = SearchSettings(population=12, generations=2, zoo=False)
SEEDS = ("grad_norm", "mul(network.params, std(layer.weight_mean))", "exp(network.params)")


@pytest.fixture
def table(tmp_path):
    save_table(small_table(), tmp_path / "table.npz")
    return str(tmp_path / "table.npz")


def scored(path):
    return [json.loads(line)["formula"] for line in (path / "formulas.jsonl").read_text().splitlines()]


def test_seeds_are_the_first_to_be_scored_in_their_shortest_form(table, tmp_path):
    with start_run(tmp_path / "run", table, SETTINGS, labels=30, seeds=SEEDS) as folder:
        continue_run(folder)
    assert scored(tmp_path / "run")[:3] == [
        "sum(layer.grad_l2)", "mul(network.params, std(layer.weight_mean))", "network.params",
    ]


def test_a_search_with_seeds_ends_as_if_it_had_not_been_interrupted(table, tmp_path):
    with start_run(tmp_path / "whole", table, SETTINGS, labels=30, seeds=SEEDS) as folder:
        whole = continue_run(folder)

    def stop(progress):
        if progress.generation == 0:
            raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        start_run(tmp_path / "cut", table, SETTINGS, labels=30, seeds=SEEDS) as folder,
    ):
        continue_run(folder, stop)
    with RunFolder.open(tmp_path / "cut") as folder:
        cut = continue_run(folder)
    assert scored(tmp_path / "cut") == scored(tmp_path / "whole")
    assert cut["front"] == whole["front"]


@pytest.mark.parametrize(
    ("seed", "error", "message"),
    [
        ("grad_nrm", ConfigError, "did you mean 'grad_norm'"),
        ("synflow", FormulaError, r"unknown statistic 'layer\.synflow'"),
        ("sum(layer.grad_l2", FormulaError, "never closed"),
        ("tanh(add(network.params, std(minmax(layer.weight_mean))))", ConfigError, "raise --max-size"),
    ],
)
def test_a_seed_that_cannot_be_used_is_refused_before_the_folder_is_made(
    table, tmp_path, seed, error, message
):
    settings = SearchSettings(population=12, generations=1, max_size=4)
    with pytest.raises(error, match=message):
        start_run(tmp_path / "run", table, settings, labels=30, seeds=[seed])
    assert not (tmp_path / "run").exists()


def test_a_run_from_before_there_were_seeds_is_read(table, tmp_path):
    with start_run(tmp_path / "run", table, SETTINGS, labels=30) as folder:
        continue_run(folder)
    path = tmp_path / "run" / "manifest.json"
    manifest = json.loads(path.read_text())
    assert manifest.pop("seeds") == []
    path.write_text(json.dumps(manifest))
    assert read_manifest(tmp_path / "run")["seeds"] == []
    path.write_text(json.dumps({**manifest, "seeds": 3}))
    with pytest.raises(CheckpointError, match="'seeds'"):
        read_manifest(tmp_path / "run")
