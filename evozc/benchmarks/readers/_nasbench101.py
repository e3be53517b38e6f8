"""The tfrecord files of NAS-Bench-101 (Ying et al., ICML 2019), without TensorFlow."""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from evozc.benchmarks.readers._crc32c import masked_crc32c
from evozc.benchmarks.readers._numbers import shown
from evozc.benchmarks.readers._reader import Published, Request, Wanted
from evozc.errors import ConfigError, DataError, EvozcError
from evozc.table import Target

#: Epochs that are ranked by where nobody says others.
EPOCHS = 108
#: By target, its field of a run's last evaluation, whether higher is better, its unit and factor.
TARGETS = {
    "test_accuracy": (5, True, "%", 100.0),
    "validation_accuracy": (4, True, "%", 100.0),
    "train_accuracy": (3, True, "%", 100.0),
    "training_time": (2, False, "s", 1.0),
}
#: A longer record is no record: the longest has some 500 bytes.
_LONGEST = 2**20
_RECORD = struct.Struct("<QI")
_CHECK = struct.Struct("<I")
_BITS = re.compile(r"[01]{1,400}", re.ASCII)
_OPERATIONS = re.compile(r"[a-z0-9-]+(?:,[a-z0-9-]+)*", re.ASCII)
#: Of ``ModelMetrics``: evaluations, and the number of weights.
_EVALUATIONS, _PARAMETERS = 1, 2


@dataclass
class _Runs:
    """All runs of one cell.

    Args:
        place: Where the first one stands.
        sums: Of each field of the last evaluation.
        count: Of runs.
        parameters: Trainable weights.
    """

    place: str
    sums: dict[int, float] = field(default_factory=dict)
    count: int = 0
    parameters: float = 0.0


class NasBench101Records:
    """Cells trained three times each; targets are the mean of the runs, accuracies in per cent.

    ``where`` chooses ``epochs``, of 4, 12, 36 and 108 in the whole file; without, 108.
    """

    name = "nasbench101-tfrecord"

    def fits(self, path: Path, head: bytes) -> bool:
        """Named so, or the framing of a record around a JSON array."""
        if len(head) < _RECORD.size + 2:
            return Path(path).suffix == ".tfrecord"
        length, _ = _RECORD.unpack_from(head)
        return Path(path).suffix == ".tfrecord" or (length < _LONGEST and head[_RECORD.size :][:2] == b'["')

    def read(self, path: Path, request: Request) -> Published:
        """Each cell, with ``test_accuracy`` to rank by."""
        path = Path(path)
        unknown = set(request.where) - {"epochs"}
        if unknown:
            raise ConfigError(f"{path}: runs are chosen by epochs, not by {shown(sorted(unknown))}")
        asked = request.where.get("epochs", str(EPOCHS))
        found: dict[str, _Runs] = {}
        held: set[int] = set()
        for place, record in _records(path):
            epochs, architecture, metrics = _row(path, place, record)
            held.add(epochs)
            if str(epochs) == asked:
                _add(path, place, found.setdefault(architecture, _Runs(place)), metrics)
        if not found:
            listed = ", ".join(map(str, sorted(held))) or "none"
            raise DataError(f"{path}: no run of {asked} epochs; it holds runs of {listed}")
        scores = {}
        if request.scores and "params" not in request.without:
            scores["params"] = np.array([runs.parameters for runs in found.values()])
        return Published(
            path=path, places=tuple(runs.place for runs in found.values()), ids=tuple(found),
            architectures=tuple(found), targets=_targets(path, request, list(found.values())),
            scores=scores, provenance={"format": self.name, "epochs": int(asked)},
        )


def _records(path: Path) -> Iterator[tuple[str, bytes]]:
    """Place and contents of each record, both checked by their sums."""
    try:
        with open(path, "rb") as file:
            position = number = 0
            while head := file.read(_RECORD.size):
                place = f"record {number} (byte {position})"
                if len(head) < _RECORD.size:
                    raise DataError(f"{path}: {place}: ends in its head; the file is cut, fetch it again")
                length, check = _RECORD.unpack(head)
                if check != masked_crc32c(head[:8]) or length > _LONGEST:
                    raise DataError(f"{path}: {place}: no head of a tfrecord; fetch the file again")
                body = file.read(length + _CHECK.size)
                if len(body) < length + _CHECK.size:
                    raise DataError(
                        f"{path}: {place}: {len(body)} of {length + _CHECK.size} bytes are there; the file "
                        "is cut, fetch it again"
                    )
                if _CHECK.unpack(body[length:])[0] != masked_crc32c(body[:length]):
                    raise DataError(f"{path}: {place}: does not match its checksum; fetch the file again")
                yield place, body[:length]
                position, number = position + len(head) + len(body), number + 1
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _row(path: Path, place: str, record: bytes) -> tuple[int, str, bytes]:
    """Epochs, architecture and metrics of a record."""
    try:
        _, epochs, bits, operations, metrics = json.loads(record)
        if type(epochs) is not int or not _BITS.fullmatch(bits) or not _OPERATIONS.fullmatch(operations):
            raise ValueError("unexpected values")
        return epochs, f"{bits}:{operations.replace(',', '|')}", base64.b64decode(metrics, validate=True)
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path}: {place}: no row of NAS-Bench-101 ([hash, epochs, matrix, operations, metrics]): {error}"
        ) from None


def _add(path: Path, place: str, runs: _Runs, metrics: bytes) -> None:
    try:
        fields = list(_fields(metrics))
        evaluations = [v for number, v in fields if number == _EVALUATIONS and isinstance(v, bytes)]
        last = dict(_fields(evaluations[-1]))
        parameters = next(float(value) for number, value in fields if number == _PARAMETERS)
        values = {number: float(last[number]) for number, *_ in TARGETS.values()}
    except (ValueError, TypeError, KeyError, IndexError, StopIteration, struct.error):
        raise DataError(f"{path}: {place}: its metrics are none of NAS-Bench-101") from None
    if not np.isfinite([*values.values(), parameters]).all():
        raise DataError(f"{path}: {place}: every run needs finite metrics")
    for number, value in values.items():
        runs.sums[number] = runs.sums.get(number, 0.0) + value
    runs.count += 1
    runs.parameters = parameters


def _fields(message: bytes) -> Iterator[tuple[int, float | bytes]]:
    """Number and value of each field of a protocol buffer.

    Raises:
        ValueError: it is none.
    """
    position = 0
    value: float | bytes
    while position < len(message):
        tag, position = _varint(message, position)
        match tag & 7:
            case 0:
                value, position = _varint(message, position)
            case 1:
                (value,), position = struct.unpack_from("<d", message, position), position + 8
            case 2:
                length, position = _varint(message, position)
                value, position = message[position : position + length], position + length
                if position > len(message):
                    raise ValueError("a field ends beyond its message")
            case 5:
                (value,), position = struct.unpack_from("<f", message, position), position + 4
            case kind:
                raise ValueError(f"no kind of field {kind}")
        yield tag >> 3, value


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        if position >= len(message):
            break
        byte, position = message[position], position + 1
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, position
    raise ValueError("a number ends beyond its message")


def _targets(path: Path, request: Request, found: list[_Runs]) -> tuple[Target, ...]:
    if request.targets is None:
        return ()
    made = []
    for wanted in request.targets or (Wanted("test_accuracy"),):
        if wanted.name not in TARGETS:
            names = ", ".join(TARGETS)
            raise DataError(f"{path}: no target {wanted.name!r}; files of this format hold {names}")
        number, higher, unit, factor = TARGETS[wanted.name]
        values = np.array([factor * runs.sums[number] / runs.count for runs in found])
        try:
            made.append(wanted.target(values, higher, unit))
        except EvozcError as error:
            raise type(error)(f"{path}: {error}") from None
    return tuple(made)
