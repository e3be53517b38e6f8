"""Losses of a ranking: what a batch of predictions is worth against the measured accuracies."""

from __future__ import annotations

from collections.abc import Callable

import torch


def diff_kendall(predicted: torch.Tensor, target: torch.Tensor, alpha: float = 0.5) -> torch.Tensor:
    """The negative differentiable Kendall tau of ParZC (arXiv 2402.02105, section 3.3).

    Every sign of a difference is replaced by ``s(alpha d) - s(-alpha d) = tanh(alpha d / 2)``,
    ``s`` the logistic function. The sum runs over ordered pairs and is divided by the number
    of unordered ones, as the published code does, so that values lie between -2 (perfect
    order, ``alpha`` to infinity) and 2; half of it tends to minus tau-a.
    (DiffKendall, arXiv 2307.15317, squashes the product of the differences instead.)

    Args:
        predicted: float (n,), n at least 2.
        target: float (n,), standardised accuracies.
        alpha: Steepness.

    Returns:
        A scalar.
    """
    n = len(predicted)
    agreement = _steps(predicted, alpha) * _steps(target, alpha)
    return -agreement.sum() / (n * (n - 1) / 2)


def _steps(values: torch.Tensor, alpha: float) -> torch.Tensor:
    return torch.tanh(alpha / 2 * (values[:, None] - values[None, :]))


def pairwise_logistic(predicted: torch.Tensor, target: torch.Tensor, alpha: float = 0.5) -> torch.Tensor:
    """Mean over the ordered pairs of ``log(1 + exp(-(p_i - p_j) sign(y_i - y_j)))``.

    RankNet's loss (Burges et al., ICML 2005); pairs of equal accuracy are left out.
    ``alpha`` is not used.
    """
    del alpha
    order = torch.sign(target[:, None] - target[None, :])
    losses = torch.nn.functional.softplus(-(predicted[:, None] - predicted[None, :]) * order)
    return (losses * order.abs()).sum() / order.abs().sum().clamp(min=1)


def squared_error(predicted: torch.Tensor, target: torch.Tensor, alpha: float = 0.5) -> torch.Tensor:
    """Mean squared error with the standardised accuracies; ``alpha`` is not used."""
    del alpha
    return torch.nn.functional.mse_loss(predicted, target)


LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]] = {
    "diffkendall": diff_kendall,
    "pairwise": pairwise_logistic,
    "mse": squared_error,
}


def total_loss(names: str, predicted: torch.Tensor, target: torch.Tensor, alpha: float) -> torch.Tensor:
    """The sum of the losses named in a text such as ``pairwise+diffkendall``."""
    first, *others = (LOSSES[name](predicted, target, alpha) for name in names.split("+"))
    return sum(others, first)
