"""A formula as the inside of a Python function, for files that stand alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from evozc.engine import reference_quantiles
from evozc.errors import FormulaError
from evozc.exports._bundle import Bundle, BundleError
from evozc.formula import Formula
from primitives import NETWORK, Nodes, Operator, Statistic


@dataclass(frozen=True)
class Body:
    """A formula written as Python.

    Args:
        lines: Statements that compute the array ``result`` from a mapping ``statistics``.
        constants: Definitions for the top of the file, STATISTICS among them.
        bundle: What the lines call; more may be added.
    """

    lines: tuple[str, ...]
    constants: str
    bundle: Bundle


def write_body(
    formula: Formula,
    references: Mapping[Formula, np.ndarray],
    packages: Collection[str] = ("numpy",),
    reserved: Collection[str] = (),
) -> Body:
    """Write a formula as statements, one assignment for each distinct part.

    Args:
        formula: What to score by.
        references: For each ``logrank`` its argument's values on the architectures that one
            network is to be ranked among; thinned to quantiles if there are many.
        packages: What the file may import, beside the standard library.
        reserved: Names of the file's own, beside those of the body.

    Raises:
        FormulaError: a ``logrank`` without reference, or an operator of the user's own whose
            source cannot be read or needs another package.
    """
    used = formula.statistics()
    sized = {s.type: _local(s) for s in reversed(used) if s.type != NETWORK}
    ranks = (f"REFERENCE_{k}" for k in range(formula.size))
    values = (f"v{k}" for k in range(formula.size))
    own = ["STATISTICS", "score", "statistics", "result", "value"]
    own += [*ranks, *values, *map(_local, used), *(f"nodes_{kind}" for kind in sized)]
    bundle = Bundle(packages, {*own, *reserved})
    take = bundle.add(_input)
    lines = [f"{_local(s)} = {take}(statistics, {s.key!r}, {s.type == NETWORK})" for s in used]
    lines += [
        f"nodes_{kind} = {bundle.add(Nodes)}(np.array([0, len({name})]))"
        for kind, name in sorted(sized.items())
    ]
    writer = _Writer(bundle, references)
    result = writer.write(formula)
    lines += ['with np.errstate(all="ignore"):', *(f"    {line}" for line in writer.lines)]
    lines += [f"    result = {result}"]
    table = "".join(f"    {s.key!r}: {s.definition!r},\n" for s in used)
    constants = (
        "#: What the formula needs: vectors over a network's nodes, or numbers (network.*).\n"
        f"STATISTICS = {{\n{table}}}\n"
    )
    constants += "".join(f"{name} = np.array({values})\n" for name, values in writer.references.items())
    return Body(tuple(lines), constants, bundle)


class _Writer:
    """Writes one assignment for each distinct part of a formula."""

    def __init__(self, bundle: Bundle, given: Mapping[Formula, np.ndarray]) -> None:
        self.bundle = bundle
        self.given = given
        self.names: dict[Formula, str] = {}
        self.lines: list[str] = []
        self.references: dict[str, str] = {}

    def write(self, formula: Formula) -> str:
        symbol = formula.symbol
        if isinstance(symbol, Statistic):
            return _local(symbol)
        if formula not in self.names:
            if isinstance(symbol, Operator):
                expression = self.call(symbol, formula)
            else:
                expression = f"np.array([{symbol!r}])"
            self.names[formula] = f"v{len(self.names)}"
            self.lines.append(f"{self.names[formula]} = {expression}")
        return self.names[formula]

    def call(self, operator: Operator, formula: Formula) -> str:
        arguments = [self.write(a) for a in formula.arguments]
        inner = formula.arguments[0]
        kernel = operator.kernel
        if operator.kind == "candidates":
            kernel = self.against_reference(operator)
            arguments.append(self.reference(operator, inner))
        elif operator.kind in ("vector", "reduction"):
            arguments.append(f"nodes_{inner.type}")
        try:
            return f"{self.bundle.add(kernel)}({', '.join(arguments)})"
        except BundleError as error:
            raise FormulaError(f"operator {operator.name!r}: {error}") from None

    @staticmethod
    def against_reference(operator: Operator) -> Callable[..., np.ndarray]:
        if operator.against_reference is None:
            raise FormulaError(
                f"operator {operator.name!r} compares architectures with each other and declares no "
                "against_reference: a network alone cannot be scored by it"
            )
        return operator.against_reference

    def reference(self, operator: Operator, inner: Formula) -> str:
        if inner not in self.given:
            raise FormulaError(
                f"{operator.name} ranks an architecture among others: give the reference "
                f"values of {inner.text}"
            )
        values = reference_quantiles(self.given[inner])
        name = f"REFERENCE_{len(self.references)}"
        self.references[name] = repr(values.tolist()).replace("-inf", "-np.inf")
        return name


def _input(statistics, key, scalar):
    value = np.array(statistics[key], dtype=np.float64).reshape(-1)
    if scalar and value.shape != (1,):
        raise ValueError(f"{key} must be one number, not {value.shape[0]}")
    return value


def _local(statistic: Statistic) -> str:
    return statistic.identifier
