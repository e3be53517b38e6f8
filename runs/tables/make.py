"""The statistics tables of this folder: python runs/tables/make.py ../shared/benchmarks [NAME ...].

The architectures are those that somebody has published targets of, drawn at random from the published files,
which have to be there; the targets stay out. Of a space without such a file they are drawn from all of it.
What is fed is drawn as well (noise, uniform tokens), so that no data is needed. Stopped at any moment, the
same command goes on; a table that is there is left alone.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import evozc
from evozc.benchmarks import read_targets
from evozc.extraction import ExtractionSettings, RandomInputs
from evozc.spaces import SearchSpace, get_space
from evozc.symbols import group_names
from evozc.table import Table, save_table

#: What takes as long as all other groups together.
LEFT_OUT = ("hessian", "spectrum")


@dataclass(frozen=True)
class Recipe:
    """How a table is made.

    Args:
        space: Its name.
        file: Published targets, below the folder of benchmarks; empty for an even draw from the space.
        target: The column that says what is an architecture of this table; its values are not kept.
        count: Architectures, no two isomorphic.
        settings: Of the space.
        column: Of the architecture texts.
        where: Only rows with these values.
        batch: Inputs in the mini-batch.
        side: Pixels a side; 0 for as many as published, or as the space's settings say.
    """

    space: str
    file: str = ""
    target: str = ""
    count: int = 200
    settings: dict[str, int | str] = field(default_factory=dict)
    column: str = "architecture"
    where: dict[str, str] = field(default_factory=dict)
    batch: int = 4
    side: int = 0


RECIPES = {
    "nasbench101": Recipe(
        "nasbench101", "suitezero/nasbench101", "val_acc108", 165, {"channels": 32, "modules": 1},
    ),
    "darts": Recipe("darts", "darts/sample", "test_acc50", 198, {"channels": 8, "cells": 6}, side=16),
    "nasbench301": Recipe(
        "darts", "suitezero/nasbench301", "val_accuracy", 200,
        {"network": "suite-zero", "channels": 8, "cells": 6}, column="arch", side=16,
    ),
    "transnas-macro": Recipe(
        "transnas-macro", "suitezero/transbench101_macro", "val_accuracy", 200, column="tnb_str",
        where={"task": "class_scene"}, side=32,
    ),
    "mnasnet": Recipe("mnasnet", "mnasnet/sample", "val_top1", 200, side=32),
    "nasbench-macro": Recipe(
        "nasbench-macro", "nasbenchmacro/sample", "mean_acc", 200, column="arch", side=16,
    ),
    "flexibert-trained": Recipe(
        "flexibert", "flexibert/sample", "glue", 200, {"network": "trained", "length": 16},
    ),
    "gpt2": Recipe(
        "gpt2", "gpt2/sample", "valid_ppl:lower", 100,
        {"vocabulary": 1000, "cutoffs": "300,600", "length": 16},
    ),
    "autoformer-tiny": Recipe(
        "autoformer", "vit/autoformer_tiny_sample", "imagenet_acc", 200, {"resolution": 48}, batch=2,
    ),
    "transnas-micro": Recipe(
        "transnas-micro", "suitezero/transbench101_micro", "val_accuracy", 200, column="tnb_str",
        where={"task": "class_scene"}, side=32,
    ),
    "pit": Recipe("pit", "vit/pit", "c100_base_acc", 100, {"resolution": 48}, batch=2),
    "nats-size": Recipe("nats-size", side=16),
    "mobilenetv2": Recipe("mobilenetv2", side=64),
    "transformer-xl": Recipe(
        "transformer-xl", settings={"vocabulary": 1000, "cutoffs": "300,600", "length": 16},
    ),
}


def main() -> None:
    """Make the tables that are not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("benchmarks", type=Path)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(RECIPES)}; all by default")
    parser.add_argument("--minutes", type=float, help="of a table; it holds what could be measured by then")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    for name in arguments.names or RECIPES:
        make(name, arguments)


def make(name: str, arguments: argparse.Namespace) -> None:
    """One table, if it is not there."""
    recipe, out = RECIPES[name], Path(__file__).parent / f"{name}.npz"
    if out.exists():
        return
    space = get_space(recipe.space, **recipe.settings)
    groups = tuple(group for group in group_names() if group not in LEFT_OUT)
    whole = out.with_name(f"{name}-float64.npz")
    table = evozc.extract(
        architectures(recipe, space, arguments.benchmarks), RandomInputs(space, recipe.side), whole,
        space=space, sample=recipe.count, settings=ExtractionSettings(batch=recipe.batch, groups=groups),
        minutes=arguments.minutes, jobs=arguments.jobs,
    )
    save_table(within_float32(table), out, "float32")
    whole.unlink()


def within_float32(table: Table) -> Table:
    """Without statistics that float32 cannot hold, as synflow of some very deep networks."""
    kept = [
        s for s in table.statistics
        if np.nanmax(np.abs(table.values[s.key]), initial=0.0) <= np.finfo(np.float32).max
    ]
    return replace(table, statistics=tuple(kept), values={s.key: table.values[s.key] for s in kept})


def architectures(recipe: Recipe, space: SearchSpace, benchmarks: Path) -> Sequence[str]:
    """Those of the published file, or drawn from the space."""
    if recipe.file:
        return read_targets(
            benchmarks / f"{recipe.file}.csv.gz", space, targets=[recipe.target],
            architecture_column=recipe.column, where=recipe.where, average=True,
        ).architectures
    generator = random.Random(0)
    found: dict[str, str] = {}
    while len(found) < recipe.count:
        text = space.sample(generator)
        found.setdefault(space.canonical_key(text), text)
    return list(found.values())


if __name__ == "__main__":
    main()
