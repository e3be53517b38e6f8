"""A proxy as an object: load it, score and rank networks by it, write it down."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from evozc._files import refuse_existing, write_text
from evozc.baselines import PROXIES, find_proxy, resolve
from evozc.engine import referenced_scores
from evozc.errors import CheckpointError, ConfigError, FormulaError
from evozc.exports import Exported, export
from evozc.formula import Formula, to_latex
from evozc.table import Table

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

K = TypeVar("K")

@dataclass(frozen=True, eq=False, repr=False)
class Proxy:
    """A formula that scores untrained networks; higher is better. Made by :meth:`load`.

    Args:
        formula: What is computed.
        name: As tables show it.
        source: Where it comes from, in a line.
        references: For each comparison in the formula, as ``logrank``, its argument's values on other
            networks, float64 (networks,), among which a network is ranked.
    """

    formula: Formula
    name: str = ""
    source: str = ""
    references: Mapping[Formula, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.formula, Formula):
            raise ConfigError(f"Proxy takes a Formula; for {self.formula!r} call evozc.Proxy.load")

    @classmethod
    def load(cls, what: str | Path | Formula | Proxy, size: int | None = None) -> Proxy:
        """A proxy of a run, of the zoo, or of a formula's text.

        Args:
            what: A run folder, with which come the references of what was searched on; the name of a
                known proxy; a formula or its text; or a proxy, which is given back.
            size: Of a run, the formula of this size on the Pareto front; None for the chosen one.

        Raises:
            ConfigError: the run's front has no formula of this size, or there is no proxy of the name.
            CheckpointError: no folder of a run, or the run has not ended.
            FormulaError: not a formula.
        """
        if isinstance(what, str) and what not in PROXIES.names() and _is_path(what):
            what = Path(what)
        if isinstance(what, Path):
            from evozc._api._search import open_run

            run = open_run(what)
            return run.proxy if size is None else run.of_size(size)
        if size is not None:
            raise ConfigError(f"only of a run can a size be chosen; {what!r} is none")
        if isinstance(what, Proxy):
            return what
        if isinstance(what, Formula):
            return cls(what, what.text)
        if not isinstance(what, str):
            raise ConfigError(
                "a proxy is loaded from a run folder, the name of a known proxy, a formula or its text, "
                f"not from {type(what).__name__}"
            )
        known = find_proxy(what) if re.fullmatch(r"[A-Za-z]\w*", what) or what in PROXIES.names() else None
        if known is not None:
            return cls(known.formula, known.name, known.source)
        return cls(resolve(what), what)

    @property
    def text(self) -> str:
        """The formula's text."""
        return self.formula.text

    @property
    def latex(self) -> str:
        """The formula as LaTeX, without dollars."""
        return to_latex(self.formula)

    @property
    def needs_labels(self) -> bool:
        """Whether networks can be scored only with labelled inputs."""
        return any(statistic.needs_labels for statistic in self.formula.statistics())

    def score(
        self, network: nn.Module, inputs: Any, labels: Any = None, *,
        blocks: Sequence[nn.Module] | None = None, seed: int = 0,
    ) -> float:
        """Score one untrained network, NaN where the formula is undefined.

        Args:
            network: From inputs to scores; it is left bit by bit as it was.
            inputs: As :func:`evozc.score` takes them, alone or in a pair with labels.
            labels: int64 (n,), which a formula with gradients of the loss needs.
            blocks: The modules that form the node set ``block``; None takes the children of the
                longest ModuleList or Sequential.
            seed: For random directions and weights that a statistic draws itself.

        Raises:
            FormulaError: it needs nodes, values or labels that there are not, or compares networks and
                has no references: then :meth:`rank` several.
            DataError: inputs, labels or blocks that do not fit, or a network that cannot be run.
        """
        from evozc.scoring import score

        batch = inputs if labels is None else (inputs, labels)
        return score(network, self.formula, batch, blocks=blocks, seed=seed, references=self.references)

    @overload
    def rank(
        self, networks: Mapping[K, nn.Module], inputs: Any, labels: Any = ..., *,
        seed: int = ...,
    ) -> dict[K, float]: ...

    @overload
    def rank(
        self, networks: Sequence[nn.Module], inputs: Any, labels: Any = ..., *,
        seed: int = ...,
    ) -> dict[int, float]: ...

    @overload
    def rank(self, networks: Table) -> dict[str, float]: ...

    def rank(
        self, networks: Mapping[K, nn.Module] | Sequence[nn.Module] | Table,
        inputs: Any = None, labels: Any = None, *, seed: int = 0,
    ) -> dict[K, float] | dict[int, float] | dict[str, float]:
        """Networks and their scores, the best first; what is undefined comes last.

        Args:
            networks: By name; several in order, whose names are their places from 0; or a table, whose
                architectures are ranked by their statistics.
            inputs: As for :meth:`score`; of a table, none.
            labels: As for :meth:`score`.
            seed: As for :meth:`score`.

        Raises:
            FormulaError: as :meth:`score`, but that networks are compared with one another where there
                are no references.
            DataError: as :meth:`score`.
            ConfigError: nothing to rank.
        """
        if not len(networks):
            raise ConfigError("there are no networks to rank")
        if isinstance(networks, Table):
            return _ordered(dict(zip(networks.architectures, self.scores(networks).tolist(), strict=True)))
        if inputs is None:
            raise ConfigError("networks are ranked on inputs: give them, as evozc.noise((3, 32, 32), 16)")
        if isinstance(networks, Mapping):
            return _ordered(self._measured(networks, inputs, labels, seed))
        return _ordered(self._measured(dict(enumerate(networks)), inputs, labels, seed))

    def _measured(
        self, networks: Mapping[K, nn.Module], inputs: Any, labels: Any, seed: int
    ) -> dict[K, float]:
        from evozc.scoring import score_networks

        if labels is None and isinstance(inputs, tuple):
            inputs, labels = inputs
        named = {f"network {name}": network for name, network in networks.items()}
        scores = score_networks(
            named, {"": self.formula}, inputs, labels, seed=seed, references=self.references
        )
        if scores.lacking:
            raise FormulaError(f"{self.name or self.text} {scores.lacking['']}")
        return dict(zip(networks, scores.values[""].tolist(), strict=True))

    def scores(self, table: Table) -> np.ndarray:
        """The scores of a table's architectures by their statistics, float64 (architectures,).

        A comparison as ``logrank`` ranks each among the references, where there are any; otherwise the
        architectures are ranked among themselves.

        Raises:
            FormulaError: the table lacks a statistic.
        """
        return referenced_scores(self.formula, table, self.references)

    def export(self, format: str = "python", out: str | Path | None = None) -> str:  # noqa: A002
        """The formula written down; no file that is there is overwritten.

        Args:
            format: Of :data:`evozc.exports.FORMATS`: ``text``, ``latex``, ``sympy``, ``json``;
                ``python``, a file that scores a network by its statistics and needs numpy alone; or
                ``torch``, a file that measures networks and scores them, and needs torch and numpy.
            out: A file to write it to as well.

        Raises:
            ConfigError: no such format.
            FormulaError: the formula cannot be written so.
            DataError: the file exists, or cannot be written.
        """
        if out is not None:
            refuse_existing(Path(out))
        named = {"name": self.name, "source": self.source} if self.source else {}
        text = export(
            Exported(self.formula, lambda: self.references, self.source or self.name, named), format
        )
        if out is not None:
            write_text(Path(out), text + "\n")
        return text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        named = "" if self.name in ("", self.text) else f", name={self.name!r}"
        return f"Proxy({self.text!r}{named})"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"


def _is_path(text: str) -> bool:
    """Whether a text is meant for a path: a folder, or what no formula could be."""
    if Path(text).is_dir():
        return True
    if "(" not in text and (os.sep in text or text.startswith(".")):
        raise CheckpointError(f"{text}: no such run folder")
    return False


def _ordered(scores: Mapping[K, float]) -> dict[K, float]:
    """The highest first, of equals the first; what is not a number last."""
    worst = float("-inf")
    return dict(sorted(scores.items(), key=lambda one: one[1] if one[1] == one[1] else worst, reverse=True))
