"""The JSON files of NDS (Radosavovic et al., On Network Design Spaces for Visual Recognition, ICCV 2019)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from evozc.benchmarks.readers._json import as_list, as_mapping, as_number, as_text, load_json, step
from evozc.benchmarks.readers._numbers import notes_on, shown
from evozc.benchmarks.readers._reader import Published, Request, Wanted
from evozc.errors import ConfigError, DataError, EvozcError
from evozc.table import Target

#: By target, the list or number of errors in per cent that it comes from.
TARGETS = {"accuracy": "test_ep_top1", "best_accuracy": "min_test_top1"}
#: Numbers of a job that tell of its network.
SCORES = ("params", "flops")

_WORDS = (b'"test_ep_top1"', b'"min_test_top1"', b'"train_ep_top1"')
_CELLS = ("normal", "reduce")


class Nds:
    """Jobs, each a network that was trained; of ImageNet's files, ``where`` names a ``part``, top or mid.

    Errors become accuracies: ``accuracy`` is 100 minus the test error after the last epoch,
    ``best_accuracy`` 100 minus the smallest. There is no validation set. Networks that were trained several
    times have the mean of their jobs.
    """

    name = "nds"

    def fits(self, path: Path, head: bytes) -> bool:
        """JSON with errors by epoch."""
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        return start in (b"{", b"[") and any(word in head for word in _WORDS)

    def read(self, path: Path, request: Request) -> Published:
        """Each network, with ``accuracy`` to rank by."""
        path = Path(path)
        unknown = set(request.where) - {"part"}
        if unknown:
            raise ConfigError(f"{path}: jobs are chosen by part, not by {shown(sorted(unknown))}")
        jobs = _jobs(path, load_json(path), request.where.get("part"))
        by_network: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
        for where, job in jobs:
            network = as_mapping(path, f"{where}.net", job.get("net"))
            by_network.setdefault(_text(path, f"{where}.net", network), []).append((where, job))
        again = len(jobs) - len(by_network)
        repeated = (f"{again} of {len(jobs)} jobs train a network again; their figures are averaged",)
        groups = list(by_network.values())
        scores, notes = notes_on({
            name: np.array([_mean(path, group, name) for group in groups])
            for name in SCORES if request.scores and name not in request.without
        })
        return Published(
            path=path, places=tuple(group[0][0] for group in groups), ids=tuple(by_network),
            architectures=tuple(by_network), targets=_targets(path, request, groups), scores=scores,
            notes=(*(repeated if again else ()), *notes), provenance={"format": self.name},
        )


def _jobs(path: Path, content: Any, part: str | None) -> list[tuple[str, Mapping[str, Any]]]:
    """By JSON path."""
    parts = {"": content} if isinstance(content, list) else as_mapping(path, "$", content)
    if part is not None and part not in parts:
        held = shown([name for name in parts if name]) or "one list of jobs alone"
        raise DataError(f"{path}: no part {part!r}; it holds {held}")
    jobs = []
    for name, listed in parts.items():
        if part in (None, name):
            root = f"$.{step(name)}" if name else "$"
            for place, job in enumerate(as_list(path, root, listed)):
                jobs.append((f"{root}[{place}]", as_mapping(path, f"{root}[{place}]", job)))
    if not jobs:
        raise DataError(f"{path}: holds no jobs")
    return jobs


def _text(path: Path, where: str, network: Mapping[str, Any]) -> str:
    """A genotype with width and depth, or for a network of other kinds its description as JSON."""
    if "genotype" not in network:
        return json.dumps(network, sort_keys=True, separators=(",", ":"))
    genotype = as_mapping(path, f"{where}.genotype", network["genotype"])
    fields = []
    for cell in _CELLS:
        entries = as_list(path, f"{where}.genotype.{cell}", genotype.get(cell))
        pairs = [_pair(path, f"{where}.genotype.{cell}[{k}]", entry) for k, entry in enumerate(entries)]
        concat = as_list(path, f"{where}.genotype.{cell}_concat", genotype.get(f"{cell}_concat"))
        nodes = [_whole(path, f"{where}.genotype.{cell}_concat[{k}]", n) for k, n in enumerate(concat)]
        fields += [f"{cell}={pairs}", f"{cell}_concat={nodes}"]
    fields += [f"{name}={_whole(path, f'{where}.{name}', network.get(name))}" for name in ("width", "depth")]
    return f"Genotype({', '.join(fields)})"


def _pair(path: Path, where: str, entry: Any) -> tuple[str, int]:
    pair = as_list(path, where, entry)
    if len(pair) != 2:
        raise DataError(f"{path}: {where} must be an operation and a node")
    return as_text(path, f"{where}[0]", pair[0]), _whole(path, f"{where}[1]", pair[1])


def _whole(path: Path, where: str, value: Any) -> int:
    number = as_number(path, where, value)
    if not number.is_integer():
        raise DataError(f"{path}: {where} is {value}, no whole number")
    return int(number)


def _mean(path: Path, group: list[tuple[str, Mapping[str, Any]]], name: str) -> float:
    """The mean over a network's jobs of a number, or of the last one of a list; NaN if none says it."""
    values = []
    for where, job in group:
        value, place = job.get(name), f"{where}.{name}"
        if isinstance(value, list):
            place = f"{place}[{len(value) - 1}]"
            value = value[-1] if value else None
        if value is not None:
            values.append(as_number(path, place, value))
    return sum(values) / len(values) if values else math.nan


def _targets(
    path: Path, request: Request, groups: list[list[tuple[str, Mapping[str, Any]]]]
) -> tuple[Target, ...]:
    if request.targets is None:
        return ()
    made = []
    for wanted in request.targets or (Wanted("accuracy"),):
        if wanted.name not in TARGETS:
            raise DataError(
                f"{path}: no target {wanted.name!r}; files of this format rank by {' or '.join(TARGETS)}"
            )
        errors = np.array([_mean(path, group, TARGETS[wanted.name]) for group in groups])
        wrong = next((k for k, error in enumerate(errors) if not 0 <= error <= 100), None)
        if wrong is not None:
            raise DataError(
                f"{path}: {groups[wrong][0][0]}.{TARGETS[wanted.name]} is {errors[wrong]:g}; every network "
                "needs an error of 0 to 100 per cent"
            )
        try:
            made.append(wanted.target(100 - errors, True, "%"))
        except EvozcError as error:
            raise type(error)(f"{path}: {error}") from None
    return tuple(made)
