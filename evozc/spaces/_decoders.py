"""What the spaces of LiteTransformerSearch share (Javaheripi et al., NeurIPS 2022, arXiv 2203.02094)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import ClassVar

from evozc.errors import ConfigError
from evozc.spaces._checks import check_choice, check_dropout, check_whole_numbers
from evozc.spaces._fields import Fields, plain_list
from evozc.spaces._space import Outputs, TokenInputs

_HEADS = (2, 4, 8)
#: By name, the fields without the space's title: of the published labels, and of Archai's search.
_RANGES: Mapping[str, tuple[dict, dict, range]] = {
    "published": (
        {"d_model": (64, 128, 256, 512), "d_embed": (64, 128, 256, 512), "div_val": (1, 2, 4)},
        {"n_head": _HEADS, "d_inner": range(512, 2049)},
        range(2, 17),
    ),
    "search": (
        {"d_model": range(128, 961, 64), "d_embed": range(128, 961, 64), "div_val": (1, 2, 4)},
        {"n_head": _HEADS, "d_inner": range(128, 4033, 64)},
        range(3, 11),
    ),
}


@lru_cache
def _fields(title: str, of: str) -> Fields:
    return Fields(title, *_RANGES[of])


@dataclass(frozen=True)
class DecoderSpace:
    """The space of ``d_model=64 d_embed=128 div_val=1 n_head=2,4 d_inner=512,700`` texts.

    ``n_head`` and ``d_inner``, the hidden width of the feed-forward layer, have a number for each layer.
    ``d_embed`` is the width of the embedding of frequent words, and ``div_val`` what it is divided by from
    cluster to cluster of rarer ones.

    Args:
        range: What fields may be: ``published``, the ranges of the published labels (2 to 16 layers), or
            ``search``, Archai's own (3 to 10 layers).
        vocabulary: Number of words.
        length: Of a sequence.
        cutoffs: Where clusters of words end, rising; those beyond the vocabulary are left out.
        dropout: After attention and feed-forward layers; 0 for none.

    Raises:
        ConfigError: a setting that is none of these.
    """

    range: str = "published"
    vocabulary: int = 50_264
    length: int = 192
    cutoffs: str = "19997,39997,199997"
    dropout: float = 0.1

    name: ClassVar[str]
    title: ClassVar[str]
    architecture_columns: ClassVar[tuple[str, ...]] = (
        "n_layer", "d_model", "d_embed", "div_val", "n_head", "d_inner",
    )

    def __post_init__(self) -> None:
        check_choice(self.name, "range", self.range, tuple(_RANGES))
        check_whole_numbers(self.name, vocabulary=self.vocabulary, length=self.length)
        check_dropout(self.name, self.dropout)
        self.clusters()

    def fields(self) -> Fields:
        """What may be chosen."""
        return _fields(self.title, self.range)

    def clusters(self) -> list[int]:
        """The last cutoffs within the vocabulary, and its size.

        Raises:
            ConfigError: they are no rising numbers.
        """
        texts = self.cutoffs.split(",") if isinstance(self.cutoffs, str) and self.cutoffs else []
        numbers = [int(text) if text.isascii() and text.isdigit() else 0 for text in texts]
        if numbers != sorted(set(numbers)) or 0 in numbers or not isinstance(self.cutoffs, str):
            raise ConfigError(
                f"{self.name}: cutoffs must be rising numbers as 19997,39997, not {self.cutoffs!r}"
            )
        return [*(number for number in numbers if number < self.vocabulary), self.vocabulary]

    @property
    def inputs(self) -> TokenInputs:
        """Sequences of words, the most frequent of which have the lowest numbers."""
        return TokenInputs(self.vocabulary, self.length, batch=2)

    @property
    def outputs(self) -> Outputs:
        """The logarithms of the next word's probabilities."""
        return Outputs("tokens", self.vocabulary)

    @property
    def count(self) -> int:
        """Of all texts."""
        return self.fields().count

    def settings(self) -> dict[str, int | float | str]:
        """The keyword arguments that build this space again."""
        return asdict(self)

    def from_columns(self, cells: Mapping[str, str]) -> str:
        """The text of the published columns.

        A ``d_embed`` of -1 is ``d_model``; lists longer than ``n_layer`` are cut, single numbers repeated.
        """
        cells = dict(cells)
        if plain_list(cells.get("d_embed", "")) == "-1":
            cells["d_embed"] = cells.get("d_model", "")
        layers = plain_list(cells.get("n_layer", ""))
        for column in ("n_head", "d_inner"):
            single = plain_list(cells.get(column, ""))
            if single.isdigit() and layers.isdigit():
                cells[column] = ",".join([single] * min(int(layers), 1000))
        return self.fields().from_columns(cells, "n_layer")

    def canonical_key(self, architecture: str) -> str:
        """The text itself: no two compute the same."""
        self.fields().parse(architecture)
        return architecture

    def sample(self, generator: random.Random) -> str:
        """An architecture: the number of layers uniformly, then every choice, as published."""
        return self.fields().sample(generator)

    def neighbours(self, architecture: str) -> list[str]:
        """The architectures with one other choice, or the last layer left out, or any other added.

        A hidden width has those near that are a power of two away.
        """
        return self.fields().neighbours(architecture)

    def _embedding_parameters(self, width: int, embedded: int, divisor: int, tied: bool = True) -> int:
        """Of embedding and output: tables, projections, the output's own biases and clusters."""
        ends = self.clusters()
        starts = [0, *ends[:-1]]
        if divisor == 1:
            widths = [embedded] * len(ends)
            projections = [embedded * width] if embedded != width else []
        else:
            widths = [embedded // divisor**cluster for cluster in range(len(ends))]
            projections = [size * width for size in widths]
        tables = sum(
            (end - start) * size for start, end, size in zip(starts, ends, widths, strict=True)
        )
        own = (widths[:1] if tied else widths) if projections else []
        clusters = (len(ends) - 1) * (embedded + 1)
        return tables + sum(projections) + width * sum(own) + self.vocabulary + clusters
