"""Networks as a user may write them; needs torch alone."""

import torch
from torch import nn


class Convolutions(nn.Module):
    """Stages with batch normalisation, a residual block and an in-place activation."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True))
        self.stages = nn.ModuleList([Residual(6, 6, 1), Residual(6, 8, 2), Residual(8, 8, 1)])
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return self.head(x.mean((2, 3)))


class Residual(nn.Module):
    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(c_in, c_out, 3, stride, 1), nn.BatchNorm2d(c_out), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(c_out, c_out, 3, 1, 1), nn.BatchNorm2d(c_out))
        self.short = nn.Conv2d(c_in, c_out, 1, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.second(self.first(x)) + self.short(x))


class Encoder(nn.Module):
    """Token numbers through torch's own transformer."""

    def __init__(self, words=20, width=16):
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        layer = nn.TransformerEncoderLayer(
            width, 2, 2 * width, dropout=0.0, activation="gelu", batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        self.head = nn.Linear(width, 4)

    def forward(self, x):
        return self.head(self.encoder(self.embedding(x)))


class EncoderAndDecoder(nn.Module):
    """Both halves of nn.Transformer, the second attending to the first."""

    def __init__(self):
        super().__init__()
        self.transformer = nn.Transformer(8, 2, 2, 2, 16, dropout=0.0, batch_first=True)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        return self.head(self.transformer(x, x.flip(1)))


def perceptron():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(192, 12), nn.ReLU(), nn.Linear(12, 12), nn.Tanh(), nn.Linear(12, 4)
    )


class Bare(nn.Module):
    """No layer, no activation, no list of modules."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, x):
        return x.flatten(1)[:, :4] * self.scale


def broken():
    raise RuntimeError("broken on purpose")


def images(n=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 3, 8, 8, generator=generator), torch.randint(4, (n,), generator=generator)


def tokens(n=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(20, (n, 6), generator=generator), torch.randint(4, (n,), generator=generator)


def sequences(n=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 5, 8, generator=generator), torch.randint(4, (n,), generator=generator)


#: How to make each network, and what it is fed.
CASES = {
    "convolutions": (Convolutions, images),
    "perceptron": (perceptron, images),
    "encoder": (Encoder, tokens),
    "encoder and decoder": (EncoderAndDecoder, sequences),
}


def made(name):
    """A network of CASES and its labelled mini-batch, always the same."""
    make, batch = CASES[name]
    torch.manual_seed(1)
    return make(), batch()
