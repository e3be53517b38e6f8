"""The JSON files of NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evozc.benchmarks.readers._json import as_list, as_mapping, as_number, as_text, load_json, step
from evozc.benchmarks.readers._numbers import notes_on, shown
from evozc.benchmarks.readers._reader import Published, Request, Wanted
from evozc.benchmarks.readers._suite_zero_keys import in_the_words_of
from evozc.errors import ConfigError, DataError, EvozcError
from evozc.table import Target

#: What all files rank by; of every data set a higher value is better.
TARGET = "val_accuracy"
#: Its unit, where it is no percentage.
_UNITS = {"autoencoder": "SSIM", "normal": "SSIM", "room_layout": "negative loss"}
#: Entries of a record that are no proxies.
_OTHERS = frozenset({TARGET, "idx", "arch"})

_SHARD = re.compile(r"benchmark--(?P<space>.+?)--(?P<dataset>.+?)--(?P<start>[0-9]+)\.json", re.ASCII)
_LIST_OF_KEYS = re.compile(rb"""\s*\{\s*"[0-9]+"\s*:\s*"[(\[]""")
_RECORDS = (b'"val_accuracy"', b'"score"')


@dataclass(frozen=True)
class _Record:
    """What is said of one architecture.

    Args:
        where: Its JSON path.
        key: Its text in the file.
        entries: Target and proxies by name, and what else there is.
    """

    where: str
    key: str
    entries: Mapping[str, Any]


class SuiteZero:
    """Proxies and validation accuracies by data set and architecture.

    Four layouts: ``zc_<space>.json`` as published since May 2022, with a score and its seconds a proxy; as
    before, with one more level for the space and bare numbers; the lists that its runner writes, one
    ``benchmark--<space>--<dataset>--<start>.json`` or a folder of them; and ``archs_<space>.json``, keys
    alone.

    Of several data sets, ``where`` names one by ``dataset``.
    """

    name = "suite-zero"

    def fits(self, path: Path, head: bytes) -> bool:
        """JSON with a validation accuracy or a list of keys; a folder of shards."""
        if Path(path).is_dir():
            return any(_shards(Path(path)))
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        keys = _LIST_OF_KEYS.match(head) is not None
        return start in (b"{", b"[") and (keys or any(word in head for word in _RECORDS))

    def read(self, path: Path, request: Request) -> Published:
        """One data set's proxies, and ``val_accuracy`` to rank by."""
        path = Path(path)
        unknown = set(request.where) - {"dataset"}
        if unknown:
            raise ConfigError(f"{path}: rows are chosen by dataset, not by {shown(sorted(unknown))}")
        asked = request.where.get("dataset")
        if path.is_dir():
            return _published(path, request, *_of_folder(path, asked))
        content = load_json(path)
        if isinstance(content, dict) and content and all(isinstance(v, str) for v in content.values()):
            return _keys_alone(path, request, content)
        return _published(path, request, *_of_file(path, content, asked))


def _of_file(path: Path, content: Any, asked: str | None) -> tuple[str, list[_Record]]:
    """The data set and its records."""
    if isinstance(content, list):
        shard = _SHARD.fullmatch(path.name)
        dataset = shard["dataset"] if shard else asked or ""
        _choose(path, [dataset], asked)
        return dataset, _merged(path, _records_of(path, "$", content))
    datasets = as_mapping(path, "$", content)
    if len(datasets) == 1 and not _is_dataset(next(iter(datasets.values()))):
        (space, inner), = datasets.items()  # the older layout, a level deeper
        prefix, datasets = f"$.{step(space)}", as_mapping(path, f"$.{step(space)}", inner)
    else:
        prefix = "$"
    dataset = _choose(path, list(datasets), asked)
    where = f"{prefix}.{step(dataset)}"
    architectures = as_mapping(path, where, datasets[dataset])
    return dataset, [
        _Record(f"{where}.{step(key)}", key, as_mapping(path, f"{where}.{step(key)}", entries))
        for key, entries in architectures.items()
    ]


def _of_folder(path: Path, asked: str | None) -> tuple[str, list[_Record]]:
    """The records of all shards of a data set, in the order of their numbers."""
    shards = sorted(_shards(path), key=lambda found: (found[1]["dataset"], int(found[1]["start"])))
    if not shards:
        raise DataError(f"{path}: a folder without benchmark--<space>--<dataset>--<start>.json files")
    dataset = _choose(path, list(dict.fromkeys(name["dataset"] for _, name in shards)), asked)
    records: list[_Record] = []
    for file, name in shards:
        if name["dataset"] == dataset:
            records += _records_of(path, f"{file.name}: $", load_json(file))
    return dataset, _merged(path, records)


def _shards(path: Path) -> Iterator[tuple[Path, re.Match[str]]]:
    try:
        for file in path.iterdir():
            found = _SHARD.fullmatch(file.name)
            if found and file.is_file():
                yield file, found
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _records_of(path: Path, where: str, content: Any) -> list[_Record]:
    records = []
    for place, item in enumerate(as_list(path, where, content)):
        entries = as_mapping(path, f"{where}[{place}]", item)
        key = as_text(path, f"{where}[{place}].arch", entries.get("arch"))
        records.append(_Record(f"{where}[{place}]", key, entries))
    return records


def _merged(path: Path, records: list[_Record]) -> list[_Record]:
    """One record an architecture: shards have one for each of its proxies."""
    found: dict[str, _Record] = {}
    for record in records:
        first = found.setdefault(record.key, record)
        if first is record:
            continue
        for name, value in record.entries.items():
            if name in first.entries and name not in ("idx", "arch") and first.entries[name] != value:
                raise DataError(f"{path}: {record.where}.{step(name)} contradicts {first.where}.{step(name)}")
        found[record.key] = _Record(first.where, record.key, {**record.entries, **first.entries})
    return list(found.values())


def _is_dataset(value: Any) -> bool:
    """Whether a value maps architectures to records, and not data sets to architectures."""
    first = next(iter(value.values()), None) if isinstance(value, dict) else None
    if not isinstance(first, dict):
        return True
    deeper = (isinstance(entries, dict) and TARGET in entries for entries in first.values())
    return TARGET in first or not all(deeper)


def _choose(path: Path, datasets: list[str], asked: str | None) -> str:
    if not datasets:
        raise DataError(f"{path}: holds no data set")
    if asked is None and len(datasets) == 1:
        return datasets[0]
    if asked not in datasets:
        raise DataError(f"{path}: holds {shown(datasets)}; say which with --where dataset={datasets[0][:40]}")
    return asked


def _published(path: Path, request: Request, dataset: str, records: list[_Record]) -> Published:
    if not records:
        raise DataError(f"{path}: holds no architecture of {dataset or 'its data set'}")
    architectures = tuple(in_the_words_of(request.space, record.key) for record in records)
    places = tuple(record.where for record in records)
    names = dict.fromkeys(name for record in records for name in record.entries if name not in _OTHERS)
    wanted = [name for name in names if request.scores and name not in request.without]
    scores, notes = notes_on({
        name: np.array([_score(path, record, name) for record in records]) for name in wanted
    })
    return Published(
        path=path, places=places, ids=architectures, architectures=architectures,
        targets=_targets(path, request, dataset, records), scores=scores, notes=notes,
        provenance={"format": SuiteZero.name, "dataset": dataset},
    )


def _score(path: Path, record: _Record, name: str) -> float:
    """One proxy's score, NaN if the record has none."""
    value, where = record.entries.get(name), f"{record.where}.{step(name)}"
    if isinstance(value, dict):
        value, where = value.get("score"), f"{where}.score"
    return math.nan if value is None else as_number(path, where, value)


def _targets(path: Path, request: Request, dataset: str, records: list[_Record]) -> tuple[Target, ...]:
    if request.targets is None:
        return ()
    made = []
    for wanted in request.targets or (Wanted(TARGET),):
        if wanted.name != TARGET:
            raise DataError(f"{path}: no target {wanted.name!r}; files of this format rank by {TARGET}")
        values = []
        for record in records:
            where = f"{record.where}.{TARGET}"
            if TARGET not in record.entries:
                raise DataError(f"{path}: {where} is missing; every architecture needs a finite value")
            value = as_number(path, where, record.entries[TARGET])
            if not math.isfinite(value):
                raise DataError(f"{path}: {where} is {value}; every architecture needs a finite value")
            values.append(value)
        try:
            made.append(wanted.target(np.array(values), True, _UNITS.get(dataset, "%")))
        except EvozcError as error:
            raise type(error)(f"{path}: {error}") from None
    return tuple(made)


def _keys_alone(path: Path, request: Request, content: Mapping[str, str]) -> Published:
    if request.targets:
        names = shown([target.name for target in request.targets])
        raise DataError(f"{path}: a list of architectures alone, without {names}")
    architectures = tuple(in_the_words_of(request.space, key) for key in content.values())
    return Published(
        path=path, places=tuple(f"$.{step(place)}" for place in content), ids=architectures,
        architectures=architectures, provenance={"format": SuiteZero.name},
    )
