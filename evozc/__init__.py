"""Evolutionary discovery of zero-cost proxies for neural architecture search.

The whole job, from architectures to a formula in use::

    import evozc

    evozc.extract("accuracy.csv.gz", "cifar10.npz", "nb201.npz", targets=["c10_test200"], sample=2600)
    found = evozc.search("nb201.npz", labels=156)
    found.proxy.rank({"small": small, "large": large}, inputs, labels)
    found.proxy.export("torch", "proxy.py")

What the command line does is one call of these, each of which says more by ``help``.

**Tables**: :func:`open_table`, :func:`load_table`, :func:`save_table`, :class:`Table`, :class:`Target`,
:class:`Task`; made by :func:`extract`, :func:`merge`, :class:`ExtractionSettings`, from published scores by
:func:`table_from_scores`.

**Searches**: :func:`search`, :func:`resume`, :func:`open_run`, :class:`SearchRun`, :class:`SearchSettings`,
:class:`SearchResults`; with several seeds :func:`search_seeds`, :class:`SeedsResults`; in scikit-learn's
manner :class:`ProxySearch`.

**Proxies**: :class:`Proxy`, :func:`zoo`, :func:`score`, :func:`score_networks`, :func:`noise`.

**Comparisons**: :func:`compare`, :class:`ComparisonSettings`, :class:`ComparisonResults`.

**Audits**: :func:`audit`, :class:`AuditSettings`, :class:`AuditResults`.

**Errors**: all are an :class:`EvozcError`; :mod:`evozc.errors` has the others.

Nothing is imported before it is asked for. Beneath lie the rooms, one a job, arrows pointing one way:
``primitives`` <- :mod:`evozc.formula` <- :mod:`evozc.table`, :mod:`evozc.spaces` <- :mod:`evozc.engine`,
:mod:`evozc.extraction` <- :mod:`evozc.evolution`, :mod:`evozc.baselines`, :mod:`evozc.exports`,
:mod:`evozc.evaluation` <- :mod:`evozc.runs`, :mod:`evozc.comparison`, :mod:`evozc.scoring`,
:mod:`evozc.auditing` <- :mod:`evozc.report` <- this <- :mod:`evozc.cli`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evozc._api._compare import compare
    from evozc._api._estimator import ProxySearch
    from evozc._api._extract import extract, merge
    from evozc._api._proxy import Proxy
    from evozc._api._search import SearchRun, open_run, resume, search
    from evozc._api._seeds import search_seeds
    from evozc.auditing import AuditResults, AuditSettings, audit
    from evozc.baselines import zoo
    from evozc.benchmarks import open_table, table_from_scores
    from evozc.comparison import ComparisonResults, ComparisonSettings
    from evozc.errors import EvozcError
    from evozc.evolution import SearchSettings
    from evozc.extraction import ExtractionSettings
    from evozc.runs import SearchResults, SeedsResults
    from evozc.scoring import noise, score, score_networks
    from evozc.table import Table, Target, Task, load_table, save_table

#: Where every name is.
_PLACES = {
    "open_table": "benchmarks", "load_table": "table", "save_table": "table", "Table": "table",
    "Target": "table", "Task": "table", "extract": "_api._extract", "merge": "_api._extract",
    "ExtractionSettings": "extraction",
    "table_from_scores": "benchmarks",
    "search": "_api._search", "resume": "_api._search", "open_run": "_api._search",
    "SearchRun": "_api._search", "SearchSettings": "evolution", "SearchResults": "runs",
    "search_seeds": "_api._seeds", "SeedsResults": "runs",
    "ProxySearch": "_api._estimator",
    "Proxy": "_api._proxy", "zoo": "baselines", "score": "scoring", "score_networks": "scoring",
    "noise": "scoring",
    "compare": "_api._compare", "ComparisonSettings": "comparison", "ComparisonResults": "comparison",
    "audit": "auditing", "AuditSettings": "auditing", "AuditResults": "auditing",
    "EvozcError": "errors",
}

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "open_table", "load_table", "save_table", "Table", "Target", "Task",
    "extract", "merge", "ExtractionSettings", "table_from_scores",
    "search", "resume", "open_run", "SearchRun", "SearchSettings", "SearchResults",
    "search_seeds", "SeedsResults", "ProxySearch",
    "Proxy", "zoo", "score", "score_networks", "noise",
    "compare", "ComparisonSettings", "ComparisonResults",
    "audit", "AuditSettings", "AuditResults",
    "EvozcError",
]


if not TYPE_CHECKING:  # to a type checker, what is not imported above is not there

    def __getattr__(name: str) -> Any:
        """What is imported when it is first asked for, and kept then."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
        return found


def __dir__() -> list[str]:
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
