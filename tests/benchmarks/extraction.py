"""What each group of statistics costs, beside the bare passes of the same networks.

``python tests/benchmarks/extraction.py [--batch 16 --batch 64] [--architectures 8]``

One thread; milliseconds of processor time, the best of three, averaged over NAS-Bench-201
networks (16 channels, 5 cells a stage) drawn with seed 0. The bare passes are one forward and
one backward pass of the loss to all weights, channels last. With ``--memory N`` instead: the
peak memory of the process while N networks are measured one after another.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from evozc.extraction import measure
from evozc.spaces import NasBench201
from evozc.symbols import group_names

SPACE = NasBench201()
CHEAP = ("weights", "gradients", "activations", "blocks")


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--batch", type=int, action="append")
    parser.add_argument("--architectures", type=int, default=8)
    parser.add_argument("--memory", type=int, metavar="N")
    parser.add_argument("--statistics", help="groups for --memory, separated by commas [default: all]")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    batches = arguments.batch or [16, 64]
    if arguments.memory:
        wanted = tuple(arguments.statistics.split(",")) if arguments.statistics else group_names()
        memory(arguments.memory, batches[0], wanted)
        return
    print(f"{'':44}" + "".join(f"{f'batch {b}':>20}" for b in batches))
    chosen = {group: (group,) for group in group_names()} | {" + ".join(CHEAP): CHEAP, "all": group_names()}
    bare = {b: mean_time(arguments.architectures, b, None) for b in batches}
    print(f"{'bare forward and backward pass':44}" + "".join(f"{bare[b]:17.0f} ms" for b in batches))
    for name, groups in chosen.items():
        cells = []
        for b in batches:
            taken = mean_time(arguments.architectures, b, groups)
            cells.append(f"{taken:8.0f} ms {taken / bare[b]:5.2f} x")
        print(f"{name:44}" + "".join(f"{cell:>20}" for cell in cells), flush=True)


def networks(count: int) -> list[nn.Module]:
    """The same networks each time."""
    generator = random.Random(0)
    torch.manual_seed(0)
    return [SPACE.build(SPACE.sample(generator)).to(memory_format=torch.channels_last) for _ in range(count)]


def batch_of(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A mini-batch in the shape of CIFAR-10."""
    images = torch.randn(size, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    return images, torch.randint(10, (size,))


def mean_time(count: int, size: int, groups: tuple[str, ...] | None) -> float:
    """Milliseconds a network: of the groups, or of the bare passes."""
    x, y = batch_of(size)
    times = []
    for network in networks(count):

        def run(network: nn.Module = network) -> None:
            if groups is None:
                loss = cross_entropy(network.train()(x), y)
                torch.autograd.grad(loss, list(network.parameters()), allow_unused=True)
            else:
                measure(network, x, y, SPACE.blocks(network), groups)

        times.append(best(run))
    return 1000 * sum(times) / len(times)


def best(run: Callable[[], None]) -> float:
    """Seconds of processor time of the fastest of three."""
    run()
    times = []
    for _ in range(3):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def memory(count: int, size: int, groups: tuple[str, ...]) -> None:
    """Peak memory after the first hundredth, and every tenth of the networks."""
    x, y = batch_of(size)
    generator = random.Random(0)
    for done in range(1, count + 1):
        network = SPACE.build(SPACE.sample(generator))
        measure(network, x, y, SPACE.blocks(network), groups)
        if done == max(1, count // 100) or done % max(1, count // 10) == 0:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{done:6} networks: peak {peak:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
