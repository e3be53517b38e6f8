"""Tables to search on: the bundled benchmark, a file, or what others have published.

**By name or path**: :func:`open_table`, :func:`open_task`, :func:`open_tasks`, :data:`BUNDLED`; again, by
where they came from: :func:`reopen_table`, :func:`reopen_task`, :func:`reopen_tasks`,
:func:`moved`.

**Published files**: :func:`read_targets`, :func:`table_from_scores`, and in parts :func:`averaged`,
:func:`joined`, :func:`table_of`, :func:`canonical_keys`; the formats are in :mod:`evozc.benchmarks.readers`.

**What a table says of its architectures**: :func:`space_of`, :func:`known_keys`; targets for them:
:func:`attach_targets`; numbers of their own graphs: :func:`with_cell_scalars`.
"""

from evozc.benchmarks._attach import attach_targets, known_keys, space_of, with_cell_scalars
from evozc.benchmarks._open import (
    BUNDLED,
    moved,
    open_table,
    open_task,
    open_tasks,
    reopen_table,
    reopen_task,
    reopen_tasks,
)
from evozc.benchmarks._published import (
    averaged,
    canonical_keys,
    joined,
    read_targets,
    table_from_scores,
    table_of,
)

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "BUNDLED", "open_table", "open_task", "open_tasks", "reopen_table", "reopen_task", "reopen_tasks",
    "moved",
    "read_targets", "table_from_scores", "averaged", "joined", "table_of", "canonical_keys",
    "attach_targets", "with_cell_scalars", "space_of", "known_keys",
]
