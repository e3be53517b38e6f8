"""The contract of a group of statistics."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evozc.errors import EvozcError
from evozc.formula import Formula, call, statistic
from evozc.symbols import GROUPS, group_names, statistics
from evozc.testing._contract import ContractError, imported_file, only, require
from primitives import FULL, NETWORK, Sign, Statistic

if TYPE_CHECKING:
    import torch
    from torch import nn

    from evozc.extraction import Group, Measurement

    Case = tuple[nn.Module, torch.Tensor, torch.Tensor]


def check_group(
    group: type[Group], networks: Sequence[Case] = (), *, others: Sequence[str] | None = None,
    exports: bool = True,
) -> None:
    """Check that a group of statistics keeps its promises.

    Args:
        group: A subclass of :class:`evozc.extraction.Group`; registered or not.
        networks: Networks with inputs and labels to measure it on, beside three of our own: a small
            residual one on images, a perceptron, and a transformer on tokens.
        others: Groups to measure it with, which must not change; None for all.
        exports: Whether its statistics are to stand in files of their own, for which the group
            may import torch and numpy alone.

    Raises:
        ContractError: it does not; the message says what, and on which network.
    """
    with _registered(group):
        own = [s for s in statistics() if s.group == group.name]
        waiting = {s.key: s for s in own}  # for a network that has a value of it
        for case in [*networks, *_own_networks()]:
            found = _check_measured(group, own, case)
            _check_among(group, case, others)
            for key in [key for key in waiting if np.isfinite(found[key]).any()]:
                s = waiting.pop(key)
                if exports:
                    _check_exported(group, s, case, _reduced(found[key]))
        never = list(waiting)
        require(
            not never,
            f"group {group.name!r}: no network has a value of {', '.join(never)}; give one that has: "
            "check_group(..., networks=[(network, inputs, labels)])",
        )


@contextlib.contextmanager
def _registered(group: type[Group]) -> Iterator[None]:
    """The group under its name, for the time of the check."""
    if group.name in GROUPS.names() and GROUPS.get(group.name) is group:
        yield
        return
    try:
        with GROUPS.lent(group.name, group):
            yield
    except EvozcError as error:
        raise ContractError(f"group {group.name!r}: {error}") from error


def _measured(group: type[Group], case: Case, *others: str, labelled: bool = True) -> Measurement:
    from evozc.extraction import measure

    network, inputs, labels = case
    where = f"group {group.name!r} on {type(network).__name__} {tuple(inputs.shape)}"
    with only(what=where):
        found = measure(
            network, inputs, labels if labelled else None, groups=[*others, group.name], seed=3
        )
    failed = found.failures.get(group.name)
    require(failed is None, f"{where}: {failed}")
    return found


def _check_measured(group: type[Group], own: Sequence[Statistic], case: Case) -> Measurement:
    """Its statistics alone: the same again, of the declared signs, with labels only where declared."""
    import torch

    network, inputs, labels = case
    where = f"group {group.name!r} on {type(network).__name__}"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(16)
        found = _measured(group, case)
        torch.manual_seed(17)  # whatever the random state, `seed` decides
        again = _measured(group, case)
    unlabelled = _measured(group, case, labelled=False)
    require(list(found) == [s.key for s in own], f"{where}: measured are {', '.join(found)}")
    for s in own:
        require(
            np.array_equal(found[s.key], again[s.key], equal_nan=True),
            f"{where}: {s.key} is {found[s.key]}, then {again[s.key]}; draw from run.generator()",
        )
        values = np.atleast_1d(found[s.key])
        signs = Sign(0)
        for value in values[np.isfinite(values)]:
            signs |= Sign.of(value)
        shown = f"{where}: {s.key} is declared {s.sign!r}, found was {signs!r}: {values}"
        require(signs.within(s.sign), shown)
        if s.needs_labels:
            known = np.isfinite(np.atleast_1d(unlabelled[s.key])).any()
            require(not known, f"{where}: {s.key} is declared to need labels, and has a value without")
        else:
            same = np.array_equal(found[s.key], unlabelled[s.key], equal_nan=True)
            require(same, f"{where}: {s.key} is declared to need no labels, and differs without")
    _measured(group, (network, inputs[: group.least_batch], labels[: group.least_batch]))
    return found


def _check_among(group: type[Group], case: Case, others: Sequence[str] | None) -> None:
    """It changes no other group's values, and is changed by none."""
    from evozc.extraction import measure

    network, inputs, labels = case
    names = [name for name in group_names() if name != group.name] if others is None else list(others)
    if not names:
        return
    without = measure(network, inputs, labels, groups=names, seed=3)
    alone = {**_measured(group, case), **without}
    for key, value in _measured(group, case, *names).items():
        require(
            np.array_equal(value, alone[key], equal_nan=True),
            f"group {group.name!r} on {type(network).__name__}: {key} is {value} among other groups, "
            f"{alone[key]} without",
        )


def _check_exported(group: type[Group], s: Statistic, case: Case, expected: float) -> None:
    """A file of its own measures what evozc measures."""
    from evozc.exports import to_torch

    network, inputs, labels = case
    try:
        source = to_torch(_formula(s))
    except EvozcError as error:
        hint = "if it need not be exported: check_group(..., exports=False)"
        raise ContractError(f"group {group.name!r}: {error}; {hint}") from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exported.py"
        path.write_text(source, encoding="utf-8")
        score = imported_file(path).score(network, inputs, labels, seed=3)
    require(
        np.isclose(score, expected, rtol=1e-6),
        f"group {group.name!r} on {type(network).__name__}: the file of {_formula(s)} gives {score}, "
        f"evozc {expected}",
    )


def _formula(s: Statistic) -> Formula:
    leaf = statistic(s)
    return leaf if s.type == NETWORK else call(FULL.operators["max"], leaf)


def _reduced(value: np.ndarray | float) -> float:
    values = np.atleast_1d(value)
    return float(values[np.isfinite(values)].max())


def _own_networks() -> Iterator[Case]:
    """A residual network with batch normalisation, a perceptron and a transformer, with 8 inputs each."""
    import torch
    from torch import nn

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(
                nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1)
            )
            self.last = nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(x + self.inner(x))

    generator = torch.Generator().manual_seed(5)
    images, labels = torch.randn(8, 3, 8, 8, generator=generator), torch.arange(8) % 4
    tokens = torch.randint(20, (8, 6), generator=generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        blocks = nn.Sequential(Residual(), nn.MaxPool2d(2), Residual())
        residual = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), blocks,
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4),
        )
        perceptron = nn.Sequential(
            nn.Flatten(), nn.Linear(192, 12), nn.ReLU(), nn.Linear(12, 12), nn.Tanh(), nn.Linear(12, 4)
        )
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, activation="gelu", batch_first=True)
        encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        transformer = nn.Sequential(nn.Embedding(20, 16), encoder, nn.Linear(16, 4))
    yield residual, images, labels
    yield perceptron, images, labels
    yield transformer, tokens, labels
