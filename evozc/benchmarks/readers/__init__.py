"""Readers of the files that people exchange, one file a format.

**The protocol**: :class:`Reader`; what it is asked for: :class:`Request`, :class:`Wanted`; what it
gives: :class:`Published`.

**By name, or by looking at the file**: :data:`READERS`, :func:`read_published`,
:func:`first_bytes`.

**Rows of a CSV file**: :func:`read_rows`.
"""

from evozc.benchmarks.readers._csv import read_rows
from evozc.benchmarks.readers._reader import Published, Reader, Request, Wanted
from evozc.benchmarks.readers._readers import READERS, first_bytes, read_published

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "Reader", "Request", "Wanted", "Published",
    "READERS", "read_published", "first_bytes",
    "read_rows",
]
