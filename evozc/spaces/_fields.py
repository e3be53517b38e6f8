"""Architecture texts of named fields, as ``embed_dim=192 mlp_ratio=4,4,3.5 num_heads=3,3,4``.

What spaces share whose architectures are a few choices for the whole network and a few for each layer.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from evozc.errors import DataError
from evozc.spaces._checks import not_of

#: What a field may be set to; several numbers are one choice in fields such as ``depth=2,6,4``.
Choice = Any  # a number, a text, or a tuple of whole numbers: each field knows its own
#: By field its choice, or of a field of layers a choice for each layer.
Values = Mapping[str, tuple[Choice, ...]]

#: Longer texts are not read.
_LONGEST = 10_000


@dataclass(frozen=True)
class Fields:
    """The fields of one space.

    Args:
        title: The space, as messages call it.
        whole: By name, what is chosen once a network.
        layers: By name, what is chosen for every layer.
        depths: How many layers there may be, rising; empty where no field is of layers.
    """

    title: str
    whole: Mapping[str, Sequence[Choice]]
    layers: Mapping[str, Sequence[Choice]]
    depths: Sequence[int] = ()

    @cached_property
    def _choices(self) -> dict[str, dict[str, Choice]]:
        """By field, the choices by their texts."""
        fields = {**self.whole, **self.layers}
        return {name: {_text(choice): choice for choice in choices} for name, choices in fields.items()}

    @property
    def count(self) -> int:
        """How many architectures there are."""
        whole, layer = (
            math.prod(len(choices) for choices in fields.values()) for fields in (self.whole, self.layers)
        )
        return whole * (sum(layer**depth for depth in self.depths) if self.depths else 1)

    def parse(self, architecture: str) -> dict[str, tuple[Choice, ...]]:
        """The choices of a text.

        Raises:
            DataError: no such text; the message names the field.
        """
        expected = "expected " + " ".join(f"{name}=..." for name in self._choices)
        if not isinstance(architecture, str) or len(architecture) > _LONGEST:
            raise not_of(self.title, architecture, expected)
        texts = dict(part.partition("=")[::2] for part in architecture.split(" "))
        if architecture != " ".join(f"{name}={texts.get(name)}" for name in self._choices):
            raise not_of(self.title, architecture, expected)
        values: dict[str, tuple[Choice, ...]] = {}
        for name, text in texts.items():
            parts = text.split(",") if name in self.layers else [text]
            wrong = next((part for part in parts if part not in self._choices[name]), None)
            if wrong is not None:
                raise not_of(self.title, architecture, f"{name} is {wrong[:20]!r}, not {self._listed(name)}")
            if name in self.layers and len(parts) not in self.depths:
                allowed = " or ".join(map(str, _shortened(self.depths)))
                raise not_of(self.title, architecture, f"{name} is of {len(parts)} layers, not {allowed}")
            values[name] = tuple(self._choices[name][part] for part in parts)
        lengths = {name: len(values[name]) for name in self.layers}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise not_of(self.title, architecture, f"fields are of different numbers of layers: {listed}")
        return values

    def format(self, values: Values) -> str:
        """The text of choices."""
        return _joined({name: ",".join(map(_text, values[name])) for name in self._choices})

    def sample(self, generator: random.Random) -> str:
        """An architecture: the number of layers uniformly, then every choice."""
        drawn = {name: (generator.choice(choices),) for name, choices in self.whole.items()}
        depth = generator.choice(self.depths) if self.depths else 0
        layers = {
            name: tuple(generator.choice(choices) for _ in range(depth))
            for name, choices in self.layers.items()
        }
        return self.format({**drawn, **layers})

    def neighbours(self, architecture: str) -> list[str]:
        """The texts with one choice changed, or with the last layers left out, or others added.

        Of a field with more than 32 choices, those are near that are a power of two away in their order.

        Raises:
            DataError: as :meth:`parse`.
        """
        self.parse(architecture)
        texts = dict(part.split("=") for part in architecture.split(" "))
        return [*self._changed(texts), *self._resized(texts)]

    def _changed(self, texts: Mapping[str, str]) -> Iterator[str]:
        for name, text in texts.items():
            parts = text.split(",") if name in self.layers else [text]
            for position, own in enumerate(parts):
                left, right = [*parts[:position], ""], ["", *parts[position + 1 :]]
                around = _joined({**texts, name: ",".join(left) + "\0" + ",".join(right)})
                before, after = around.split("\0")
                yield from (before + other + after for other in self._near(name, own))

    def _near(self, name: str, own: str) -> list[str]:
        choices = list(self._choices[name])
        here = choices.index(own)
        apart = {2**power for power in range(len(choices).bit_length())}
        if len(choices) <= 32:
            apart = set(range(1, len(choices)))
        return [other for there, other in enumerate(choices) if abs(there - here) in apart]

    def _resized(self, texts: Mapping[str, str]) -> Iterator[str]:
        if not self.layers:
            return
        columns = {name: texts[name].split(",") for name in self.layers}
        depth = len(next(iter(columns.values())))
        here = list(self.depths).index(depth)
        for shorter in self.depths[max(0, here - 1) : here]:
            cut = {name: ",".join(column[:shorter]) for name, column in columns.items()}
            yield _joined({**texts, **cut})
        for longer in self.depths[here + 1 : here + 2]:
            layers = itertools.product(*(self._choices[name] for name in self.layers))
            for added in itertools.product(list(layers), repeat=longer - depth):
                more = zip(self.layers, zip(*added, strict=True), strict=True)
                yield _joined({**texts, **{name: ",".join([texts[name], *new]) for name, new in more}})

    def from_columns(self, cells: Mapping[str, str], depth: str | None = None) -> str:
        """The text of published columns of the fields' own names.

        Args:
            cells: Numbers as ``16.0``, lists as ``[3.5, 4]``, or texts.
            depth: The column of the number of layers; lists may be longer and are cut.

        Raises:
            DataError: a column is missing, or the number of layers is no number.
        """
        texts = {name: plain_list(cell(cells, name)) for name in self._choices}
        if depth is not None:
            layers = plain_list(cell(cells, depth))
            if not (layers.isascii() and layers.isdigit()):
                raise DataError(f"column {depth!r} holds {layers[:40]!r}, which is no number of layers")
            for name in self.layers:
                texts[name] = ",".join(texts[name].split(",")[: int(layers)])
        return _joined(texts)

    def _listed(self, name: str) -> str:
        return " or ".join(_shortened(list(self._choices[name])))


def cell(cells: Mapping[str, str], column: str) -> str:
    """One cell of a row.

    Raises:
        DataError: there is no such column.
    """
    if column not in cells:
        raise DataError(f"no column {column!r} to read the architecture from")
    return cells[column]


def plain_list(text: str) -> str:
    """A number or a list of numbers as fields write them: ``[3.5, 4.0]`` is ``3.5,4``."""
    parts = text.strip().removeprefix("[").removesuffix("]").split(",")
    return ",".join(part.strip().removesuffix(".0") for part in parts)


def _joined(texts: Mapping[str, str]) -> str:
    return " ".join(f"{name}={text}" for name, text in texts.items())


def _text(choice: Choice) -> str:
    return ",".join(map(str, choice)) if isinstance(choice, tuple) else str(choice)


def _shortened(choices: Sequence[object]) -> list[str]:
    if len(choices) <= 12:
        return [str(choice) for choice in choices]
    return [f"{choices[0]} to {choices[-1]}"]
