"""The torch modules of a FlexiBERT network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.functional import linear

from evozc.spaces._transformer import draw_weights, dropping
from evozc.spaces.flexibert._space import POSITIONS, Layer

_EPS = 1e-12
#: Width of the embeddings.
_EMBEDDED = 128


class Attention(nn.Module):
    """Scaled dot-product attention; with ``weighted``, queries pass one more linear layer.

    Args:
        size: Of the tokens.
        heads: Their number.
        head_width: Of one head.
        dropout: Of the attention.
        weighted: Whether it is the weighted multiplicative attention.
    """

    def __init__(
        self, size: int, heads: int, head_width: int, dropout: float, weighted: bool = False
    ) -> None:
        super().__init__()
        self.heads = heads
        inner = heads * head_width
        self.query = nn.Linear(size, inner)
        self.key = nn.Linear(size, inner)
        self.value = nn.Linear(size, inner)
        self.weight = nn.Linear(inner, inner, bias=False) if weighted else nn.Identity()
        self.softmax = nn.Softmax(dim=-1)
        self.drop = nn.Sequential(*dropping(dropout))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """The heads' outputs side by side (n, length, heads * head width)."""
        return self.attend(self.weight(self.query(tokens)), tokens)

    def attend(self, queries: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """The heads' outputs for queries (n, length, heads * head width)."""
        q, k, v = (
            x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for x in (queries, self.key(tokens), self.value(tokens))
        )
        weights = self.softmax(q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5)
        return (self.drop(weights) @ v).transpose(1, 2).flatten(2)


class MixedAttention(Attention):
    """Half the heads attend, the others are light convolutions (ConvBERT, Jiang et al., NeurIPS 2020)."""

    def __init__(self, size: int, heads: int, kernel: int, dropout: float) -> None:
        head_width = size // heads
        heads //= 2
        super().__init__(size, heads, head_width, dropout)
        inner = heads * head_width
        self.depthwise = nn.Conv1d(size, size, kernel, padding=kernel // 2, groups=size, bias=False)
        self.pointwise = nn.Conv1d(size, inner, 1)
        self.kernels = nn.Linear(inner, heads * kernel)
        self.kernel_softmax = nn.Softmax(dim=-1)
        self.convolved = nn.Linear(size, inner)
        self.kernel = kernel

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """The attending heads' outputs, then the convolutions': (n, length, size)."""
        queries = self.query(tokens)
        keys = self.pointwise(self.depthwise(tokens.transpose(1, 2))).transpose(1, 2)
        kernels = self.kernel_softmax(self.kernels(keys * queries).unflatten(-1, (self.heads, self.kernel)))
        padding = self.kernel // 2
        windows = nn.functional.pad(self.convolved(tokens), (0, 0, padding, padding))
        windows = windows.unfold(1, self.kernel, 1).unflatten(2, (self.heads, -1))
        mixed = (windows @ kernels.unsqueeze(-1)).squeeze(-1).flatten(2)
        return torch.cat([self.attend(queries, tokens), mixed], dim=-1)


class Transform(nn.Module):
    """A linear layer and a two-dimensional transform of each head, over positions and features.

    Args:
        size: Of the tokens.
        heads: Their number.
        fourier: The real part of the Fourier transform, or else the cosine transform II; not normalised.
    """

    def __init__(self, size: int, heads: int, fourier: bool) -> None:
        super().__init__()
        self.heads = heads
        self.fourier = fourier
        self.input = nn.Linear(size, size)
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        heads = self.input(tokens).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        mixed = torch.fft.fft2(heads).real if self.fourier else _cosines(_cosines(heads, -1), -2)
        # Nothing uses it; the published confidence of these layers is measured on it.
        self.softmax(mixed)
        return mixed.transpose(1, 2).flatten(2)


def _cosines(values: torch.Tensor, dim: int) -> torch.Tensor:
    """The cosine transform II along one of the last two dimensions."""
    length = values.shape[dim]
    steps = torch.arange(length, dtype=torch.float64, device=values.device)
    angles = math.pi / (2 * length) * (2 * steps + 1) * steps[:, None]
    basis = (2 * angles.cos()).to(values.dtype)
    return basis @ values if dim == -2 else values @ basis.T


class Block(nn.Module):
    """Mixing of tokens, then feed-forward layers; what each adds to is normalised afterwards.

    The output of a transform is neither projected nor added to its input nor normalised, as published.
    """

    def __init__(self, size: int, layer: Layer, dropout: float) -> None:
        super().__init__()
        kind, _, parameter = layer.operation.partition("-")
        if kind == "LT":
            self.mixing: nn.Module = Transform(size, layer.heads, parameter == "DFT")
        elif kind == "DSC":
            self.mixing = MixedAttention(size, layer.heads, int(parameter), dropout)
        else:
            self.mixing = Attention(size, layer.heads, size // layer.heads, dropout, parameter == "WMA")
        self.residual = kind != "LT"
        if self.residual:
            self.project = nn.Sequential(nn.Linear(size, size), *dropping(dropout))
            self.norm = nn.LayerNorm(size, _EPS)
        stack: list[nn.Module] = []
        width = size
        for hidden in layer.hidden:
            stack += [nn.Linear(width, hidden), nn.GELU()]
            width = hidden
        self.feed_forward = nn.Sequential(*stack, nn.Linear(width, size), *dropping(dropout))
        self.feed_forward_norm = nn.LayerNorm(size, _EPS)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        mixed = self.mixing(tokens)
        tokens = self.norm(tokens + self.project(mixed)) if self.residual else mixed
        return self.feed_forward_norm(tokens + self.feed_forward(tokens))


class Network(nn.Module):
    """Words, positions and types of 128 features, a projection where the size is another, the layers.

    The scores of words are products with the embedding's own weights, back through its projection.

    Args:
        words: Of the vocabulary.
        size: Of the tokens.
        layers: Of the encoder.
        dropout: As the space's.
    """

    def __init__(self, words: int, size: int, layers: Sequence[Layer], dropout: float) -> None:
        super().__init__()
        self.words = nn.Embedding(words, _EMBEDDED, padding_idx=0)
        self.positions = nn.Embedding(POSITIONS, _EMBEDDED)
        self.types = nn.Embedding(2, _EMBEDDED)
        self.norm = nn.Sequential(nn.LayerNorm(_EMBEDDED, _EPS), *dropping(dropout))
        self.project = nn.Linear(_EMBEDDED, size) if size != _EMBEDDED else nn.Identity()
        self.body = nn.Sequential(*[Block(size, layer, dropout) for layer in layers])
        draw_weights(self)
        with torch.no_grad():
            self.words.weight[0].zero_()
        for module in self.modules():
            if isinstance(module, nn.Conv1d):
                nn.init.normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def hidden(self, words: torch.Tensor) -> torch.Tensor:
        """The last hidden states (n, length, size), which published proxies look at."""
        positions = self.positions(torch.arange(words.shape[1], device=words.device)[None])
        types = self.types(torch.zeros_like(words))
        return self.body(self.project(self.norm(self.words(words) + types + positions)))

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        features = self.hidden(words)
        if isinstance(self.project, nn.Linear):
            features = linear(features, self.project.weight.T)
        return linear(features, self.words.weight)
