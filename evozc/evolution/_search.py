"""The search in ask/tell form: it breeds and selects; others score, show and save."""

from __future__ import annotations

import gc
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from deap import tools

from evozc.engine import Outcome
from evozc.errors import CheckpointError, FormulaError, SearchExhaustedError
from evozc.evolution._breeding import Breeder, drawing_from
from evozc.evolution._grammar import Fitness, Grammar, Individual
from evozc.evolution._hall_of_fame import Entry, HallOfFame
from evozc.evolution._rules import RULES, Rule, prune
from evozc.evolution._seen import Seen
from evozc.evolution._settings import SearchSettings
from evozc.evolution._starters import shortest
from evozc.formula import Formula, parse, simplify
from primitives import SymbolSet

#: Candidates bred for each one that passes the rules, before the search gives up.
_MAX_DRAWS = 60
#: Formulas of each island that an ensemble may be drawn from.
_FINALISTS = 60


class Search:
    """Genetic programming over typed formulas.

    ::

        search = Search(symbols, settings, starters)
        drive(search, Objective([task]))  # or, by hand:
        while not search.finished:
            formulas = search.ask()
            search.tell(formulas, objective.score(formulas))

    Args:
        symbols: Operators, and the statistics that the table holds.
        settings: See :class:`SearchSettings`; its time limit is for the caller to watch.
        starters: Known formulas; they join the first population of every island, if they are short
            enough, and the finalists.

    Attributes:
        islands: Their populations, the best first; they share what has been tried, so that no
            two hold formulas of one ranking.
        generation: Generations told so far, the first population included.
        evaluations: Formulas scored so far.
        removed: How many candidates each rule of :data:`RULES` removed.
        spared: Well-formed candidates that rules have removed before they were scored.
        pruning: Seconds that the rules have taken so far, the probe not included.
        recording: Seconds that taking in outcomes has taken, which a pruned candidate spares as well.
        known: Formulas that have been scored, the last million at least.
        hall_of_fame: The Pareto front of tau and size.
    """

    def __init__(
        self, symbols: SymbolSet, settings: SearchSettings, starters: Sequence[Formula] = ()
    ) -> None:
        self.symbols = symbols
        self.settings = settings
        self.grammar = Grammar(symbols)
        self.breeder = Breeder(self.grammar, settings)
        self.generator = random.Random(settings.seed)
        self.starters = list(dict.fromkeys(map(simplify, [*starters, *shortest(symbols)])))
        self.islands: list[list[Individual]] = [[] for _ in range(settings.islands)]
        self.known = Seen()
        self.rankings = Seen()
        self.hall_of_fame = HallOfFame()
        self.generation = 0
        self.evaluations = 0
        self.spared = 0
        self.pruning = self.recording = 0.0
        self.improved = 0
        self.removed: Counter[str] = Counter(dict.fromkeys(RULES, 0))
        self._last: list[tuple[Formula, Outcome]] = []
        self._homes: dict[str, int] = {}

    @property
    def finalists(self) -> list[Formula]:
        """What an ensemble is drawn from: the hall of fame, the best of every island, and the starters."""
        best = [tree.formula for island in self.islands for tree in island[:_FINALISTS]]
        return list(dict.fromkeys([*(entry.formula for entry in self.hall_of_fame), *best, *self.starters]))

    @property
    def finished(self) -> bool:
        """Whether a limit on generations, evaluations or patience has been reached."""
        limits = self.settings
        return (
            self.generation > limits.generations
            or bool(limits.max_evaluations and self.evaluations >= limits.max_evaluations)
            or bool(limits.patience and self.generation - self.improved >= limits.patience)
        )

    def ask(self) -> list[Formula]:
        """The candidates of the next generation: simplified, all different, none scored before.

        Raises:
            SearchExhaustedError: the rules remove nearly everything that is bred.
        """
        asked = {} if self.generation else {f.text: f for f in self.starters if self._allows(f)}
        self._homes = {}
        with drawing_from(self.generator), _without_cycle_collection():
            for number, island in enumerate(self.islands):
                before = len(asked)
                self._breed(island, asked)
                self._homes.update(dict.fromkeys(list(asked)[before:], number))
        if not asked:
            counts = ", ".join(f"{rule} {count}" for rule, count in self.removed.items())
            raise SearchExhaustedError(
                f"no new formula in {self.settings.population * _MAX_DRAWS} draws for any population "
                f"(removed so far: {counts}); "
                "allow longer formulas with --max-size, or use a larger symbol set"
            )
        return list(asked.values())

    def _allows(self, formula: Formula) -> bool:
        return formula.size <= self.settings.max_size and formula.depth <= self.settings.max_depth

    def _breed(self, island: list[Individual], asked: dict[str, Formula]) -> None:
        """Add as many candidates as a population has, or as the rules allow."""
        wanted = len(asked) + self.settings.population
        for _ in range(self.settings.population * _MAX_DRAWS):
            if len(asked) >= wanted:
                break
            self._consider(self.breeder.offspring(island) if island else self.breeder.fresh(), asked)

    def _consider(self, formula: Formula, asked: dict[str, Formula]) -> None:
        limits = self.settings
        start = time.perf_counter()
        rule: Rule | None = "equivalence"
        if formula.text not in asked:
            formula, rule = prune(
                formula, self.known, self.symbols, limits.max_size, limits.max_depth
            )
            if rule is None and formula.text in asked:
                rule = "equivalence"
        self.pruning += time.perf_counter() - start
        if rule is None:
            asked[formula.text] = formula
        else:
            self.removed[rule] += 1
            self.spared += rule != "structure"

    def tell(self, formulas: Sequence[Formula], outcomes: Sequence[Outcome]) -> None:
        """Take in the scores of what :meth:`ask` returned and select the next population."""
        children: list[list[_Child]] = [[] for _ in self.islands]
        self._last = list(zip(formulas, outcomes, strict=True))
        before = self.hall_of_fame.best
        with _without_cycle_collection():
            start = time.perf_counter()
            for formula, outcome in self._last:
                if self._record(formula, outcome):
                    home = self._homes.get(formula.text)
                    for new in children if home is None else [children[home]]:
                        new.append(_Child(formula, Fitness((outcome.tau, formula.size))))
            self.recording += time.perf_counter() - start
            self.islands = [self._survivors(*pair) for pair in zip(self.islands, children, strict=True)]
        after = self.hall_of_fame.best
        if after is not None and (before is None or after.tau > before.tau):
            self.improved = self.generation + 1
        self.generation += 1

    def _survivors(self, island: list[Individual], children: list[_Child]) -> list[Individual]:
        best = tools.selBest([*island, *children], self.settings.population, "fitness.wvalues")
        return [one if isinstance(one, Individual) else self._individual(*one) for one in best]

    def _record(self, formula: Formula, outcome: Outcome) -> bool:
        """Remember an outcome; whether its ranking is a new and valid one."""
        self.known.add(formula.text)
        self.evaluations += not outcome.probed
        if outcome.tau is None:
            self.removed["probe"] += outcome.probed
            return False
        if self.hall_of_fame.admits(outcome.tau, formula.size):
            self.hall_of_fame.offer(Entry(formula, outcome.tau, outcome.ranking))
        if self.rankings.add(outcome.ranking):
            return True
        self.removed["equivalence"] += 1
        return False

    def last_scored(self) -> list[dict[str, Any]]:
        """What the last generation was told, as JSON values: the log of all formulas grows by this."""
        return [{"formula": formula.text, **outcome._asdict()} for formula, outcome in self._last]

    def state(self) -> dict[str, Any]:
        """All that :meth:`restore` needs beside the log of formulas, as JSON values."""
        version, words, gauss = self.generator.getstate()
        return {
            "generation": self.generation,
            "improved": self.improved,
            "generator": [version, list(words), gauss],
            "islands": [
                [[tree.formula.text, tree.fitness.values[0]] for tree in island] for island in self.islands
            ],
            "removed": dict(self.removed),
            "spared": self.spared,
            "pruning": self.pruning,
            "recording": self.recording,
        }

    def restore(self, state: dict[str, Any], scored: Sequence[dict[str, Any]]) -> None:
        """Go on from where :meth:`state` was taken.

        Args:
            state: From a checkpoint.
            scored: Everything that :meth:`last_scored` gave up to then, in order.

        Raises:
            CheckpointError: the two do not belong together, or to this search.
        """
        try:
            for record in scored:
                record = dict(record)
                formula = parse(record.pop("formula"), self.symbols)
                self._record(formula, Outcome(**record))
            version, words, gauss = state["generator"]
            self.generator.setstate((version, tuple(words), gauss))
            self.islands = [[self._survivor(*one) for one in island] for island in state["islands"]]
            if len(self.islands) != self.settings.islands:
                raise ValueError(f"it holds {len(self.islands)} populations, not {self.settings.islands}")
            self.generation, self.improved = int(state["generation"]), int(state["improved"])
            self.removed = Counter(state["removed"])
            self.spared = int(state["spared"])
            self.pruning, self.recording = float(state["pruning"]), float(state["recording"])
        except (KeyError, TypeError, ValueError, FormulaError) as error:
            raise CheckpointError(f"the checkpoint does not fit this search: {error}") from error

    def _survivor(self, text: str, tau: float) -> Individual:
        if text not in self.known:
            raise ValueError(f"{text} was never scored")
        formula = parse(text, self.symbols)
        return self._individual(formula, Fitness((float(tau), formula.size)))

    def _individual(self, formula: Formula, fitness: Fitness) -> Individual:
        """The tree of a formula that was scored."""
        individual = self.grammar.individual(formula)
        individual.fitness = fitness
        return individual


@contextmanager
def _without_cycle_collection() -> Iterator[None]:
    """Trees and formulas refer to each other in no cycles, and looking for some takes a sixth of a search."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class _Child(NamedTuple):
    """A formula that was scored and is not a tree yet: most never become one."""

    formula: Formula
    fitness: Fitness
