"""Networks of every odd kind, and how they are left behind."""

import gc
import itertools
import os
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from evozc.errors import DataError
from evozc.extraction import measure
from evozc.spaces import NasBench201

torch.set_num_threads(1)
RICH = "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|"


def batch(n=12, size=8):
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(n, 3, size, size, generator=generator)
    return images, torch.randint(10, (n,), generator=generator)


class Head(nn.Sequential):
    """Modules, then the mean over positions and a linear layer."""

    def __init__(self, *modules, features):
        super().__init__(*modules)
        self.linear = nn.Linear(features, 10)

    def forward(self, x):
        for module in list(self)[:-1]:
            x = module(x)
        return self.linear(x.mean((2, 3)))


class Noisy(nn.Module):
    """Draws from every generator there is, and fails if told to."""

    def __init__(self, fails=False):
        super().__init__()
        self.fails = fails
        self.conv, self.norm = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6)
        self.relu, self.dropout = nn.ReLU(inplace=True), nn.Dropout(0.5)
        self.head = nn.Linear(6, 10)
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self.register_buffer("nothing", None)

    def forward(self, x):
        self.calls = self.calls + 1
        drawn = random.random() + np.random.rand() + torch.rand(()).item()  # noqa: NPY002
        x = x * (1 + 0.01 * drawn)
        x = self.dropout(self.relu(self.norm(self.conv(x)))).mean((2, 3))
        if self.fails:
            with torch.no_grad():
                self.head.weight.zero_()
            raise KeyError("broken on purpose")
        return self.head(x)


def hooks(network):
    names = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return [list(getattr(m, name)) for m in network.modules() for name in names]


def bits(tensor):
    return tensor.detach().contiguous().numpy().tobytes()


def snapshot(network):
    """Everything that must be the same afterwards, bit by bit."""
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    return {
        "bits": {name: bits(t) for name, t in tensors.items()},
        "same tensors": {name: id(t) for name, t in tensors.items()},
        "strides": {name: t.stride() for name, t in tensors.items()},
        "requires_grad": {name: t.requires_grad for name, t in tensors.items()},
        "grad": {n: None if p.grad is None else id(p.grad) for n, p in network.named_parameters()},
        "grad bits": {n: bits(p.grad) for n, p in network.named_parameters() if p.grad is not None},
        "training": [m.training for m in network.modules()],
        "attributes": [sorted(vars(m)) for m in network.modules()],
        "hooks": hooks(network),
        "torch": bits(torch.get_rng_state()),
        "numpy": str(np.random.get_state()[1:]),  # noqa: NPY002
        "python": random.getstate(),
        "gradient mode": torch.is_grad_enabled(),
    }


def mixed(network):
    """Some modules in evaluation mode, some weights frozen, some gradients there."""
    for position, module in enumerate(network.modules()):
        module.training = position % 3 != 0
    for position, parameter in enumerate(network.parameters()):
        if position % 2:
            parameter.grad = torch.full_like(parameter, 0.5)
        parameter.requires_grad_(position % 5 != 4)
    network.register_forward_hook(lambda *_: None)
    return network


@pytest.mark.parametrize("make", [lambda: NasBench201(4, 1, 2).build(RICH), Noisy])
@pytest.mark.parametrize("enabled", [True, False])
def test_a_network_is_bitwise_as_before(make, enabled):
    network, (images, labels) = mixed(make()), batch()
    given = bits(images), bits(labels)
    with torch.set_grad_enabled(enabled):
        before = snapshot(network)
        values = measure(network, images, labels)
        after = snapshot(network)
    assert after == before
    assert (bits(images), bits(labels)) == given
    assert np.isfinite(values["layer.grad_l2"]).any()


def test_a_network_is_bitwise_as_before_when_forward_raises():
    network = mixed(Noisy(fails=True))
    before = snapshot(network)
    with pytest.raises(DataError, match=r"forward pass failed in the network \(Noisy\): KeyError: .*purpose"):
        measure(network, *batch())
    assert snapshot(network) == before


def test_a_network_is_as_before_when_only_synflow_raises():
    class Single(nn.Sequential):
        def forward(self, x):
            if x.dtype == torch.float64:
                raise TypeError("single precision only")
            return super().forward(x)

    network = mixed(Single(nn.Flatten(), nn.Linear(192, 8), nn.BatchNorm1d(8), nn.Linear(8, 10)))
    before = snapshot(network)
    values = measure(network, *batch())
    assert snapshot(network) == before
    assert list(values.failures) == ["synflow"]
    assert "synflow (float64, one input of ones) failed in the network (Single): TypeError: single" in (
        values.failures["synflow"]
    )
    assert np.isnan(values["layer.synflow"]).all()
    assert np.isfinite(values["layer.grad_ratio"]).any()


def test_the_failing_module_is_named():
    network = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(192, 8), nn.Linear(9, 10)))
    with pytest.raises(DataError, match=r"in 1\.1 \(Linear\)"):
        measure(network, *batch())


def test_measuring_twice_gives_the_same():
    network = NasBench201(4, 1, 2).build(RICH)
    first, second = (measure(network, *batch(), network.body) for _ in range(2))
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key])


def test_an_in_place_activation_changes_no_statistic():
    torch.manual_seed(0)
    plain = Head(
        nn.ReLU(), nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.LeakyReLU(), features=6
    )
    torch.manual_seed(0)
    inplace = Head(
        nn.ReLU(inplace=True), nn.Conv2d(3, 6, 3), nn.ReLU(inplace=True), nn.Conv2d(6, 6, 3),
        nn.LeakyReLU(inplace=True), features=6,
    )
    first, second = (measure(n, *batch(), [n[1], n[2], n[3]]) for n in (plain, inplace))
    for key, value in first.items():
        np.testing.assert_array_equal(value, second[key], err_msg=key)
    assert first["layer.output_positive"][0] < 1
    assert (first["layer.output_grad_l1"] > 0).all()


def test_a_shared_module_is_one_layer_measured_at_its_first_use_and_counted_at_all():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.relu, self.head = nn.Conv2d(3, 3, 3), nn.ReLU(), nn.Linear(3, 10)

        def forward(self, x):
            x = self.relu(self.conv(x))
            self.later = self.relu(self.conv(x))
            return self.head(self.later.mean((2, 3)))

    network, (images, labels) = Shared(), batch()
    values = measure(network, images, labels, [network.conv, network.relu, network.conv])
    assert [len(values[k]) for k in ("layer.numel", "activation.positive", "block.entropy")] == [2, 2, 2]
    assert values.names["activation"] == ("relu", "relu#2")
    assert values["layer.macs"].tolist() == [81 * (36 + 16), 30]
    z = network.conv(images).detach()
    np.testing.assert_allclose(values["layer.output_std"][0], z.std(correction=0).item(), rtol=1e-5)
    assert values["layer.resolution"][0] == 36


def test_layers_that_are_not_run_are_no_nodes():
    network = Head(nn.Conv2d(3, 6, 3), nn.ReLU(), features=6)
    network.linear.unused = nn.Linear(4, 4)
    network.linear.idle = nn.ReLU()
    values = measure(network, *batch(), [network[0], network.linear.unused])
    assert values["layer.numel"].tolist() == [162, 60]
    assert len(values["activation.positive"]) == 1
    assert np.isfinite(values["block.entropy"]).tolist() == [True, False]


def test_a_layer_that_the_loss_does_not_reach_has_no_gradient():
    class Lost(nn.Module):
        def __init__(self):
            super().__init__()
            self.lost, self.zero, self.head = nn.Linear(192, 4), nn.Linear(192, 4), nn.Linear(192, 10)

        def forward(self, x):
            x = x.flatten(1)
            self.lost(x)
            return 0 * self.zero(x).sum() + self.head(x)

    values = measure(Lost(), *batch())
    assert np.isnan(values["layer.grad_l2"]).tolist() == [True, False, False]
    assert values["layer.grad_l2"][1] == 0
    assert np.isnan(values["layer.grad_ratio"]).tolist() == [True, False, False]
    assert values["layer.grad_ratio"][1] == 0
    assert np.isnan(values["layer.output_grad_l1"]).tolist() == [True, False, False]
    assert np.isfinite(values["layer.output_l1"]).all()


@pytest.mark.parametrize("all_frozen", [False, True])
def test_frozen_weights_have_no_gradient_but_the_rest(all_frozen):
    network = Head(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 6, 3), features=6)
    (network if all_frozen else network[2]).requires_grad_(False)
    values = measure(network, *batch())
    missing = [True] * 3 if all_frozen else [False, True, False]
    for key in ("grad_l1", "grad_std", "weight_x_grad_l1", "grad_ratio"):
        assert np.isnan(values[f"layer.{key}"]).tolist() == missing
    for key in ("weight_l2", "synflow", "output_std", "macs"):
        assert np.isfinite(values[f"layer.{key}"]).all()
    assert np.isnan(values["network.params"]) == all_frozen


def test_weights_that_are_no_numbers_are_missing_values():
    network = Head(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.ReLU(), features=6)
    with torch.no_grad():
        network[2].weight[0, 0, 0, 0] = torch.nan
    before = snapshot(network)
    values = measure(network, *batch())
    assert snapshot(network) == before
    assert np.isnan(values["layer.weight_l2"]).tolist() == [False, True, False]
    assert np.isnan(values["layer.output_positive"]).tolist() == [False, True, True]
    assert np.isnan(values["activation.logdet"]).tolist() == [False, True]
    assert np.isnan(values["network.naswot"])


def test_a_network_without_layers_or_activations_or_lists():
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(10))

        def forward(self, x):
            return x.flatten(1)[:, :10] * self.scale

    values = measure(Bare(), *batch())
    assert {v.shape for v in values.values() if isinstance(v, np.ndarray)} == {(0,)}
    assert values["network.params"] == 10
    assert np.isnan([values["network.macs"], values["network.naswot"]]).all()


def test_a_perceptron_and_an_embedding():
    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.inner = nn.Embedding(9, 5), nn.Linear(5, 7)
            self.gelu, self.head = nn.GELU(), nn.Linear(7, 10)

        def forward(self, x):
            x = self.embedding((x[:, 0].flatten(1) * 3).round().long().clamp(-4, 4) + 4)
            return self.head(self.gelu(self.inner(x)).mean(1))

    values = measure(Words(), *batch())
    assert values["layer.resolution"].tolist() == [64, 64, 1]
    assert values["layer.macs"][1:].tolist() == [64 * 35, 70]
    assert np.isnan(values["layer.macs"][0])
    assert values["network.macs"] == 64 * 35 + 70
    assert (values["layer.grad_l2"] > 0).all()


def test_a_network_that_keeps_its_batch_norm_in_evaluation_mode():
    class Frozen(Head):
        def train(self, mode=True):
            super().train(mode)
            self[1].training = False
            return self

    network = Frozen(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), features=6)
    network[1].running_var.fill_(4)
    before = snapshot(network)
    values = measure(network, *batch(), [network[0], network[1]])
    assert snapshot(network) == before
    np.testing.assert_allclose(values["block.output_std"][1], values["block.output_std"][0] / 2, rtol=1e-4)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(9, 10)), "the forward pass failed in 1"),
        (nn.Sequential(nn.Flatten(), nn.Linear(192, 10, device="meta")), "1.weight lies on the meta device"),
        (nn.Sequential(nn.Flatten(), nn.LazyLinear(10)), "run the network on one batch first"),
    ],
)
def test_networks_that_cannot_be_measured_say_why(network, message):
    with pytest.raises(DataError, match=message):
        measure(network, *batch())


def test_what_needs_no_scores_is_measured_of_a_network_without_any():
    values = measure(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(start_dim=0)), *batch())
    assert values["layer.macs"].tolist() == [4 * 27 * 36]
    assert np.isfinite(values["layer.output_std"]).all()
    assert {"gradients", "synflow", "spectrum", "jacobian", "subbatches"} <= set(values.failures)
    assert all("must return scores (12, classes), not (1728,)" in why for why in values.failures.values())


def test_a_block_of_another_network_is_refused():
    with pytest.raises(DataError, match="block 0"):
        measure(nn.Sequential(nn.Flatten(), nn.Linear(192, 10)), *batch(), [nn.Linear(1, 1)])


def test_of_a_network_that_returns_more_than_scores_one_output_is_named():
    class Pair(nn.Linear):
        def forward(self, x):
            return x, super().forward(x.flatten(1))

    network, alone = Pair(192, 10), nn.Sequential(nn.Flatten(), nn.Linear(192, 10))
    alone[1].load_state_dict(network.state_dict())
    refused = measure(network, *batch())
    assert "not tuple: 0, 1; say which of its outputs is meant" in refused.failures["gradients"]
    assert refused["network.macs"] == 1920
    expected = measure(alone, *batch())
    for output in (1, "1", "-1", lambda returned: returned[1]):
        found = measure(network, *batch(), output=output)
        assert found.failures == {}
        np.testing.assert_allclose(found["layer.grad_l2"], expected["layer.grad_l2"], rtol=1e-5)
    refused = measure(network, *batch(), output="2").failures["gradients"]
    assert refused == "the network returns no output '2'; what it returns holds 0, 1"


@pytest.mark.parametrize(
    ("failing", "group"),
    [(1, None), (2, "subbatches"), (3, "subbatches"), (4, "synflow"), (5, "zen"), (6, "zen"),
     (7, "spectrum")],
)
def test_a_network_is_bitwise_as_before_whichever_pass_raises(failing, group):
    calls = itertools.count(1)

    class Tired(Head):
        def forward(self, x):
            self.called = next(calls)
            if self.called == failing:
                raise ArithmeticError("tired")
            return super().forward(x)

    network = mixed(Tired(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(inplace=True), features=6))
    before = snapshot(network)
    values = measure(network, *batch(), [network[0], network[1]])
    assert snapshot(network) == before
    # The first pass is tried again, with the inputs in their own order of memory.
    assert list(values.failures) == ([group] if group else [])
    assert all("(Tired): ArithmeticError: tired" in reason for reason in values.failures.values())


def test_missing_values_bear_the_name_of_their_node():
    network = Head(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 6, 3), features=6)
    network[2].requires_grad_(False)
    values = measure(network, *batch(), groups=["shapes", "gradients", "activations"])
    assert values.names["layer"] == ("0", "2", "linear")
    assert values.names["activation"] == ("1",)
    assert values.names["block"] == ("0", "1", "2", "linear")
    assert set(values.missing) == {"2"}
    assert set(values.missing["2"]) == {k for k in values if k.startswith(("layer.grad", "layer.weight_x"))}


def test_a_network_that_makes_no_difference_is_missing_as_a_whole():
    values = measure(nn.Sequential(nn.Flatten(), nn.Linear(192, 10)), *batch())
    assert {"network.naswot", "network.swap"} <= set(values.missing[""])


def test_nothing_of_a_measured_network_stays_in_memory():
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("this system does not tell a process's memory in /proc")
    network = Head(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 4, 1), features=4)
    images = torch.randn(16, 3, 64, 64)  # 8 MiB for each output of the first two modules

    def resident():
        measure(network, images, torch.arange(10).repeat(2)[:16], groups=["outputs", "trainability"])
        gc.collect()
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    before = resident()
    assert max(resident() for _ in range(8)) < before + 40
