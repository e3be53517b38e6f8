"""Damaged files and odd arguments at every door of the command line.

No traceback, no hang over a minute (which busy machines need), no memory over 2 GB.
"""

import random
import shutil

import pytest
import works

#: What the command reads, and the command, where {} stands for that.
DOORS = {
    "table": ("small.npz", ("search", "{}", "--run", "fuzzed-run", "--population", 10, "--generations", 1)),
    "csv": ("cells.csv", ("extract", "{}", "random", "fuzzed.npz", "--minutes", 1e-9)),
    "inputs": ("small.npz", ("extract", "cells.csv", "{}", "fuzzed.npz", "--statistics", "shapes")),
    "predictor": ("parzc", ("parzc", "small.npz", "--labels", 30, "--predictor", "{}")),
    "run folder": ("search", ("search", "--resume", "{}")),
    "comparison": ("compare", ("compare", "{}")),
    "study": ("transfer", ("transfer", "{}")),
    "formula": ("formula", ("score", "nasbench201", "--formula", "{}")),
    "command line": ("formula", ("{}", "{}", "--run", "{}")),
}
FORMULA = b"add(sum(log(layer.zico)), logrank(network.jacov))"
ODD = (b"\xff\xfe", b"\x1b[31m", b"NaN", b"-1e400", b"{" * 3000, b"(" * 3000, b"9" * 5000,
       b"../../x", b"\n", b'"')


def damaged(content, generator):
    content = bytearray(content)
    for _ in range(generator.randint(1, 4)):
        place = generator.randrange(len(content) + 1)
        match generator.randrange(4):
            case 0:
                content[place:] = b""
            case 1:
                content[place:place] = generator.choice(ODD)
            case 2:
                content[place : place + generator.randint(1, 40)] = generator.randbytes(20)
            case 3:
                content[place:place] = content[generator.randrange(len(content) + 1) :][:200]
    return bytes(content)


def fuzz(door, tries, running, whole, seed):
    source, asked = DOORS[door]
    generator = random.Random(f"{door} {seed}")
    path = whole.place / "fuzzed"
    given = whole.out(source) if source in works.COMMANDS else whole.place / source
    for number in range(tries):
        argument = str(path)
        if source == "formula":
            argument = damaged(FORMULA, generator).replace(b"\0", b"").decode(errors="replace")
        elif given.is_dir():
            shutil.copytree(given, path)
            file = generator.choice([p for p in sorted(path.rglob("*")) if p.is_file()])
            file.write_bytes(damaged(file.read_bytes(), generator))
        else:
            path.write_bytes(damaged(given.read_bytes(), generator))
        words = [argument if word == "{}" else word for word in asked]
        done = running(*words, cwd=whole.place, kill_after=60)
        where = (door, seed, number, done.code, done.err[-500:])
        assert done.code in (0, 2, 3, 4, 5), where
        assert "Traceback" not in done.err, where
        assert done.peak < 2 << 30, where
        for made in (path, whole.place / "fuzzed-run", whole.place / "fuzzed.npz"):
            shutil.rmtree(made) if made.is_dir() else made.unlink(missing_ok=True)


@pytest.mark.parametrize("door", ["table", "inputs", "command line"])
def test_a_few_damaged_inputs_end_in_a_line(door, running, whole):
    fuzz(door, 2, running, whole, seed=0)


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("door", DOORS)
def test_many_damaged_inputs_end_in_a_line(door, running, whole):
    fuzz(door, 200, running, whole, seed=1)
