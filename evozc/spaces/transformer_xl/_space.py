"""Transformer-XL with layers of different heads and widths: the space of LiteTransformerSearch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from evozc.spaces._decoders import DecoderSpace

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class TransformerXL(DecoderSpace):
    """Transformer-XL (Dai et al., ACL 2019), without memory: relative positions, normalised after layers.

    Texts and settings as :class:`~evozc.spaces._decoders.DecoderSpace` says; the published vocabularies of
    WikiText-103 are of 267,735 words, so that one sequence of 192 has 206 MB of outputs: shorter ones do.

    Args:
        tied: Whether the output of rarer words uses the embedding's projections, as for WikiText-103, or
            has its own, as for LM1B.
    """

    vocabulary: int = 267_735
    length: int = 64
    tied: bool = True

    name: ClassVar[str] = "transformer-xl"
    title: ClassVar[str] = "the Transformer-XL space"

    def build(self, architecture: str) -> nn.Module:
        """The network, initialised as published.

        Weights are normal of deviation .02, of embedding projections .01; biases are zero, and scales of
        normalisations normal around one.
        """
        from evozc.spaces.transformer_xl._network import Network

        values = self.fields().parse(architecture)
        (width,), (embedded,), (divisor,) = values["d_model"], values["d_embed"], values["div_val"]
        return Network(
            self.clusters(), width, embedded, divisor, values["n_head"], values["d_inner"], self.tied,
            self.dropout,
        )

    def blocks(self, network: Any) -> list[nn.Module]:
        """The transformer blocks."""
        return list(network.body)

    def parameters(self, architecture: str) -> dict[str, int]:
        """How many weights attention, feed-forward layers, all but the embeddings, and all have."""
        values = self.fields().parse(architecture)
        (width,), (embedded,), (divisor,) = values["d_model"], values["d_embed"], values["div_val"]
        layers = len(values["n_head"])
        heads = [heads * (width // heads) for heads in values["n_head"]]
        attention = sum(5 * width * inner + 2 * inner for inner in heads)
        ffn = sum(2 * width * inner + inner + width for inner in values["d_inner"])
        body = attention + ffn + layers * 4 * width
        outside = self._embedding_parameters(width, embedded, divisor, self.tied)
        return {"attention": attention, "ffn": ffn, "non_embedding": body, "total": body + outside}
