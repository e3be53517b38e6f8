"""The statistics of published proxies, computed a second time by other means."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, hessian, jacrev, vmap
from torch.nn.functional import cross_entropy

from evozc.extraction import measure
from evozc.spaces import NasBench201

torch.set_num_threads(1)
SPACE = NasBench201(channels=4, cells=1, stages=2)
RICH = "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|"


def batch(n=12, size=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(n, 3, size, size, generator=generator)
    return images, torch.randint(4, (n,), generator=generator)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return SPACE.build(RICH)


def test_the_hessian_product_equals_the_whole_hessian():
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 3), nn.Tanh(), nn.Linear(3, 4, bias=False))
    images, labels = batch(size=2)
    values = measure(network, images, labels, groups=["hessian"])
    names = ["1.weight", "3.weight"]
    given = [dict(network.named_parameters())[name].detach().double() for name in names]
    bias = {"1.bias": network[1].bias.detach().double()}

    def loss(*weights):
        scores = functional_call(network, {**dict(zip(names, weights, strict=True)), **bias}, images.double())
        return cross_entropy(scores, labels)

    gradients = torch.autograd.functional.jacobian(loss, tuple(given))
    blocks = hessian(loss, argnums=(0, 1))(*given)
    rows = [[part.flatten(2).flatten(0, 1) for part in row] for row in blocks]
    products = [sum(part @ g.flatten() for part, g in zip(row, gradients, strict=True)) for row in rows]
    np.testing.assert_allclose(values["layer.hessian_grad_l2"], [p.norm() for p in products], rtol=1e-4)
    expected = [(w.flatten() @ p).item() for w, p in zip(given, products, strict=True)]
    np.testing.assert_allclose(values["layer.weight_x_hessian_grad_sum"], expected, rtol=1e-3)


def test_the_hessian_product_of_a_scale_invariant_layer_is_minus_its_squared_gradient(network):
    # A layer before a batch normalisation has w . g = 0, whose derivative is (H w) + g = 0.
    values = measure(network, *batch(), groups=["hessian", "gradients"])
    invariant = [0, 1, 2, 3]
    np.testing.assert_allclose(
        values["layer.weight_x_hessian_grad_sum"][invariant],
        -values["layer.grad_l2"][invariant] ** 2, rtol=1e-2,
    )


def test_fisher_equals_retained_tensors(network):
    images, labels = batch()
    values = measure(network, images, labels, groups=["fisher"])["layer.fisher"]
    twin, kept = copy.deepcopy(network).train(), []

    def keep(module, inputs, output):
        output.retain_grad()
        kept.append(output)

    for module in twin.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(keep)
    cross_entropy(twin(images), labels).backward()
    expected = []
    for z in kept:
        product = (z * z.grad).detach().double().flatten(2).sum(-1) if z.ndim > 2 else (z * z.grad).detach()
        expected.append((product**2).mean(0).sum().item() / 2)
    np.testing.assert_allclose(values, expected, rtol=1e-3)


def test_swap_counts_different_columns():
    images, labels = batch()
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 30), nn.ReLU(), nn.Linear(30, 8), nn.Tanh())
    values = measure(network, images, labels, groups=["patterns"])
    hidden = network[:3](images) > 0
    last = network(images) > 0
    assert values["activation.patterns"].tolist() == [
        np.unique(m.numpy(), axis=1).shape[1] for m in (hidden, last)
    ]
    both = torch.cat([hidden, last], dim=1).numpy()
    assert values["network.swap"] == np.unique(both, axis=1).shape[1]


def test_swap_looks_at_64_samples_exactly():
    images, labels = batch(n=70, size=2)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 500), nn.ReLU(), nn.Linear(500, 10))
    found = measure(network, images, labels, groups=["patterns"])["network.swap"]
    signs = (network[:3](images) > 0).numpy()[:64]
    assert found == np.unique(signs, axis=1).shape[1]


def test_meco_equals_numpy(network):
    images, labels = batch()
    values = measure(network, images, labels, groups=["correlation"])
    twin, kept = copy.deepcopy(network).train(), []
    for module in twin.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda *a: kept.append(a[2].detach().double().numpy()))
    twin(images)
    expected = [np.linalg.eigvalsh(np.corrcoef(z[0].reshape(z.shape[1], -1)))[0] for z in kept]
    np.testing.assert_allclose(values["layer.correlation_min"][:-1], expected, rtol=1e-3, atol=1e-6)


def test_meco_counts_a_constant_channel_as_zero():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))
    with torch.no_grad():
        network[0].weight[1] = 0
    values = measure(network, *batch(), groups=["correlation"])
    assert values["layer.correlation_min"][0] == pytest.approx(0, abs=1e-12)


class Chain(nn.Module):
    """Linear blocks whose Jacobians are known."""

    def __init__(self, *blocks):
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


class Zero(nn.Module):
    def forward(self, x):
        return torch.zeros_like(x)


class Twice(nn.Module):
    def forward(self, x):
        return x * 2


def test_the_jacobian_of_a_linear_block_is_its_weight():
    linear = nn.Linear(6, 6)
    network = Chain(nn.Identity(), linear, Twice(), Zero())
    x, y = torch.randn(20000, 6), torch.randint(4, (20000,))
    values = measure(network, x, y, groups=["trainability"])["block.jacobian"]
    assert values[[0, 3]].tolist() == [0, 0]
    largest = torch.linalg.svdvals(linear.weight.detach())[0].item()
    np.testing.assert_allclose(values[1:3], [largest, 2], rtol=0.03)


def test_a_block_that_halves_the_resolution_is_unshuffled(network):
    values = measure(network, *batch(n=64), SPACE.blocks(network), ["trainability"])
    assert np.isfinite(values["block.jacobian"]).tolist() == [False, True, True, True]


def test_jacov_and_epe_nas_equal_numpy(network):
    images, labels = batch()
    values = measure(network, images, labels, groups=["jacobian"])
    twin, x = copy.deepcopy(network).train(), images.clone().requires_grad_()
    twin(x).sum().backward()
    rows = x.grad.flatten(1).double().numpy()
    v = np.linalg.eigvals(np.corrcoef(rows)).real
    np.testing.assert_allclose(values["network.jacov"], -np.sum(np.log(v + 1e-5) + 1 / (v + 1e-5)), rtol=1e-2)
    score = 0
    for label in np.unique(labels):
        score += abs(np.log(np.abs(np.corrcoef(rows[labels.numpy() == label])) + 1e-5).sum())
    np.testing.assert_allclose(values["network.epe_nas"], score, rtol=1e-2)


def test_zen_of_a_linear_network_is_known():
    # The change of a linear map is 0.01 times a sum of products of two normal variables.
    network = nn.Sequential(nn.Conv2d(3, 50, 8), nn.Flatten(), nn.Linear(50, 10))
    images, labels = batch(n=64)
    found = [measure(network, images, labels, groups=["zen"], seed=s)["network.zen"] for s in range(4)]
    # Without a map of several positions it is the input of the last linear layer: 50 numbers of
    # deviation 0.01 sqrt(192), whose mean magnitude is sqrt(2 / pi) of it.
    expected = np.log(50 * 0.01 * np.sqrt(192) * np.sqrt(2 / np.pi))
    np.testing.assert_allclose(np.mean(found), expected, atol=0.05)


def test_zen_adds_the_scale_of_batch_normalisation():
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(3, 30, 3), nn.Conv2d(30, 20, 3))
    normed = nn.Sequential(plain[0], nn.BatchNorm2d(30), plain[1])
    head = [nn.Flatten(), nn.Linear(320, 10)]
    images, labels = batch(n=64)
    networks = [nn.Sequential(*body, *head) for body in (plain, normed)]
    values = [measure(network, images, labels, groups=["zen"])["network.zen"] for network in networks]
    # Deviation is about sqrt(27); two passes with momentum 0.1 bring the running variance to 5.94.
    assert values[0] - values[1] == pytest.approx(0.5 * np.log(27 / (1 + 26 * 0.19)), abs=0.2)


def test_the_fisher_spectrum_equals_per_sample_jacobians(network):
    images, labels = batch(n=16)
    found = measure(network, images, labels, groups=["spectrum"])["network.fisher_entropy"]
    twin = copy.deepcopy(network).eval()
    modules = {n: m for n, m in twin.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}
    fixed = {**dict(twin.named_parameters()), **dict(twin.named_buffers())}
    fixed = {n: t.detach().double() for n, t in fixed.items()}

    def scores(first, image):
        weights = dict(fixed)
        for position, name in enumerate(modules):
            w = weights[f"{name}.weight"]
            unit = torch.zeros_like(w)
            unit[(0,) * w.ndim] = 1
            weights[f"{name}.weight"] = w * (1 - unit) + unit * first[position]
        return functional_call(twin, weights, image[None])[0]

    start = torch.stack([fixed[f"{n}.weight"].flatten()[0] for n in modules])
    jacobian = vmap(jacrev(scores), (None, 0))(start, images.double())
    p = torch.softmax(vmap(scores, (None, 0))(start, images.double()), 1) * 0.95 + 0.05 / 10
    inner = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    fisher = (jacobian.transpose(1, 2) @ inner @ jacobian).mean(0)
    v = torch.linalg.eigvalsh(fisher).numpy()
    deciles = np.quantile(v, np.arange(1, 10) / 10)
    share = deciles / deciles.sum()
    np.testing.assert_allclose(found, -(share * np.log(share)).sum(), rtol=1e-3)


def test_evolved_inputs_equal_their_definitions(network):
    images, labels = batch()
    values = measure(network, images, labels, groups=["evolved"])
    twin = copy.deepcopy(network).train()
    cross_entropy(twin(images), labels).backward()
    g = twin.stem[0].weight.grad.double()
    assert values["layer.grad_softmax_square"][0] == pytest.approx((torch.softmax(g, 0) ** 2).mean().item())
    logs = torch.linalg.slogdet(g.sign())[1]
    assert values["layer.sign_grad_logdet"][0] == pytest.approx(torch.sigmoid(logs).norm().item(), rel=1e-3)
    scaled = (images - images.min()) / (images.max() - images.min())
    assert values["layer.input_minmax_l2"][0] == pytest.approx(scaled.norm().item(), rel=1e-4)
    assert values["layer.output_grad_sqrt_sigmoid"][0] == pytest.approx(0.5**0.5, rel=0.1)


def test_lswag_equals_two_halves():
    images, labels = batch(n=4, size=2)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 4))
    values = measure(network, images, labels, groups=["subbatches"])
    halves = []
    for part in (slice(2), slice(2, 4)):
        network.zero_grad()
        cross_entropy(network(images[part]), labels[part]).backward()
        halves.append(network[1].weight.grad.double().numpy().copy())
    stacked = np.stack(halves)
    assert values["layer.grad_inverse_std"][0] == pytest.approx((1 / np.abs(stacked).std(0)).sum(), rel=1e-2)
    assert values["layer.subbatch_grad_mean"][0] == pytest.approx(np.abs(stacked).mean(), rel=1e-4)
    assert values["layer.subbatch_grad_std"][0] == pytest.approx(stacked.std(0).mean(), rel=1e-4)


class Attending(nn.Module):
    def __init__(self, batch_first=True):
        super().__init__()
        self.attention = nn.MultiheadAttention(6, 2, batch_first=batch_first, dropout=0.3)
        self.softmax = nn.Softmax(dim=-1)
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        turned = x if self.attention.batch_first else x.transpose(0, 1)
        y = self.attention(turned, turned, turned, need_weights=False)[0]
        y = y if self.attention.batch_first else y.transpose(0, 1)
        return self.softmax(self.head(y.mean(1)))


@pytest.mark.parametrize("batch_first", [True, False])
def test_attention_confidence_and_head_importance(batch_first):
    torch.manual_seed(1)
    network = Attending(batch_first)
    network.attention.dropout = 0.0
    x, y = torch.randn(8, 5, 6), torch.randint(4, (8,))
    values = measure(network, x, y, groups=["attention", "shapes"])
    module = network.attention
    width, heads = 6, 2
    w, b = module.in_proj_weight, module.in_proj_bias
    q, k, v = (
        (x @ w[i * width : (i + 1) * width].T + b[i * width : (i + 1) * width])
        .unflatten(-1, (heads, -1)).transpose(1, 2)
        for i in range(3)
    )
    a = torch.softmax(q @ k.transpose(-1, -2) / 3**0.5, -1)
    h = (a @ v).detach().requires_grad_()
    out = module.out_proj(h.transpose(1, 2).flatten(2))
    cross_entropy(network.softmax(network.head(out.mean(1))), y).backward()
    importance = (h * h.grad).sum((2, 3)).abs().mean(0).sum().item()
    assert values["activation.confidence"][0] == pytest.approx(a.max(-1).values.mean().item(), rel=1e-4)
    assert values["activation.head_importance"][0] == pytest.approx(importance, rel=1e-3)
    assert np.isnan(values["activation.head_importance"][1])
    assert measure(network, x, y).names["layer"] == ("attention.in_proj", "attention.out_proj", "head")
    assert values["layer.c_out"].tolist() == [18, 6, 4]


def test_dropout_in_attention_changes_no_confidence():
    torch.manual_seed(1)
    network = Attending()
    x, y = torch.randn(8, 5, 6), torch.randint(4, (8,))
    with_dropout = measure(network, x, y, groups=["attention"])["activation.confidence"][0]
    network.attention.dropout = 0.0
    assert with_dropout == measure(network, x, y, groups=["attention"])["activation.confidence"][0]


def test_without_labels_everything_that_needs_them_is_missing(network):
    from primitives import STATISTICS

    images, _ = batch()
    values = measure(network, images, blocks=SPACE.blocks(network))
    for statistic in STATISTICS:
        if statistic.group != "attention":
            assert np.isfinite(values[statistic.key]).any() != statistic.needs_labels, statistic.key


@pytest.mark.parametrize("architecture", [
    "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
    "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|",
    "|skip_connect~0|+|none~0|none~1|+|none~0|none~1|none~2|",
])
def test_disconnected_cells_go_through_every_statistic(architecture):
    torch.manual_seed(0)
    network = SPACE.build(architecture)
    values = measure(network, *batch(), SPACE.blocks(network))
    assert values["block.jacobian"][1] == 0
    assert np.isnan(values["block.entropy"][1])


def test_transformers_and_perceptrons_and_tokens():
    torch.manual_seed(0)
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, enable_nested_tensor=False
    )
    values = measure(encoder, torch.randn(6, 5, 8), torch.randint(8, (6,)))
    assert len(values["layer.numel"]) == 8
    assert np.isfinite(values["layer.grad_l2"]).all()
    assert np.isfinite(values["activation.confidence"]).sum() == 2
    assert len(values["block.entropy"]) == 2

    words = nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 4))
    tokens = torch.randint(20, (6, 5))
    values = measure(words, tokens, torch.randint(4, (6,)))
    assert np.isnan([values["network.jacov"], values["network.zen"]]).all()
    assert np.isfinite(values["layer.synflow"]).all()
