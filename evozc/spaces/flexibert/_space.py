"""FlexiBERT as the benchmark of training-free NAS for language models (Serianni and Kalita, ACL 2023).

Encoders of two or four layers on the embeddings of ELECTRA; of each layer, how tokens are mixed, heads, and
width and number of the feed-forward layers are chosen. (The FlexiBERT of Tuli et al., JAIR 2023, is larger.)

What was published are three different networks a recipe, see :class:`FlexiBert`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from evozc.errors import ConfigError, DataError
from evozc.spaces._checks import check_choice, check_dropout, check_whole_numbers
from evozc.spaces._fields import Fields, cell, plain_list
from evozc.spaces._space import Outputs, TokenInputs

if TYPE_CHECKING:
    from torch import nn

FIELDS = Fields(
    "the FlexiBERT space",
    {"hidden_size": (128, 256)},
    {
        "operation": ("SA-SDP", "SA-WMA", "LT-DFT", "LT-DCT", "DSC-5", "DSC-9"),
        "num_heads": (2, 4), "ff_dim": (512, 1024), "ff_layers": (1, 3),
    },
    (2, 4),
)
#: What the tables hold positions of; longer sequences cannot be read.
POSITIONS = 512
NETWORKS = ("declared", "published", "trained")

_PUBLISHED_LAYER = re.compile(r"(SA|LT|DSC):(\w+):h(\d+):ff(\d+)x(\d+)")


@dataclass(frozen=True)
class Layer:
    """One layer of a network.

    Args:
        operation: One of the field's choices.
        heads: Their number.
        hidden: Widths of the feed-forward layers but the last, which has the tokens' width.
    """

    operation: str
    heads: int
    hidden: tuple[int, ...]


@dataclass(frozen=True)
class FlexiBert:
    """The space of ``hidden_size=128 operation=SA-SDP,... num_heads=2,... ff_dim=512,... ff_layers=1,...``.

    Operations: ``SA-SDP`` scaled dot-product attention, ``SA-WMA`` with weighted queries, ``LT-DFT`` and
    ``LT-DCT`` two-dimensional Fourier and cosine transforms, ``DSC-5`` and ``DSC-9`` ConvBERT's mixed
    attention with light convolutions. There are 10,621,440 texts.

    Args:
        network: ``declared``: as the recipe says. ``published``: hidden size 256 and feed-forward width
            1,024 whatever the recipe says, the networks behind all published proxy scores, parameters
            among them. ``trained``: dot-product attention in every layer and a first feed-forward layer of
            four times the hidden size, the networks behind the published GLUE scores: the trainer compared
            operations by identity, and never found any but attention.
        length: Of a sequence, at most 512, as published proxies used.
        dropout: Of embeddings, attention, and after both parts of a layer; 0 for none.

    Raises:
        ConfigError: a setting that is none of these.
    """

    network: str = "declared"
    length: int = 128
    dropout: float = 0.1

    name: ClassVar[str] = "flexibert"
    vocabulary: ClassVar[int] = 30_522
    count: ClassVar[int] = FIELDS.count
    architecture_columns: ClassVar[tuple[str, ...]] = ("hidden_size", "layers")

    def __post_init__(self) -> None:
        check_choice(self.name, "network", self.network, NETWORKS)
        check_whole_numbers(self.name, length=self.length)
        if self.length > POSITIONS:
            raise ConfigError(f"flexibert: length must be at most {POSITIONS}, not {self.length}")
        check_dropout(self.name, self.dropout)

    @property
    def inputs(self) -> TokenInputs:
        """Sequences of word pieces; 0 is padding, and its vector stays zero."""
        return TokenInputs(self.vocabulary, self.length)

    @property
    def outputs(self) -> Outputs:
        """A score for every word piece at every position, by the embedding's own weights.

        The published proxies had no labels: they took the gradient of the sum of the last hidden states,
        which, since those are normalised, is zero but for rounding.
        """
        return Outputs("tokens", self.vocabulary)

    def settings(self) -> dict[str, int | float | str]:
        """The keyword arguments that build this space again."""
        return asdict(self)

    def from_columns(self, cells: Mapping[str, str]) -> str:
        """The text of ``hidden_size`` and ``layers`` as ``SA:SDP:h4:ff1024x1;DSC:9:h2:ff512x3``."""
        layers = []
        for text in cell(cells, "layers").split(";"):
            found = _PUBLISHED_LAYER.fullmatch(text.strip())
            if not found:
                raise DataError(
                    f"column 'layers' holds {text[:40]!r}; expected layers as SA:SDP:h4:ff1024x1 joined by ;"
                )
            layers.append(found.groups())
        kinds, parameters, heads, widths, numbers = zip(*layers, strict=True)
        operations = [f"{kind}-{parameter}" for kind, parameter in zip(kinds, parameters, strict=True)]
        return FIELDS.from_columns({
            "hidden_size": plain_list(cell(cells, "hidden_size")), "operation": ",".join(operations),
            "num_heads": ",".join(heads), "ff_dim": ",".join(widths), "ff_layers": ",".join(numbers),
        })

    def canonical_key(self, architecture: str) -> str:
        """The text itself.

        As trained, networks of different texts are the same where only operations differ; splits by this
        key are still right for the networks that recipes declare.
        """
        FIELDS.parse(architecture)
        return architecture

    def layers(self, architecture: str) -> tuple[int, list[Layer]]:
        """Hidden size and layers of the network that :attr:`network` says.

        Raises:
            DataError: the text is no architecture of this space.
        """
        values = FIELDS.parse(architecture)
        size = 256 if self.network == "published" else values["hidden_size"][0]
        layers = []
        for operation, heads, width, number in zip(*(values[n] for n in FIELDS.layers), strict=True):
            if self.network == "published":
                layers.append(Layer(operation, heads, (1024,) * number))
            elif self.network == "trained":
                layers.append(Layer("SA-SDP", heads, (4 * size, *(width,) * (number - 1))))
            else:
                layers.append(Layer(operation, heads, (width,) * number))
        return size, layers

    def build(self, architecture: str) -> nn.Module:
        """The network, initialised by normal weights of deviation .02, as published."""
        from evozc.spaces.flexibert._network import Network

        return Network(self.vocabulary, *self.layers(architecture), self.dropout)

    def blocks(self, network: Any) -> list[nn.Module]:
        """The layers of the encoder."""
        return list(network.body)

    def sample(self, generator: random.Random) -> str:
        """An architecture: two or four layers, then every choice uniformly, as published.

        Uniform texts would nearly all have four layers.
        """
        return FIELDS.sample(generator)

    def neighbours(self, architecture: str) -> list[str]:
        """The architectures with one other choice, or the last two layers left out, or any two added."""
        return FIELDS.neighbours(architecture)
