"""Evolutionary discovery of zero-cost proxies for neural architecture search.

One room a job, arrows pointing one way: ``primitives`` <- :mod:`evozc.formula` <-
:mod:`evozc.engine` <- :mod:`evozc.search` <- :mod:`evozc.cli`. Beside them
:mod:`evozc.table`, :mod:`evozc.spaces`, :mod:`evozc.extraction` (imports torch),
:mod:`evozc.benchmarks`, :mod:`evozc.baselines`, :mod:`evozc.comparison`, :mod:`evozc.runs`,
:mod:`evozc.study`, :mod:`evozc.report` and :mod:`evozc.executors`. Errors are in :mod:`evozc.errors`.
"""
