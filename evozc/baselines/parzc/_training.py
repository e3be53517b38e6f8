"""Training one network: the same bits for a seed, and no global state is left changed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from scipy import stats

from evozc._threads import one_thread
from evozc.baselines.parzc._loss import total_loss
from evozc.baselines.parzc._network import Network, Sizes
from evozc.baselines.parzc._settings import ParZCSettings

Inputs = tuple[torch.Tensor, ...]


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Torch's random state set for the block, one thread, deterministic algorithms; put back behind it."""
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before, warn_only=warned)


def train(
    settings: ParZCSettings, sizes: Sizes, inputs: Inputs, target: torch.Tensor,
    observe: Callable[[], object] = lambda: None,
) -> Network:
    """A network trained on the labelled sample, drawing from torch's current random state.

    Args:
        settings: See :class:`ParZCSettings`.
        sizes: Of the network.
        inputs: Features, and graphs where the settings ask for them.
        target: float32 (n,), standardised.
        observe: Called after every epoch.
    """
    network = Network(settings, sizes)
    order = torch.randperm(len(target))
    held = int(settings.validation * len(target))
    watched, labelled = order[:held], order[held:]
    optimizer = torch.optim.Adam(
        network.parameters(), lr=settings.rate, weight_decay=settings.decay, fused=True
    )
    annealing = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, settings.epochs)
    best, kept = -2.0, None
    for _ in range(settings.epochs):
        network.train()
        for batch in labelled[torch.randperm(len(labelled))].split(settings.batch):
            if len(batch) < 2:
                continue  # one architecture alone has no rank
            predicted = network(*(part[batch] for part in inputs))
            loss = total_loss(settings.loss, predicted, target[batch], settings.alpha)
            if settings.kl:
                loss = loss + settings.kl / len(labelled) * network.divergence(settings.prior)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        annealing.step()
        if held >= 4:
            tau = _tau(network, inputs, target, watched)
            if tau > best:
                best, kept = tau, copy.deepcopy(network.state_dict())
        observe()
    if kept is not None:
        network.load_state_dict(kept)
    return network.eval()


def _tau(network: Network, inputs: Inputs, target: torch.Tensor, watched: torch.Tensor) -> float:
    network.eval()
    with torch.no_grad():
        predicted = network(*(part[watched] for part in inputs))
    tau = stats.kendalltau(predicted.numpy(), target[watched].numpy()).statistic
    return -1.0 if tau != tau else float(tau)
