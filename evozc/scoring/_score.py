"""Formulas on networks that are in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from evozc.baselines import resolve
from evozc.engine import beyond_references, referenced_scores
from evozc.errors import DataError, FormulaError
from evozc.extraction import Measurement, measure
from evozc.formula import Formula
from evozc.symbols import statistics
from evozc.table import Table
from primitives import NETWORK, Statistic

if TYPE_CHECKING:
    from torch import nn

    from evozc.extraction import Loss, Output

_HINTS = {
    "layer": "no weight of it is used in a convolution, linear map, embedding or other product",
    "activation": "no non-linear function runs in it",
    "block": "it holds no ModuleList or Sequential: name the modules that are its blocks",
}

#: Of the parameters that belong to no layer, which are often hundreds, so many are named.
_NAMED = 4


@dataclass(frozen=True)
class Scores:
    """What formulas gave on networks.

    Args:
        values: By formula, float64 (networks,); not finite where the formula is undefined.
        lacking: By formula that cannot be scored, the reason: what it needs.
        missing: By network, the nodes without a value and the keys of the statistics they lack;
            reductions leave such nodes out.
        notes: By network, what else is to be known: a float32 copy, parameters that belong to no layer,
            a ``logrank`` whose references it lies beyond.
    """

    values: Mapping[str, np.ndarray]
    lacking: Mapping[str, str]
    missing: Mapping[str, Mapping[str, Sequence[str]]]
    notes: Mapping[str, Sequence[str]] = field(default_factory=dict)


def score(
    model: nn.Module,
    formula: Formula | str,
    batch: Any,
    *,
    blocks: Sequence[nn.Module] | None = None,
    seed: int = 0,
    references: Mapping[Formula, np.ndarray] | None = None,
    output: Output = None,
    loss: Loss | str | None = None,
) -> float:
    """Score one untrained network; higher is better.

    Args:
        model: From inputs to scores, as :func:`~evozc.extraction.measure` takes it; it is left
            bit by bit as it was.
        formula: A formula, its text, or the name of a known proxy.
        batch: The inputs, float32 (n, ...) or int64 token numbers (n, tokens), or several by name, alone
            or in a pair with int64 labels (n,), which a formula with gradients of the loss needs; named
            ones may hold them as ``labels``.
        blocks: The modules that form the node set ``block``; None takes the children of the
            longest ModuleList or Sequential.
        seed: For random directions and weights that a statistic draws itself, and for dropout.
        references: For each ``logrank`` its argument's values on other networks.
        output: Which of the network's outputs are its scores, as for :func:`~evozc.extraction.measure`.
        loss: From outputs and labels to a tensor of one number; None takes cross-entropy.

    Returns:
        The score, NaN where the formula is undefined.

    Raises:
        ConfigError: no known proxy has the name.
        FormulaError: no valid formula, one that needs nodes, values or labels that there are
            not, or a ``logrank`` without reference.
        DataError: inputs, labels or blocks that do not fit, or a network that cannot be run.
    """
    formula = resolve(formula) if isinstance(formula, str) else formula
    inputs, labels = batch_of(batch)
    scores = score_networks(
        {"the network": model}, {"": formula}, inputs, labels,
        blocks={"the network": blocks}, seed=seed, references=references, output=output, loss=loss,
    )
    if scores.lacking:
        raise FormulaError(f"{formula.text} {scores.lacking['']}")
    return float(scores.values[""][0])


def batch_of(batch: Any) -> tuple[Any, Any]:
    """Inputs and labels, which are None if there are none, of a batch as :func:`score` takes it.

    Raises:
        DataError: several, but no pair.
    """
    if isinstance(batch, tuple | list) and len(batch) != 2:
        raise DataError(
            f"a batch is inputs, or a pair of inputs and labels, not {len(batch)} things; several inputs "
            "of a network go into a mapping by name, or into a tuple of their own"
        )
    inputs, labels = batch if isinstance(batch, tuple | list) else (batch, None)
    if isinstance(inputs, Mapping) and labels is None and "labels" in inputs:
        return {name: value for name, value in inputs.items() if name != "labels"}, inputs["labels"]
    return inputs, labels


def score_networks(
    networks: Mapping[str, nn.Module],
    formulas: Mapping[str, Formula],
    inputs: Any,
    labels: Any = None,
    *,
    blocks: Mapping[str, Sequence[nn.Module] | None] | None = None,
    seed: int = 0,
    references: Mapping[Formula, np.ndarray] | None = None,
    output: Output = None,
    loss: Loss | str | None = None,
) -> Scores:
    """Score several networks on the same inputs; a ``logrank`` without reference ranks among them.

    Args:
        networks: By name.
        formulas: By name.
        inputs: As for :func:`score`.
        labels: As for :func:`score`.
        blocks: The blocks of each network.
        seed: As for :func:`score`.
        references: As for :func:`score`.
        output: As for :func:`score`.
        loss: As for :func:`score`.

    Raises:
        DataError: as :func:`~evozc.extraction.measure` says.
    """
    used = {s.key for formula in formulas.values() for s in formula.statistics()}
    measured_ones = [s for s in statistics() if s.key in used]
    groups = list(dict.fromkeys(s.group for s in measured_ones))
    measured = {
        name: measure(
            network, inputs, labels, (blocks or {}).get(name), groups, seed, output=output, loss=loss
        )
        for name, network in networks.items()
        if groups
    }
    table = _table(list(networks), measured_ones, measured)
    values, lacking = {}, {}
    for name, formula in formulas.items():
        reason = _lack(formula, measured, labels is not None)
        if reason is None:
            reason = _uncompared(formula, references or {}, len(networks) == 1)
        if reason is None:
            values[name] = referenced_scores(formula, table, references or {})
        else:
            lacking[name] = reason
    missing = {name: _missing(measurement, used) for name, measurement in measured.items()}
    notes = {name: [*_notes(measurement)] for name, measurement in measured.items()}
    for name, found in values.items():
        for place in np.flatnonzero(~np.isfinite(found)):
            network = list(networks)[place]
            notes.setdefault(network, []).append(_undefined(name, formulas[name], measured.get(network)))
        for argument, outside in beyond_references(formulas[name], table, references or {}).items():
            for place in np.flatnonzero(outside):
                count = len((references or {})[argument])
                notes.setdefault(list(networks)[place], []).append(
                    f"logrank({argument.text}) lies beyond all {count} references, "
                    "so that it goes on as it ended: far from them it tells little"
                )
    return Scores(values, lacking, missing, notes)


def _table(
    names: list[str], used: Sequence[Statistic], measured: Mapping[str, Measurement]
) -> Table:
    """The measurements as a table whose architectures are the networks."""
    offsets, values = {}, {}
    for s in used:
        found = [np.atleast_1d(measurement[s.key]) for measurement in measured.values()]
        values[s.key] = np.concatenate(found)
        if s.type != NETWORK:
            offsets[s.type] = np.cumsum([0, *map(len, found)])
    return Table(tuple(names), tuple(names), tuple(used), offsets, values, targets={})


def _lack(formula: Formula, measured: Mapping[str, Measurement], labelled: bool) -> str | None:
    """Why a formula cannot be scored, if so."""
    known = {s.key: s for s in statistics()}
    for used in formula.statistics():
        if used.key not in known:
            return f"needs {used.key}, which is in its table but not among what can be measured"
        if known[used.key].needs_labels and not labelled:
            return f"needs labels: {used.key} is taken from the loss"
        for name, measurement in measured.items():
            valued = np.isfinite(measurement[used.key]).any()
            reason = measurement.failures.get(known[used.key].group)
            if reason is not None and not valued:
                return f"needs {used.key}, whose group {known[used.key].group} failed at {name}: {reason}"
            if used.type != NETWORK and not measurement.names[used.type]:
                return f"needs {used.key}, but {name} has no {used.type} nodes: {_HINTS[used.type]}"
            if not valued:
                nodes = "" if used.type == NETWORK else f" at all {len(measurement.names[used.type])} nodes"
                return f"needs {used.key}, which {name} is missing{nodes}: {known[used.key].definition}"
    return None


def _undefined(name: str, formula: Formula, measurement: Measurement | None) -> str:
    """That a formula gives no number, and of how many nodes: of too few it often has none."""
    sets = dict.fromkeys(s.type for s in formula.statistics() if s.type != NETWORK)
    counts = [] if measurement is None else [f"{len(measurement.names[s])} {s} nodes" for s in sets]
    return f"{name or formula.text} gives no number{' of ' + ' and '.join(counts) if counts else ''}"


def _uncompared(formula: Formula, references: Mapping[Formula, np.ndarray], alone: bool) -> str | None:
    """Why an operator that compares networks cannot, if so."""
    for part in formula.walk():
        operator = part.operator
        if operator is None or operator.kind != "candidates":
            continue
        inner = part.arguments[0]
        if operator.against_reference is None and (alone or inner in references):
            return (
                f"compares networks by {inner.text}, and operator {operator.name!r} declares no "
                "against_reference: score several together, without references"
            )
        if alone and inner not in references:
            return (
                f"compares networks by {inner.text}: score several together, or give the "
                "values of others as references"
            )
    return None


def _missing(measurement: Measurement, used: set[str]) -> dict[str, list[str]]:
    """The nodes that lack a statistic which others of their set have."""
    found = {node: [key for key in keys if key in used] for node, keys in measurement.missing.items()}
    return {
        node: kept
        for node, keys in found.items()
        if (kept := [key for key in keys if np.isfinite(measurement[key]).any()])
    }


def _notes(measurement: Measurement) -> tuple[str, ...]:
    if not measurement.unseen:
        return measurement.notes
    names = ", ".join(measurement.unseen[:_NAMED])
    more = f" and {len(measurement.unseen) - _NAMED} more" if len(measurement.unseen) > _NAMED else ""
    return (*measurement.notes, f"parameters that belong to no layer: {names}{more}")
