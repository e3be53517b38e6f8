"""What scores tell about a target, in bits, and how much of that is an artefact of binning.

NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022, section 4.1) adds proxies one by one, each
the one that lowers the plug-in entropy of the target given all so far the most. With tens
of bins each, three proxies cut the architectures into cells of one or two, where any label is
known: the same curve falls nearly as far for shuffled labels. Beside the curve stand therefore
its shuffled twin, and at every step the gain less what the same proxy gains once it is
shuffled within the cells of those before it, a permutation null that keeps how all proxies
depend on one another (the shuffle correction of Panzeri et al., J. Neurophysiology 2007).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evozc.auditing._measured import Measured

#: Shuffled targets behind the mean curve, which hardly varies.
_TWINS = 5


def published_bins(values: np.ndarray) -> np.ndarray:
    """Equal-width bins, ``round(1 + 3.322 ln n)`` of them, as in the code of NAS-Bench-Suite-Zero.

    Sturges' rule takes the logarithm to base 10 here; theirs makes 31 bins of 9,445
    architectures instead of 14.

    Args:
        values: float64 (architectures,), finite.

    Returns:
        int64 (architectures,), the bin of each from 0 up.
    """
    edges = np.histogram_bin_edges(values, round(1 + 3.322 * math.log(len(values))))
    return np.unique(np.digitize(values, edges), return_inverse=True)[1]


def textbook_bins(values: np.ndarray) -> np.ndarray:
    """Bins of equal counts, ``round(1 + log2 n)`` of them (Sturges, 1926); equal values share a bin."""
    bins = round(1 + math.log2(len(values)))
    _, owner, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2) / len(values)
    return np.unique(np.minimum(bins - 1, (middle * bins).astype(np.int64))[owner], return_inverse=True)[1]


BINNINGS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "published": published_bins, "textbook": textbook_bins,
}


@dataclass(frozen=True)
class Step:
    """One proxy more.

    Args:
        name: Of the proxy.
        entropy: Of the target given it and those before, in bits, plug-in.
        cells: In which the architectures then lie.
        gain: Entropy lost at this step.
        null: What the step gains on average with the proxy shuffled within the cells before.
        corrected: ``gain`` less each shuffled gain: its mean, 2.5 and 97.5 % quantiles.
        p: Share of shuffled proxies that gain as much.
    """

    name: str
    entropy: float
    cells: int
    gain: float
    null: float
    corrected: Measured
    p: float


@dataclass(frozen=True)
class Information:
    """A greedy order of proxies and what each tells beyond those before it.

    Args:
        binning: ``published`` or ``textbook``.
        bins: Of the target.
        architectures: With a value of every proxy; under ``published`` failures count as -1e8.
        entropy: Of the target, in bits.
        steps: In greedy order.
        shuffled: Entropies of the same procedure on shuffled targets, after 0, 1, ... steps,
            the mean of five.
        shuffled_order: What the first of them picks.
        telling: Steps from the first on that gain more than 95 % of their shuffled twins, and
            at least a tenth of a bit beyond them.
    """

    binning: str
    bins: int
    architectures: int
    entropy: float
    steps: tuple[Step, ...]
    shuffled: tuple[float, ...]
    shuffled_order: tuple[str, ...]
    telling: int


#: A corrected gain below this, in bits, is not spoken of.
LEAST_GAIN = 0.1


def information(
    target: np.ndarray, scores: Mapping[str, np.ndarray], binning: str, *, steps: int, permutations: int,
    seed: int,
) -> Information:
    """The greedy order of proxies, its shuffled twin and the corrected gain of every step.

    Args:
        target: float64 (architectures,).
        scores: By name, float64 (architectures,), finite.
        binning: One of :data:`BINNINGS`.
        steps: Proxies to add at most.
        permutations: Shuffled proxies at each step.
        seed: Of both.
    """
    bins = BINNINGS[binning]
    labels = bins(target)
    columns = [bins(values) for values in scores.values()]
    names = list(scores)
    generator = np.random.default_rng(seed)
    order, entropies = _greedy(labels, columns, steps)
    start = _entropy(labels)
    found = []
    before, last = np.zeros(len(labels), np.int64), start
    for place, entropy in zip(order, entropies, strict=True):
        gain = last - entropy
        shuffled = [last - _given(labels, before, _within(columns[place], before, generator))
                    for _ in range(permutations)]
        beyond = gain - np.array(shuffled)
        p = (1 + np.count_nonzero(beyond <= 1e-12)) / (1 + permutations)
        low, high = np.quantile(beyond, [0.025, 0.975])
        after = _joined(before, columns[place])
        found.append(Step(
            names[place], entropy, int(after.max()) + 1, gain, float(np.mean(shuffled)),
            Measured(float(beyond.mean()), float(low), float(high)), float(p),
        ))
        before, last = after, entropy
    twins = [_greedy(generator.permutation(labels), columns, len(order)) for _ in range(_TWINS)]
    curve = np.mean([[start, *entropies] for _, entropies in twins], axis=0)
    level = max(0.05, 1 / (1 + permutations))
    silent = [i for i, s in enumerate(found) if s.p > level or (s.corrected.value or 0.0) < LEAST_GAIN]
    return Information(
        binning, int(labels.max()) + 1, len(target), start, tuple(found), tuple(map(float, curve)),
        tuple(names[place] for place in twins[0][0]), silent[0] if silent else len(found),
    )


def _greedy(
    labels: np.ndarray, columns: Sequence[np.ndarray], steps: int
) -> tuple[list[int], list[float]]:
    """Places in the order in which they lower the conditional entropy most, and the entropies."""
    cells = np.zeros(len(labels), np.int64)
    order: list[int] = []
    entropies: list[float] = []
    left = list(range(len(columns)))
    while left and len(order) < steps:
        found = [_given(labels, cells, columns[place]) for place in left]
        best = int(np.argmin(found))
        order.append(left.pop(best))
        entropies.append(found[best])
        cells = _joined(cells, columns[order[-1]])
    return order, entropies


def _given(labels: np.ndarray, cells: np.ndarray, column: np.ndarray) -> float:
    """H(labels | cells, column) = H(labels, cells, column) - H(cells, column), in bits."""
    width = int(labels.max()) + 1
    together = np.sort(_together(cells, column) * width + labels)
    return max(0.0, _entropy_of_sorted(together) - _entropy_of_sorted(together // width))


def _joined(cells: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The cells that both make together, numbered from 0."""
    return np.unique(_together(cells, column), return_inverse=True)[1]


def _together(cells: np.ndarray, column: np.ndarray) -> np.ndarray:
    return cells * (int(column.max()) + 1) + column


def _entropy(cells: np.ndarray) -> float:
    return _entropy_of_sorted(np.sort(cells))


def _entropy_of_sorted(cells: np.ndarray) -> float:
    ends = np.flatnonzero(np.append(cells[1:] != cells[:-1], True))
    shares = np.diff(ends, prepend=-1) / len(cells)
    return float(max(0.0, -(shares * np.log2(shares)).sum()))


def _within(column: np.ndarray, cells: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A column shuffled among the architectures of each cell."""
    order = np.argsort(cells, kind="stable")
    shuffled = np.lexsort((generator.random(len(cells)), cells))
    found = np.empty_like(column)
    found[order] = column[shuffled]
    return found
