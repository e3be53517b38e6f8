"""From formula text to the tree: no recursion, no evaluation, one kind of error."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass, field

from evozc.errors import FormulaError
from evozc.formula._tree import KEY, MAX_DEPTH, Formula, call, constant, statistic
from evozc.symbols import symbol_set
from primitives import NETWORK, SymbolSet, describe_type

MAX_TEXT = 64 * 1024

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<operator>[A-Za-z_][A-Za-z0-9_]*)[ \t\r\n]*\("
    rf"|(?P<name>{KEY}|[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<mark>[),])",
)


@dataclass
class _Open:
    """An operator whose closing bracket has not come yet."""

    name: str
    position: int
    arguments: list[Formula] = field(default_factory=list)


class _Parser:
    def __init__(self, text: str, symbols: SymbolSet) -> None:
        self.text = text
        self.symbols = symbols
        self.stack: list[_Open] = []
        self.value: Formula | None = None  # complete, waiting for a comma or a bracket

    def run(self) -> Formula:
        position = 0
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if match is None:
                raise self.error(position, f"unexpected {self.text[position]!r}")
            if match.lastgroup != "space":
                self.take(match.lastgroup or "", match[match.lastgroup or 0], position)
            position = match.end()
        if self.stack:
            opened = self.stack[-1]
            raise self.error(opened.position, f"the bracket of {opened.name!r} is never closed")
        if self.value is None:
            raise FormulaError("the formula is empty")
        if self.value.type != NETWORK:
            raise FormulaError(
                f"the formula gives a {describe_type(self.value.type)}; "
                "reduce it to one Scalar an architecture, as sum(...) does"
            )
        return self.value

    def take(self, kind: str, token: str, position: int) -> None:
        if kind == "mark":
            self.end_argument(token, position)
        elif self.value is not None:
            raise self.error(position, f"expected a comma or a closing bracket before {token[:40]!r}")
        elif kind == "operator":
            if len(self.stack) + 1 >= MAX_DEPTH:
                raise self.error(position, f"nested deeper than {MAX_DEPTH}")
            self.stack.append(_Open(token, position))
            if token not in self.symbols.operators:
                raise self.unknown(position, "operator", token, list(self.symbols.operators))
        elif kind == "name":
            if token not in self.symbols.statistics:
                raise self.unknown(position, "statistic", token, list(self.symbols.statistics))
            self.value = statistic(self.symbols.statistics[token])
        else:
            number = float(token)
            if not math.isfinite(number):
                raise self.error(position, f"the number {token[:40]} is too large")
            self.value = constant(number)

    def end_argument(self, mark: str, position: int) -> None:
        if not self.stack:
            raise self.error(position, f"{mark!r} outside of any bracket")
        if self.value is None:
            raise self.error(position, f"expected an argument before {mark!r}")
        opened = self.stack[-1]
        opened.arguments.append(self.value)
        self.value = None
        if mark == ")":
            self.stack.pop()
            try:
                self.value = call(self.symbols.operators[opened.name], *opened.arguments)
            except FormulaError as error:
                raise self.error(opened.position, str(error)) from None

    def unknown(self, position: int, what: str, token: str, known: list[str]) -> FormulaError:
        near = difflib.get_close_matches(token[:80], known, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return self.error(position, f"unknown {what} {token[:40]!r}{hint}")

    def error(self, position: int, reason: str) -> FormulaError:
        line = self.text.count("\n", 0, position) + 1
        column = position - self.text.rfind("\n", 0, position)
        return FormulaError(f"formula, line {line}, column {column}: {reason}")


def parse(text: str, symbols: SymbolSet | None = None) -> Formula:
    """The formula that a text says, of the form ``add(sum(log(layer.grad_l2)), 2)``.

    Args:
        text: Operators with their arguments in brackets, statistics by their key (a name that is
            no word in quotes, as ``network."fl*ops"``), finite numbers; at most 64 KiB.
        symbols: The operators and statistics to know; None for all that there are, those of
            plug-ins included.

    Returns:
        A formula that gives one Scalar an architecture.

    Raises:
        FormulaError: anything else; the message gives line and column, and the
            nearest known name for one that is unknown.
    """
    if not isinstance(text, str):
        raise FormulaError(f"a formula is a text, not a {type(text).__name__}")
    if len(text) > MAX_TEXT:
        raise FormulaError(f"the formula text has {len(text)} characters; at most {MAX_TEXT} are allowed")
    return _Parser(text, symbol_set() if symbols is None else symbols).run()
