"""The run folder, and searches that start, stop and go on in one.

**A search**: :func:`start_run`, :func:`continue_run`; :func:`change_run` to another of its
:data:`ENDS`; its parts :func:`first_formulas`, :func:`collect_results`.

**With several seeds**: :func:`start_seeds`, :func:`continue_seeds`, in a :class:`SeedsFolder`, to
:class:`SeedsResults` of a :class:`SeedRow` each and their :class:`Spread`.

**The folder**: :class:`RunFolder`, :class:`SearchManifest`, :func:`read_search`, :func:`read_log`.

**What came out**: :class:`SearchResults` of :class:`Judged` formulas, of each of several tasks
:class:`TaskResults` and :class:`TaskTau`, of one a :class:`Claim`; :func:`read_results`, :func:`judged`.
"""

from evozc.runs._claim import Against, Claim
from evozc.runs._folder import ENDS, RunFolder, SearchManifest, read_log, read_results, read_search
from evozc.runs._results import (
    Baseline,
    Chosen,
    Judged,
    SearchResults,
    TaskResults,
    TaskTau,
    collect_results,
    judged,
)
from evozc.runs._search_run import change_run, continue_run, first_formulas, start_run
from evozc.runs._seeds import SEEDS, SeedsFolder, continue_seeds, start_seeds
from evozc.runs._seeds_results import SeedRow, SeedsResults, Spread

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "continue_run", "start_run", "change_run", "ENDS", "first_formulas", "collect_results",
    "start_seeds", "continue_seeds", "SeedsFolder", "SEEDS", "SeedsResults", "SeedRow", "Spread",
    "RunFolder", "SearchManifest", "read_log", "read_search",
    "Against", "Baseline", "Chosen", "Claim", "Judged", "SearchResults", "TaskResults", "TaskTau", "judged",
    "read_results",
]
