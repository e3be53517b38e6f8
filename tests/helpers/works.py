"""Every command that keeps what it has finished, on inputs as small as show it."""

import json
from dataclasses import replace

from small_tables import small_table

from evozc.table import load_table, save_table

CELLS = [f"|none~0|+|nor_conv_1x1~0|{a}~1|+|{b}~0|none~1|skip_connect~2|"
         for a in ("none", "skip_connect", "nor_conv_3x3") for b in ("none", "avg_pool_3x3", "nor_conv_1x1")]
SMALL = ("--space-option", "channels=4", "--space-option", "cells=1", "--space-option", "stages=1",
         "--batch", 8)
EXTRACT = ("extract", "cells.csv", "random", "{}", *SMALL, "--size", 8, "--statistics", "shapes,gradients")
#: By name, where {} stands for what comes out.
COMMANDS = {
    "search": ("search", "small.npz", "--run", "{}", "--labels", 30, "--population", 60, "--generations", 12,
               "--seed", 5),
    "extract": EXTRACT,
    "compare": ("compare", "small.npz", "--run", "{}", "--method", "formula", "--method", "proxies",
                "--budget", 20, "--seeds", 2, "--population", 20, "--generations", 2, "--draws", 50),
    "parzc": ("parzc", "small.npz", "--settings", "parzc-strong", "--labels", 30, "--epochs", 8,
              "--out", "{}"),
    "nas": ("nas", "nasbench201", "--proxy", "sum(layer.grad_l2)", "--run", "{}", *SMALL[:4], "--batch", 4,
            "--budget", 8, "--population", 6, "--tournament", 4, "--max-params", 6000),
    "transfer": ("transfer", "small.npz", "other.npz", "--run", "{}", "--labels", 20, "--seeds", 1,
                 "--population", 20, "--generations", 2, "--terms", 2),
}


def inputs(place):
    """Write what the commands read into a folder."""
    save_table(small_table(80), place / "small.npz")
    other = small_table(60, seed=5)
    names = tuple(f"other {name}" for name in other.architectures)
    save_table(replace(other, architectures=names, keys=names), place / "other.npz")
    lines = [f"{cell},{row}" for row, cell in enumerate(CELLS)]
    (place / "cells.csv").write_text("\n".join(["architecture,accuracy", *lines]) + "\n")


def command(name, out, jobs=1):
    """What begins a work, or goes on with it."""
    if name == "search" and (out / "manifest.json").exists():
        return ("search", "--resume", out, "--jobs", jobs)
    asked = [str(argument).replace("{}", str(out)) for argument in COMMANDS[name]]
    return (*asked, *(() if name == "parzc" else ("--jobs", jobs)))


def outcome(out):
    """What came out, without the times that it took."""
    if out.is_file():
        table = out.suffix == ".npz" and load_table(out)
        return (table.content_hash, table.provenance) if table else out.read_bytes()
    found = {"results.json": without_times(json.loads((out / "results.json").read_text()))}
    for path in out.glob("*.jsonl"):
        found[path.name] = [without_times(json.loads(line)) for line in path.read_text().splitlines()]
    for path in out.glob("cells/*.json"):
        found[path.name] = without_times(json.loads(path.read_text()))
    return found


def without_times(value):
    """JSON without the entries that hold seconds, and without checksums over them."""
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if "seconds" not in k and k != "sha256"}
    return [without_times(one) for one in value] if isinstance(value, list) else value

