"""A formula as a Python file of its own that needs only numpy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from evozc.exports._body import write_body
from evozc.formula import Formula

if TYPE_CHECKING:
    import numpy as np


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
            whose source cannot be read or needs another package than numpy.
    """
    body = write_body(formula, references or {})
    return _TEMPLATE.format(
        docstring=docstring(formula, note),
        imports="\n".join(body.bundle.imports),
        constants=body.constants,
        definitions=body.bundle.text,
        lines="\n".join(f"    {line}" for line in body.lines),
    )


def docstring(formula: Formula, note: str) -> str:
    """The head of an exported file's docstring; what a note holds cannot end it."""
    return f"{json.dumps(note)[1:-1] or 'A zero-cost proxy found by evozc.'}\n\n{formula.text}"


_TEMPLATE = '''"""{docstring}

Higher is better. ``score`` takes the statistics of one untrained network.
"""

{imports}

{constants}

{definitions}

def score(statistics):
    """The proxy's score of one network, NaN if it cannot be computed.

    ``statistics`` maps every name in STATISTICS to its values.
    """
{lines}
    value = float(result[0])
    return value if np.isfinite(value) else float("nan")
'''
