"""How much scores add to a predictor that knows the architecture itself.

The setting of NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022, section 5): XGBoost
with its defaults on a one-hot encoding, on scores, and on both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from evozc.auditing._measured import Measured, of_repeats
from evozc.auditing._operations import graphs_of
from evozc.engine import Evaluator, kendall_tau
from evozc.errors import ConfigError, FormulaError
from evozc.formula import Formula, parse
from evozc.table import Table
from primitives import FULL, NETWORK

#: As in their code: depth 6, rate 0.3, 500 rounds of squared error on a standardised target.
_SETTINGS = {"objective": "reg:squarederror", "max_depth": 6, "eta": 0.3, "min_child_weight": 1,
             "colsample_bytree": 1.0, "nthread": 1, "verbosity": 0}
_ROUNDS = 500
_LARGEST = 1e38
_TEST = 1000
_REDUCTIONS = ("sum", "mean", "min", "max", "std", "last")


@dataclass(frozen=True)
class Prediction:
    """One set of features.

    Args:
        features: What the predictor is given.
        count: How many numbers an architecture.
        tau: Kendall tau on held-out architectures, the mean of the repeats.
        gain: Relative to the encoding alone, as .41 for 41 % more; the mean of ratios of one
            repeat. None for the encoding itself, or where there is none.
    """

    features: str
    count: int
    tau: Measured
    gain: Measured | None


@dataclass(frozen=True)
class Predictions:
    """What scores add to a predictor.

    Args:
        labels: Architectures it is trained on.
        tested: Held-out architectures of other isomorphism classes, of each repeat.
        repeats: Draws of both.
        rows: One a set of features.
    """

    labels: int
    tested: int
    repeats: int
    rows: tuple[Prediction, ...]


def predict(
    table: Table, merit: np.ndarray, features: Mapping[str, np.ndarray], labels: int, repeats: int, seed: int,
    progress: Callable[[], None] = lambda: None,
) -> Predictions:
    """Train on each set of features, on the same architectures, and test.

    Args:
        table: Its keys keep isomorphic architectures on one side.
        merit: float64 (architectures,), higher is better.
        features: By name, float64 (architectures, count); the first is what gains are relative to.
        labels: To train on.
        repeats: Draws.
        seed: Of the draws.
        progress: Called after each repeat.

    Raises:
        ConfigError: XGBoost is not installed, or the table is too small for so many labels.
    """
    try:
        import xgboost
    except ImportError:
        raise ConfigError("predictors need XGBoost: pip install 'evozc[audit]'") from None
    found: dict[str, list[float]] = {name: [] for name in features}
    tested = 0
    for train, test in _splits(table, labels, repeats, seed):
        tested = len(test)
        mean, deviation = merit[train].mean(), merit[train].std()
        for name, columns in features.items():
            limited = _limited(columns)
            data = xgboost.DMatrix(limited[train], label=(merit[train] - mean) / (deviation or 1.0))
            model = xgboost.train({**_SETTINGS, "seed": seed}, data, _ROUNDS)
            found[name].append(kendall_tau(model.predict(xgboost.DMatrix(limited[test])), merit[test]))
        progress()
    base = next(iter(found.values()))
    rows = tuple(
        Prediction(
            name, features[name].shape[1], of_repeats(taus),
            None if i == 0 else of_repeats([
                tau / without - 1 if without > 0 else np.nan for tau, without in zip(taus, base, strict=True)
            ]),
        )
        for i, (name, taus) in enumerate(found.items())
    )
    return Predictions(labels, tested, repeats, rows)


def _limited(columns: np.ndarray) -> np.ndarray:
    """Features as XGBoost takes them: infinities at 1e9 as in their code, others within float32."""
    finite = np.nan_to_num(columns, nan=np.nan, posinf=1e9, neginf=-1e9)
    return np.clip(finite, -_LARGEST, _LARGEST).astype(np.float32)


def _splits(table: Table, labels: int, repeats: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Drawn architectures to train on, and others, of none of their classes, to test on."""
    _, owner = np.unique(np.asarray(table.keys), return_inverse=True)
    generator = np.random.default_rng(seed)
    for _ in range(repeats):
        order = generator.permutation(len(table))
        train = order[:labels]
        rest = order[labels:]
        test = rest[~np.isin(owner[rest], owner[train])][:_TEST]
        if len(train) < labels or len(test) < max(20, labels // 2):
            raise ConfigError(f"the table is too small to train on {labels} labels and test on others")
        yield train, test


def one_hot(table: Table) -> np.ndarray | None:
    """The graph of every architecture as zeros and ones; None where its space has no graphs.

    The operation of every node, and the edges where operations do not decide them
    (as they do in NAS-Bench-201); columns that are constant or stand there already are left out.

    Returns:
        float64 (architectures, columns).
    """
    known = graphs_of(table)
    if known is None:
        return None
    space, graphs = known
    names = {name: i for i, name in enumerate(space.graph_operations)}
    width = max(len(operations) for _, operations in graphs)
    held = np.zeros((len(graphs), width, len(names)), dtype=bool)
    edges = np.zeros((len(graphs), width, width), dtype=bool)
    for i, (adjacency, operations) in enumerate(graphs):
        held[i, np.arange(len(operations)), [names[name] for name in operations]] = True
        edges[i, : len(operations), : len(operations)] = adjacency
    nodes = held.reshape(len(graphs), -1)
    both = np.concatenate([nodes, edges.reshape(len(graphs), -1)], axis=1)
    decided = len(np.unique(np.packbits(nodes, axis=1), axis=0)) == len(
        np.unique(np.packbits(both, axis=1), axis=0)
    )
    columns = np.unique(nodes if decided else both, axis=1)
    return columns[:, columns.any(axis=0) & ~columns.all(axis=0)].astype(np.float64)


def statistics_features(table: Table) -> np.ndarray | None:
    """Every network scalar, and six reductions of every node statistic; None for a table without nodes.

    Returns:
        float64 (architectures, features).
    """
    symbols = FULL.with_statistics(table.statistics)
    texts = [s.key for s in table.statistics if s.type == NETWORK]
    nodes = [s.key for s in table.statistics if s.type != NETWORK]
    if not nodes:
        return None
    texts += [f"{reduction}({key})" for key in nodes for reduction in _REDUCTIONS]
    formulas: list[Formula] = []
    for text in texts:
        try:
            formulas.append(parse(text, symbols))
        except FormulaError:  # a column that no formula text could name
            continue
    return Evaluator(table).scores(formulas).T
