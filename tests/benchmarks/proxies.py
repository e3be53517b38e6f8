"""The eight proxies of zero-cost-nas together, beside each by passes of its own.

    python tests/benchmarks/proxies.py [--batch 16 --batch 64] [--networks 6]

One thread, processor time, the best of three for each network. The peer computes every proxy as the
code of Abdelfattah et al. (ICLR 2021) arranges it: on a copy of the network, with the passes that it
needs and no others, in plain PyTorch and in the same memory format; what it does only once (losses,
hooks on tensors instead of modules) is the leaner way. Both give the same numbers.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from extraction import batch_of, best, networks
from torch import nn
from torch.nn.functional import cross_entropy

from evozc.baselines import resolve
from evozc.scoring import score_networks

BATCHES = (16, 64)
LAYERS = (nn.Conv2d, nn.Linear)


def weights_of(network: nn.Module) -> list[torch.Tensor]:
    """The weights of convolutions and linear maps."""
    return [module.weight for module in network.modules() if isinstance(module, LAYERS)]


def gradients(network: nn.Module, x: torch.Tensor, y: torch.Tensor, **how: bool) -> tuple[torch.Tensor, ...]:
    """Of the loss at the weights: one forward and one backward pass."""
    return torch.autograd.grad(cross_entropy(network(x), y), weights_of(network), allow_unused=True, **how)


def total(terms: list[torch.Tensor]) -> float:
    """The sum of sums."""
    return float(sum(term.detach().double().sum() for term in terms))


def l2_norm(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """No pass at all."""
    return total([w.double().norm() for w in weights_of(network)])


def with_gradients(of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> Callable[..., float]:
    """A proxy of weight and gradient."""

    def proxy(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
        found = zip(weights_of(network), gradients(network, x, y), strict=True)
        return total([of(w.detach().double(), g.double()) for w, g in found if g is not None])

    return proxy


def grasp(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """Gradients, then gradients that can be differentiated, and a pass backward through these."""
    weights, first = weights_of(network), gradients(network, x, y)
    second = gradients(network, x, y, create_graph=True)
    pairs = zip(first, second, strict=True)
    z = torch.stack([(f * s).sum() for f, s in pairs if f is not None and s is not None]).sum()
    products = torch.autograd.grad(z, weights, allow_unused=True)
    pairs = zip(weights, products, strict=True)
    return total([-(w.detach().double() * h.double()) for w, h in pairs if h is not None])


def fisher(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """Outputs times their gradients, of every channel; a channel counts once for each of its weights."""
    kept: list[tuple[nn.Module, torch.Tensor]] = []

    def keep(module: nn.Module, inputs: tuple, output: torch.Tensor) -> torch.Tensor:
        kept.append((module, output))
        return output.clone()  # an activation in place may follow

    for module in network.modules():
        if isinstance(module, LAYERS):
            module.register_forward_hook(keep)
    loss = cross_entropy(network(x), y)
    found = torch.autograd.grad(loss, [output for _, output in kept], allow_unused=True)
    terms = []
    for (module, output), gradient in zip(kept, found, strict=True):
        if gradient is not None:
            product = (output.detach() * gradient).double()
            channels = product.flatten(2).sum(-1) if product.ndim > 2 else product
            each = module.weight.numel() / module.weight.shape[0]
            terms.append(each * 0.5 * channels.square().mean(0))
    return total(terms)


def synflow(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """One input of ones through magnitudes in float64, without batch normalisation."""
    for module in network.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    network.double().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    weights = weights_of(network)
    output = network(torch.ones(1, *x.shape[1:], dtype=torch.float64)).sum()
    found = zip(weights, torch.autograd.grad(output, weights, allow_unused=True), strict=True)
    return total([(w * g).abs() for w, g in found if g is not None])


def jacov(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """The correlations of the samples' gradients at the inputs."""
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(x).sum(), x)
    v = np.linalg.eigvalsh(np.corrcoef(gradient.flatten(1).double().numpy())) + 1e-5
    return float(-np.sum(np.log(v) + 1 / v))


#: By the name that the zoo gives it.
OWN_PASSES: dict[str, Callable[..., float]] = {
    "grad_norm": with_gradients(lambda w, g: g.norm()),
    "snip": with_gradients(lambda w, g: (w * g).abs()),
    "grasp": grasp,
    "fisher": fisher,
    "plain": with_gradients(lambda w, g: -(w * g)),
    "l2_norm": l2_norm,
    "synflow": synflow,
    "jacov": jacov,
}


def each_by_its_own(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> dict[str, float]:
    """All proxies, one after the other, each on a copy of the network."""
    return {name: proxy(copy.deepcopy(network).train(), x, y) for name, proxy in OWN_PASSES.items()}


def measure_proxies(batches: tuple[int, ...] = BATCHES, count: int = 6) -> None:
    """Print one line for each size of the batch."""
    torch.set_num_threads(1)
    formulas = {name: resolve(name) for name in OWN_PASSES}
    print(f"\n{', '.join(OWN_PASSES)} on {count} networks of NAS-Bench-201, ms a network")
    for size in batches:
        x, y = batch_of(size)
        theirs, ours, differences = [], [], dict.fromkeys(OWN_PASSES, 0.0)
        for network in networks(count):
            together = score_networks({"network": network}, formulas, x, y)
            if together.lacking:
                print(f"  left out a network that lacks {', '.join(together.lacking)}")
                continue
            for name, value in each_by_its_own(network, x, y).items():
                found = float(together.values[name][0])
                differences[name] = max(differences[name], abs(found - value) / max(abs(value), 1e-3))
            theirs.append(best(partial(each_by_its_own, network, x, y)))
            ours.append(best(partial(score_networks, {"network": network}, formulas, x, y)))
        own, one = 1000 * np.mean(theirs), 1000 * np.mean(ours)
        worst = max(differences, key=lambda name: differences[name])
        print(f"  batch {size:<4d} each by its own {own:7.1f}  evozc {one:7.1f}  {own / one:5.2f} times  "
              f"largest relative difference {differences[worst]:.0e} ({worst})", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, action="append")
    parser.add_argument("--networks", type=int, default=6)
    arguments = parser.parse_args()
    measure_proxies(tuple(arguments.batch or BATCHES), arguments.networks)
