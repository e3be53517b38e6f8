"""What a formula may be made of: operators and statistics, as declared data.

**Types**: :data:`NODE_SETS`, :data:`NETWORK`, :data:`TYPES`, :func:`describe_type`, :class:`Sign`.

**Operators**: :class:`Operator`, :class:`Nodes` (the ragged vectors that kernels
see), :func:`relative_log_rank`, :func:`check_operator`, :class:`SymbolError`.

**Statistics**: :class:`Statistic`, :func:`scalar`, :data:`STATISTICS`.

**Symbol sets**: :class:`SymbolSet`, :data:`FULL`, :data:`LAYERS`, :data:`SCALAR`,
:data:`SYMBOL_SETS`.
"""

from primitives._catalogue import STATISTICS
from primitives._nodes import Nodes
from primitives._nodewise import relative_log_rank
from primitives._operator import Operator, SymbolError, check_operator
from primitives._statistic import Statistic, scalar
from primitives._symbols import FULL, LAYERS, SCALAR, SYMBOL_SETS, SymbolSet
from primitives._types import NETWORK, NODE_SETS, TYPES, Sign, describe_type

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "NETWORK", "NODE_SETS", "TYPES", "Sign", "describe_type",
    "Nodes", "Operator", "SymbolError", "check_operator", "relative_log_rank",
    "STATISTICS", "Statistic", "scalar",
    "FULL", "LAYERS", "SCALAR", "SYMBOL_SETS", "SymbolSet",
]
