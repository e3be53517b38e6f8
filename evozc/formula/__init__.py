"""The formula language: a typed tree, its text, and what it can be turned into.

**The tree**: :class:`Formula`, made by :func:`call`, :func:`statistic`, :func:`constant`;
:func:`addends`.

**Text**: :func:`parse`; ``str(formula)`` is its inverse.

**Simplification**: :func:`simplify`, in parts :func:`canonical`, :func:`remove_redundancy`,
:func:`strip_root`; :func:`sign`.

**Other notations**: :func:`to_sympy`, :func:`to_latex`; files are written by :mod:`evozc.exports`.
"""

from evozc.formula._latex import to_latex
from evozc.formula._parse import parse
from evozc.formula._simplify import canonical, remove_redundancy, sign, simplify, strip_root
from evozc.formula._sympy import to_sympy
from evozc.formula._tree import MAX_DEPTH, MAX_SIZE, Formula, addends, call, constant, statistic

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "MAX_DEPTH", "MAX_SIZE", "Formula", "addends", "call", "constant", "statistic",
    "parse",
    "canonical", "remove_redundancy", "sign", "simplify", "strip_root",
    "to_latex", "to_sympy",
]
