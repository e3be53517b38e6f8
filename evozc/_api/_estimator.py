"""A search in scikit-learn's manner, which is not imported for it."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from evozc._api._memory import search_tasks
from evozc._api._proxy import Proxy
from evozc._api._search import Told, told
from evozc.engine import rank_references
from evozc.errors import ConfigError, DataError
from evozc.evaluation import estimate
from evozc.evolution import SearchSettings, with_ensembles
from evozc.table import Table, Target, Task
from primitives import scalar

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from torch import nn

K = TypeVar("K")


class ProxySearch:
    """An estimator that searches for a proxy on what it is fitted to, and then scores by it.

    It can be cloned, put into pipelines and cross-validated by scikit-learn. Parameters are those of
    :class:`~evozc.SearchSettings`, and are checked when it is fitted; all others are:

    Args:
        target: What a table is ranked by; may be None if it holds one target.
        higher_is_better: Whether a higher ``y`` is better; tables say so of their targets themselves.
        starters: Formulas, or names of known proxies, to start from as well.
        jobs: Threads that score formulas, -1 for one a core; the results are the same for any number.
        progress: Whether to show it; or what to call after every generation.

    Attributes:
        proxy_: The best :class:`~evozc.Proxy`, with the fitted architectures as its references.
        front_: The best proxy of each size, the shortest first.
        taus_: Their Kendall taus on what was fitted, float64 (formulas,).
        n_features_in_: Columns of ``X``, if it was an array.
        feature_names_in_: Their names, if it had some.
    """

    _estimator_type = "regressor"  # for scikit-learn before 1.6, which knows no tags

    def __init__(
        self,
        *,
        target: str | None = None,
        higher_is_better: bool = True,
        starters: Sequence[str] = (),
        jobs: int = 1,
        progress: Told = False,
        seed: int = 0,
        population: int = 300,
        islands: int = 8,
        terms: int = 6,
        generations: int = 40,
        crossover: float = 0.6,
        mutation: float = 0.35,
        tournament: int = 4,
        max_size: int = 20,
        max_depth: int = 9,
        patience: int = 0,
        max_seconds: float = 0.0,
        max_evaluations: int = 0,
        symbols: str = "full",
        over_tasks: str = "mean",
        zoo: bool = True,
    ) -> None:
        self.target = target
        self.higher_is_better = higher_is_better
        self.starters = starters
        self.jobs = jobs
        self.progress = progress
        self.seed = seed
        self.population = population
        self.islands = islands
        self.terms = terms
        self.generations = generations
        self.crossover = crossover
        self.mutation = mutation
        self.tournament = tournament
        self.max_size = max_size
        self.max_depth = max_depth
        self.patience = patience
        self.max_seconds = max_seconds
        self.max_evaluations = max_evaluations
        self.symbols = symbols
        self.over_tasks = over_tasks
        self.zoo = zoo

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002 - scikit-learn passes it
        """All parameters by name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Self:
        """Change parameters; what was fitted stays.

        Raises:
            ConfigError: an unknown one.
        """
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise ConfigError(f"ProxySearch has no parameter {name!r}; it has {', '.join(known)}")
            setattr(self, name, value)
        return self

    def fit(self, X: Table | ArrayLike, y: ArrayLike | None = None) -> Self:  # noqa: N803
        """Search for formulas that rank what is given by its target.

        Args:
            X: A table, all of whose architectures are labelled; or an array or data frame of scores,
                real numbers (n, columns), each row a network and each column a network scalar; NaN
                is missing.
            y: Real numbers (n,), finite; None for the table's own target.

        Raises:
            ConfigError: a parameter that does not fit.
            DataError: ``X`` and ``y`` do not fit, or too few networks.
        """
        table, names = _table_of(X)
        if y is not None:
            table = table.with_targets([_target(y, len(table), self.higher_is_better)])
        elif not table.targets:
            raise DataError("nothing to rank by: give y, or a table with targets")
        settings = SearchSettings(**{one.name: getattr(self, one.name) for one in fields(SearchSettings)})
        task = Task.whole(table, None if y is not None else self.target)
        title = f"searching for {task.target}: {len(table)} labelled architectures"
        with told(self.progress, title) as observe:
            ended = search_tasks([task], settings, self.starters, self.jobs, observe)
        hall = list(with_ensembles(ended.search, ended.objective))
        self.front_ = tuple(
            Proxy(entry.formula, f"size {entry.formula.size}",
                  f"A zero-cost proxy found by evozc: Kendall tau {entry.tau:.3f} on the {len(table)} "
                  "architectures that it was searched on.",
                  rank_references(entry.formula, table))
            for entry in hall
        )
        self.taus_ = np.array([entry.tau for entry in hall])
        self.proxy_ = self.front_[-1]
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)
        if not isinstance(X, Table):
            self.n_features_in_ = len(table.statistics)
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)
        return self

    def predict(self, X: Table | ArrayLike) -> np.ndarray:  # noqa: N803
        """The proxy's scores, float64 (n,); higher is better, and NaN is undefined.

        Each row is scored by itself: a comparison, as ``logrank``, ranks it among the networks that
        were fitted.

        Args:
            X: As for :meth:`fit`.

        Raises:
            ConfigError: it has not been fitted.
            DataError: other columns than were fitted.
            FormulaError: the table lacks a statistic.
        """
        return self._fitted().scores(self._table_like_fitted(X))

    def score(self, X: Table | ArrayLike, y: ArrayLike | None = None) -> float:  # noqa: N803
        """Kendall tau-b of the scores with the target; 0 where they are constant.

        Args:
            X: As for :meth:`fit`.
            y: As for :meth:`fit`.

        Raises:
            DataError: as :meth:`fit` and :meth:`predict`.
        """
        table = self._table_like_fitted(X)
        given = None if y is None else _target(y, len(table), self.higher_is_better)
        target = given or table.target(self.target)
        tau = estimate(self._fitted().scores(table), target.merit, table.keys).tau
        return 0.0 if math.isnan(tau) else tau

    def rank(
        self, networks: Mapping[K, nn.Module], inputs: Any, labels: Any = None, *, seed: int = 0
    ) -> dict[K, float]:
        """Untrained networks by name and their scores, the best first, as :meth:`Proxy.rank` gives them.

        Raises:
            ConfigError: it has not been fitted.
            FormulaError: it was fitted to columns that cannot be measured.
            DataError: a network cannot be run.
        """
        return self._fitted().rank(networks, inputs, labels, seed=seed)

    def _fitted(self) -> Proxy:
        if not hasattr(self, "proxy_"):
            raise ConfigError("this ProxySearch has not been fitted: call fit first")
        return self.proxy_

    def _table_like_fitted(self, X: Table | ArrayLike) -> Table:  # noqa: N803
        self._fitted()
        table, names = _table_of(X)
        if isinstance(X, Table):
            return table
        wanted = getattr(self, "feature_names_in_", None)
        if wanted is not None and names is not None and list(wanted) != list(names):
            raise DataError(f"X has the columns {', '.join(names)}, but {', '.join(wanted)} were fitted")
        if len(table.statistics) != getattr(self, "n_features_in_", None):
            raise DataError(
                f"X has {len(table.statistics)} columns, but "
                f"{getattr(self, 'n_features_in_', 'those of a table')} were fitted"
            )
        return table if wanted is None else _table_of(X, list(wanted))[0]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "proxy_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="regressor", target_tags=TargetTags(required=True),
            transformer_tags=None, classifier_tags=None, regressor_tags=RegressorTags(poor_score=True),
            input_tags=InputTags(allow_nan=True),
        )

    def __repr__(self) -> str:
        usual = inspect.signature(type(self)).parameters
        changed = (
            f"{name}={value!r}" for name, value in self.get_params().items() if value != usual[name].default
        )
        return f"ProxySearch({', '.join(changed)})"


def _table_of(X: Table | ArrayLike, names: list[str] | None = None) -> tuple[Table, list[str] | None]:  # noqa: N803
    """A table of whatever is fitted, and the names of its columns if it has some.

    Raises:
        DataError: no table, and no array of numbers with two dimensions.
    """
    if isinstance(X, Table):
        return X, None
    columns = getattr(X, "columns", None)
    if names is None and columns is not None and all(isinstance(name, str) for name in columns):
        names = list(columns)
    values = numbers(X, "X", 2)
    if np.isinf(values).any():
        raise DataError("X holds infinite numbers")
    texts = tuple(f"row {i}" for i in range(len(values)))
    statistics = [scalar(name) for name in names or (f"x{i}" for i in range(values.shape[1]))]
    held = {s.key: np.ascontiguousarray(values[:, i]) for i, s in enumerate(statistics)}
    return Table(texts, texts, tuple(statistics), {}, held, {}), names


def _target(y: ArrayLike, length: int, higher_is_better: bool) -> Target:
    values = numbers(y, "y", 1)
    if len(values) != length or not np.isfinite(values).all():
        raise DataError(f"y must be {length} finite numbers, one for each row of X")
    return Target("y", values, higher_is_better=higher_is_better)


def numbers(given: ArrayLike, name: str, dimensions: int) -> np.ndarray:
    """What can be read as real numbers, as a new float64 array.

    Raises:
        DataError: it cannot, or has other dimensions.
    """
    shape = "(n, columns)" if dimensions == 2 else "(n,)"
    try:
        values = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{name} must be real numbers {shape}, not {type(given).__name__}") from None
    if values.ndim != dimensions or not values.size:
        raise DataError(f"{name} must be real numbers {shape}, not of shape {values.shape}")
    return values
