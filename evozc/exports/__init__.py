"""A formula as text, or as a file that stands alone.

**By the name of a format**: :func:`export` of an :class:`Exported`, :data:`FORMATS`.

**Python files**: :func:`to_python`, which needs numpy, and :func:`to_torch`, which measures
networks and needs torch and numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evozc.exports._formats import FORMATS, Exported, export
from evozc.exports._python import to_python

if TYPE_CHECKING:
    from evozc.exports._torch import to_torch

__all__ = ["FORMATS", "Exported", "export", "to_python", "to_torch"]


def __getattr__(name: str) -> Any:
    """:func:`to_torch` is imported when it is first asked for, since it imports torch."""
    if name == "to_torch":
        from evozc.exports._torch import to_torch

        return to_torch
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
