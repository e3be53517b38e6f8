"""The numbers taken from a tensor, each in as few passes over it as will do."""

from __future__ import annotations

import math

import torch

NAN = float("nan")


def rows(z: torch.Tensor) -> torch.Tensor:
    """A tensor (n, ...) as (n, units), in the order of memory where that saves a copy."""
    if z.ndim == 4 and z.is_contiguous(memory_format=torch.channels_last):
        z = z.permute(0, 2, 3, 1)
    return z.reshape(len(z), -1) if z.ndim else z.reshape(1, 1)


def positives(z: torch.Tensor) -> torch.Tensor:
    """Ones where z is above 0, zeros elsewhere, in z's dtype."""
    # Through ``out``: a tensor of booleans costs eight times as much on a processor.
    return torch.gt(z, 0, out=torch.empty_like(z))


def mean_and_std(z: torch.Tensor) -> tuple[float, float]:
    """Mean and population standard deviation of (n, units)."""
    mean = z.mean()
    return mean.item(), l2(z - mean) / math.sqrt(z.numel())


def mean_abs(z: torch.Tensor, mean: float) -> float:
    """Mean of |z|, where the mean of z is known."""
    return 2 * z.relu().mean().item() - mean


def l2(z: torch.Tensor) -> float:
    """Square root of the sum of squares of (n, units), the rows added up in float64."""
    return torch.linalg.vector_norm(torch.linalg.vector_norm(z, dim=1).double()).item()


def fraction_positive(z: torch.Tensor) -> float:
    """Fraction of z above 0; missing where z holds what is no number."""
    return positives(z).mean().item() if not z.sum().isnan() else NAN


def sign_kernel(codes: torch.Tensor) -> torch.Tensor:
    """C C^T + (1 - C)(1 - C)^T of binary codes C (n, units), as float64 (n, n), exact.

    With r the ones in each row it is 2 C C^T - r_i - r_j + units, and r is the diagonal of
    C C^T: one product is enough. Whole numbers are exact in float32 up to 2^24.
    """
    units = codes.shape[1]
    wide = codes if units < 2**24 else codes.double()
    common = (wide @ wide.T).double()
    ones = common.diagonal()
    return 2 * common - ones[:, None] - ones[None, :] + units


def logdet(kernels: torch.Tensor) -> torch.Tensor:
    """log |det K| of positive semi-definite float64 (k, n, n); NaN where K is singular.

    By Cholesky's factors; a pivot within their rounding error (Higham, Accuracy and
    Stability of Numerical Algorithms, theorem 10.3) counts as zero.
    """
    n = kernels.shape[-1]
    factors, failed = torch.linalg.cholesky_ex(kernels)
    pivots = factors.diagonal(dim1=-2, dim2=-1).square()
    largest = kernels.diagonal(dim1=-2, dim2=-1).amax(-1)
    error = (n + 1) * torch.finfo(kernels.dtype).eps * largest
    regular = (failed == 0) & (pivots.amin(-1) > error)
    return torch.where(regular, pivots.log().sum(-1), NAN)


def entropy(z: torch.Tensor) -> float:
    """Entropy of the scaled eigenvalues of the covariance of a block's channels.

    Channels are dimension 1 of (n, C, H, W), or the last of (n, tokens, C) and (n, C).
    Missing where the output is constant, so that there is no spectrum to scale.
    """
    if z.ndim < 2:
        return NAN
    features = (z.movedim(1, -1) if z.ndim > 3 else z).reshape(-1, z.shape[1 if z.ndim > 3 else -1])
    centred = features - features.mean(dim=0)
    covariance = (centred.T @ centred).double() / len(centred)
    if not covariance.isfinite().all():
        return NAN
    spectrum = torch.linalg.eigvalsh(covariance).clamp(min=0)
    share = spectrum / spectrum.sum()
    return -(share * (share + 1e-8).log()).sum().item()
