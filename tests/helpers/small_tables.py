"""Small statistics tables with something to find, and ways to start evozc on them."""

import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evozc._folder import seal
from evozc.spaces import NasBench201
from evozc.table import Table, Target
from primitives import STATISTICS

KNOWN = {statistic.key: statistic for statistic in STATISTICS}


def architectures(count, seed=0):
    """Pairwise non-isomorphic architecture texts and their canonical keys."""
    space, generator, found = NasBench201(), random.Random(seed), {}
    while len(found) < count:
        text = space.sample(generator)
        found.setdefault(space.canonical_key(text), text)
    return tuple(found.values()), tuple(found)


def small_table(count=60, seed=0, without=(), constant=False):
    """A table whose target is a noisy function of its statistics."""
    texts, keys = architectures(count, seed)
    generator = np.random.default_rng(seed)
    quality = generator.normal(size=count)
    lengths = {"layer": generator.integers(3, 9, count), "block": generator.integers(2, 5, count)}
    offsets = {k: np.concatenate([[0], np.cumsum(v)]).astype(np.int64) for k, v in lengths.items()}
    layer, block = (np.repeat(quality, lengths[k]) for k in ("layer", "block"))
    values = {
        "layer.grad_l2": np.exp(0.5 * layer + generator.normal(size=len(layer))),
        "layer.weight_mean": generator.normal(size=len(layer)),
        "block.entropy": np.abs(block + generator.normal(size=len(block))),
        "network.params": np.round(1e4 * np.exp(0.7 * quality + 0.7 * generator.normal(size=count))),
        "network.naswot": quality + 2 * generator.normal(size=count),
    }
    if constant:
        values["network.macs"] = np.full(count, 3.0)
    values = {key: value for key, value in values.items() if key not in without}
    return Table(
        architectures=texts,
        keys=keys,
        statistics=tuple(KNOWN[key] for key in values),
        offsets={k: v for k, v in offsets.items() if any(key.startswith(k) for key in values)},
        values=values,
        targets={"accuracy": Target("accuracy", 80 + 5 * quality + generator.normal(size=count))},
    )


def environment(**changes):
    """The environment of a command, without what a user's terminal may have set."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "FORCE_COLOR", "NO_COLOR")}
    return {**inherited, "OMP_NUM_THREADS": "1", **changes}


def python(code, *arguments, cwd=None, **changes):
    """Run Python code in a process of its own; its standard output."""
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    helpers = Path(__file__).parent
    places = (helpers.parent.parent, helpers, helpers.parent / "evolution")
    importable = os.pathsep.join(map(str, places))
    done = subprocess.run(
        command, cwd=cwd, env=environment(PYTHONPATH=importable, **changes),
        capture_output=True, text=True, timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def evozc(*arguments):
    """The command line of evozc, as a list for subprocess."""
    return [sys.executable, "-c", "from evozc.cli import main; main()", *map(str, arguments)]


@dataclass(frozen=True)
class Done:
    """A command that has ended; ``peak`` is the most memory that it took, in bytes."""

    code: int
    out: str
    err: str
    peak: int = 0


class Commands:
    """Runs evozc commands without importing everything again for each."""

    def __init__(self, folder, *imported):
        self.folder = folder
        self.server = subprocess.Popen(
            [sys.executable, "-W", "error", Path(__file__).with_name("command_server.py"), *imported],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(),
        )

    def __call__(self, *arguments, cwd=None, largest_file=0, kill_after=None, **env):
        out, err = self.folder / "out", self.folder / "err"
        command = {
            "arguments": [str(a) for a in arguments], "cwd": str(cwd or self.folder), "env": env,
            "out": str(out), "err": str(err), "largest_file": largest_file,
            "kill_after": kill_after,
        }
        self.server.stdin.write(json.dumps(command) + "\n")
        self.server.stdin.flush()
        code, peak = json.loads(self.server.stdout.readline())
        return Done(code, out.read_text(errors="replace"), err.read_text(errors="replace"), peak)

    def close(self):
        self.server.stdin.close()
        self.server.wait(10)
        self.server.stdout.close()


def files(folder):
    """What is in a folder, byte for byte."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def rewrite(path, change):
    """Change the entries of a JSON file of ours, and its checksum with them."""
    content = json.loads(path.read_text())
    content.pop("sha256", None)
    change(content)
    path.write_text(seal(json.dumps(content)))
