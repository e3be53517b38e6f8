"""Evolutionary discovery of zero-cost proxies for neural architecture search.

One room a job, arrows pointing one way: ``primitives`` <- :mod:`evozc.formula` <-
:mod:`evozc.engine` <- :mod:`evozc.search` <- :mod:`evozc.cli`. Beside them
:mod:`evozc.table`, :mod:`evozc.spaces`, :mod:`evozc.extraction` (imports torch),
:mod:`evozc.benchmarks`, :mod:`evozc.baselines`, :mod:`evozc.scoring` (imports torch),
:mod:`evozc.evaluation`, :mod:`evozc.runs`, :mod:`evozc.comparison`, :mod:`evozc.report` and
:mod:`evozc.executors`. Errors are in :mod:`evozc.errors`. Any formula on any network: :func:`score`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evozc.scoring import score

__all__ = ["score"]


def __getattr__(name: str) -> Any:
    """:func:`evozc.scoring.score`, imported when it is first asked for, since it imports torch."""
    if name == "score":
        from evozc.scoring import score

        return score
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
