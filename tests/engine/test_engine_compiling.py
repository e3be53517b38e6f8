"""What is compiled is kept on disk; damaged, missing or forbidden, it costs time and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE = """
from evozc._compiling import compiled

@compiled
def triple(x):
    return 3 * x
"""
ASK = "from triples import triple; print(triple(14), sum(triple.stats.cache_hits.values()))"


def python(code, folder, **variables):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)]), **variables}
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=environment, cwd=folder,
        capture_output=True, text=True, check=False, timeout=250,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "triples.py").write_text(MODULE)
    return tmp_path


@pytest.fixture
def kept(folder):
    """The files in which the compiled function is kept."""
    assert python(ASK, folder) == "42 0"
    assert python(ASK, folder) == "42 1"
    files = sorted((folder / "__pycache__").glob("triples.*.nb?"))
    assert len(files) == 2
    return files


def flipped(data):
    return b"".join(bytes([b ^ 0xFF]) if k % 97 == 5 else bytes([b]) for k, b in enumerate(data))


@pytest.mark.parametrize("damage", [flipped, lambda d: d[: len(d) // 2], lambda _: b""])
@pytest.mark.parametrize("which", ["nbi", "nbc"])
def test_what_is_damaged_is_compiled_again(folder, kept, damage, which):
    (path,) = (p for p in kept if p.suffix == f".{which}")
    path.write_bytes(damage(path.read_bytes()))
    assert python(ASK, folder) == "42 0"
    assert python(ASK, folder) == "42 1"


def test_one_bit_is_enough(folder, kept):
    (path,) = (p for p in kept if p.suffix == ".nbc")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert python(ASK, folder) == "42 0"


def test_without_a_folder_that_can_be_written_it_is_compiled_every_time(folder):
    (folder / "__pycache__").write_text("no folder")
    for _ in range(2):
        assert python(ASK, folder, HOME="/dev/null", XDG_CACHE_HOME="/dev/null") == "42 0"


def test_a_full_disk_costs_time_alone(folder):
    limited = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limited += "import numba; resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))\n"
    assert python(limited + ASK, folder).startswith("42")


STOPPED = """
import signal
from numba import types
from numba.extending import intrinsic
from evozc._compiling import compiled

heard = []
signal.signal(signal.SIGTERM, lambda *_: (heard.append("TERM"), [][0]))

@intrinsic
def stopped(typingctx, x):
    def build(context, builder, signature, arguments):
        signal.raise_signal(signal.SIGTERM)
        heard.append("compiled on")
        return arguments[0]
    return x(x), build

@compiled
def same(x):
    return stopped(x)

try:
    same(1)
except IndexError:
    print(*heard, signal.getsignal(signal.SIGTERM).__name__, same(2))
"""


def test_what_stops_a_command_waits_until_a_function_is_compiled(tmp_path):
    (tmp_path / "stopped.py").write_text(STOPPED)
    assert python("import stopped", tmp_path) == "compiled on TERM <lambda> 2"


SCORE = """
import json, sys
sys.path.insert(0, {helpers!r})
from tables import synthetic_table
from evozc.engine import Evaluator, Scorer, concordances, weighted_taus
from evozc.formula import parse
import numpy as np
table = synthetic_table(90, nodes=8)
texts = ["sum(log(layer.numel))", "network.params", "sub(network.params, network.params)", "inv(0)",
         "logrank(mul(mean(layer.grad_l2), network.params))", "std(softmax(layer.grad_l2))",
         "exp(exp(exp(network.params)))", "max(sub(layer.numel, network.params))"]
outcomes = Scorer(table, table.target()).score([parse(text) for text in texts])
merit = table.target().merit
weights = np.random.default_rng(0).integers(0, 3, (5, 90))
print(json.dumps([
    [[o.tau, o.ranking, o.reason] for o in outcomes],
    [a.tolist() for a in concordances(np.round(merit), merit)],
    weighted_taus(np.round(merit), merit, weights).tolist(),
]))
"""


def test_where_nothing_may_be_compiled_the_numpy_kernels_serve(tmp_path):
    code = SCORE.format(helpers=str(ROOT / "tests" / "benchmarks"))
    compiled, plain = (json.loads(python(code, tmp_path, NUMBA_DISABLE_JIT=flag)) for flag in ("0", "1"))
    assert plain[1:] == compiled[1:]
    for left, right in zip(plain[0], compiled[0], strict=True):
        assert left[1:] == right[1:]
        assert left[0] == pytest.approx(right[0], abs=1e-15)
    assert sum(o[2] is None for o in plain[0]) >= 4
