"""Search spaces: from an architecture's text to a torch module and back to a key.

**The protocol**: :class:`SearchSpace`, :class:`GraphSpace`, :class:`SizedSpace`, :class:`ColumnSpace`;
what networks take and return: :class:`ImageInputs`, :class:`TokenInputs`, :class:`Outputs`.

**Spaces**: :class:`NasBench201`, :class:`Texts`; all by name: :func:`get_space`,
:func:`space_from_options`, :data:`SPACES`; :func:`space_origin`.

**What an architecture's graph says**: :func:`cell_scalars`.
"""

from evozc.spaces._cell_scalars import cell_scalars
from evozc.spaces._space import (
    ColumnSpace,
    GraphSpace,
    ImageInputs,
    Outputs,
    SearchSpace,
    SizedSpace,
    TokenInputs,
)
from evozc.spaces._spaces import SPACES, get_space, space_from_options, space_origin
from evozc.spaces.nasbench201 import NasBench201
from evozc.spaces.texts import Texts

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "SearchSpace", "GraphSpace", "SizedSpace", "ColumnSpace", "ImageInputs", "TokenInputs", "Outputs",
    "NasBench201", "Texts", "get_space", "space_from_options", "space_origin", "SPACES",
    "cell_scalars",
]
