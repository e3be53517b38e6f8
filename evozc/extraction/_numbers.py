"""The numbers taken from a tensor.

Large tensors are taken in pieces that stay in the processor's cache, each piece summed in
the tensor's own type and the sums added up in float64: that is faster than a temporary
copy as large as the tensor, and more exact.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from evozc.extraction._axes import Axes

NAN = float("nan")
_PIECE = 2**16


class Summary(NamedTuple):
    """Mean, population standard deviation, mean magnitude and fraction above 0."""

    mean: float
    std: float
    mean_abs: float
    positive: float


def flat(z: torch.Tensor) -> torch.Tensor:
    """All numbers of a tensor, contiguous, in the order of memory where that saves a copy."""
    if z.ndim == 4 and z.is_contiguous(memory_format=torch.channels_last):
        z = z.permute(0, 2, 3, 1)
    return z.reshape(-1)


def rows(z: torch.Tensor, axes: Axes) -> torch.Tensor | None:
    """A tensor as contiguous (n, units), a row a sample; None if it is not known where they are."""
    if axes.samples is None:
        return None
    if axes.samples * axes.count == z.numel():  # sample after sample
        if z.ndim == 4 and z.is_contiguous(memory_format=torch.channels_last) and len(z) == axes.count:
            z = z.permute(0, 2, 3, 1)
        return z.reshape(axes.count, -1).contiguous()
    return z.reshape(-1, axes.count, axes.samples).movedim(1, 0).reshape(axes.count, -1)


def channels_last(z: torch.Tensor, axes: Axes) -> torch.Tensor:
    """A tensor as (..., channels)."""
    if axes.channels is None:
        return z
    size, behind = axes.channels
    rest = 1
    for axis in range(z.ndim - 1, -1, -1):
        if rest == behind and z.shape[axis] == size:
            return z.movedim(axis, -1)
        rest *= z.shape[axis]
    return z.reshape(-1, size, behind).movedim(1, -1)


def by_sample(z: torch.Tensor, axes: Axes) -> torch.Tensor | None:
    """A tensor as (n, positions, channels); None if it is not known where the samples are."""
    if axes.samples is None or axes.channels is None:
        return None
    size, behind = axes.channels
    last = channels_last(z, axes)
    # Channels taken out, a sample is as many numbers of those that remain.
    samples = axes.samples if behind * size <= axes.samples else axes.samples * size
    if samples % size:
        return None
    parts = last.reshape(-1, axes.count, samples // size, size)
    return parts.squeeze(0) if len(parts) == 1 else parts.movedim(1, 0).flatten(1, 2)


def moments(z: torch.Tensor) -> tuple[float, float]:
    """Mean and population standard deviation of a contiguous tensor; NaN where z holds a NaN."""
    pieces, count = z.flatten().split(_PIECE), z.numel()
    mean = sum(piece.sum().item() for piece in pieces) / count
    if math.isnan(mean):
        return NAN, NAN
    squares = sum(torch.linalg.vector_norm(piece - mean).item() ** 2 for piece in pieces)
    return mean, math.sqrt(squares / count)


def summarise(z: torch.Tensor) -> Summary:
    """The summary of a contiguous tensor; all of it NaN where z holds a NaN."""
    mean, std = moments(z)
    if math.isnan(mean):
        return Summary(NAN, NAN, NAN, NAN)
    above = positive = 0.0
    for piece in z.flatten().split(_PIECE):
        above += piece.relu().sum().item()
        positive += positives(piece).sum().item()
    return Summary(mean, std, max(2 * above / z.numel() - mean, 0.0), positive / z.numel())


def rms(z: torch.Tensor) -> float:
    """Root mean square of a contiguous tensor."""
    norms = (torch.linalg.vector_norm(piece).item() for piece in z.flatten().split(_PIECE))
    return math.sqrt(sum(norm**2 for norm in norms) / z.numel())


def sign_kernel(z: torch.Tensor) -> tuple[torch.Tensor, float]:
    """C C^T + (1 - C)(1 - C)^T of z (n, units), C = 1 where z > 0, as float64 (n, n), exact; and C's mean.

    With r the ones in each row it is 2 C C^T - r_i - r_j + units, and r is the diagonal of
    C C^T: one product is enough. Its whole numbers are exact in each piece's own type.
    """
    n, units = z.shape
    common = torch.zeros(n, n, dtype=torch.float64, device=z.device)
    for piece in z.split(max(_PIECE // n, 64), dim=1):
        codes = positives(piece.float())
        common += codes @ codes.T
    ones = common.diagonal()
    return 2 * common - ones[:, None] - ones[None, :] + units, ones.sum().item() / z.numel()


def positives(z: torch.Tensor) -> torch.Tensor:
    """1 where z is above 0, and 0 elsewhere, in z's own type."""
    # Through ``out``: a tensor of booleans costs a processor eight times as much.
    return torch.gt(z, 0, out=torch.empty(z.shape, dtype=z.dtype, device=z.device))


def logdet(kernel: torch.Tensor) -> float:
    """Log |det K| of a positive semi-definite float64 K (n, n); missing where it is singular.

    By Cholesky's factor; a pivot within its rounding error (Higham, Accuracy and Stability
    of Numerical Algorithms, theorem 10.3) counts as zero.
    """
    factor, failed = torch.linalg.cholesky_ex(kernel)
    pivots = factor.diagonal().square()
    error = (len(kernel) + 1) * torch.finfo(kernel.dtype).eps * kernel.diagonal().max()
    if failed or not bool((pivots > error).all()):
        return NAN
    return pivots.log().sum().item()


def entropy(z: torch.Tensor, axes: Axes) -> float:
    """Entropy of the scaled eigenvalues of the covariance of a block's channels, over samples and positions.

    Missing where the output is constant, so that there is no spectrum to scale.
    """
    if axes.channels is None or z.ndim < 2:
        return NAN
    last = channels_last(z, axes)
    features = last.reshape(-1, last.shape[-1])
    mean = features.mean(dim=0)
    if len(features) < len(mean):  # the smaller product has the same spectrum, but for zeros
        centred = (features - mean).double()
        covariance = centred @ centred.T
    else:
        covariance = torch.zeros(len(mean), len(mean), dtype=torch.float64, device=z.device)
        for piece in features.split(max(_PIECE // len(mean), 64)):
            centred = piece - mean
            covariance += centred.T @ centred
    if not covariance.isfinite().all():
        return NAN
    spectrum = torch.linalg.eigvalsh(covariance).clamp(min=0)
    share = spectrum / spectrum.sum()
    # The 1e-8 of the authors' code leaves a single channel an entropy below zero.
    return max(-(share * (share + 1e-8).log()).sum().item(), 0.0)


def weight_summary(prefix: str, w: torch.Tensor) -> dict[str, float]:
    """Norms, mean, deviation and largest magnitude of a float64 vector, named by ``prefix``."""
    mean = w.mean()
    return {
        f"{prefix}_l1": torch.linalg.vector_norm(w, 1).item(),
        f"{prefix}_l2": torch.linalg.vector_norm(w).item(),
        f"{prefix}_mean": mean.item(),
        f"{prefix}_std": torch.linalg.vector_norm(w - mean).item() / math.sqrt(len(w)),
        f"{prefix}_max": w.abs().max().item(),
    }
