"""The predictor that is trained, asked and saved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import rankdata

from evozc.baselines.parzc._features import Features
from evozc.baselines.parzc._graph import encode, largest_graph, space_of
from evozc.baselines.parzc._network import Network, Sizes
from evozc.baselines.parzc._settings import ParZCSettings
from evozc.baselines.parzc._training import Inputs, reproducible, train
from evozc.errors import ConfigError, DataError
from evozc.spaces import GraphSpace
from evozc.table import Table, Target

#: Architectures predicted together.
_BATCH = 256


@dataclass(frozen=True)
class Lesson:
    """What a predictor was trained on, so that it is never judged on the same.

    Args:
        keys: The canonical keys of the labelled architectures.
        table_hash: The content hash of the table that settled the scaling.
        target: The name of what it was trained to rank by.
    """

    keys: tuple[str, ...]
    table_hash: str
    target: str


@dataclass(frozen=True, eq=False)
class ParZC:
    """A trained ParZC predictor (Dong et al., AAAI 2025, arXiv 2402.02105).

    ::

        predictor = ParZC.fit(train, train.target("accuracy"), NAMED["parzc"], pool=table)
        mean, deviation = predictor.predict(test)

    The published protocol trains on validation and evaluates on test accuracy; here both
    are the one target that a table is ranked by.

    Args:
        settings: It was trained with.
        seed: It was trained from.
        features: How tables are read.
        space: Search space of the graphs, or None.
        networks: One a member.
        lesson: What it was trained on.
    """

    settings: ParZCSettings
    seed: int
    features: Features
    space: GraphSpace | None
    networks: tuple[Network, ...]
    lesson: Lesson

    @classmethod
    def fit(
        cls, train_table: Table, target: Target, settings: ParZCSettings, *, seed: int = 0,
        pool: Table | None = None, observe: Callable[[int, int], object] = lambda _done, _total: None,
    ) -> ParZC:
        """Train on a labelled sample.

        Args:
            train_table: The labelled sample.
            target: Of that sample.
            settings: See :class:`ParZCSettings`.
            seed: Everything random comes from it: the same seed gives the same predictor.
            pool: Architectures whose statistics (never targets) settle the length of the
                input and table-wide scaling; the labelled sample alone if None.
            observe: Called with epochs done and epochs to do.

        Raises:
            DataError: fewer than four architectures, constant accuracies, or a missing statistic.
            ConfigError: the settings ask for graphs and the table's space has none; a seed
                that is negative or has more than nine digits.
        """
        if not 0 <= seed < 10**9:
            raise ConfigError(f"ParZC: the seed must be between 0 and 999999999, not {seed}")
        if len(train_table) < 4:
            raise DataError(f"ParZC: {len(train_table)} labelled architectures are too few: at least 4")
        merit = target.merit
        if len(np.unique(merit)) < 2:
            raise DataError(f"ParZC: all {len(merit)} labelled architectures have the same {target.name}")
        features, space = cls.reading(pool or train_table, settings)
        nodes = 0 if space is None else largest_graph(space, (pool or train_table).architectures)
        inputs = _inputs(features, space, train_table, nodes)
        standardised = torch.from_numpy(_standardised(merit)).float()
        done, total = 0, settings.epochs * settings.members

        def count() -> None:
            nonlocal done
            done += 1
            observe(done, total)

        networks = []
        for member in range(settings.members):
            with reproducible(_member_seed(seed, member)):
                networks.append(train(settings, _sizes(features, inputs, space), inputs, standardised, count))
        keys = tuple(sorted(set(train_table.keys)))
        lesson = Lesson(keys, (pool or train_table).content_hash, target.name)
        return cls(settings, seed, features, space, tuple(networks), lesson)

    @staticmethod
    def reading(table: Table, settings: ParZCSettings) -> tuple[Features, GraphSpace | None]:
        """How a table is read under some settings, and the search space of its graphs if asked for.

        Raises:
            DataError: the table lacks a statistic.
            ConfigError: the settings ask for graphs and the table's space has none.
        """
        return Features.fit(table, settings), space_of(table) if settings.graph else None

    @property
    def parameters(self) -> int:
        """Numbers that training adjusted."""
        return sum(p.numel() for network in self.networks for p in network.parameters())

    def unseen(self, table: Table) -> Table:
        """The architectures of a table that are isomorphic to none of those it was trained on."""
        seen = set(self.lesson.keys)
        return table.select([index for index, key in enumerate(table.keys) if key not in seen])

    def predict(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        """Scores of architectures: higher is better, on no particular scale.

        All architectures meet the same weight draws, so that an architecture's score does
        not depend on which others are asked for.

        Args:
            table: With the statistics that the predictor was trained on.

        Returns:
            Mean and population standard deviation over weight draws and members, float64
            (architectures,) each; the deviation of a single draw of a single network is 0.

        Raises:
            DataError: the table lacks a statistic.
        """
        inputs = _inputs(self.features, self.space, table, self.networks[0].sizes.nodes)
        draws = [
            self._draw(network, _member_seed(self.seed, member) + 1 + draw, inputs)
            for member, network in enumerate(self.networks)
            for draw in range(self.settings.draws)
        ]
        stacked = np.stack(draws)
        return stacked.mean(axis=0), stacked.std(axis=0)

    @staticmethod
    @torch.no_grad()
    def _draw(network: Network, seed: int, inputs: Inputs) -> np.ndarray:
        """The predictions under one draw of the weights."""
        parts = []
        for batch in zip(*(part.split(_BATCH) for part in inputs), strict=True):
            with reproducible(seed):
                parts.append(network(*batch).double())
        return torch.cat(parts).numpy()


def _member_seed(seed: int, member: int) -> int:
    return 1_000_000 * seed + 10_000 * member


def _standardised(merit: np.ndarray) -> np.ndarray:
    """Mean 0 and deviation 1; of the ranks where the values' own spread over- or underflows."""
    with np.errstate(all="ignore"):
        deviation = merit.std()
        made = (merit - merit.mean()) / deviation
        if np.isfinite(made).all() and deviation >= np.finfo(np.float64).tiny:
            return made
    ranks = rankdata(merit)
    return (ranks - ranks.mean()) / ranks.std()


def _inputs(features: Features, space: GraphSpace | None, table: Table, nodes: int) -> Inputs:
    made = torch.from_numpy(features(table))
    if space is None:
        return (made,)
    operations, positions = encode(space, table.architectures, nodes)
    return made, operations, positions


def _sizes(features: Features, inputs: Inputs, space: GraphSpace | None) -> Sizes:
    if space is None:
        return Sizes(features.channels, features.positions)
    return Sizes(
        features.channels, features.positions, len(space.graph_operations), inputs[1].shape[1]
    )
