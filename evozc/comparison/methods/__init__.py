"""The methods of a comparison, one file each.

**What a method is**: :class:`Method`; what it is given and gives: :class:`Conditions`,
:class:`Ranking`, :class:`FrontEntry`.

**By name**: :data:`METHODS`, which :func:`probe_method` keeps watch on.
"""

from evozc.comparison.methods._method import Conditions, Method
from evozc.comparison.methods._methods import METHODS, probe_method
from evozc.comparison.methods._ranking import FrontEntry, Ranking, listed, rank_by

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "Conditions", "Method",
    "FrontEntry", "Ranking", "listed", "rank_by",
    "METHODS", "probe_method",
]
