"""A proxy as an object: load it, score and rank networks by it, write it down."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from evozc._files import refuse_existing, write_text
from evozc.baselines import PROXIES, find_proxy, resolve
from evozc.benchmarks import open_table
from evozc.engine import rank_references, referenced_scores
from evozc.errors import CheckpointError, ConfigError, FormulaError
from evozc.exports import Exported, export
from evozc.formula import Formula, to_latex
from evozc.symbols import symbol_set
from evozc.table import Table

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from evozc.extraction import Loss, Output

K = TypeVar("K")

References = Mapping[Formula, "np.ndarray"]


class Proxy:
    """A formula that scores untrained networks; higher is better. Made by :meth:`load`.

    Args:
        formula: What is computed.
        name: As tables show it.
        source: Where it comes from, in a line.
        references: For each comparison in the formula, as ``logrank``, its argument's values on other
            networks, float64 (networks,), among which a network is ranked; or what gives them when they
            are first needed.
        facts: What else is known of it, as JSON values by name.

    Attributes:
        formula: As given.
        name: As given.
        source: As given.
        facts: As given.
    """

    def __init__(
        self, formula: Formula, name: str = "", source: str = "",
        references: References | Callable[[], References] = dict, facts: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(formula, Formula):
            raise ConfigError(f"Proxy takes a Formula; for {formula!r} call evozc.Proxy.load")
        self.formula = formula
        self.name = name
        self.source = source
        self.facts = facts or {}
        self._references = references

    @cached_property
    def references(self) -> References:
        """For each comparison in the formula, its argument's values on other networks."""
        return self._references() if callable(self._references) else self._references

    @classmethod
    def load(
        cls, what: str | Path | Formula | Proxy, size: int | None = None,
        among: str | Path | Table | None = None,
    ) -> Proxy:
        """A proxy of a run, of the zoo, or of a formula's text.

        Args:
            what: A run folder, with which come the references of what was searched on; the name of a
                known proxy; a formula or its text; or a proxy, which is given back.
            size: Of a run, the formula of this size on the Pareto front; None for the chosen one.
            among: Of a known proxy or a formula, the table on whose architectures a comparison, as
                ``logrank``, ranks a network; of a run it is what was searched on.

        Raises:
            ConfigError: the run's front has no formula of this size, or there is no proxy of the name.
            CheckpointError: no folder of a run, or the run has not ended.
            FormulaError: not a formula.
        """
        if isinstance(what, str) and what not in PROXIES.names() and _is_path(what):
            what = Path(what)
        if isinstance(what, Path):
            from evozc._api._search import open_run

            if among is not None:
                raise ConfigError(f"--among belongs to a proxy or a formula, which {what} is not")
            run = open_run(what)
            return run.proxy if size is None else run.of_size(size)
        if size is not None:
            raise ConfigError(f"--size belongs to a run, which {what} is not")
        if isinstance(what, Proxy):
            return what
        if not isinstance(what, str | Formula):
            raise ConfigError(
                "a proxy is loaded from a run folder, the name of a known proxy, a formula or its text, "
                f"not from {type(what).__name__}"
            )
        table = open_table(among) if isinstance(among, str | Path) else among
        symbols = None if table is None else symbol_set().with_statistics(table.statistics)
        formula = what if isinstance(what, Formula) else resolve(what, symbols)
        references = dict if table is None else partial(rank_references, formula, table)
        if isinstance(what, Formula) or what not in PROXIES.names():
            return cls(formula, formula.text, "", references)
        known = find_proxy(what)
        facts = {"name": known.name, "source": known.source}
        return cls(formula, known.name, f"{known.name}: {known.source}", references, facts)

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
        blocks: Sequence[nn.Module] | None = None, seed: int = 0, output: Output = None,
        loss: Loss | str | None = None,
    ) -> float:
        """Score one untrained network, NaN where the formula is undefined.

        Args:
            network: From inputs to scores; it is left bit by bit as it was.
            inputs: As :func:`evozc.score` takes them, alone or in a pair with labels.
            labels: int64 (n,), which a formula with gradients of the loss needs.
            blocks: The modules that form the node set ``block``; None takes the children of the
                longest ModuleList or Sequential.
            seed: For random directions and weights that a statistic draws itself.
            output: As for :func:`evozc.score`.
            loss: As for :func:`evozc.score`.

        Raises:
            FormulaError: it needs nodes, values or labels that there are not, or compares networks and
                has no references: then :meth:`rank` several.
            DataError: inputs, labels or blocks that do not fit, or a network that cannot be run.
        """
        from evozc.scoring import score

        batch = inputs if labels is None else (inputs, labels)
        return score(
            network, self.formula, batch, blocks=blocks, seed=seed, references=self.references,
            output=output, loss=loss,
        )

    @overload
    def rank(
        self, networks: Mapping[K, nn.Module], inputs: Any, labels: Any = ..., *,
        seed: int = ..., output: Output = ..., loss: Loss | str | None = ...,
    ) -> dict[K, float]: ...

    @overload
    def rank(
        self, networks: Sequence[nn.Module], inputs: Any, labels: Any = ..., *,
        seed: int = ..., output: Output = ..., loss: Loss | str | None = ...,
    ) -> dict[int, float]: ...

    @overload
    def rank(self, networks: Table) -> dict[str, float]: ...

    def rank(
        self, networks: Mapping[K, nn.Module] | Sequence[nn.Module] | Table,
        inputs: Any = None, labels: Any = None, *, seed: int = 0, output: Output = None,
        loss: Loss | str | None = None,
    ) -> dict[K, float] | dict[int, float] | dict[str, float]:
        """Networks and their scores, the best first; what is undefined comes last.

        Args:
            networks: By name; several in order, whose names are their places from 0; or a table, whose
                architectures are ranked by their statistics.
            inputs: As for :meth:`score`; of a table, none.
            labels: As for :meth:`score`.
            seed: As for :meth:`score`.
            output: As for :meth:`score`.
            loss: As for :meth:`score`.

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
        named = networks if isinstance(networks, Mapping) else dict(enumerate(networks))
        return _ordered(self._measured(named, inputs, labels, seed=seed, output=output, loss=loss))

    def _measured(
        self, networks: Mapping[Any, nn.Module], inputs: Any, labels: Any, **how: Any
    ) -> dict[Any, float]:
        from evozc.scoring import batch_of, score_networks

        if labels is None:
            inputs, labels = batch_of(inputs)
        named = {f"network {name}": network for name, network in networks.items()}
        scores = score_networks(
            named, {"": self.formula}, inputs, labels, references=self.references, **how
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
        text = export(Exported(self.formula, lambda: self.references, self.source, self.facts), format)
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
