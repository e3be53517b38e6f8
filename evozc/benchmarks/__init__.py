"""Tables to search on: the bundled benchmark, or a file. :func:`open_table`, :data:`BUNDLED`."""

from evozc.benchmarks._open import BUNDLED, open_table

__all__ = ["BUNDLED", "open_table"]
