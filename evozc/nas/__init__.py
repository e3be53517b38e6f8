"""Architectures by a proxy: search in a space, under limits, against a size.

**A search**: :func:`find_networks`, :class:`NasSettings`, :class:`Limit`.

**Ways to search**: :data:`ALGORITHMS`, :class:`Algorithm`.

**A few trainings**: :class:`Queries`, ask and tell; on a pool: :func:`bench_queries`, :class:`Picked`.

**Who tells an accuracy or a latency**: :class:`Teller`; :class:`Column` of a file, :class:`Command`,
:func:`teller_of` a text.

**What came out**: :class:`NasResults` of :class:`Found` and :class:`Trained` architectures,
:func:`read_nas_results`.
"""

from evozc.nas._algorithms import ALGORITHMS, Algorithm
from evozc.nas._bench import Picked, bench_queries
from evozc.nas._queries import Queries
from evozc.nas._results import Found, NasResults, Trained
from evozc.nas._run import find_networks, read_nas_results
from evozc.nas._settings import Limit, NasSettings
from evozc.nas._told import Column, Command, Teller, teller_of

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "find_networks", "NasSettings", "Limit",
    "ALGORITHMS", "Algorithm",
    "Queries", "bench_queries", "Picked",
    "Teller", "Column", "Command", "teller_of",
    "NasResults", "Found", "Trained", "read_nas_results",
]
