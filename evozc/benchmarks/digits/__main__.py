"""Make the bundled benchmark ``digits`` again: ``python -m evozc.benchmarks.digits.__main__``.

``train`` trains every architecture from every seed (2 to 4 s each on one core)
and appends one line for each training to a CSV file; run again, it goes on from
there. ``build`` extracts the statistics and writes the table.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import random
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from evozc._files import refuse_existing, write_text
from evozc.benchmarks.digits._recipe import SPACE, Digits, draw, sample_architectures, train
from evozc.engine import kendall_tau
from evozc.errors import DataError, EvozcError, WorkerError
from evozc.executors import Failure, executor_for
from evozc.extraction import ExtractionSettings, Images, extract_table
from evozc.table import Target, save_table

ARCHITECTURES = 500
SEEDS = 10
#: Architectures whose accuracies a search may see; all others are held out.
LABELLED = 200
DATA = Path(__file__).parents[1] / "data"


def main() -> None:
    """The command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m evozc.benchmarks.digits.__main__", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for call, what in (
        (train_all, "train the networks and append their accuracies"),
        (build, "extract the statistics and write the table"),
    ):
        command = commands.add_parser(call.__name__.removesuffix("_all"), help=what)
        command.add_argument("--trainings", type=Path, default=DATA / "digits_trainings.csv")
        command.add_argument("--architectures", type=int, default=ARCHITECTURES)
        command.add_argument("--seeds", type=int, default=SEEDS)
        command.add_argument("--jobs", type=int, default=2)
        command.set_defaults(call=call)
        if call is build:
            command.add_argument("--out", type=Path, default=DATA / "digits.npz")
    arguments = vars(parser.parse_args())
    try:
        arguments.pop("call")(**arguments)
    except EvozcError as error:
        parser.exit(error.exit_code, f"{parser.prog}: {error}\n")


def read_trainings(path: Path) -> dict[tuple[str, int], float]:
    """Accuracy in percent by architecture and seed; a torn last line is left out."""
    if not path.exists():
        return {}
    lines = path.read_text().splitlines(keepends=True)
    rows = csv.DictReader(line for line in lines if line.endswith("\n"))
    return {(row["architecture"], int(row["seed"])): float(row["accuracy"]) for row in rows}


def train_all(trainings: Path, architectures: int, seeds: int, jobs: int) -> None:
    """Train what ``trainings`` does not hold yet, seed by seed, one line each."""
    done = read_trainings(trainings)
    pairs = [(a, seed) for seed in range(seeds) for a in sample_architectures(architectures)]
    todo = [pair for pair in pairs if pair not in done]
    lines = [_line(*pair, accuracy) for pair, accuracy in done.items()]
    write_text(trainings, "".join(["architecture,seed,accuracy\n", *lines]))
    digits = Digits.load()
    executor = executor_for(jobs)
    with open(trainings, "a") as file:
        for count, (index, accuracy) in enumerate(executor.map(_train, todo, (digits,)), 1):
            if isinstance(accuracy, Failure):
                raise WorkerError(f"{todo[index]}: {accuracy.reason}")
            file.write(_line(*todo[index], accuracy))
            file.flush()
            os.fsync(file.fileno())
            if count % 20 == 0 or count == len(todo):
                print(f"{count} of {len(todo)} networks trained", flush=True)


def build(trainings: Path, architectures: int, seeds: int, jobs: int, out: Path) -> None:
    """Write the table of statistics, mean accuracies, noise ceiling and fixed split.

    Raises:
        DataError: a training is missing, or the table exists.
    """
    refuse_existing(out)
    done = read_trainings(trainings)
    names = sample_architectures(architectures)
    missing = [(name, seed) for name in names for seed in range(seeds) if (name, seed) not in done]
    if missing:
        raise DataError(f"{trainings}: {len(missing)} trainings are missing; run train first")
    accuracy = np.array([[done[name, seed] for seed in range(seeds)] for name in names])
    ceiling = noise_ceiling(accuracy)
    target = Target("accuracy", accuracy.mean(axis=1), unit="%", noise_ceiling=ceiling)
    with tempfile.TemporaryDirectory() as shards:
        table = extract_table(
            SPACE, names, _images(), ExtractionSettings(), [target], parts=Path(shards) / "parts", jobs=jobs
        )
    labelled = random.Random(0).sample(range(architectures), min(LABELLED, architectures // 2))
    provenance = {**table.provenance, "benchmark": "digits", "training_seeds": seeds}
    table = replace(table, train=np.isin(np.arange(len(table)), labelled), provenance=provenance)
    save_table(table, out, dtype="float32")
    print(f"{out}: {len(table)} architectures, {seeds} seeds, noise ceiling {ceiling:.3f}")


def noise_ceiling(accuracy: np.ndarray) -> float:
    """Kendall tau between the means of two halves of the seeds, averaged over all such halves.

    Args:
        accuracy: float64 (architectures, seeds); with an odd number of seeds one half is larger.
    """
    seeds = set(range(accuracy.shape[1]))
    halves = itertools.combinations(sorted(seeds), len(seeds) // 2)
    taus = [
        kendall_tau(accuracy[:, list(half)].mean(1), accuracy[:, sorted(seeds - set(half))].mean(1))
        for half in halves
    ]
    return sum(taus) / len(taus)


def _line(architecture: str, seed: int, accuracy: float) -> str:
    return f"{architecture},{seed},{accuracy:.4f}\n"


def _images() -> Images:
    """The training digits, each drawn once, as networks see them in their first epoch."""
    digits = Digits.load().training()
    return Images.of(draw(digits.images, torch.Generator().manual_seed(0)), digits.labels)


def _train(digits: Digits, architecture: str, seed: int) -> float:
    torch.set_num_threads(1)
    return train(architecture, seed, digits)


if __name__ == "__main__":
    main()
