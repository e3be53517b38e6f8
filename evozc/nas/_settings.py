"""How architectures are searched, and what they may cost."""

from __future__ import annotations

from dataclasses import dataclass

from evozc.errors import ConfigError

#: What is measured of an architecture's size, that it may be limited in and held against.
SIZES = {"params": "network.params", "macs": "network.macs"}
#: What is told of it instead.
LATENCY = "latency"
_NAMES = (*SIZES, LATENCY)


@dataclass(frozen=True)
class Limit:
    """What a size must be.

    Args:
        size: ``params``, ``macs`` or ``latency``.
        least: At least; None for any.
        most: At most; None for any.

    Raises:
        ConfigError: another size, or a range that holds nothing.
    """

    size: str
    least: float | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        if self.size not in _NAMES:
            raise ConfigError(f"no size is called {self.size!r}; known are {', '.join(_NAMES)}")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ConfigError(f"{self.size}: from {self.least:g} to {self.most:g} there is nothing")

    def allows(self, value: float) -> bool:
        """Whether a size is in the range; what could not be measured is not."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@dataclass(frozen=True)
class NasSettings:
    """Of a search for architectures.

    Args:
        algorithm: Of :data:`~evozc.nas.ALGORITHMS`.
        budget: Architectures, all of which the limits allow, to score; none is scored twice.
        population: Architectures that breed.
        tournament: Architectures of which the best breeds, in regularised evolution.
        batch: Architectures proposed at once, whatever works at once.
        keep: Best architectures to report.
        seed: Of every draw.
        limits: Of sizes.
        against: A size that is to be small while the score is high, for ``nsga2``.

    Raises:
        ConfigError: a value that cannot be used.
    """

    algorithm: str = "evolution"
    budget: int = 500
    population: int = 50
    tournament: int = 10
    batch: int = 32
    keep: int = 10
    seed: int = 0
    limits: tuple[Limit, ...] = ()
    against: str | None = None

    def __post_init__(self) -> None:
        for name in ("budget", "population", "tournament", "batch", "keep"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.against is not None and self.against not in _NAMES:
            raise ConfigError(f"no size is called {self.against!r}; known are {', '.join(_NAMES)}")
        if (self.against is not None) != (self.algorithm == "nsga2"):
            raise ConfigError("nsga2 holds the score against a size, and no other algorithm does: name both")

    @property
    def sizes(self) -> tuple[str, ...]:
        """The sizes that have to be known."""
        named = (*(limit.size for limit in self.limits), *([self.against] if self.against else []))
        return tuple(dict.fromkeys(named))
