"""What a reader of published files has to offer, what it is asked for, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from evozc.errors import ConfigError
from evozc.spaces import SearchSpace
from evozc.table import Target

if TYPE_CHECKING:
    import numpy as np

_DIRECTIONS = {"higher": True, "lower": False}


@dataclass(frozen=True)
class Wanted:
    """A target that is asked for.

    Args:
        name: As the file calls it.
        higher_is_better: None if the user does not say.
        unit: Empty if the user does not say.
    """

    name: str
    higher_is_better: bool | None = None
    unit: str = ""

    @classmethod
    def of(cls, text: str) -> Wanted:
        """What ``NAME``, ``NAME:lower``, ``NAME:higher`` or ``NAME:lower:UNIT`` asks for."""
        parts = text.split(":")
        for last in (len(parts) - 1, len(parts) - 2):
            if last > 0 and parts[last] in _DIRECTIONS:
                name, unit = ":".join(parts[:last]), ":".join(parts[last + 1 :])
                return cls(name, _DIRECTIONS[parts[last]], unit)
        return cls(text)

    def target(
        self, values: np.ndarray, higher_is_better: bool | None = None, unit: str = "", **more: Any
    ) -> Target:
        """The target of these values, with what the file's format says of it.

        Args:
            values: float64 (architectures,).
            higher_is_better: By the format; None if it says nothing.
            unit: By the format.
            more: Further arguments of :class:`~evozc.table.Target`.

        Raises:
            ConfigError: the user says the contrary of the format.
            DataError: nobody says it, and the name leaves it open.
        """
        asked = self.higher_is_better
        if None not in (asked, higher_is_better) and asked != higher_is_better:
            better = "higher" if higher_is_better else "lower"
            raise ConfigError(f"target {self.name!r}: by the file's format {better} is better")
        known = asked if higher_is_better is None else higher_is_better
        if known is not None:
            more["higher_is_better"] = known
        return Target(self.name, values, self.unit or unit, **more)


@dataclass(frozen=True)
class Request:
    """What is wanted of a file; a reader takes what its format has a use for.

    Args:
        space: Where the architectures come from; a format that writes them in another way than
            the space does translates them.
        targets: What to rank by; empty for what the format itself ranks by, None for nothing
            (then the architectures may be missing as well, if ``on`` is given).
        scores: Whether the published scores are wanted.
        architecture_column: The column of architecture texts.
        on: The column by which rows belong to those of another file; None for the architectures.
        where: Only rows with these values, by column, as ``task`` of files that hold several.
        without: Columns that are no scores.
        strict: Whether to refuse columns that nobody asked for, if no targets are named either.
    """

    space: SearchSpace
    targets: tuple[Wanted, ...] | None = ()
    scores: bool = False
    architecture_column: str = "architecture"
    on: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    strict: bool = False


@dataclass(frozen=True, eq=False)
class Published:
    """What a file holds, one entry an architecture.

    Args:
        path: The file.
        places: Where each entry stands, as ``line 5``, for messages.
        ids: By which entries belong to those of another file.
        architectures: As the space writes them; empty if the file does not name them.
        targets: With their units and directions.
        scores: float64 (architectures,) by published name; NaN where one is missing.
        notes: What was left out or changed, with counts, one line each, for the user to read.
        provenance: What the file says of its origin, as JSON values.
    """

    path: Path
    places: tuple[str, ...]
    ids: tuple[str, ...]
    architectures: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    scores: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def at(self, index: int) -> str:
        """The file and the place of an entry, as messages begin."""
        return f"{self.path}: {self.places[index]}"


class Reader(Protocol):
    """One format of published files."""

    @property
    def name(self) -> str:
        """As it is registered, and as ``--format`` calls it."""
        ...

    def fits(self, path: Path, head: bytes) -> bool:
        """Whether a file is of this format and of no other.

        Args:
            path: Of the file, for its name.
            head: Its first bytes, at most 64 KiB, unpacked if the file is compressed by gzip.
        """
        ...

    def read(self, path: Path, request: Request) -> Published:
        """Read a file that anybody may have written.

        Raises:
            DataError: it is not whole, or lacks what is asked for; the message begins with the
                path, says where (line, JSON path) and what to do.
            ConfigError: what is asked for makes no sense for the format.
        """
        ...
