"""What a statistic declares."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from primitives._names import is_word, name_fault
from primitives._operator import SymbolError
from primitives._types import NETWORK, TYPES, Sign

#: Longest definition, source or LaTeX symbol.
_LONGEST = 2000


@dataclass(frozen=True)
class Statistic:
    """One number that extraction measures at every node of a set, or once a network.

    Args:
        node_set: ``layer``, ``activation``, ``block``, or ``network`` for a Scalar.
        name: What stands behind the dot in formula text, quoted where it is no word.
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
        """The text by which formulas and tables name it: ``layer.grad_l2``, ``network."fl*ops"``."""
        return f"{self.node_set}.{self.name}" if is_word(self.name) else f'{self.node_set}."{self.name}"'

    @property
    def identifier(self) -> str:
        """What programs call it: ``layer_grad_l2``; a name that is no word gets a few digits of its own."""
        if is_word(self.name):
            return f"{self.node_set}_{self.name}"
        digits = hashlib.sha256(self.name.encode()).hexdigest()[:6]
        return f"{self.node_set}_{re.sub('[^A-Za-z0-9]+', '_', self.name)}_{digits}"

    @property
    def type(self) -> str:
        """The type of its value in a formula: its node set, or ``network`` for a Scalar."""
        return self.node_set


def check_statistic(statistic: Statistic) -> Statistic:
    """The statistic itself, once its declaration has been looked at.

    Raises:
        SymbolError: an unknown node set, a name that cannot be one, no definition, no sign, a text
            that cannot be printed.
    """
    if statistic.node_set not in TYPES:
        raise SymbolError(f"statistic {ascii(statistic.name)[:80]}: no node set {statistic.node_set!r}")
    if fault := name_fault(statistic.name):
        raise SymbolError(f"statistic {ascii(statistic.name)[:80]}: {fault}")
    if not statistic.definition.strip():
        raise SymbolError(f"statistic {statistic.key}: say what is measured in its definition")
    for text in (statistic.definition, statistic.latex, statistic.group, statistic.unit, statistic.source):
        if len(text) > _LONGEST or not text.isprintable():
            raise SymbolError(f"statistic {statistic.key}: {ascii(text)[:60]} is too long or not printable")
    if not isinstance(statistic.sign, Sign) or not statistic.sign:
        raise SymbolError(f"statistic {statistic.key}: the sign must be a Sign, not {statistic.sign!r}")
    return statistic


def scalar(name: str, definition: str = "", **declared: Any) -> Statistic:
    """A network scalar that a file of published scores defines."""
    return Statistic(NETWORK, name, definition or f"column {name!r} of the scores", **declared)
