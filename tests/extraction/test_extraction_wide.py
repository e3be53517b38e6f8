"""Outputs with more channels than samples have the same spectra, by smaller products."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from evozc.extraction import measure


@given(st.integers(2, 30), st.integers(2, 30), st.integers(2, 8), st.integers(0, 99))
def test_entropy_and_jacobian_of_wide_blocks_are_those_of_the_whole_matrices(width_in, width_out, n, seed):
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(4, width_in), nn.Linear(width_in, width_out))
    inputs = torch.randn(n, 4)
    measured = measure(network, inputs, groups=("blocks", "trainability"), seed=seed)
    z = network(inputs).detach().double()
    centred = z - z.mean(0)
    share = torch.linalg.eigvalsh(centred.T @ centred).clamp(min=0)
    share = share / share.sum()
    expected = max(-(share * (share + 1e-8).log()).sum().item(), 0)
    assert measured["block.entropy"][1] == pytest.approx(expected, rel=1e-3, abs=1e-5)
    drawn = torch.empty(n, width_out).bernoulli_(0.5, generator=torch.Generator().manual_seed(seed + 1))
    signs = (2 * drawn - 1).double()
    jacobian = (signs @ network[1].weight.detach().double()).T @ signs / n
    assert measured["block.jacobian"][1] == pytest.approx(torch.linalg.svdvals(jacobian)[0].item(), rel=1e-4)
