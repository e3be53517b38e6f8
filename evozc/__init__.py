"""Evolutionary discovery of zero-cost proxies for neural architecture search.

One room a job, arrows pointing one way: ``primitives`` <- :mod:`evozc.formula` <-
:mod:`evozc.engine` <- :mod:`evozc.evolution` <- :mod:`evozc.cli`. Beside them
:mod:`evozc.table`, :mod:`evozc.spaces`, :mod:`evozc.extraction` (imports torch),
:mod:`evozc.benchmarks`, :mod:`evozc.baselines`, :mod:`evozc.scoring` (imports torch),
:mod:`evozc.evaluation`, :mod:`evozc.runs`, :mod:`evozc.comparison`, :mod:`evozc.auditing`,
:mod:`evozc.report` and :mod:`evozc.executors`. Errors are in :mod:`evozc.errors`. Any formula on any
network: :func:`score`. What a proxy really knows: :func:`audit`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evozc.auditing import audit
    from evozc.scoring import score

__all__ = ["audit", "score"]


def __getattr__(name: str) -> Any:
    """What is imported when it is first asked for: scoring imports torch, auditing scipy."""
    if name == "score":
        from evozc.scoring import score

        return score
    if name == "audit":
        from evozc.auditing import audit

        return audit
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
