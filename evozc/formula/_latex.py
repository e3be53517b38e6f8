"""A formula as LaTeX for a paper's display mode."""

from __future__ import annotations

from evozc.formula._tree import Formula
from primitives import NETWORK, Operator, Statistic

_ATOM = 3


def to_latex(formula: Formula) -> str:
    """The formula in LaTeX, without delimiters; node indices are l, a and b."""
    return _typeset(formula)[0]


def _typeset(formula: Formula) -> tuple[str, int]:
    """The LaTeX of a formula, and how tightly it binds (1 sum, 2 product, 3 atom)."""
    symbol = formula.symbol
    if isinstance(symbol, Statistic):
        latex = symbol.latex or rf"\mathrm{{{symbol.name.replace('_', ' ')}}}"
        return (latex if symbol.type == NETWORK else _indexed(latex, symbol.type)), _ATOM
    if not isinstance(symbol, Operator):
        return _number(symbol)
    template = symbol.latex or _call_template(symbol)
    closed = r"\left" in template or template.startswith((r"\frac{{{0", r"\frac{{1", r"\sqrt"))
    parts = []
    for position, argument in enumerate(formula.arguments):
        latex, binds = _typeset(argument)
        first_of_two = symbol.arity == 2 and position == 0
        tight = binds > symbol.precedence or (first_of_two and binds == symbol.precedence)
        parts.append(latex if closed or tight else rf"\left({latex}\right)")
    index = formula.arguments[0].type[0]
    return template.format(*parts, i=index), symbol.precedence


def _indexed(latex: str, node_set: str) -> str:
    return f"{{{{{latex}}}^{{({node_set[0]})}}}}"


def _call_template(operator: Operator) -> str:
    """How an operator that declares no LaTeX form is written."""
    places = ", ".join(f"{{{k}}}" for k in range(operator.arity))
    name = operator.name.replace("_", r"\_")
    return rf"\mathrm{{{{{name}}}}}\left({places}\right)"


def _number(value: float) -> tuple[str, int]:
    text = repr(value).removesuffix(".0")
    if "e" in text:
        mantissa, exponent = text.split("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}", 1 if value < 0 else 2
    return text, 1 if value < 0 else _ATOM
