"""Which architectures to look at next."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from evozc._registry import Registry
from evozc.errors import ConfigError
from evozc.nas._settings import NasSettings
from evozc.spaces import SearchSpace

#: An exhaustive search is of no more texts than this.
_MOST = 200_000


class Algorithm(Protocol):
    """Proposes architectures; made of a space, settings and the search's generator."""

    def propose(self, scored: Sequence[str], scores: Mapping[str, float], sizes: Mapping[str, float]) -> str:
        """One architecture, which need not be new; what is known of it already is not measured again.

        Args:
            scored: Architectures in the order in which they were scored.
            scores: Of each.
            sizes: Of each, that the score is held against; empty without one.

        Raises:
            StopIteration: there are no more.
        """
        ...


class RandomSearch:
    """Draws of the space."""

    def __init__(self, space: SearchSpace, _settings: NasSettings, generator: random.Random) -> None:
        self.space, self.generator = space, generator

    def propose(self, _scored: Sequence[str], _scores: Mapping[str, float],
                _sizes: Mapping[str, float]) -> str:
        """A draw."""
        return self.space.sample(self.generator)


class Evolution(RandomSearch):
    """Regularised evolution: the best of a few of the youngest breeds (Real et al., AAAI 2019)."""

    def __init__(self, space: SearchSpace, settings: NasSettings, generator: random.Random) -> None:
        super().__init__(space, settings, generator)
        self.settings = settings

    def propose(self, scored: Sequence[str], scores: Mapping[str, float], sizes: Mapping[str, float]) -> str:
        """A neighbour of a parent; at first a draw."""
        if len(scored) < self.settings.population:
            return super().propose(scored, scores, sizes)
        parents = self.parents(scored, scores, sizes)
        return self.generator.choice(self.space.neighbours(self.generator.choice(parents)))

    def parents(
        self, scored: Sequence[str], scores: Mapping[str, float], _sizes: Mapping[str, float]
    ) -> list[str]:
        """Those that may breed: the winner of a tournament."""
        young = scored[-self.settings.population :]
        some = self.generator.sample(young, min(self.settings.tournament, len(young)))
        return [max(some, key=lambda architecture: scores[architecture])]


class Nsga2(Evolution):
    """Score against a size: what DEAP's selNSGA2 keeps of all breeds (Deb et al., 2002)."""

    def parents(
        self, scored: Sequence[str], scores: Mapping[str, float], sizes: Mapping[str, float]
    ) -> list[str]:
        """The best fronts, thinned by crowding."""
        from deap.tools import selNSGA2

        known = [_Individual(a, (scores[a], sizes[a])) for a in scored]
        return [one.architecture for one in selNSGA2(known, min(self.settings.population, len(known)))]


class _Individual:
    def __init__(self, architecture: str, values: tuple[float, float]) -> None:
        from deap.base import Fitness

        self.architecture = architecture
        self.fitness = type("ScoreAgainstSize", (Fitness,), {"weights": (1.0, -1.0)})(values)


class Exhaustive:
    """All texts that steps from one another reach, in the order of their texts."""

    def __init__(self, space: SearchSpace, _settings: NasSettings, generator: random.Random) -> None:
        if space.count is None or space.count > _MOST:
            raise ConfigError(f"space {space.name} is too large to look at every architecture")
        self._rest = self._all(space, space.sample(generator))

    def propose(self, _scored: Sequence[str], _scores: Mapping[str, float],
                _sizes: Mapping[str, float]) -> str:
        """The next."""
        return next(self._rest)

    @staticmethod
    def _all(space: SearchSpace, first: str) -> Iterator[str]:
        seen, waiting = {first}, [first]
        while waiting:
            for near in space.neighbours(waiting.pop()):
                if near not in seen:
                    seen.add(near)
                    waiting.append(near)
        yield from sorted(seen)


#: By name.
ALGORITHMS: Registry[type[Algorithm]] = Registry("algorithm", "evozc.nas", {
    "evolution": "evozc.nas._algorithms:Evolution",
    "random": "evozc.nas._algorithms:RandomSearch",
    "exhaustive": "evozc.nas._algorithms:Exhaustive",
    "nsga2": "evozc.nas._algorithms:Nsga2",
})
