"""How proxies rank what others have trained: python runs/tables/rank.py ../shared/benchmarks [NAME ...].

Of each table of this folder, with published targets attached: Kendall's tau of every proxy with its 95 %
interval, the best single one, and Spearman's rho with the scores that others published of the same networks.
It prints the tables of evozc/spaces/README.md, in Markdown.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from make import RECIPES
from scipy import stats

from evozc.baselines import find_proxy, proxies
from evozc.benchmarks import attach_targets, averaged, read_targets, space_of
from evozc.benchmarks.readers import Request, Wanted, read_published, read_rows
from evozc.engine import Evaluator
from evozc.evaluation import estimate
from evozc.table import Table, load_table
from primitives import FULL

SHOWN = ("params", "flops", "synflow", "nwot", "zico", "aznas", "meco")
#: By published column, the proxy of ours that it should rank like.
SAME = {
    "params": "params", "params_M": "params", "params_nonemb": "params", "flops": "flops", "flop": "flops",
    "flops_M": "flops", "macs": "flops",
    **{name: name for name in (
        "synflow", "nwot", "snip", "grad_norm", "l2_norm", "fisher", "jacov", "zen", "plain",
    )},
}


@dataclass(frozen=True)
class Labels:
    """Published targets of a table.

    Args:
        target: The column, with its direction.
        where: Only rows with these values.
        file: Below the folder of benchmarks; empty for that of the recipe.
    """

    target: str
    where: dict[str, str] = field(default_factory=dict)
    file: str = ""


_TASKS = ("class_scene", "class_object", "jigsaw")
LABELS = {
    **{name: (Labels(recipe.target),) for name, recipe in RECIPES.items() if recipe.file},
    "transnas-macro": tuple(Labels("val_accuracy", {"task": task}) for task in ("class_scene", "jigsaw")),
    "transnas-micro": tuple(Labels("val_accuracy", {"task": task}) for task in _TASKS),
    "pit": tuple(Labels(name) for name in ("c100_base_acc", "flower_base_acc", "chaoyang_base_acc")),
}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("benchmarks", type=Path)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(LABELS)}; all that are there by default")
    arguments = parser.parse_args()
    folder = Path(__file__).parent
    names = arguments.names or [name for name in LABELS if (folder / f"{name}.npz").exists()]
    print(f"| table | target | n | {' | '.join(SHOWN)} | best single proxy |")
    print("|" + "---|" * (len(SHOWN) + 4))
    alike = []
    for name in names:
        table = load_table(folder / f"{name}.npz")
        formulas = proxies(FULL.with_statistics(table.statistics))
        scores = dict(zip(formulas, Evaluator(table).scores(list(formulas.values())), strict=True))
        for labels in LABELS[name]:
            path = arguments.benchmarks / f"{labels.file or RECIPES[name].file}.csv.gz"
            print(_ranked(name, table, scores, labels, path), flush=True)
        alike.append(f"| `{name}` | {_alike(name, table, scores, path)} |")
    print("\n| table | Spearman's rho with published scores of the same architectures |\n|---|---|")
    print("\n".join(alike))


def _ranked(name: str, table: Table, scores: Mapping[str, np.ndarray], labels: Labels, path: Path) -> str:
    space = space_of(table)
    published = read_targets(
        path, space, targets=[labels.target], architecture_column=RECIPES[name].column, where=labels.where,
        average=True,
    )
    joined, _ = attach_targets(table, published, space)
    places = {architecture: place for place, architecture in enumerate(table.architectures)}
    kept = [places[architecture] for architecture in joined.architectures]
    target = joined.target()
    found = {proxy: estimate(values[kept], target.merit, joined.keys) for proxy, values in scores.items()}
    ranked = {proxy: e for proxy, e in found.items() if not math.isnan(e.tau)}
    best = max(ranked, key=lambda proxy: ranked[proxy].tau)
    cells = [_shown(found.get(proxy)) for proxy in SHOWN]
    what = " ".join([target.name, *labels.where.values()])
    return f"| `{name}` | {what} | {len(joined)} | {' | '.join(cells)} | {best} {_shown(ranked[best])} |"


def _shown(found: object) -> str:
    if found is None or math.isnan(found.tau):
        return "-"
    return f"{found.tau:.2f} ({found.low:.2f}, {found.high:.2f})".replace("0.", ".")


def _alike(name: str, table: Table, scores: Mapping[str, np.ndarray], path: Path) -> str:
    """Spearman's rho of our scores with published ones, for each that there is."""
    space, recipe = space_of(table), RECIPES[name]
    wanted = Wanted.of(recipe.target)
    needed = {recipe.column, wanted.name, *recipe.where, *getattr(space, "architecture_columns", ())}
    others = [column for column in read_rows(path)[0] if column not in {*needed, *SAME}]
    published = averaged(read_published(path, Request(
        space, (wanted,), scores=True, architecture_column=recipe.column, where=recipe.where,
        without=tuple(others),
    )))
    rows = {architecture: row for row, architecture in enumerate(published.architectures)}
    kept = [place for place, architecture in enumerate(table.architectures) if architecture in rows]
    chosen = [rows[table.architectures[place]] for place in kept]
    told = []
    for column, values in published.scores.items():
        proxy = SAME.get(column)
        if proxy is None or proxy not in scores:
            continue
        ours, theirs = scores[proxy][kept], values[chosen]
        both = np.isfinite(ours) & np.isfinite(theirs)  # sentinels are missing already
        sign = 1 if find_proxy(proxy).direction == "positive" else -1
        if np.count_nonzero(both) > 3 and np.ptp(theirs[both]) > 0:
            told.append(f"{column} {sign * stats.spearmanr(ours[both], theirs[both]).statistic:.3f}")
    return ", ".join(told) or "no published scores"


if __name__ == "__main__":
    main()
