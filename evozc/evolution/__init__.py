"""Genetic programming of formulas, on DEAP.

**The search**: :class:`Search`, :class:`SearchSettings`, :func:`symbols_of` tasks, :func:`uncommon`; to its
end: :func:`drive`, :class:`Progress`.

**Its result**: :func:`with_ensembles`, :func:`ensembles`; what cannot be it: :class:`Robustness`,
:data:`DISTURBANCES`.

**Its parts**: :class:`HallOfFame`, :class:`Entry`, :class:`Population`, :class:`Rules`, :data:`RULES`.
"""

from evozc.evolution._drive import Progress, drive
from evozc.evolution._ensemble import ensembles, with_ensembles
from evozc.evolution._hall_of_fame import Entry, HallOfFame
from evozc.evolution._population import Population
from evozc.evolution._robustness import DISTURBANCES, Robustness
from evozc.evolution._rules import RULES, Rules
from evozc.evolution._search import Search
from evozc.evolution._settings import SearchSettings
from evozc.evolution._symbols import symbols_of, uncommon

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "Search", "SearchSettings", "symbols_of", "uncommon", "Progress", "drive",
    "ensembles", "with_ensembles", "Robustness", "DISTURBANCES",
    "RULES", "Entry", "HallOfFame", "Population", "Rules",
]
