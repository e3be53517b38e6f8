"""What executors cost, and what a table of so many networks would take.

    python tests/benchmarks/executors.py             # overheads, threads, the model: about five minutes
    python tests/benchmarks/executors.py --queue     # 100,000 tasks on two dask workers: memory and overhead

Processor time is what is compared, so that a machine at other work as well gives nearly the same numbers;
the table of threads needs one that is idle.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import time

import torch

from evozc.executors import executor_for
from evozc.extraction import ExtractionSettings, RandomInputs, measure
from evozc.extraction._extract import CHUNK, batches_of
from evozc.spaces import get_space

#: Networks of published tables, and of a large one of a space that has none.
TABLES = {"NAS-Bench-201": ("nasbench201", 15_625), "NAS-Bench-101": ("nasbench101", 423_624),
          "DARTS": ("darts", 1_000_000)}


def nothing(_number):
    """A task of no work."""


def slow(seconds, _number):
    """A task of a worker that takes its time."""
    time.sleep(seconds)


def overhead(jobs, tasks, function=nothing, shared=()):
    """Processor seconds a task of this process, and seconds a task, once the workers are up."""
    executor = executor_for(jobs)
    list(executor.map(function, ((k,) for k in range(16)), shared))
    cpu, wall = time.process_time(), time.perf_counter()
    done = sum(1 for _ in executor.map(function, ((k,) for k in range(tasks)), shared))
    assert done == tasks
    return (time.process_time() - cpu) / tasks, (time.perf_counter() - wall) / tasks


def network_seconds(name, count=3, threads=1):
    """Processor seconds and seconds that all statistics of a network of a space take."""
    space = get_space(name)
    generator = random.Random(0)
    settings = ExtractionSettings(batch=space.inputs.batch)
    ((x, y),) = batches_of(space, RandomInputs(space), settings)
    torch.set_num_threads(threads)
    measure(space.build(space.sample(generator)), x, y)
    cpu, wall = time.process_time(), time.perf_counter()
    for seed in range(count):
        torch.manual_seed(seed)
        measure(space.build(space.sample(generator)), x, y)
    torch.set_num_threads(1)
    return (time.process_time() - cpu) / count, (time.perf_counter() - wall) / count


def hourly(workers, seconds, client, chunk=CHUNK):
    """Networks an hour: what workers measure, as far as one client can hand it out."""
    return 3600 * min(workers / seconds, chunk / client)


def main():
    """Print all as one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queue", action="store_true")
    parser.add_argument("--tasks", type=int, default=0)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.queue:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        cpu, wall = overhead("local:2", asked.tasks or 100_000)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(json.dumps({"queue": asked.tasks or 100_000, "client_ms": 1e3 * cpu, "ms": 1e3 * wall,
                          "grown_mib": grown}))
        return
    client = {}
    for jobs in (1, 2, "local:1", "local:2"):
        cpu, wall = overhead(jobs, asked.tasks or 1000)
        client[jobs] = cpu
        print(json.dumps({"jobs": jobs, "client_ms": 1e3 * cpu, "ms": 1e3 * wall}), flush=True)
    for jobs in (8, "local:8"):
        _, wall = overhead(jobs, 80, slow, (0.5,))
        print(json.dumps({"jobs": jobs, "slow_workers_busy": 0.5 / 8 / wall}), flush=True)
    for title, (name, count) in TABLES.items():
        one, two = network_seconds(name), network_seconds(name, threads=2)
        print(json.dumps({
            "table": title, "cpu_seconds": one[0], "seconds": one[1], "two_threads_seconds": two[1],
            "worker_hours": count * one[0] / 3600,
            "networks_an_hour": {w: round(hourly(w, one[0], client["local:2"])) for w in (1, 2, 8, 64, 1024)},
        }), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    main()
