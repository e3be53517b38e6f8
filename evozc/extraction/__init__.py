"""From a network and a mini-batch, or from a whole space, to statistics.

**Measuring one network**: :func:`measure`, :class:`Settings`, :data:`GROUPS`.

**Measuring many**: :func:`extract_table`, which can be interrupted and goes on where it stopped.

**Images**: :func:`load_images`, :class:`Images`.
"""

from evozc.extraction._images import Images, load_images
from evozc.extraction._measure import measure
from evozc.extraction._settings import GROUPS, Settings
from evozc.extraction._tabulate import extract_table

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "measure", "Settings", "GROUPS",
    "extract_table",
    "load_images", "Images",
]
