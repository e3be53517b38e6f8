"""What a ParZC predictor can be told, and the settings that have names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from evozc._settings import Settings
from evozc.baselines.parzc._loss import LOSSES

#: The node statistics of the published models. Theirs is the mean over a layer's tensor: the
#: gradient's norm is one number a layer already, the other two are sums over the weights.
PUBLISHED = ("layer.grad_l2", "layer.weight_x_grad_l1/layer.numel", "layer.synflow/layer.numel")


@dataclass(frozen=True)
class ParZCSettings(Settings):
    """Settings of a ParZC predictor; the defaults are those of the published code.

    Args:
        statistics: Keys such as ``layer.grad_l2``, or quotients of two as ``layer.synflow/layer.numel``;
            empty for every statistic of the table.
        scaling: ``architecture``: min-max within each architecture, as published; ``table``:
            signed logarithm, then standardised over the table, which keeps scale.
        layout: ``padded``: the nodes in order, then zeros, as published; ``depth``: every
            node list resampled to ``positions`` places by relative depth.
        positions: Places of the ``depth`` layout.
        mask: Whether ``padded`` adds a channel that tells nodes from padding.
        segment: Features in a segment; 0 for a token a position.
        segments: Number of segments.
        width: Features of a token.
        depth: Number of mixer blocks.
        dropout: In the blocks.
        mix_tokens: Whether blocks mix tokens, as a mixer does and the published code does not.
        loss: ``diffkendall``, ``pairwise``, ``mse``, or a sum of them as ``pairwise+diffkendall``.
        alpha: Steepness of DiffKendall.
        kl: Weight of the Kullback-Leibler term; 0 for none, as published.
        prior: Deviation of its prior.
        epochs: Passes over the labelled sample.
        batch: Architectures in a mini-batch.
        rate: Learning rate of Adam, annealed along a cosine to zero.
        decay: Weight decay.
        validation: Share of the labelled sample kept for early stopping; 0 for none, as published.
        draws: Weight draws averaged at prediction; the published code makes one.
        members: Networks trained from different seeds and averaged; published: one.
        graph: Whether the cell's graph is encoded as well.
        graph_width: Features of a graph node's token.
        graph_layers: Transformer layers.
        graph_heads: Attention heads.

    Raises:
        ConfigError: values out of range; the message lists all of them.
    """

    title: ClassVar[str] = "ParZC settings"

    statistics: tuple[str, ...] = PUBLISHED
    scaling: str = "architecture"
    layout: str = "padded"
    positions: int = 16
    mask: bool = False
    segment: int = 16
    segments: int = 16
    width: int = 512
    depth: int = 4
    dropout: float = 0.0
    mix_tokens: bool = False
    loss: str = "diffkendall"
    alpha: float = 0.5
    kl: float = 0.0
    prior: float = 0.1
    epochs: int = 200
    batch: int = 10
    rate: float = 1e-4
    decay: float = 1e-3
    validation: float = 0.0
    draws: int = 1
    members: int = 1
    graph: bool = False
    graph_width: int = 64
    graph_layers: int = 2
    graph_heads: int = 4

    def _rules(self) -> list[tuple[str, bool]]:
        largest = {
            "positions": 4096, "segments": 4096, "width": 4096, "graph_width": 4096, "depth": 64,
            "graph_layers": 64, "graph_heads": 64, "members": 64, "draws": 1000,
            "epochs": 100_000, "batch": 100_000,
        }
        return [
            *((f"{name} must be between 1 and {most}", 1 <= getattr(self, name) <= most)
              for name, most in largest.items()),
            ("segment must be between 0 and 4096", 0 <= self.segment <= 4096),
            ("batch must be at least 2", self.batch >= 2),
            ("scaling must be architecture or table", self.scaling in ("architecture", "table")),
            ("layout must be padded or depth", self.layout in ("padded", "depth")),
            ("segment 0 needs the depth layout", bool(self.segment) or self.layout == "depth"),
            (f"loss must be made of {', '.join(LOSSES)}", set(self.loss.split("+")) <= set(LOSSES)),
            ("dropout and validation must be at least 0 and below 1",
             0 <= self.dropout < 1 and 0 <= self.validation < 1),
            ("alpha, prior and rate must be above 0", min(self.alpha, self.prior, self.rate) > 0),
            ("kl and decay must not be negative", min(self.kl, self.decay) >= 0),
            ("graph_width must be a multiple of graph_heads", self.graph_width % self.graph_heads == 0),
        ]


_CODE = ParZCSettings()

_STRONG = ParZCSettings(
    statistics=(), scaling="table", layout="depth", positions=8, segment=0, width=64, depth=1,
    dropout=0.1, mix_tokens=True, loss="pairwise+diffkendall", epochs=60, batch=32, rate=1e-3,
    draws=8, members=5,
)

#: Settings by name: ``parzc`` is the published code, the next three differ from it in one thing
#: that the paper or its other experiments say; ``parzc-strong`` and ``parzc-graph`` are ours.
NAMED: dict[str, ParZCSettings] = {
    "parzc": _CODE,
    "parzc-token-mixing": replace(_CODE, mix_tokens=True),
    "parzc-pairwise": replace(_CODE, loss="pairwise+diffkendall"),
    "parzc-scale": replace(_CODE, scaling="table", mask=True),
    "parzc-strong": _STRONG,
    "parzc-graph": replace(_STRONG, graph=True, members=3),
}
