"""A formula as LaTeX for a paper's display mode."""

from __future__ import annotations

import re

from evozc.formula._tree import Formula
from primitives import NETWORK, Operator, Statistic

_ATOM = 3
#: What a statistic's symbol may be written with: it may come from a table of a stranger's.
_COMMANDS = (
    "alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi|"
    "varphi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Phi|Psi|Omega|ell|infty|partial|nabla|cdot|"
    "times|odot|circ|sum|prod|max|min|log|exp|det|arg|mathrm|mathbf|mathit|mathcal|mathbb|mathsf|operatorname|"
    "overline|bar|hat|tilde|vec|lVert|rVert|lvert|rvert|frac|sqrt|textstyle|displaystyle"
)
_SYMBOL = re.compile(
    rf"(?:[A-Za-z0-9 ,.;:!'+*/=|()\[\]<>^_{{}}-]|\\(?:{_COMMANDS})(?![A-Za-z])|\\[,;:!#|])+"
)
_LONGEST = 200
_SPECIAL = {**{mark: f"\\{mark}" for mark in "{}$%&#"}, "_": " ", "~": r"\sim ", "^": r"\wedge "}


def to_latex(formula: Formula) -> str:
    """The formula in LaTeX, without delimiters; node indices are l, a and b."""
    return _typeset(formula)[0]


def _typeset(formula: Formula) -> tuple[str, int]:
    """The LaTeX of a formula, and how tightly it binds (1 sum, 2 product, 3 atom)."""
    symbol = formula.symbol
    if isinstance(symbol, Statistic):
        latex = symbol.latex if _is_symbol(symbol.latex) else _name(symbol.name)
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


def _is_symbol(latex: str) -> bool:
    """Whether LaTeX is made of letters, marks and known commands alone, its braces in pairs."""
    if len(latex) > _LONGEST or "^^" in latex or not _SYMBOL.fullmatch(latex):
        return False
    depth = 0
    for mark in latex:
        depth += (mark == "{") - (mark == "}")
        if depth < 0:
            return False
    return depth == 0


def _name(name: str) -> str:
    return rf"\mathrm{{{''.join(_SPECIAL.get(mark, mark) for mark in name)}}}"


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
