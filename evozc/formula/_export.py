"""A formula as a Python file of its own that needs only numpy."""

from __future__ import annotations

import ast
import inspect
import json
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

from evozc.errors import FormulaError
from evozc.formula._tree import Formula
from primitives import NETWORK, Nodes, Operator, Statistic, rounded

#: Reference values that an exported ``logrank`` carries at most.
MAX_REFERENCE = 1001

_RELATIVE_RANK = inspect.getsource(rounded) + '''

def relative_log_rank(x, reference):
    """Logarithm of the relative rank of x among the sorted reference values."""
    x = np.where(np.isfinite(x), rounded(x), -np.inf)
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
    lines = [f"    {line}" for line in (*writer.lines, f"value = float({result}[0])")]
    inputs = [f"    {_local(s)} = _input(statistics, {s.key!r}, {s.type == NETWORK})" for s in used]
    sized = {s.type: _local(s) for s in reversed(used)}
    sizes = [f"    nodes_{v} = Nodes(np.array([0, len({sized[v]})]))" for v in vectors]
    body = [*inputs, *sizes, '    with np.errstate(all="ignore"):', *(f"    {x}" for x in lines)]
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
        body="\n".join(body),
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
    return value if np.isfinite(value) else float("nan")
'''

_BUILTIN = object()
#: What a kernel finds in the file that it is written to.
_KNOWN = {"np": np, "Nodes": Nodes}
#: Names in the file that a kernel must not take.
_RESERVED = {"score", "_input", "relative_log_rank", "rounded", "STATISTICS", *_KNOWN}


class _Writer:
    """Writes one assignment for each distinct part of a formula."""

    def __init__(self, given: Mapping[Formula, np.ndarray]) -> None:
        self.given = given
        self.names: dict[Formula, str] = {}
        self.lines: list[str] = []
        self.sources: dict[types.FunctionType, str] = {}
        self.references: dict[str, str] = {}

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
            arguments.append(f"nodes_{inner.type}")
        return f"{operator.kernel.__name__}({', '.join(arguments)})"

    def reference(self, operator: Operator, inner: Formula) -> str:
        if operator.name != "logrank" or inner not in self.given:
            raise FormulaError(
                f"{operator.name} ranks an architecture among others: give the reference "
                f"values of {inner.text}"
            )
        given = self.given[inner]
        values = np.sort(np.where(np.isfinite(given), rounded(given), -np.inf))
        if len(values) > MAX_REFERENCE:
            values = values[np.linspace(0, len(values) - 1, MAX_REFERENCE).round().astype(int)]
        name = f"REFERENCE_{len(self.references)}"
        self.references[name] = repr(values.tolist()).replace("-inf", "-np.inf")
        return name


def _collect(function: Any, operator: str, sources: dict[types.FunctionType, str]) -> None:
    """The source of a kernel and of the functions it calls."""

    def refuse(reason: str) -> FormulaError:
        return FormulaError(f"operator {operator!r}: {reason}")

    if not isinstance(function, types.FunctionType):
        raise refuse("only a kernel that is a plain function can be exported")
    if function in sources:
        return
    name = function.__name__
    try:
        source = inspect.getsource(function)
    except OSError:
        raise refuse("the source of its kernel cannot be read") from None
    if not source.startswith(f"def {name}("):
        raise refuse("only a kernel that is a plain function can be exported")
    if name in _RESERVED or any(other.__name__ == name for other in sources):
        raise refuse(f"the file needs another function {name}; rename that of the kernel")
    sources[function] = source
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            raise refuse("its kernel imports something; use numpy as np alone")
        if not isinstance(node, ast.Name) or node.id in function.__code__.co_varnames:
            continue
        found = function.__globals__.get(node.id, _BUILTIN)
        if isinstance(found, types.FunctionType):
            if found.__name__ != node.id:
                raise refuse(f"its kernel calls {found.__name__} by another name")
            _collect(found, operator, sources)
        elif found is not _BUILTIN and _KNOWN.get(node.id) is not found:
            raise refuse(f"its kernel uses {node.id}, which is not numpy's")


def _local(statistic: Statistic) -> str:
    return statistic.key.replace(".", "_")
