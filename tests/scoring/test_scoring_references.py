"""Published proxies against a few lines each, written for this, on eight networks of different kinds."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, jacrev, vmap
from torch.nn.functional import conv1d, cross_entropy, linear

from evozc.scoring import score

torch.set_num_threads(1)
SAMPLES, CLASSES, SEED = 12, 5, 3


class Net(nn.Module):
    """A network that says, if it is asked, what its layers and activations gave.

    Attributes:
        layers: Weight, output and the axis of its channels, of every use.
        activations: Output and the axis of its channels.
        last: The last feature map.
    """

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.asked = False

    def begin(self):
        if self.asked:
            self.layers, self.activations = [], []

    def layer(self, weight, z, axis=-1):
        if self.asked:
            self.layers.append((weight, z, axis))
        return z

    def active(self, z, axis=-1):
        if self.asked:
            self.activations.append((z, axis))
        return z

    def kept(self, z):
        if self.asked:
            self.last = z
        return z


class Perceptron(Net):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = nn.Linear(48, 14), nn.Linear(14, 10), nn.Linear(10, CLASSES)

    def forward(self, x):
        self.begin()
        z = self.active(torch.relu(self.layer(self.a.weight, self.a(x.flatten(1)))))
        z = self.kept(self.active(torch.tanh(self.layer(self.b.weight, self.b(z)))))
        return self.layer(self.head.weight, self.head(z))


class Maps(Net):
    def __init__(self):
        super().__init__()
        self.a, self.norm, self.head = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Linear(54, CLASSES)

    def forward(self, x):
        self.begin()
        z = self.norm(self.layer(self.a.weight, self.a(x), 1))
        z = self.kept(torch.max_pool2d(self.active(torch.relu(z), 1), 2))
        return self.layer(self.head.weight, self.head(z.view(len(z), -1)))


class Residual(Net):
    def __init__(self):
        super().__init__()
        self.stem, self.a, self.norm = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.b, self.head = nn.Conv2d(6, 6, 1, bias=False), nn.Linear(6, CLASSES)

    def forward(self, x):
        self.begin()
        x = self.layer(self.stem.weight, self.stem(x), 1)
        z = self.active(self.norm(self.layer(self.a.weight, self.a(x), 1)).relu(), 1)
        z = self.kept(x + self.layer(self.b.weight, self.b(z), 1))
        return self.layer(self.head.weight, self.head(z.mean((2, 3))))


class Signals(Net):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv1d(4, 6, 5, stride=2), nn.Conv1d(6, 8, 3)
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x):
        self.begin()
        z = self.active(nn.functional.gelu(self.layer(self.a.weight, self.a(x), 1)), 1)
        z = self.layer(self.b.weight, conv1d(z, self.b.weight, self.b.bias), 1)
        return self.layer(self.head.weight, self.head(self.kept(self.active(nn.SiLU()(z), 1)).mean(2)))


class Grouped(Net):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 6, 1), nn.Conv2d(6, 6, 3, groups=6, padding=1)
        self.up, self.head = nn.ConvTranspose2d(6, 4, 2, stride=2), nn.Linear(4, CLASSES)

    def forward(self, x):
        self.begin()
        z = self.active(self.layer(self.a.weight, self.a(x), 1).clamp(0, 6), 1)
        z = self.active(nn.functional.leaky_relu(self.layer(self.b.weight, self.b(z), 1)), 1)
        z = self.kept(self.layer(self.up.weight, self.up(z), 1))
        return self.layer(self.head.weight, self.head(z.mean((2, 3))))


class Attention(Net):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(4, 6) for _ in range(3))
        self.norm, self.head = nn.LayerNorm(6), nn.Linear(6, CLASSES)

    def forward(self, x):
        self.begin()
        x = x.transpose(1, 2)
        q, k, v = (self.layer(part.weight, part(x)) for part in (self.q, self.k, self.v))
        z = self.active(torch.softmax(q @ k.transpose(1, 2) / 6**0.5, -1) @ v)
        return self.layer(self.head.weight, self.head(self.kept(self.norm(z)).mean(1)))


class Unrolled(Net):
    def __init__(self):
        super().__init__()
        self.enter, self.back, self.head = nn.Linear(4, 7), nn.Linear(7, 7), nn.Linear(7, CLASSES)

    def forward(self, x):
        self.begin()
        h = x.new_zeros(len(x), 7)
        for t in range(4):
            a = self.layer(self.enter.weight, linear(x[:, :, t], self.enter.weight, self.enter.bias))
            h = self.active(torch.tanh(a + self.layer(self.back.weight, self.back(h))))
        return self.layer(self.head.weight, self.head(self.kept(h)))


class Words(Net):
    def __init__(self):
        super().__init__()
        self.words, self.a, self.head = nn.Embedding(30, 6), nn.Linear(6, 4), nn.Linear(4, CLASSES)

    def forward(self, x):
        self.begin()
        z = self.layer(self.a.weight, self.a(self.layer(self.words.weight, self.words(x))))
        return self.layer(self.head.weight, self.head(self.active(torch.sigmoid(z)).mean(1)))


IMAGES, SIGNALS = (3, 8, 8), (4, 20)
NETWORKS = {Perceptron: (3, 4, 4), Maps: IMAGES, Residual: IMAGES, Signals: SIGNALS, Grouped: IMAGES,
            Attention: SIGNALS, Unrolled: SIGNALS, Words: (9,)}


def batch(kind):
    generator = torch.Generator().manual_seed(0)
    shape = (SAMPLES, *NETWORKS[kind])
    inputs = torch.randint(30, shape, generator=generator) if kind is Words else (
        torch.randn(shape, generator=generator))
    return inputs, torch.arange(SAMPLES) % CLASSES


class Run:
    """One pass in training mode and its gradients."""

    def __init__(self, network, inputs, labels):
        network.train().asked = True
        self.weights = [p for p in network.parameters() if p.ndim > 1]
        loss = cross_entropy(network(inputs), labels)
        outputs = [z for _, z, _ in network.layers]
        found = torch.autograd.grad(loss, [*self.weights, *outputs])
        self.grads, self.at_outputs = found[: len(self.weights)], found[len(self.weights) :]
        self.layers, self.activations = network.layers, network.activations


def positions(z, axis):
    """(n, positions, channels) in float64."""
    return z.detach().double().movedim(axis, -1).reshape(len(z), -1, z.shape[axis])


def grad_norm(network, inputs, labels):
    return sum(g.norm().item() for g in Run(network, inputs, labels).grads)


def snip(network, inputs, labels):
    run = Run(network, inputs, labels)
    return sum((w * g).abs().sum().item() for w, g in zip(run.weights, run.grads, strict=True))


def synflow(network, inputs, labels):
    network = network.double().eval()
    if hasattr(network, "norm") and isinstance(network.norm, nn.BatchNorm2d):
        network.norm = nn.Identity()
    for p in network.parameters():
        p.data.abs_()
    weights = [p for p in network.parameters() if p.ndim > 1]
    ones = torch.ones_like(inputs[:1])  # of tokens it is the word of that number
    grads = torch.autograd.grad(network(ones.double() if ones.is_floating_point() else ones).sum(), weights)
    return sum((w * g).abs().sum().item() for w, g in zip(weights, grads, strict=True))


def fisher(network, inputs, labels):
    run, total = Run(network, inputs, labels), 0.0
    for weight in run.weights:
        uses = [(z, g, axis) for (w, z, axis), g in zip(run.layers, run.at_outputs, strict=True)
                if w is weight]
        by_channel = sum((positions(z, axis) * positions(g, axis)).sum(1) for z, g, axis in uses)
        total += by_channel.square().mean(0).sum().item() / 2 * weight.numel() / by_channel.shape[1]
    return total


def zico(network, inputs, labels):
    first, second = (Run(copy.deepcopy(network), inputs[half], labels[half]).grads
                     for half in (slice(SAMPLES // 2), slice(SAMPLES // 2, None)))
    total = 0.0
    for a, b in zip(first, second, strict=True):
        both = torch.stack([a, b]).double().flatten(1)
        mean, std = both.abs().mean(0), both.std(0, correction=0)
        total += (mean[std > 0] / std[std > 0]).sum().log().item()
    return total


def meco(network, inputs, labels):
    run, seen, total = Run(network, inputs, labels), set(), 0.0
    layers = [(z, axis) for w, z, axis in run.layers if not (id(w) in seen or seen.add(id(w)))]
    for z, axis in layers + run.activations:
        features = positions(z, axis)[0].T.numpy()
        if features.shape[1] > features.shape[0]:  # of no more positions than channels it is singular
            with np.errstate(invalid="ignore"):
                related = np.nan_to_num(np.corrcoef(features))  # a channel that is constant relates to none
            total += max(np.linalg.eigvalsh(related)[0], 0)
    return total if any(positions(z, a).shape[1] > 1 for z, a in layers + run.activations) else None


def signs(network, inputs, labels):
    return torch.cat([z.flatten(1) > 0 for z, _ in Run(network, inputs, labels).activations], 1).numpy()


def swap(network, inputs, labels):
    return np.unique(signs(network, inputs, labels), axis=1).shape[1]


def nwot(network, inputs, labels):
    codes = signs(network, inputs, labels).astype(float)
    sign, value = np.linalg.slogdet(codes @ codes.T + (1 - codes) @ (1 - codes).T)
    return value if sign > 0 and value > -20 else None


def zen(network, inputs, labels):
    if not inputs.is_floating_point():
        return None
    generator = torch.Generator().manual_seed(SEED)
    for module in network.train().modules():
        for p in sorted(module.parameters(recurse=False), key=lambda p: -p.ndim):
            if isinstance(module, nn.BatchNorm2d):
                p.data.fill_(float(p is module.weight))
            elif not isinstance(module, nn.LayerNorm):
                p.data = torch.randn(p.shape, generator=generator) * (p.ndim > 1)
    network.asked = True
    noise, change = (torch.randn(inputs.shape, generator=generator) for _ in range(2))
    maps = [network(x) is None or network.last for x in (noise, noise + 0.01 * change)]
    moved = (maps[0] - maps[1]).detach().abs().flatten(1).sum(1).double().mean().log().item()
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    return moved + sum(0.5 * math.log(m.running_var.double().mean()) for m in norms)


def vkdnw(network, inputs, labels):
    network = network.double().eval()
    names = [n for n, p in network.named_parameters() if p.ndim > 1]
    moved = [n for n in names if "words" not in n]
    fixed = {n: t.detach() for n, t in [*network.named_parameters(), *network.named_buffers()]}

    def scores(first, x):
        changed = {n: fixed[n] + torch.zeros_like(fixed[n]).index_put((torch.tensor(0),) * fixed[n].ndim, f)
                   for n, f in zip(moved, first, strict=True)}
        return functional_call(network, {**fixed, **changed}, x[None])[0]

    inputs = inputs.double() if inputs.is_floating_point() else inputs
    start = torch.zeros(len(moved), dtype=torch.float64)
    jacobian = vmap(jacrev(scores), (None, 0))(start, inputs)
    p = torch.softmax(vmap(scores, (None, 0))(start, inputs), 1) * 0.95 + 0.05 / CLASSES
    inner = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
    v = torch.linalg.eigvalsh((jacobian.transpose(1, 2) @ inner @ jacobian).mean(0)).clamp(min=0)
    deciles = np.quantile(v.numpy(), np.arange(1, 10) / 10)
    share = deciles / deciles.sum()
    return len(names) - sum(s * math.log(s) for s in share if s > 0)


REFERENCES = (grad_norm, snip, synflow, fisher, zico, meco, swap, nwot, zen, vkdnw)


@pytest.mark.parametrize("kind", NETWORKS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("reference", REFERENCES, ids=lambda reference: reference.__name__)
def test_a_proxy_is_what_a_few_lines_say(reference, kind):
    expected = reference(kind(), *batch(kind))
    if expected is None:
        with pytest.raises(Exception, match="which the network is missing"):
            score(kind(), reference.__name__, batch(kind), seed=SEED)
    else:
        found = score(kind(), reference.__name__, batch(kind), seed=SEED)
        assert found == pytest.approx(expected, rel=1e-3, abs=1e-9)
