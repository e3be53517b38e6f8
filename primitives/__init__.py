"""What a formula may be made of: operators and statistics, as declared data.

**Types**: :data:`NODE_SETS`, :data:`NETWORK`, :data:`TYPES`, :func:`describe_type`, :class:`Sign`.

**Operators**: :class:`Operator`, :class:`Nodes` (the ragged vectors that kernels
see), :data:`LANES` (architectures side by side in compiled ones), :func:`rounded` (how
``logrank`` compares), :func:`log_rank`, :func:`relative_log_rank`, :func:`check_operator`,
:class:`SymbolError`.

**Statistics**: :class:`Statistic`, :func:`scalar`, :data:`STATISTICS`.

**Symbol sets**: :class:`SymbolSet`, :data:`FULL`, :data:`LAYERS`, :data:`SCALAR`,
:data:`SYMBOL_SETS`.
"""

from primitives._catalogue import STATISTICS
from primitives._nodes import Nodes
from primitives._nodewise import log_rank, relative_log_rank, rounded
from primitives._nodewise_compiled import LANES
from primitives._operator import Operator, SymbolError, check_operator
from primitives._statistic import Statistic, scalar
from primitives._symbols import FULL, LAYERS, SCALAR, SYMBOL_SETS, SymbolSet
from primitives._types import NETWORK, NODE_SETS, TYPES, Sign, describe_type

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "NETWORK", "NODE_SETS", "TYPES", "Sign", "describe_type",
    "LANES", "Nodes", "Operator", "SymbolError", "check_operator", "log_rank",
    "relative_log_rank", "rounded",
    "STATISTICS", "Statistic", "scalar",
    "FULL", "LAYERS", "SCALAR", "SYMBOL_SETS", "SymbolSet",
]
