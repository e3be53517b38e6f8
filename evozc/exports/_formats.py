"""What a formula can be written as, by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evozc._registry import Registry
from evozc.exports._python import to_python
from evozc.formula import Formula, to_latex, to_sympy

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Exported:
    """A formula that is to be written, with what is known of it.

    Args:
        formula: What to score by.
        references: Gives, for each comparison of networks, as ``logrank``, its argument's values on those
            among which a network is ranked, float64 (networks,); asked only by formats that need them.
        note: A line on where it comes from.
        facts: What else is known of it, as JSON values by name.
    """

    formula: Formula
    references: Callable[[], Mapping[Formula, np.ndarray]] = dict
    note: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


#: Gives the text; it raises FormulaError where the formula cannot be written so.
Format = Callable[[Exported], str]


def _text(exported: Exported) -> str:
    return exported.formula.text


def _latex(exported: Exported) -> str:
    return to_latex(exported.formula)


def _sympy(exported: Exported) -> str:
    return str(to_sympy(exported.formula))


def _json(exported: Exported) -> str:
    formula = exported.formula
    known = {
        "formula": formula.text, "latex": to_latex(formula), "size": formula.size, **exported.facts,
        "statistics": {s.key: s.definition for s in formula.statistics()},
    }
    return json.dumps(known, indent=2, allow_nan=False)


def _python(exported: Exported) -> str:
    return to_python(exported.formula, exported.references(), exported.note)


def _torch(exported: Exported) -> str:
    from evozc.exports._torch import to_torch

    return to_torch(exported.formula, exported.references(), exported.note)


def _check(name: str, thing: Any) -> None:
    if not callable(thing):
        raise TypeError(f"{name!r} is no function of an evozc.exports.Exported")


#: By the name that ``--format`` takes; other packages add theirs under the entry points ``evozc.formats``.
FORMATS: Registry[Format] = Registry("format", "evozc.formats", {
    "text": _text, "latex": _latex, "sympy": _sympy, "json": _json, "python": _python, "torch": _torch,
}, _check)


def export(exported: Exported, format: str = "text") -> str:  # noqa: A002 - as users call it
    """A formula written down, without a line's end after it.

    Args:
        exported: What to write.
        format: Of :data:`FORMATS`.

    Raises:
        ConfigError: no such format.
        FormulaError: the formula cannot be written so.
    """
    return FORMATS.get(format)(exported).rstrip("\n")
