"""The folder in which an extraction keeps what it has finished."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from evozc._files import exists, open_plain, replacing
from evozc._folder import Folder, Kind
from evozc._records import to_json
from evozc.errors import CheckpointError, DataError
from evozc.extraction._settings import ExtractionSettings
from evozc.symbols import statistics
from primitives import NETWORK, Statistic

#: What is known of an architecture: its statistics by key, or why it has none.
Outcome = Mapping[str, "np.ndarray | float"] | str
#: Of the names of files.
_DIGITS = 24


@dataclass(frozen=True)
class ExtractionManifest:
    """What was asked of an extraction, beside the architectures.

    Args:
        space: Name of the search space.
        space_settings: What builds it again.
        settings: Of the extraction.
        images: Digest of the images.
        versions: Of what the numbers depend on, by name.
    """

    space: str
    space_settings: Mapping[str, Any]
    settings: ExtractionSettings
    images: str
    versions: Mapping[str, str]


def asked(manifest: ExtractionManifest) -> list[Statistic]:
    """The statistics that are measured, in the order of the catalogue."""
    return [s for s in statistics() if s.group in manifest.settings.groups]


class Parts(Folder[ExtractionManifest]):
    """A folder of npz files, each with the outcomes of some architectures; a context manager.

    A file is written in one step and bears the manifest's digest, so that whatever is
    half, damaged or of another extraction counts as not there.
    """

    kind = Kind(
        "evozc-parts-2", "the parts of an extraction", "folder", ExtractionManifest,
        (f"{'[0-9a-f]' * _DIGITS}.npz",), "the command that began it",
    )

    def __init__(self, path: Path, manifest: ExtractionManifest, lock: BinaryIO) -> None:
        super().__init__(path, manifest, lock)
        self._seen: set[str] = set()
        self._outcomes: dict[str, Outcome] = {}

    @classmethod
    def of(cls, path: Path, manifest: ExtractionManifest) -> Parts:
        """The folder of the extraction that ``manifest`` describes, made if need be.

        Raises:
            DataError: it is somebody's own, holds another extraction, is in use, or cannot be written.
        """
        try:
            if not exists(Path(path) / "manifest.json"):
                return cls.create(path, manifest)
            folder = cls.open(path)
        except CheckpointError as error:
            raise DataError(f"{error}; use another folder or remove it") from error
        _compare(folder, to_json(folder.manifest), to_json(manifest))
        return folder

    @cached_property
    def digest(self) -> str:
        """Of the manifest."""
        return hashlib.sha256(json.dumps(to_json(self.manifest), sort_keys=True).encode()).hexdigest()

    def keep(self, outcomes: Mapping[str, Outcome]) -> None:
        """Keep the outcomes of some architectures.

        Raises:
            DataError: the file cannot be written.
        """
        entries: list[dict[str, Any]] = []
        numbers = [np.empty(0)]
        for architecture, outcome in outcomes.items():
            if isinstance(outcome, str):
                entries.append({"architecture": architecture, "failed": outcome})
                continue
            vectors = [np.atleast_1d(np.asarray(outcome[s.key], np.float64)) for s in asked(self.manifest)]
            entries.append({"architecture": architecture, "lengths": [len(v) for v in vectors]})
            numbers += vectors
        header = json.dumps({"manifest": self.digest, "entries": entries}).encode()
        name = hashlib.sha256("\n".join(outcomes).encode()).hexdigest()[:_DIGITS]
        with replacing(self.file(f"{name}.npz")) as file:
            np.savez(file, header=np.frombuffer(header, np.uint8), values=np.concatenate(numbers))
        self._seen.discard(f"{name}.npz")

    def outcomes(self) -> dict[str, Outcome]:
        """Everything that is finished, by architecture; no file is read twice."""
        for path in sorted(self.path.glob("*.npz")):
            if path.name in self._seen:
                continue
            with suppress(Exception):  # whatever is wrong, it is measured again
                self._outcomes |= self._read(path)
            self._seen.add(path.name)
        return dict(self._outcomes)

    def _read(self, path: Path) -> dict[str, Outcome]:
        with open(open_plain(path, os.O_RDONLY), "rb") as file, np.load(file, allow_pickle=False) as archive:
            header = json.loads(archive["header"].tobytes())
            values = archive["values"]
        if header["manifest"] != self.digest:
            return {}
        outcomes: dict[str, Outcome] = {}
        start = 0
        for entry in header["entries"]:
            if "failed" in entry:
                outcomes[entry["architecture"]] = entry["failed"]
                continue
            outcome: dict[str, np.ndarray | float] = {}
            for statistic, length in zip(asked(self.manifest), entry["lengths"], strict=True):
                vector = values[start : start + length]
                outcome[statistic.key] = float(vector[0]) if statistic.node_set == NETWORK else vector
                start += length
            outcomes[entry["architecture"]] = outcome
        if start != len(values):
            raise ValueError("lengths do not add up")
        return outcomes


def _compare(folder: Parts, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    differing = [
        f"{key}: {found.get(key)!r} there, {wanted.get(key)!r} now"
        for key in sorted({*found, *wanted})
        if found.get(key) != wanted.get(key)
    ]
    if differing:
        folder.__exit__()
        raise DataError(
            f"{folder.path} holds the parts of another extraction; use another folder or remove it. "
            f"Differing are {'; '.join(differing)}"
        )
