"""ParZC's losses against finite differences, scipy and their own bounds."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evozc.baselines.parzc import diff_kendall, pairwise_logistic, squared_error

seeds = st.integers(0, 10**6)


def draw(seed, n=9):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, n, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("loss", [diff_kendall, pairwise_logistic, squared_error])
@given(seed=seeds, alpha=st.floats(0.1, 3))
def test_gradients_agree_with_finite_differences(loss, seed, alpha):
    predicted, target = draw(seed)
    assert torch.autograd.gradcheck(lambda p: loss(p, target, alpha), predicted.requires_grad_())


@given(seed=seeds)
def test_diff_kendall_tends_to_twice_minus_scipys_tau(seed):
    predicted, target = draw(seed)
    tau = stats.kendalltau(predicted, target).statistic
    gaps = [abs(diff_kendall(predicted, target, alpha).item() + 2 * tau) for alpha in (1e2, 1e4, 1e8)]
    assert gaps[2] <= gaps[1] + 1e-12
    assert gaps[2] < 1e-2


@given(seed=seeds, alpha=st.floats(0.1, 3))
def test_diff_kendall_reaches_its_bounds_for_perfect_and_reversed_order(seed, alpha):
    _, target = draw(seed)
    far = 1e6 * target  # every step of the predictions is saturated
    saturated = diff_kendall(far, torch.sign(torch.arange(9.0) - 4).double() * 1e6, alpha).abs()
    assert saturated <= 2
    assert diff_kendall(far, far, 1e8).item() == pytest.approx(-2)
    assert diff_kendall(-far, far, 1e8).item() == pytest.approx(2)
    # No prediction does better than those in the target's own order, whatever their scale.
    assert diff_kendall(far, target, alpha) <= diff_kendall(target, target, alpha) + 1e-12
    other, _ = draw(seed + 1)
    assert diff_kendall(far, target, alpha) <= diff_kendall(1e6 * other, target, alpha) + 1e-12


@given(seed=seeds)
def test_diff_kendall_is_the_published_sum_of_products(seed):
    predicted, target = draw(seed)

    def step(a, b, alpha=0.5):
        return 1 / (1 + np.exp(-alpha * (a - b))) - 1 / (1 + np.exp(alpha * (a - b)))

    pairs = [
        step(predicted[i].item(), predicted[j].item()) * step(target[i].item(), target[j].item())
        for i in range(9) for j in range(9) if i != j
    ]
    assert diff_kendall(predicted, target).item() == pytest.approx(-sum(pairs) / (9 * 8 / 2))
