"""The same bits from any executor, also while workers are killed, and after a scheduler was."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest
import torch
from small_tables import environment, small_table
from small_tables import evozc as command

import evozc
from evozc.baselines import resolve
from evozc.comparison import ComparisonSettings, continue_comparison, start_comparison
from evozc.engine import Evaluator
from evozc.executors import executor_for
from evozc.extraction import (
    ExtractionSettings,
    Images,
    RandomInputs,
    Shard,
    extract_shard,
    extract_table,
    merge_shards,
)
from evozc.nas import NasSettings, find_networks
from evozc.spaces import NasBench201
from evozc.table import save_table

pytest.importorskip("distributed")
pytestmark = pytest.mark.slow
SPACE = NasBench201(channels=4, cells=1, stages=2)
NAMES = list(dict.fromkeys(SPACE.sample(random.Random(seed)) for seed in range(70)))[:60]
NOISE = torch.randn(30, 3, 8, 8, generator=torch.Generator().manual_seed(0))
IMAGES = Images.of(NOISE, torch.arange(30) % 10)
SETTINGS = ExtractionSettings(batch=4, groups=("weights", "gradients"))
FORMULA = resolve("sum(log(layer.grad_l2))")


def extraction(place, jobs):
    table = extract_table(SPACE, NAMES, IMAGES, SETTINGS, parts=place / "parts", jobs=jobs)
    save_table(table, place / "t.npz")
    return (place / "t.npz").read_bytes()


def comparison(place, jobs):
    settings = ComparisonSettings(
        methods=("formula",), budgets=(10,), seeds=2, population=20, generations=1, draws=20
    )
    save_table(small_table(60), place.parent / "small.npz")
    with start_comparison(place / "comparison", str(place.parent / "small.npz"), settings) as folder:
        continue_comparison(folder, jobs=jobs)
    return without_seconds(json.loads((place / "comparison" / "results.json").read_text()))


def architectures(place, jobs):
    def score(table):
        return Evaluator(table).scores([FORMULA])[0]

    find_networks(
        SPACE, FORMULA, RandomInputs(SPACE), place / "nas", NasSettings(budget=40, population=8, batch=20),
        ExtractionSettings(batch=4), score=score, jobs=jobs,
    )
    return [(place / "nas" / name).read_bytes() for name in ("results.json", "best.csv")]


def without_seconds(value):
    """JSON values without what no two runs have alike."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if "seconds" not in k and k not in ("sha256", "table")}
        return {k: without_seconds(v) for k, v in kept.items()}
    return [without_seconds(v) for v in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    place = tmp_path_factory.mktemp("serial") / "here"
    place.mkdir()
    return {work.__name__: work(place, 1) for work in (extraction, comparison, architectures)}


@pytest.mark.parametrize("jobs", [2, "local:2"])
def test_all_that_is_handed_out_is_the_same_bit_by_bit(serial, tmp_path, jobs):
    executor = executor_for(jobs)
    place = tmp_path / "here"
    place.mkdir()
    for work in (extraction, comparison, architectures):
        assert work(place, executor) == serial[work.__name__], work.__name__


def test_twenty_shards_in_any_order_are_the_same_bit_by_bit(serial, tmp_path):
    for number in random.Random(1).sample(range(1, 21), 20):
        extract_shard(SPACE, NAMES, IMAGES, SETTINGS, shard=Shard(number, 20), out=tmp_path / "t.npz")
    save_table(merge_shards(tmp_path / "t.npz"), tmp_path / "t.npz")
    assert (tmp_path / "t.npz").read_bytes() == serial["extraction"]


def slowly(space, names, delay, number):
    """Which architectures are whose, after a while."""
    time.sleep(delay)
    return names[number], space.canonical_key(names[number]), os.getpid()


@pytest.mark.parametrize(("jobs", "seconds", "every"), [(3, 120, 5)])
def test_nothing_is_lost_while_workers_are_killed(jobs, seconds, every):
    names = NAMES * 4
    delay = seconds * jobs / len(names)
    killed, over = [], threading.Event()

    def kill():
        while not over.wait(every):
            found = subprocess.run(
                ["pgrep", "-P", str(os.getpid()), "-f", "loky"], capture_output=True, text=True, check=False
            ).stdout.split()
            if found:
                victim = int(random.Random(len(killed)).choice(found))
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        found = dict(executor_for(jobs).map(slowly, ((k,) for k in range(len(names))), (SPACE, names, delay)))
    finally:
        over.set()
        killer.join()
    assert len(killed) >= seconds / every / 2
    assert {k: outcome[:2] for k, outcome in found.items()} == {
        k: (name, SPACE.canonical_key(name)) for k, name in enumerate(names)
    }


def start(module, *arguments):
    path = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *arguments], env=environment(**path),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )


def test_a_scheduler_that_is_killed_ends_the_command_with_one_that_goes_on(tmp_path):
    (tmp_path / "a.csv").write_text("architecture,accuracy\n" + "".join(
        f"{name},{rank}\n" for rank, name in enumerate(NAMES)
    ))
    file = tmp_path / "scheduler.json"
    started = [start("dask_scheduler", "--scheduler-file", str(file), "--port", "0", "--no-dashboard")]
    started += [
        start("dask_worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-dashboard",
              "--death-timeout", "20") for _ in range(2)
    ]
    options = ("--space-option", "channels=16", "--batch", 16, "--size", 16)
    asked = ("extract", "a.csv", "random", "t.npz", *options)
    path = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        while not file.exists():
            time.sleep(0.1)
        running = subprocess.Popen(
            command(*asked, "--cluster", file), cwd=tmp_path, env=environment(**path), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        while not list(tmp_path.glob("t.npz.parts/*.npz")):
            assert running.poll() is None
            time.sleep(0.1)
        started[0].kill()
        _, err = running.communicate(timeout=90)
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert running.returncode == 6
    assert "what is finished is kept, and the same command goes on" in err
    kept = {part: part.stat().st_mtime_ns for part in tmp_path.glob("t.npz.parts/*.npz")}
    assert kept
    done = subprocess.run(
        command(*asked), cwd=tmp_path, env=environment(**path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(evozc.load_table(tmp_path / "t.npz")) == len(NAMES)
