"""A formula as a Python file of its own that needs only numpy."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from evozc.errors import FormulaError
from evozc.formula._tree import Formula
from primitives import NETWORK, Nodes, Operator, Statistic

#: Reference values that an exported ``logrank`` carries at most.
MAX_REFERENCE = 1001

_RELATIVE_RANK = '''
def relative_log_rank(x, reference):
    """Logarithm of the relative rank of x among the sorted reference values."""
    x = np.where(np.isfinite(x), x, -np.inf)
    below = np.searchsorted(reference, x, side="left")
    rank = 0.5 * (below + np.searchsorted(reference, x, side="right") + 1)
    return np.log(rank / len(reference))
'''


def to_python(
    formula: Formula, references: Mapping[Formula, np.ndarray] | None = None, note: str = ""
) -> str:
    """The source of a module with ``score(statistics) -> float`` for one network.

    It holds the kernels of the operators that the formula uses, as declared, and
    nothing else; it imports numpy alone.

    Args:
        formula: What to score by.
        references: For each ``logrank`` its argument's values on the architectures that
            one network is to be ranked among; thinned to quantiles if there are many.
        note: A line for the file's docstring, as where the formula comes from.

    Raises:
        FormulaError: a ``logrank`` without reference, or an operator of the user's own
            whose source cannot be read or uses more than numpy.
    """
    writer = _Writer(references or {})
    result = writer.write(formula)
    used = formula.statistics()
    vectors = sorted({s.type for s in used if s.type != NETWORK})
    lines = [f"    {line}" for line in writer.lines]
    inputs = [f"    {_local(s)} = _input(statistics, {s.key!r}, {s.type == NETWORK})" for s in used]
    sizes = [
        f"    {node_set}_nodes = Nodes(np.array([0, len({next(_local(s) for s in used if s.type == node_set)})]))"
        for node_set in vectors
    ]
    table = "".join(f"    {s.key!r}: {s.definition!r},\n" for s in used)
    functions = [inspect.getsource(Nodes)] if vectors else []
    functions += writer.sources.values()
    if writer.references:
        functions.append(_RELATIVE_RANK.strip() + "\n")
    return _TEMPLATE.format(
        note=json.dumps(note, ensure_ascii=True)[1:-1] if note else "A zero-cost proxy found by evozc.",
        formula=formula.text,
        table=table,
        references="".join(f"{name} = np.array({values})\n" for name, values in writer.references.items()),
        functions="\n\n".join(f.strip() + "\n" for f in functions),
        body="\n".join([*inputs, *sizes, '    with np.errstate(all="ignore"):', *(f"    {x}" for x in lines)]),
        result=result,
    )


_TEMPLATE = '''"""{note}

{formula}

Higher is better. ``score`` takes the statistics of one untrained network.
"""

import numpy as np

#: What the formula needs: vectors over a network's nodes, or numbers (network.*).
STATISTICS = {{
{table}}}

{references}

{functions}

def _input(statistics, key, scalar):
    value = np.array(statistics[key], dtype=np.float64).reshape(-1)
    if scalar and value.shape != (1,):
        raise ValueError(f"{{key}} must be one number, not {{value.shape[0]}}")
    return value


def score(statistics):
    """The proxy's score of one network, NaN if it cannot be computed.

    ``statistics`` maps every name in STATISTICS to its values.
    """
{body}
    value = float({result}[0])
    return value if np.isfinite(value) else float("nan")
'''


class _Writer:
    """Writes one assignment for each distinct part of a formula."""

    def __init__(self, given: Mapping[Formula, np.ndarray]) -> None:
        self.given = given
        self.names: dict[Formula, str] = {}
        self.lines: list[str] = []
        self.sources: dict[str, str] = {}
        self.references: dict[str, list[float]] = {}

    def write(self, formula: Formula) -> str:
        if formula in self.names:
            return self.names[formula]
        symbol = formula.symbol
        if isinstance(symbol, Statistic):
            return _local(symbol)
        name = f"v{len(self.names)}"
        if isinstance(symbol, Operator):
            expression = self.call(symbol, formula)
            name = f"v{len(self.names)}"
        else:
            expression = f"np.array([{symbol!r}])"
        self.names[formula] = name
        self.lines.append(f"{name} = {expression}")
        return name

    def call(self, operator: Operator, formula: Formula) -> str:
        arguments = [self.write(a) for a in formula.arguments]
        inner = formula.arguments[0]
        if operator.kind == "candidates":
            return f"relative_log_rank({arguments[0]}, {self.reference(operator, inner)})"
        _collect(operator.kernel, operator.name, self.sources)
        if operator.kind in ("vector", "reduction"):
            arguments.append(f"{inner.type}_nodes")
        return f"{operator.kernel.__name__}({', '.join(arguments)})"

    def reference(self, operator: Operator, inner: Formula) -> str:
        if operator.name != "logrank" or inner not in self.given:
            raise FormulaError(
                f"{operator.name} ranks an architecture among others: give the reference "
                f"values of {inner.text}"
            )
        values = np.sort(np.where(np.isfinite(self.given[inner]), self.given[inner], -np.inf))
        if len(values) > MAX_REFERENCE:
            values = np.quantile(values, np.linspace(0, 1, MAX_REFERENCE), method="closest_observation")
        name = f"REFERENCE_{len(self.references)}"
        self.references[name] = [v if np.isfinite(v) else -1.7976931348623157e308 for v in values.tolist()]
        return name


def _collect(function: Callable[..., Any], operator: str, sources: dict[str, str]) -> None:
    """The source of a kernel, after that of the functions it calls."""
    if function.__name__ in sources:
        return
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        raise FormulaError(f"operator {operator!r}: the source of its kernel cannot be read") from None
    if not source.startswith("def "):
        raise FormulaError(f"operator {operator!r}: only a kernel that is a plain function can be exported")
    for name in function.__code__.co_names:
        found = function.__globals__.get(name)
        if isinstance(found, types.FunctionType):
            _collect(found, operator, sources)
        elif found is not None and found is not np:
            raise FormulaError(f"operator {operator!r}: its kernel uses {name}, which is not numpy's")
    sources[function.__name__] = source


def _local(statistic: Statistic) -> str:
    return statistic.key.replace(".", "_")
