"""The formula language: a typed tree, its text, and what it can be turned into.

**The tree**: :class:`Formula`, made by :func:`call`, :func:`statistic`, :func:`constant`;
:func:`addends`.

**Text**: :func:`parse`; ``str(formula)`` is its inverse.

**Simplification**: :func:`simplify`, in parts :func:`canonical`, :func:`remove_redundancy`,
:func:`strip_root`; :func:`sign`.

**Exports**: :func:`to_sympy`, :func:`to_latex`, :func:`to_python`; for other files that stand alone
:func:`write_body`, :class:`Body`, :func:`docstring`, :func:`reference_quantiles`.
"""

from evozc.formula._export import docstring, to_python
from evozc.formula._latex import to_latex
from evozc.formula._parse import parse
from evozc.formula._simplify import canonical, remove_redundancy, sign, simplify, strip_root
from evozc.formula._sympy import to_sympy
from evozc.formula._tree import MAX_DEPTH, MAX_SIZE, Formula, addends, call, constant, statistic
from evozc.formula._write import Body, reference_quantiles, write_body

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "MAX_DEPTH", "MAX_SIZE", "Formula", "addends", "call", "constant", "statistic",
    "parse",
    "canonical", "remove_redundancy", "sign", "simplify", "strip_root",
    "to_latex", "to_python", "to_sympy",
    "Body", "docstring", "reference_quantiles", "write_body",
]
