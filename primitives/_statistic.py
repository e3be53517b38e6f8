"""What a statistic declares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from primitives._operator import SymbolError
from primitives._types import NETWORK, TYPES, Sign

_NAME = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True)
class Statistic:
    """One number that extraction measures at every node of a set, or once a network.

    Args:
        node_set: ``layer``, ``activation``, ``block``, or ``network`` for a Scalar.
        name: The identifier behind the dot in formula text.
        definition: What is measured.
        sign: The signs that it can have.
        latex: Its symbol, without an index.
        group: The part of extraction that yields it, for choosing cheap parts.
        unit: Its unit; empty for pure numbers.
        source: Paper and equation, if not elementary.
        needs_labels: Whether it needs labelled data, being taken from the loss.
    """

    node_set: str
    name: str
    definition: str
    sign: Sign = Sign.REAL
    latex: str = ""
    group: str = "scores"
    unit: str = ""
    source: str = ""
    needs_labels: bool = False

    @property
    def key(self) -> str:
        """The text by which formulas and tables name it, as ``layer.grad_l2``."""
        return f"{self.node_set}.{self.name}"

    @property
    def type(self) -> str:
        """The type of its value in a formula: its node set, or ``network`` for a Scalar."""
        return self.node_set


def check_statistic(statistic: Statistic) -> Statistic:
    """The statistic itself, once its declaration has been looked at.

    Raises:
        SymbolError: an unknown node set, a name that formula text cannot hold, no definition, no sign.
    """
    if statistic.node_set not in TYPES:
        raise SymbolError(f"statistic {statistic.name!r}: no node set {statistic.node_set!r}")
    if not _NAME.fullmatch(statistic.name):
        raise SymbolError(f"statistic {statistic.name!r}: the name must be of letters, digits and _")
    if not statistic.definition.strip():
        raise SymbolError(f"statistic {statistic.key}: say what is measured in its definition")
    if not isinstance(statistic.sign, Sign) or not statistic.sign:
        raise SymbolError(f"statistic {statistic.key}: the sign must be a Sign, not {statistic.sign!r}")
    return statistic


def scalar(name: str, definition: str = "", **declared: Any) -> Statistic:
    """A network scalar that a file of published scores defines."""
    return Statistic(NETWORK, name, definition or f"column {name!r} of the scores", **declared)
