"""The search in ask/tell form: it breeds and selects; others score, show and save."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from evozc.engine import Outcome, Outcomes
from evozc.errors import CheckpointError, FormulaError, SearchExhaustedError
from evozc.evolution._breeding import Breeder
from evozc.evolution._grammar import Grammar
from evozc.evolution._hall_of_fame import Entry, HallOfFame
from evozc.evolution._population import Population
from evozc.evolution._rules import RULES, Rules
from evozc.evolution._seen import Seen
from evozc.evolution._settings import SearchSettings
from evozc.evolution._starters import shortest
from evozc.formula import Formula, parse, simplify
from evozc.formula.pool import Formulas, Pool
from evozc.formula.pool import layout as at
from primitives import SymbolSet

#: Candidates bred for each one that passes the rules, before the search gives up.
_MAX_DRAWS = 60
#: Formulas of each island that an ensemble may be drawn from.
_FINALISTS = 60
#: Formulas and parts that are kept, with what is known of them, before those that are gone are forgotten.
_MOST_POOLED = 2**19


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
        self.pool = Pool(symbols)
        grammar = Grammar(symbols)
        self._breeder = Breeder(grammar, self.pool, settings)
        self.starters = list(dict.fromkeys(map(simplify, [*starters, *shortest(symbols)])))
        self.islands = [Population(grammar, self.pool) for _ in range(settings.islands)]
        self.known = Seen()
        self.rankings = Seen()
        self._rules = Rules(self.pool, self.known, settings.max_size, settings.max_depth)
        self.hall_of_fame = HallOfFame()
        self.generation = 0
        self.evaluations = 0
        self.spared = 0
        self.pruning = self.recording = 0.0
        self.improved = 0
        self.removed: Counter[str] = Counter(dict.fromkeys(RULES, 0))
        self._last: tuple[Sequence[Formula], Sequence[Outcome]] = (), ()
        self._asked, self._homes = np.zeros(0, np.int64), np.zeros(0, np.int64)

    @property
    def finalists(self) -> list[Formula]:
        """What an ensemble is drawn from: the hall of fame, the best of every island, and the starters."""
        best = [formula for island in self.islands for formula in island.formulas[:_FINALISTS]]
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

    def ask(self) -> Sequence[Formula]:
        """The candidates of the next generation: simplified, all different, none scored before.

        Raises:
            SearchExhaustedError: the rules remove nearly everything that is bred.
        """
        self._forget()
        starters = [] if self.generation else [one for one in self.starters if self._allows(one)]
        count, most = len(starters), self.settings.population
        asked = np.empty(count + most * len(self.islands), np.int64)
        asked[:count] = self.pool.numbers(starters)
        self.pool.arrays.nodes[asked[:count], at.MARK] = self.generation + 1
        homes = np.full(len(asked), -1)
        for home, island in enumerate(self.islands):
            before = count
            count = self._breed(island, asked, count)
            homes[before:count] = home
        if not count:
            counts = ", ".join(f"{rule} {count}" for rule, count in self.removed.items())
            raise SearchExhaustedError(
                f"no new formula in {self.settings.population * _MAX_DRAWS} draws for any population "
                f"(removed so far: {counts}); "
                "allow longer formulas with --max-size, or use a larger symbol set"
            )
        self._asked, self._homes = asked[:count], homes[:count]
        return Formulas(self.pool, self._asked)

    def _allows(self, formula: Formula) -> bool:
        return formula.size <= self.settings.max_size and formula.depth <= self.settings.max_depth

    def _breed(self, island: Population, asked: np.ndarray, count: int) -> int:
        """Add as many candidates as a population has, or as the rules allow; how many there are then."""
        wanted, draws = count + self.settings.population, self.settings.population * _MAX_DRAWS
        while count < wanted and draws:
            candidates = self._breeder.offspring(island.numbers, min(wanted - count, draws))
            draws -= len(candidates)
            start, before = time.perf_counter(), self.removed.total() - self.removed["structure"]
            count = self._rules.prune(candidates, self.generation + 1, asked, count, self.removed)
            self.pruning += time.perf_counter() - start
            self.spared += self.removed.total() - self.removed["structure"] - before
        return count

    def _forget(self) -> None:
        """Leave in the pool what is alive alone, once it holds very much."""
        if len(self.pool) > max(_MOST_POOLED, 64 * self.settings.population * len(self.islands)):
            new = self.pool.forget_all_but(np.concatenate([island.numbers for island in self.islands]))
            for island in self.islands:
                island.numbers = new[island.numbers]

    def tell(self, formulas: Sequence[Formula], outcomes: Sequence[Outcome]) -> None:
        """Take in the scores of what :meth:`ask` returned and select the next population.

        Raises:
            ValueError: there are not as many outcomes as formulas.
        """
        if len(formulas) != len(outcomes):
            raise ValueError(f"{len(outcomes)} outcomes for {len(formulas)} formulas")
        self._last = formulas, outcomes
        numbers, columns = self._numbers(formulas), Outcomes.of(outcomes)
        before, start = self.hall_of_fame.best, time.perf_counter()
        new = self._record(numbers, columns)
        homes = self._homes_of(numbers)[new]
        self.recording += time.perf_counter() - start
        for number, island in enumerate(self.islands):
            own = new[(homes == number) | (homes < 0)]
            island.select(numbers[own], columns.taus[own], self.settings.population)
        after = self.hall_of_fame.best
        if after is not None and (before is None or after.tau > before.tau):
            self.improved = self.generation + 1
        self.generation += 1

    def _numbers(self, formulas: Sequence[Formula]) -> np.ndarray:
        if isinstance(formulas, Formulas):
            return formulas.numbers_in(self.pool)
        return self.pool.numbers(formulas)

    def _homes_of(self, numbers: np.ndarray) -> np.ndarray:
        """The island that asked for each formula; -1 for all of them."""
        if np.array_equal(numbers, self._asked):
            return self._homes
        homes = dict(zip(self._asked.tolist(), self._homes.tolist(), strict=True))
        return np.array([homes.get(number, -1) for number in numbers.tolist()], np.int64)

    def _record(self, numbers: np.ndarray, outcomes: Outcomes) -> np.ndarray:
        """Remember outcomes; the places of those whose ranking is a new and valid one."""
        nodes, keys, taus = self.pool.arrays.nodes, self.pool.arrays.keys, outcomes.taus
        self.known.add(keys[numbers, at.PRINT])
        self.evaluations += int(np.count_nonzero(~outcomes.probed))
        valid = np.flatnonzero(~np.isnan(taus))
        self.removed["probe"] += int(np.count_nonzero(np.isnan(taus) & outcomes.probed))
        sizes = nodes[numbers[valid], at.SIZE]
        for place in valid[self.hall_of_fame.may_admit(taus[valid], sizes)].tolist():
            tau, number = float(taus[place]), int(numbers[place])
            if self.hall_of_fame.admits(tau, int(nodes[number, at.SIZE])):
                entry = Entry(self.pool.formula(number), tau, outcomes[place].ranking)
                self.hall_of_fame.offer(entry)
        new = self.rankings.add(outcomes.rankings[valid])
        self.removed["equivalence"] += int(np.count_nonzero(~new))
        return valid[new]

    def last_scored(self) -> list[dict[str, Any]]:
        """What the last generation was told, as JSON values: the log of all formulas grows by this."""
        formulas, outcomes = self._last
        texts = formulas.texts() if isinstance(formulas, Formulas) else [f.text for f in formulas]
        return [{"formula": f, **outcome._asdict()} for f, outcome in zip(texts, outcomes, strict=True)]

    def state(self) -> dict[str, Any]:
        """All that :meth:`restore` needs beside the log of formulas, as JSON values."""
        return {
            "generation": self.generation,
            "improved": self.improved,
            "generator": [3, self._breeder.state.tolist(), None],  # as random.Random.getstate
            "islands": [
                [[text, tau] for text, tau in zip(island.formulas.texts(), island.taus.tolist(), strict=True)]
                for island in self.islands
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
            formulas, outcomes = [], []
            for record in scored:
                record = dict(record)
                formulas.append(parse(record.pop("formula"), self.symbols))
                outcomes.append(Outcome(**record))
            self._record(self.pool.numbers(formulas), Outcomes.of(outcomes))
            version, words, gauss = state["generator"]
            random.Random().setstate((version, tuple(words), gauss))  # refuses what is none
            self._breeder.state[:] = words
            if len(state["islands"]) != self.settings.islands:
                raise ValueError(f"it holds {len(state['islands'])} populations, not {self.settings.islands}")
            for island, held in zip(self.islands, state["islands"], strict=True):
                self._restore_island(island, held)
            self.generation, self.improved = int(state["generation"]), int(state["improved"])
            self.removed = Counter(state["removed"])
            self.spared = int(state["spared"])
            self.pruning, self.recording = float(state["pruning"]), float(state["recording"])
        except (KeyError, TypeError, ValueError, FormulaError) as error:
            raise CheckpointError(f"the checkpoint does not fit this search: {error}") from error

    def _restore_island(self, island: Population, held: Sequence[Sequence[Any]]) -> None:
        formulas, taus = [parse(text, self.symbols) for text, _ in held], [float(tau) for _, tau in held]
        island.numbers, island.taus = self.pool.numbers(formulas), np.array(taus)
        for formula, key in zip(formulas, self.pool.arrays.keys[island.numbers, at.PRINT], strict=True):
            if key not in self.known:
                raise ValueError(f"{formula.text} was never scored")
