"""What a formula may be made of: operators and statistics, as declared data.

**Types**: :data:`NODE_SETS`, :data:`NETWORK`, :data:`TYPES`, :func:`describe_type`, :class:`Sign`.

**Operators**: :class:`Operator`, :class:`Nodes` (the ragged vectors that kernels
see), :data:`LANES` (architectures side by side in compiled ones), :func:`probe_operator`,
:class:`SymbolError`; those that others build with: :data:`ABS`, :data:`NEG`, :data:`ADD`, :data:`MUL`,
:data:`LOGRANK`, and how it compares: :func:`rounded`, :func:`log_rank`.

**Statistics**: :class:`Statistic`, :func:`scalar`, :func:`check_statistic`, :data:`STATISTICS`;
what they and targets may be called: :func:`name_fault`.

**Symbol sets**: :class:`SymbolSet`, :data:`FULL`, :data:`LAYERS`, :data:`SCALAR`,
:data:`SYMBOL_SETS`.
"""

from primitives._catalogue import STATISTICS
from primitives._elementwise import ABS, ADD, MUL, NEG
from primitives._names import name_fault
from primitives._nodes import Nodes
from primitives._nodewise import LOGRANK, log_rank, rounded
from primitives._nodewise_compiled import LANES
from primitives._operator import Operator, SymbolError, probe_operator
from primitives._statistic import Statistic, check_statistic, scalar
from primitives._symbols import FULL, LAYERS, SCALAR, SYMBOL_SETS, SymbolSet
from primitives._types import NETWORK, NODE_SETS, TYPES, Sign, describe_type

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "NETWORK", "NODE_SETS", "TYPES", "Sign", "describe_type",
    "LANES", "Nodes", "Operator", "SymbolError", "probe_operator",
    "ABS", "NEG", "ADD", "MUL", "LOGRANK", "log_rank", "rounded",
    "STATISTICS", "Statistic", "check_statistic", "name_fault", "scalar",
    "FULL", "LAYERS", "SCALAR", "SYMBOL_SETS", "SymbolSet",
]
