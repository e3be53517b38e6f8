"""Make the bundled benchmark ``digits`` again: ``python -m evozc.benchmarks.digits``.

``train`` trains every architecture from every seed (about an hour on two cores)
and appends one line for each training to a CSV file; run again, it goes on from
there. ``build`` extracts the statistics and writes the table.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from evozc.benchmarks._digits import SPACE, Digits, draw, sample_architectures, train
from evozc.engine import kendall_tau
from evozc.errors import DataError
from evozc.executors import run_tasks
from evozc.extraction import Images, Settings, extract_table
from evozc.table import Target, save_table

ARCHITECTURES = 500
SEEDS = 8
#: Architectures whose accuracies a search may see; all others are held out.
LABELLED = 200
DATA = Path(__file__).parent / "data"


def main() -> None:
    """The command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m evozc.benchmarks.digits", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("train", help="train the networks and append their accuracies")
    command.add_argument("--trainings", type=Path, default=DATA / "digits_trainings.csv")
    command.add_argument("--jobs", type=int, default=2)
    command.set_defaults(call=train_all)
    command = commands.add_parser("build", help="extract the statistics and write the table")
    command.add_argument("--trainings", type=Path, default=DATA / "digits_trainings.csv")
    command.add_argument("--out", type=Path, default=DATA / "digits.npz")
    command.add_argument("--jobs", type=int, default=2)
    command.set_defaults(call=build)
    arguments = vars(parser.parse_args())
    arguments.pop("call")(**arguments)


def read_trainings(path: Path) -> dict[tuple[str, int], float]:
    """Accuracy in percent by architecture and seed; a torn last line is left out."""
    if not path.exists():
        return {}
    lines = path.read_text().splitlines(keepends=True)
    rows = csv.DictReader(line for line in lines if line.endswith("\n"))
    return {(row["architecture"], int(row["seed"])): float(row["accuracy"]) for row in rows}


def train_all(trainings: Path, jobs: int) -> None:
    """Train what ``trainings`` does not hold yet, seed by seed, one line each."""
    done = read_trainings(trainings)
    pairs = [(a, seed) for seed in range(SEEDS) for a in sample_architectures(ARCHITECTURES)]
    todo = [pair for pair in pairs if pair not in done]
    digits = Digits.load()
    fresh = trainings.with_suffix(".part")
    with open(fresh, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["architecture", "seed", "accuracy"])
        writer.writerows([*pair, f"{accuracy:.4f}"] for pair, accuracy in done.items())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(trainings)
    with open(trainings, "a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        tasks = [(architecture, seed, digits) for architecture, seed in todo]
        for count, (index, accuracy) in enumerate(run_tasks(_train, tasks, jobs), len(done) + 1):
            writer.writerow([*todo[index], f"{accuracy:.4f}"])
            file.flush()
            os.fsync(file.fileno())
            if count % 20 == 0 or count == len(pairs):
                print(f"{count} of {len(pairs)} networks trained", flush=True)


def build(trainings: Path, out: Path, jobs: int) -> None:
    """Write the table of statistics, mean accuracies, noise ceiling and fixed split.

    Raises:
        DataError: a training is missing, or the table exists.
    """
    done = read_trainings(trainings)
    architectures = sample_architectures(ARCHITECTURES)
    missing = [(a, s) for a in architectures for s in range(SEEDS) if (a, s) not in done]
    if missing:
        raise DataError(f"{trainings}: {len(missing)} trainings are missing; run train first")
    accuracy = np.array([[done[a, s] for s in range(SEEDS)] for a in architectures])
    half = SEEDS // 2
    ceiling = kendall_tau(accuracy[:, :half].mean(1), accuracy[:, half:].mean(1))
    target = Target("accuracy", accuracy.mean(axis=1), noise_ceiling=round(ceiling, 4))
    with tempfile.TemporaryDirectory() as shards:
        table = extract_table(
            SPACE, architectures, _images(), Settings(), [target], shards=Path(shards) / "parts", jobs=jobs
        )
    labelled = random.Random(0).sample(range(ARCHITECTURES), LABELLED)
    provenance = {**table.provenance, "benchmark": "digits", "training_seeds": SEEDS}
    table = replace(table, train=np.isin(np.arange(len(table)), labelled), provenance=provenance)
    save_table(table, out, dtype="float32")
    print(
        f"{out}: {len(table)} architectures, noise ceiling {ceiling:.3f} "
        f"(mean of {half} seeds against mean of the other {SEEDS - half})"
    )


def _images() -> Images:
    """The training digits, each drawn once, as networks see them in their first epoch."""
    digits = Digits.load().training()
    return Images.of(draw(digits.images, torch.Generator().manual_seed(0)), digits.labels)


def _train(architecture: str, seed: int, digits: Digits) -> float:
    torch.set_num_threads(1)
    return train(architecture, seed, digits)


if __name__ == "__main__":
    main()
