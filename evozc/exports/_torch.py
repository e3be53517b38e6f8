"""A formula as a Python file of its own that needs only torch and numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from evozc.errors import FormulaError
from evozc.exports._body import write_body
from evozc.exports._bundle import BundleError
from evozc.exports._python import docstring
from evozc.extraction._measure import of_signs, run_groups, signs_of, values_of
from evozc.formula import Formula
from evozc.symbols import GROUPS, group_names, statistics

if TYPE_CHECKING:
    import numpy as np


def to_torch(
    formula: Formula, references: Mapping[Formula, np.ndarray] | None = None, note: str = ""
) -> str:
    """The source of a module with ``score(network, inputs, labels=None, ...) -> float``.

    It holds what measures the statistics that the formula uses, the kernels of its operators,
    and nothing else; it imports torch and numpy alone, beside the standard library.

    Args:
        formula: What to score by.
        references: As for :func:`~evozc.exports.to_python`.
        note: A line for the file's docstring, as where the formula comes from.

    Raises:
        FormulaError: a statistic that cannot be measured, as a column of published scores; a
            ``logrank`` without reference; an operator of the user's own whose source cannot be
            read or needs another package.
    """
    measurable = {s.key: s for s in statistics()}
    used = formula.statistics()
    for statistic in used:
        if statistic.key not in measurable:
            raise FormulaError(f"{statistic.key} is a column of its table, and cannot be measured")
    needed = {measurable[s.key].group for s in used}
    labels = [s.key for s in used if measurable[s.key].needs_labels]
    body = write_body(formula, references or {}, ("torch", "numpy"), _OWN)
    try:
        chosen = [GROUPS.get(name) for name in group_names() if name in needed]
        groups = [f"{body.bundle.add(group)}()" for group in chosen]
        run, values, signed = map(body.bundle.add, (run_groups, values_of, of_signs))
    except BundleError as error:
        raise FormulaError(f"{formula.text}: {error}") from None
    return _TEMPLATE.format(
        docstring=docstring(formula, note),
        imports="\n".join(_sorted(body.bundle.imports)),
        constants=body.constants,
        signs="\n".join(f"    {s.key!r}: {signs_of(measurable[s.key])}," for s in used),
        definitions=body.bundle.text,
        labels="" if not labels else _LABELS.format(keys=", ".join(labels)),
        needs="int64 (n,), which this formula needs" if labels else "not needed",
        run=run, values=values, signed=signed, groups=", ".join(groups),
        lines="\n".join(f"    {line}" for line in body.lines),
    )


def _sorted(imports: list[str]) -> list[str]:
    """Whole modules first, as is the custom."""
    return sorted(imports, key=lambda line: (line.startswith("from"), line))


#: Names of the file's own.
_OWN = ("network", "inputs", "labels", "blocks", "seed", "output", "loss", "key", "SIGNS")

_LABELS = '''    if labels is None:
        raise ValueError("labels are needed: {keys} is taken from the loss")
'''

_TEMPLATE = '''"""{docstring}

Higher is better. ``score`` takes any untrained torch.nn.Module.
"""

{imports}

{constants}
#: By statistic the signs that its values may have.
SIGNS = {{
{signs}
}}

{definitions}

def score(network, inputs, labels=None, blocks=None, seed=0, output=None, loss=None):
    """The proxy's score of one network, NaN if it cannot be computed.

    ``network``  from inputs to scores (n, classes); it is left bit by bit as it was
    ``inputs``   float32 (n, ...), or int64 token numbers (n, tokens); several in a dict of names
    ``labels``   {needs}
    ``blocks``   the modules that are its blocks; by default the children of its longest
                 ModuleList or Sequential
    ``seed``     of random directions and weights that a statistic draws itself, and of dropout
    ``output``   which of the network's outputs are its scores: a name, a position or a function
    ``loss``     from outputs and labels; by default the mean cross-entropy
    """
{labels}    run = {run}(network, inputs, labels, blocks, [{groups}], seed, output, loss)
    if run.spoiled:
        return float("nan")
    statistics = {{key: {signed}({values}(run, *key.split(".")), SIGNS[key]) for key in STATISTICS}}
{lines}
    value = float(result[0])
    return value if np.isfinite(value) else float("nan")
'''
