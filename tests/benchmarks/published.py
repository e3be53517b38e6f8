"""Our proxies beside the published scores and figures of NAS-Bench-201, CIFAR-10.

``python tests/benchmarks/published.py BENCHMARKS TABLE.npz --sample 1000 --jobs 2``

BENCHMARKS is a folder with ``nasbench201/accuracy.csv.gz``, ``suitezero13.csv.gz``,
``reference_proxies.csv.gz`` and ``images/cifar10_2000.npz``. The table is extracted if it is
not there (stopped, the same command goes on): a plain random sample of all 15,625 texts, seed
0, isomorphic cells among them, since that is the set of the published figures.
"""

from __future__ import annotations

import argparse
import random
import shutil
from pathlib import Path

import numpy as np
from scipy import stats

from evozc.baselines import find_proxy, proxies
from evozc.benchmarks.readers import read_rows
from evozc.engine import Evaluator
from evozc.evaluation import estimate
from evozc.extraction import ExtractionSettings, extract_table, load_images
from evozc.spaces import NasBench201
from evozc.symbols import group_names
from evozc.table import Table, Target, load_table, save_table
from primitives import FULL

#: Kendall tau with the accuracy after 200 epochs on all 15,625, from table 1 and the ablation of
#: AZ-NAS (arXiv 2403.19232).
PUBLISHED = {
    "params": 0.578, "flops": 0.578, "grad_norm": 0.357, "grasp": 0.318, "snip": 0.454,
    "synflow": 0.571, "nwot": 0.557, "zen": 0.296, "zico": 0.589, "aznas": 0.741,
    "aznas_expressivity": 0.569, "aznas_progressivity": 0.521, "aznas_trainability": 0.349,
}
#: The published scores of each architecture: file and column.
REFERENCES = {
    **{name: ("suitezero13.csv.gz", name) for name in (
        "params", "flops", "l2_norm", "plain", "grad_norm", "snip", "grasp", "fisher", "jacov", "epe_nas")},
    "synflow": ("reference_proxies.csv.gz", "c10_synflow"),
    "nwot": ("reference_proxies.csv.gz", "c10_naswot"),
    "zen": ("reference_proxies.csv.gz", "c10_zen_naslib"),
}


def main() -> None:
    """Extract if need be, and print the two comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("benchmarks", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument("--sample", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--inputs", default="data")
    parser.add_argument("--initialisation", default="default")
    parser.add_argument("--statistics", help="groups, separated by commas")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    folder = arguments.benchmarks / "nasbench201"
    rows = read_rows(folder / "accuracy.csv.gz")
    if not arguments.table.exists():
        extract(rows, arguments)
    table = load_table(arguments.table)
    formulas = proxies(FULL.with_statistics(table.statistics))
    scores = dict(zip(formulas, Evaluator(table).scores(list(formulas.values())), strict=True))
    target = table.target()
    print(f"{len(table)} of 15,625 texts ({len(set(table.keys))} not isomorphic), {target.name}")
    print(f"{'proxy':22}{'tau':>7}  {'95 % interval':16}{'published':>9}   Spearman with published scores")
    for name in formulas:
        found = estimate(scores[name], target.merit, table.keys)
        interval = f"{found.low:.3f} to {found.high:.3f}"
        published = f"{PUBLISHED[name]:.3f}" if name in PUBLISHED else ""
        rho = agreement(name, scores, table, rows, folder)
        print(f"{name:22}{found.tau:7.3f}  {interval:16}{published:>9}   {rho}")


def extract(rows: list[dict[str, str]], arguments: argparse.Namespace) -> None:
    """The table of a plain random sample of texts."""
    space = NasBench201()
    sample = random.Random(0).sample(rows, arguments.sample)
    target = Target("c10_test200", np.array([float(row["c10_test200"]) for row in sample]))
    settings = ExtractionSettings(
        batch=arguments.batch, inputs=arguments.inputs, initialisation=arguments.initialisation,
        groups=tuple(arguments.statistics.split(",")) if arguments.statistics else group_names(),
    )
    images = load_images(arguments.benchmarks / "images" / "cifar10_2000.npz", space)
    shards = arguments.table.with_name(arguments.table.name + ".parts")
    table = extract_table(
        space, [row["arch_str"] for row in sample], images, settings, [target], parts=shards,
        jobs=arguments.jobs, progress=lambda done, total: print(f"{done} of {total}", flush=True),
    )
    save_table(table, arguments.table)
    shutil.rmtree(shards)


def agreement(
    name: str, scores: dict[str, np.ndarray], table: Table, rows: list[dict[str, str]], folder: Path
) -> str:
    """Spearman's rho with the published scores where both are finite."""
    if name not in REFERENCES:
        return ""
    file, column = REFERENCES[name]
    by_index = {row["index"]: row[column] for row in read_rows(folder / file)}
    index = {row["arch_str"]: row["index"] for row in rows}
    given = np.array([float(by_index.get(index[a]) or "nan") for a in table.architectures])
    both = np.isfinite(given) & np.isfinite(scores[name])
    published = given if find_proxy(name).direction == "positive" else -given
    rho = stats.spearmanr(published[both], scores[name][both]).statistic
    return f"{rho:.4f} ({np.count_nonzero(both)})"


if __name__ == "__main__":
    main()
