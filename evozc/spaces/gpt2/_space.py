"""GPT-2 with layers of different heads and widths: the space of LiteTransformerSearch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from evozc.spaces._decoders import DecoderSpace

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Gpt2(DecoderSpace):
    """GPT-2 (Radford et al., 2019): normalised before each layer, learned positions.

    Texts and settings as :class:`~evozc.spaces._decoders.DecoderSpace` says.
    """

    name: ClassVar[str] = "gpt2"
    title: ClassVar[str] = "the GPT-2 space"

    def build(self, architecture: str) -> nn.Module:
        """The network, initialised as published.

        Weights are normal of deviation .02, of embedding projections .01, of the last layer of attention
        and feed-forward .02 / sqrt(2 layers); biases are zero.
        """
        from evozc.spaces.gpt2._network import Network

        values = self.fields().parse(architecture)
        (width,), (embedded,), (divisor,) = values["d_model"], values["d_embed"], values["div_val"]
        return Network(
            self.clusters(), width, embedded, divisor, values["n_head"], values["d_inner"], self.length,
            self.dropout,
        )

    def blocks(self, network: Any) -> list[nn.Module]:
        """The transformer blocks."""
        return list(network.body)

    def parameters(self, architecture: str) -> dict[str, int]:
        """How many weights attention, feed-forward layers, all but the embeddings, and all have.

        The published columns ``params_attn``, ``params_ffn``, ``params_nonemb`` and ``params_total`` of
        sets averaged over seeds. (Those of sets of single seeds are of a Transformer-XL of that text.)
        """
        values = self.fields().parse(architecture)
        (width,), (embedded,), (divisor,) = values["d_model"], values["d_embed"], values["div_val"]
        layers = len(values["n_head"])
        attention = layers * (4 * width**2 + 4 * width)
        ffn = sum(2 * width * inner + inner + width for inner in values["d_inner"])
        body = attention + ffn + layers * 4 * width + 2 * width
        outside = self._embedding_parameters(width, embedded, divisor) + self.length * width
        return {"attention": attention, "ffn": ffn, "non_embedding": body, "total": body + outside}
