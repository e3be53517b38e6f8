"""Statistics against torch's autograd and numpy, written a second time here."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from evozc.errors import ConfigError, DataError, FormulaError
from evozc.extraction import ExtractionSettings, Group, measure
from evozc.spaces import NasBench201
from evozc.symbols import GROUPS, group_names
from primitives import STATISTICS, Sign, Statistic

torch.set_num_threads(1)
SPACE = NasBench201(channels=4, cells=1, stages=2)
RICH = "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|"


def batch(n=12, size=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(n, 3, size, size, generator=generator)
    return images, torch.randint(10, (n,), generator=generator)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return SPACE.build(RICH)


@pytest.fixture(scope="module")
def measured(network):
    return measure(network, *batch(), SPACE.blocks(network))


def weights_in_forward_order(network, images):
    seen = []
    twin = copy.deepcopy(network).train()
    for original, module in zip(network.modules(), twin.modules(), strict=True):
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(lambda *_, original=original: seen.append(original))
    twin(images)
    return seen


def gradients(network, layers, images, labels):
    """Gradients by the ordinary backward pass of a copy, in channels-first memory."""
    twin = copy.deepcopy(network).train()
    cross_entropy(twin(images), labels).backward()
    pairs = dict(zip(network.modules(), twin.modules(), strict=True))
    return [pairs[layer].weight.grad.double().numpy() for layer in layers]


def close(found, expected, tolerance=1e-4):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=1e-7)


def test_every_statistic_of_the_catalogue_is_there_in_its_order_and_its_signs(measured):
    assert list(measured) == [s.key for s in STATISTICS]
    lengths = {"layer": 11, "activation": 9, "block": 4}
    assert set(measured.missing) == {"stem", "body.0.edges.0.0", *measured.names["activation"], "head"}
    assert measured.missing["head"] == ["layer.correlation_min", "layer.sign_grad_logdet"]
    assert measured.missing["stem"] == ["block.jacobian"]
    for statistic in STATISTICS:
        if statistic.group == "attention":
            continue
        values = measured[statistic.key]
        if statistic.node_set == "network":
            assert isinstance(values, float)
            values = np.array([values])
        else:
            assert values.shape == (lengths[statistic.node_set],)
            assert values.dtype == np.float64
        missing = [names for names in measured.missing.values() if statistic.key in names]
        assert np.count_nonzero(np.isfinite(values)) == len(values) - len(missing)
        for value in values[np.isfinite(values)]:
            assert value or 2 & statistic.sign, f"{statistic.key} is zero"
            assert value >= 0 or 1 & statistic.sign, f"{statistic.key} is negative"


def test_shapes_are_those_of_the_network(network, measured):
    layers = weights_in_forward_order(network, batch()[0])
    assert measured["layer.numel"].tolist() == [m.weight.numel() for m in layers]
    # The stem and a cell at 8 x 8, the reduction and a cell at 4 x 4, the head.
    assert measured["layer.resolution"].tolist() == [64] * 4 + [16] * 6 + [1]
    assert measured["layer.macs"][0] == 3 * 4 * 9 * 64
    assert measured["layer.macs"][-1] == 8 * 10
    assert measured["layer.c_in"][[0, -1]].tolist() == [3, 8]
    assert measured["layer.c_out"][[0, -1]].tolist() == [4, 10]
    assert measured["layer.kernel"][[0, -1]].tolist() == [9, 1]
    close(measured["layer.depth"], np.arange(1, 12) / 11)
    assert measured["network.params"] == sum(p.numel() for p in network.parameters())
    assert measured["network.macs"] == measured["layer.macs"].sum()


def test_macs_know_of_groups_and_transposed_convolutions():
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3, groups=3, padding=1), nn.ConvTranspose2d(6, 4, 2, stride=2),
        nn.Flatten(), nn.Linear(4 * 16 * 16, 10),
    )
    values = measure(network, *batch(), groups=["shapes"])
    assert values["layer.macs"].tolist() == [6 * 9 * 64, 64 * 6 * 4 * 4, 4 * 256 * 10]
    assert values["layer.kernel"].tolist() == [9, 4, 1]
    assert values["layer.resolution"].tolist() == [64, 256, 1]


def test_weights_and_gradients_equal_autograd(network, measured):
    images, labels = batch()
    layers = weights_in_forward_order(network, images)
    for prefix, tensors in {
        "weight": [m.weight.detach().double().numpy() for m in layers],
        "grad": gradients(network, layers, images, labels),
    }.items():
        close(measured[f"layer.{prefix}_l1"], [np.abs(t).sum() for t in tensors])
        close(measured[f"layer.{prefix}_l2"], [np.sqrt((t**2).sum()) for t in tensors])
        close(measured[f"layer.{prefix}_std"], [t.std() for t in tensors])
        close(measured[f"layer.{prefix}_max"], [np.abs(t).max() for t in tensors])
        np.testing.assert_allclose(
            measured[f"layer.{prefix}_mean"], [t.mean() for t in tensors], atol=1e-6
        )


def test_snip_equals_autograd(network, measured):
    images, labels = batch()
    layers = weights_in_forward_order(network, images)
    products = [
        m.weight.detach().double().numpy() * g
        for m, g in zip(layers, gradients(network, layers, images, labels), strict=True)
    ]
    close(measured["layer.weight_x_grad_l1"], [np.abs(p).sum() for p in products])
    np.testing.assert_allclose(
        measured["layer.weight_x_grad_sum"], [p.sum() for p in products], atol=1e-5
    )


def test_zico_equals_two_half_batches(network, measured):
    images, labels = batch()
    layers = weights_in_forward_order(network, images)
    halves = [gradients(network, layers, images[s], labels[s]) for s in (slice(6), slice(6, 12))]
    expected = []
    for pair in zip(*halves, strict=True):
        stacked = np.stack(pair)
        std, mean = stacked.std(0), np.abs(stacked).mean(0)
        expected.append((mean[std > 0] / std[std > 0]).sum())
    # Where two gradients nearly agree, the ratio is as large as their rounding error is small.
    np.testing.assert_allclose(measured["layer.grad_ratio"], expected, rtol=0.02)


def test_zico_is_exact_for_a_single_linear_layer():
    images, labels = batch(n=4, size=2)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 10))
    found = measure(network, images, labels, groups=["subbatches"])["layer.grad_ratio"]

    def gradient(part):
        x = images[part].flatten(1).double()
        w, b = (p.detach().double() for p in network[1].parameters())
        error = torch.softmax(x @ w.T + b, 1) - nn.functional.one_hot(labels[part], 10)
        return (error.T @ x / len(x)).numpy()

    a, b = gradient(slice(2)), gradient(slice(2, 4))
    close(found, [((abs(a) + abs(b)) / abs(a - b)).sum()], 1e-3)


def test_zico_is_zero_where_both_halves_agree():
    images, labels = batch(n=2, size=2)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 10))
    values = measure(network, images[[0, 0]], labels[[0, 0]], groups=["subbatches"])
    assert values["layer.grad_ratio"].tolist() == [0]


def test_synflow_equals_a_copy_without_batch_norm(network, measured):
    layers = weights_in_forward_order(network, batch()[0])
    twin = copy.deepcopy(network).double()
    pairs = dict(zip(network.modules(), twin.modules(), strict=True))
    for module in list(twin.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.abs_()
    twin(torch.ones(1, 3, 8, 8, dtype=torch.float64)).sum().backward()
    expected = [(pairs[m].weight * pairs[m].weight.grad).sum().item() for m in layers]
    close(measured["layer.synflow"], expected, 1e-10)


def test_synflow_does_not_let_an_in_place_activation_reach_past_the_batch_norm():
    class PreActivation(nn.Module):
        def __init__(self, inplace):
            super().__init__()
            self.stem = nn.Conv2d(3, 4, 3, bias=True)
            self.norm, self.relu = nn.BatchNorm2d(4), nn.ReLU(inplace=inplace)
            self.head = nn.Linear(4, 10)

        def forward(self, x):
            x = -self.stem(x)
            return self.head((x + self.relu(self.norm(x))).mean((2, 3)))

    torch.manual_seed(0)
    plain, inplace = PreActivation(False), PreActivation(True)
    inplace.load_state_dict(plain.state_dict())
    found = [measure(n, *batch(), groups=["synflow"])["layer.synflow"] for n in (plain, inplace)]
    assert found[0].tolist() == found[1].tolist()
    assert (found[0] != 0).all()


def of_kind(kind):
    return lambda network: [m for m in network.modules() if isinstance(m, kind)]


def outputs_of(network, choose, images, labels):
    """Outputs of a copy's chosen modules in forward order, and their gradients."""
    twin, kept = copy.deepcopy(network).train(), []

    def keep(module, inputs, output):
        output.retain_grad()
        kept.append(output)

    for module in choose(twin):
        module.register_forward_hook(keep)
    cross_entropy(twin(images), labels).backward()
    return [z.detach().double().numpy() for z in kept], [z.grad.double().numpy() for z in kept]


def test_outputs_equal_retained_tensors(network, measured):
    z, g = outputs_of(network, of_kind(nn.Conv2d | nn.Linear), *batch())
    close(measured["layer.output_std"], [t.std() for t in z])
    close(measured["layer.output_l1"], [np.abs(t).mean() for t in z])
    close(measured["layer.output_positive"], [(t > 0).mean() for t in z], 1e-2)
    close(measured["layer.output_grad_std"], [t.std() for t in g])
    close(measured["layer.output_grad_l1"], [np.abs(t).mean() for t in g])
    np.testing.assert_allclose(measured["layer.output_mean"], [t.mean() for t in z], atol=1e-6)
    np.testing.assert_allclose(measured["layer.output_grad_mean"], [t.mean() for t in g], atol=1e-6)


def test_blocks_equal_retained_tensors_and_entropy_equals_numpy(network, measured):
    z, g = outputs_of(network, SPACE.blocks, *batch())
    close(measured["block.output_mean"], [t.mean() for t in z], 1e-3)
    close(measured["block.output_std"], [t.std() for t in z])
    close(measured["block.output_l2"], [np.sqrt((t**2).mean()) for t in z])
    close(measured["block.output_grad_l2"], [np.sqrt((t**2).mean()) for t in g])
    for found, t in zip(measured["block.entropy"], z, strict=True):
        covariance = np.cov(t.transpose(1, 0, 2, 3).reshape(t.shape[1], -1), bias=True)
        p = np.linalg.eigvalsh(covariance)
        p /= p.sum()
        close(found, -(p * np.log(p + 1e-8)).sum())


@pytest.mark.parametrize("shape", [(6,), (5, 6)])
def test_entropy_of_features_and_of_tokens(shape):
    class Features(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList([nn.Linear(12, math.prod(shape)), nn.Identity()])
            self.head = nn.Linear(math.prod(shape), 10)

        def forward(self, x):
            first, second = self.blocks
            return self.head(second(first(x.flatten(1)).unflatten(1, shape)).flatten(1))

    network, (images, labels) = Features(), batch(size=2)
    values = measure(network, images, labels, groups=["blocks"])
    z = network.blocks[0](images.flatten(1)).detach().double().numpy().reshape(-1, 6)
    p = np.linalg.eigvalsh(np.cov(z.T, bias=True))
    p /= p.sum()
    close(values["block.entropy"][1], -(p * np.log(p + 1e-8)).sum())


def kernel(z):
    codes = (z.reshape(len(z), -1) > 0).astype(float)
    return codes @ codes.T + (1 - codes) @ (1 - codes).T


def test_naswot_equals_numpy(network, measured):
    z, _ = outputs_of(network, of_kind(nn.ReLU), *batch())
    total = sum(map(kernel, z))
    close(measured["activation.logdet"], [np.linalg.slogdet(kernel(t))[1] for t in z], 2e-3)
    close(measured["network.naswot"], np.linalg.slogdet(total)[1], 1e-3)
    close(measured["activation.positive"], [(t > 0).mean() for t in z], 1e-2)
    close(measured["activation.output_std"], [t.std() for t in z])


def test_naswot_is_missing_where_two_samples_share_their_signs():
    images, labels = batch()
    images[3], labels[3] = images[7], labels[7]
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 40), nn.Tanh(), nn.Linear(40, 10), nn.Softmax(1))
    values = measure(network, images, labels, groups=["activations"])
    assert np.isnan(values["activation.logdet"]).all()
    assert math.isnan(values["network.naswot"])
    assert values["activation.positive"][1] == 1


@pytest.mark.parametrize("group", group_names())
def test_a_group_alone_gives_what_all_groups_give(network, measured, group):
    values = measure(network, *batch(), SPACE.blocks(network), groups=[group])
    assert list(values) == [s.key for s in STATISTICS if s.group == group]
    for key, value in values.items():
        np.testing.assert_array_equal(value, measured[key])


def test_the_default_blocks_are_the_children_of_the_longest_list():
    network, longer = (NasBench201(4, cells, 2).build(RICH) for cells in (1, 3))
    for chosen, expected in ((longer, longer.body), (network, network.body[0].edges)):
        default = measure(chosen, *batch(), groups=["blocks"])
        named = measure(chosen, *batch(), list(expected), ["blocks"])
        assert default["block.entropy"].tolist() == named["block.entropy"].tolist()
        assert len(default["block.entropy"]) == len(expected)


def test_means_of_large_offsets_keep_their_deviation():
    class Offset(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(192, 400)
            nn.init.constant_(self.layer.bias, 1000)
            self.head = nn.Linear(400, 10)

        def forward(self, x):
            return self.head(self.layer(x.flatten(1)) - 1000)

    network, (images, labels) = Offset(), batch(n=300)
    z = network.layer(images.flatten(1)).detach().double()
    found = measure(network, images, labels, groups=["outputs"])["layer.output_std"][0]
    close(found, z.std(correction=0).item(), 1e-4)


class Norms(Group):
    """A group as a plug-in's author writes it."""

    name = "norms"
    statistics = (
        Statistic("layer", "weight_l3", "cube root of the sum of |w|^3", Sign.NONNEGATIVE, group="norms"),
        Statistic("network", "weights", "layers with a weight", Sign.POSITIVE, group="norms"),
    )

    def own_passes(self, run):
        for node in run.nodes["layer"]:
            node.values["weight_l3"] = node.weight.detach().double().norm(3).item()
        run.scalars["weights"] = float(len(run.nodes["layer"]))


def test_a_group_of_ones_own_is_measured_with_the_others(network):
    images, labels = batch()
    with GROUPS.lent("norms", Norms):
        everything = measure(network, images, labels)
        alone = measure(network, images, labels, groups=["norms"])
        assert ExtractionSettings().groups[-1] == "norms"
    assert list(alone) == ["layer.weight_l3", "network.weights"]
    assert list(everything) == [*(s.key for s in STATISTICS), *alone]
    weights = [m.weight for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert alone["network.weights"] == len(alone["layer.weight_l3"]) <= len(weights)
    np.testing.assert_array_equal(everything["layer.weight_l3"], alone["layer.weight_l3"])
    assert "norms" not in ExtractionSettings().groups
    with pytest.raises(ConfigError, match="unknown group 'norms'"):
        measure(network, images, labels, groups=["norms"])


def test_a_group_that_measures_what_it_does_not_declare_is_refused(network):
    class Careless(Norms):
        statistics = Norms.statistics[:1]

    with GROUPS.lent("norms", Careless), pytest.raises(FormulaError, match=r"network\.weights is measured"):
        measure(network, *batch(), groups=["norms", "shapes"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "other"}, "no group of the name 'norms'"),
        ({"statistics": ()}, "with statistics"),
        ({"statistics": (Statistic("layer", "x", "of no group"),)}, "no primitives.Statistic of"),
        ({"statistics": (Statistic("node", "x", "x", group="norms"),)}, "no node set 'node'"),
        ({"statistics": (Statistic("layer", "a\tb", "x", group="norms"),)}, "statistic 'a"),
        ({"statistics": (Statistic("layer", "x", "", group="norms"),)}, "say what is measured"),
        ({"statistics": (Statistic("layer", "numel", "x", group="norms"),)}, "in the catalogue already"),
    ],
)
def test_a_group_that_declares_nonsense_is_not_registered(change, message):
    with pytest.raises((ConfigError, FormulaError), match=message):
        GROUPS.register("norms", type("Broken", (Norms,), change))
    assert "norms" not in GROUPS.names()


def test_the_batch_is_as_large_as_the_groups_need(network):
    class Greedy(Norms):
        least_batch = 5

    images, labels = batch(n=4)
    with GROUPS.lent("norms", Greedy), pytest.raises(DataError, match="at least 5 are needed"):
        measure(network, images, labels, groups=["norms", "shapes"])
    measure(network, images[:1], None, groups=["subbatches", "shapes"])  # without labels it has no halves


def test_settings_are_checked_and_ordered():
    assert ExtractionSettings(groups=["synflow", "shapes"]).groups == ("shapes", "synflow")
    for wrong in ({"batch": 1}, {"batch": 2.0}, {"seed": -1}, {"seed": True}, {"groups": ()},
                  {"groups": ("shape",)}, {"groups": "shapes"}):
        with pytest.raises(ConfigError):
            ExtractionSettings(**wrong)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x[0], y), "labels must be int64"),
        (lambda x, y: (x.double(), y), "inputs must be float32"),
        (lambda x, y: (x, y[1:]), "labels must be int64"),
        (lambda x, y: (x, y.float()), "labels must be int64"),
        (lambda x, y: (x, y + 5), "10 outputs"),
        (lambda x, y: (x, y - 5), "10 outputs"),
        (lambda x, y: (x[:1], y[:1]), "at least 2"),
        (lambda x, y: (x[:, :1], y), "stem.0"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(network, change, message):
    with pytest.raises(DataError, match=message):
        measure(network, *change(*batch()))
