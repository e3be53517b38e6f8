"""Make the bundled benchmark ``digits`` again: ``python -m evozc.benchmarks.digits``.

``train`` trains every architecture from every seed (about an hour on two cores)
and appends one line for each training to a CSV file; run again, it goes on from
there. ``build`` extracts the statistics and writes the table.
"""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path

import torch

from evozc.benchmarks._digits import Digits, sample_architectures, train
from evozc.executors import run_tasks

ARCHITECTURES = 540
SEEDS = 4
DATA = Path(__file__).parent / "data"


def main() -> None:
    """The command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m evozc.benchmarks.digits", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("train", help="train the networks and append their accuracies")
    command.add_argument("--trainings", type=Path, default=DATA / "digits_trainings.csv")
    command.add_argument("--jobs", type=int, default=2)
    command.set_defaults(call=train_all)
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


def _train(architecture: str, seed: int, digits: Digits) -> float:
    torch.set_num_threads(1)
    return train(architecture, seed, digits)


if __name__ == "__main__":
    main()
