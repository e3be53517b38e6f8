"""What came out of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One measure of one method; what is undefined is None.

    Args:
        mean: Over the seeds.
        std: Sample standard deviation over the seeds.
        low: Lower end of the 95 % interval over seeds and architectures, where there is one.
        high: Upper end.
        values: One a seed.
    """

    mean: float | None
    std: float | None
    low: float | None
    high: float | None
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class MethodRow:
    """One method at one label budget, means over the seeds.

    Args:
        budget: Labelled architectures, 0 without labels.
        method: Its name.
        measures: By name, as :func:`~evozc.evaluation.metrics` calls them.
        fit_seconds: Processor time of training or searching.
        score_seconds: Processor time of scoring one architecture whose statistics are known.
        size: How large it is.
        counts: What the size counts.
        not_finite: Scores that are not, over all seeds.
    """

    budget: int
    method: str
    measures: Mapping[str, Measure]
    fit_seconds: float
    score_seconds: float
    size: float
    counts: str
    not_finite: int

    @property
    def tau(self) -> Measure:
        """Kendall tau on all held-out architectures."""
        return self.measures["kendall"]


@dataclass(frozen=True)
class Difference:
    """Kendall tau of the discovered formula minus that of another method, paired.

    Args:
        budget: Of the formula.
        method: The other.
        difference: Of the means.
        low: Lower end of its 95 % interval.
        high: Upper end.
        p: Two-sided.
        significant: Whether the interval leaves out zero.
    """

    budget: int
    method: str
    difference: float
    low: float | None
    high: float | None
    p: float
    significant: bool


@dataclass(frozen=True)
class FrontPoint:
    """A formula of a search's Pareto front."""

    size: int
    labelled_tau: float
    formula: str
    chosen: bool
    held_out_tau: float | None


@dataclass(frozen=True)
class Discovered:
    """The formula that one search found, with the Pareto front.

    Args:
        budget: Labelled architectures.
        seed: Of the search.
        formula: Its text.
        latex: The LaTeX of each of its terms.
        size: Symbols in it.
        held_out_tau: Kendall tau on the held-out architectures.
        front: The best formula of each size, the shortest first.
    """

    budget: int
    seed: int
    formula: str
    latex: tuple[str, ...]
    size: int
    held_out_tau: float | None
    front: tuple[FrontPoint, ...]


@dataclass(frozen=True)
class Agreement:
    """Kendall tau between the scores of every two methods, averaged over seeds."""

    budget: int
    methods: tuple[str, ...]
    tau: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class Ranks:
    """True and predicted ranks (1 is the best) on the held-out architectures of the first seed."""

    budget: int
    true: tuple[float, ...]
    predicted: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class ComparisonResults:
    """What ``results.json`` of a comparison holds.

    Args:
        table: As the user named it.
        target: What architectures were ranked by, with a word on the direction where lower is better.
        unit: Of the target.
        noise_ceiling: Of the target, if known.
        seeds: How many.
        budgets: Numbers of labelled architectures.
        held_out: Held-out architectures, one number a seed.
        held_out_classes: How many of them are not isomorphic.
        draws: Of the bootstrap behind the intervals.
        methods: Every method at every budget.
        differences: The formula against the others.
        formulas: What the searches found.
        agreement: Between methods, at the largest budget.
        ranks: Likewise.
        versions: Of Python and of packages, by name.
    """

    table: str
    target: str
    unit: str
    noise_ceiling: float | None
    seeds: int
    budgets: tuple[int, ...]
    held_out: tuple[int, ...]
    held_out_classes: tuple[int, ...]
    draws: int
    methods: tuple[MethodRow, ...]
    differences: tuple[Difference, ...]
    formulas: tuple[Discovered, ...]
    agreement: Agreement
    ranks: Ranks
    versions: Mapping[str, str]
