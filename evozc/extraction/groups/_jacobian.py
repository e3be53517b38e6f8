"""The gradients of the summed scores at the inputs."""

from __future__ import annotations

import numpy as np
import torch

from evozc.extraction._group import Group, Pass
from evozc.extraction._numbers import NAN
from evozc.extraction._state import explained

_SMALL = 1e-5
#: Up to so many classes EPE-NAS sums their scores, beyond it compares them.
_MANY_CLASSES = 100


class Jacobian(Group):
    """The correlations between the samples' gradients: jacov and EPE-NAS."""

    name = "jacobian"
    needs_scores = True
    needs_graph = True
    at_inputs = True

    def before_loss(self, run: Pass) -> None:
        """One backward pass from the summed scores to the inputs."""
        if run.leaf is None or run.scores is None or not run.scores.requires_grad:
            return
        with explained(run.network, "the backward pass to the inputs"):
            (gradient,) = torch.autograd.grad(
                run.scores.sum(), run.leaf, retain_graph=True, allow_unused=True
            )
        if gradient is None:
            return
        jacobian = gradient.flatten(1).double().cpu().numpy()
        run.scalars["jacov"] = _jacov(_correlations(jacobian))
        if run.labels is not None and run.labels.ndim == 1 and run.labels.dtype == torch.int64:
            run.scalars["epe_nas"] = _epe_nas(jacobian, run.labels.cpu().numpy(), run.scores.shape[1])


def _correlations(rows: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.atleast_2d(np.corrcoef(rows))


def _jacov(correlations: np.ndarray) -> float:
    if not np.isfinite(correlations).all():
        return NAN
    v = np.linalg.eigvalsh(correlations) + _SMALL
    with np.errstate(all="ignore"):
        return float(-np.sum(np.log(v) + 1 / v))


def _epe_nas(jacobian: np.ndarray, labels: np.ndarray, classes: int) -> float:
    logs = [np.log(np.abs(_correlations(jacobian[labels == k])) + _SMALL) for k in np.unique(labels)]
    if classes <= _MANY_CLASSES:
        return float(sum(abs(log.sum()) for log in logs))
    means = np.array([log.sum() / len(log) for log in logs])
    return float(np.abs(means[:, None] - means).sum() / len(means))
