"""The bundled benchmark, and the module that makes it."""

import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from evozc.benchmarks import BUNDLED, known_keys, open_table
from evozc.benchmarks.digits.__main__ import DATA, noise_ceiling, read_trainings
from evozc.benchmarks.digits._recipe import SPACE, Digits, draw, sample_architectures, train
from evozc.engine import kendall_tau
from evozc.errors import DataError
from evozc.table import Task


@pytest.fixture(scope="module")
def table():
    return open_table("digits")


def test_the_bundled_table_is_what_the_trainings_say(table):
    done = read_trainings(DATA / "digits_trainings.csv")
    seeds = table.provenance["training_seeds"]
    accuracy = np.array([[done[a, s] for s in range(seeds)] for a in table.architectures])
    target = table.target()
    np.testing.assert_allclose(target.values, accuracy.mean(axis=1), rtol=1e-12)
    assert target.noise_ceiling == pytest.approx(noise_ceiling(accuracy), abs=1e-12)


def test_at_least_500_cells_of_different_classes_in_at_most_5_megabytes(table):
    assert len(table) >= 500
    assert len({SPACE.published_key(a) for a in table.architectures}) == len(table)
    assert list(table.keys) == [SPACE.published_key(a) for a in table.architectures]
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 5 * 2**20
    assert table.provenance["failed"] == {}


def test_the_fixed_split_shares_no_class(table):
    task = Task.draw(table)
    labelled, held_out = task.labelled, task.held_out
    assert len(labelled) == 200
    assert len(held_out) == len(table) - 200
    assert not set(labelled.keys) & set(held_out.keys)


def test_how_many_of_its_cells_compute_the_same(table):
    """The table was made when classes were those of NATS-Bench's rule, and its split is by them."""
    assert len({SPACE.canonical_key(a) for a in table.architectures}) == 399
    task = Task.draw(table)
    labelled, held_out = task.labelled, task.held_out
    known = {SPACE.canonical_key(a) for a in labelled.architectures}
    assert sum(SPACE.canonical_key(a) in known for a in held_out.architectures) == 48


def test_a_name_that_is_neither_bundled_nor_a_file_is_refused():
    with pytest.raises(DataError, match=f"no-such.*bundled benchmark.*{next(iter(BUNDLED))}"):
        open_table("no-such")


def test_the_ceiling_of_two_seeds_is_their_tau_and_of_more_the_mean_over_the_halves():
    accuracy = np.random.default_rng(0).normal(size=(40, 3)).round(1)
    assert noise_ceiling(accuracy[:, :2]) == pytest.approx(kendall_tau(accuracy[:, 0], accuracy[:, 1]))
    others = [accuracy[:, [1, 2]], accuracy[:, [0, 2]], accuracy[:, [0, 1]]]
    expected = np.mean([kendall_tau(accuracy[:, i], others[i].mean(1)) for i in range(3)])
    assert noise_ceiling(accuracy) == pytest.approx(expected)


def test_more_architectures_only_add_to_the_sample():
    few, many = sample_architectures(20), sample_architectures(50)
    assert many[:20] == few
    assert len({SPACE.published_key(a) for a in many}) == 50


def test_digits_are_drawn_anew_each_time_and_alike_for_one_seed():
    digits = Digits.load()
    assert len(digits.training().labels) + len(digits.test().labels) // 3 == len(digits.labels) == 1797
    generator = torch.Generator().manual_seed(3)
    first, second = draw(digits.images[:5], generator), draw(digits.images[:5], generator)
    again = draw(digits.images[:5], torch.Generator().manual_seed(3))
    assert first.shape == (5, 1, 12, 12)
    assert not torch.equal(first, second)
    assert torch.equal(first, again)


def test_a_network_learns_and_the_seed_decides():
    cell = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|none~2|"
    digits = Digits.load()
    accuracy = train(cell, 0, digits)
    assert 40 < accuracy < 100
    assert train(cell, 0, digits) == accuracy
    assert train(cell, 1, digits) != accuracy


def run(*arguments):
    return [sys.executable, "-m", "evozc.benchmarks.digits.__main__", *map(str, arguments)]


@pytest.mark.slow
def test_training_goes_on_after_a_kill_and_building_wants_all_of_it(tmp_path):
    trainings, out = tmp_path / "trainings.csv", tmp_path / "table.npz"
    sizes = ("--trainings", trainings, "--architectures", 8, "--seeds", 1, "--jobs", 1)
    process = subprocess.Popen(run("train", *sizes), stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(read_trainings(trainings)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.kill()
    process.wait()
    before = read_trainings(trainings)
    with open(trainings, "a") as file:
        file.write("|torn")
    short = subprocess.run(run("build", *sizes, "--out", out), capture_output=True, text=True)
    assert short.returncode == 3
    assert f"{8 - len(before)} trainings are missing" in short.stderr
    assert not out.exists()
    subprocess.run(run("train", *sizes), check=True, stdout=subprocess.DEVNULL)
    after = read_trainings(trainings)
    assert list(after) == [(a, 0) for a in sample_architectures(8)]
    assert {pair: after[pair] for pair in before} == before


def test_its_cells_are_found_in_tables_of_exact_classes(table):
    exact = {SPACE.canonical_key(architecture) for architecture in table.architectures}
    assert known_keys(table) == exact | set(table.keys)
    assert exact - set(table.keys)
    elsewhere = replace(table, provenance={"space": "of-another-package"})
    assert known_keys(elsewhere) == known_keys(replace(table, provenance={})) == set(table.keys)
