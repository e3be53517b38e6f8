"""The folder in which an extraction keeps what it has finished."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evozc._files import replacing, write_text
from evozc.errors import DataError
from evozc.symbols import statistics
from primitives import NETWORK, Statistic

#: What is known of an architecture: its statistics by key, or why it has none.
Outcome = Mapping[str, "np.ndarray | float"] | str


@dataclass(frozen=True)
class Shards:
    """A folder of npz files, each with the outcomes of some architectures.

    A file is written in one step and bears the manifest's digest, so that whatever is
    half, damaged or of another extraction counts as not there.

    Args:
        folder: Where they lie.
        digest: Of the manifest of this extraction.
        groups: The parts of the catalogue that are measured.
    """

    folder: Path
    digest: str
    groups: tuple[str, ...]

    @classmethod
    def open(cls, folder: Path, manifest: Mapping[str, Any], groups: tuple[str, ...]) -> Shards:
        """The folder of the extraction that ``manifest`` describes, made if need be.

        Raises:
            DataError: it holds another extraction, or cannot be written.
        """
        folder = Path(folder)
        text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
        path = folder / "manifest.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            new = not path.exists()
            found = {} if new else json.loads(path.read_text("utf-8"))
        except OSError as error:
            raise DataError(f"{folder}: cannot be used for shards: {error.strerror or error}") from error
        except ValueError as error:
            raise DataError(f"{path}: not a manifest ({error}); remove the folder {folder}") from error
        if new:
            write_text(path, text)
        else:
            _compare(folder, found, json.loads(text))
        return cls(folder, hashlib.sha256(text.encode()).hexdigest(), groups)

    def statistics(self) -> list[Statistic]:
        """What is measured, in the order of the catalogue."""
        return [s for s in statistics() if s.group in self.groups]

    def write(self, outcomes: Mapping[str, Outcome]) -> None:
        """Keep the outcomes of some architectures.

        Raises:
            DataError: the file cannot be written.
        """
        entries, numbers = [], [np.empty(0)]
        for architecture, outcome in outcomes.items():
            if isinstance(outcome, str):
                entries.append({"architecture": architecture, "failed": outcome})
                continue
            vectors = [np.atleast_1d(np.asarray(outcome[s.key], np.float64)) for s in self.statistics()]
            entries.append({"architecture": architecture, "lengths": [len(v) for v in vectors]})
            numbers += vectors
        header = json.dumps({"manifest": self.digest, "entries": entries}).encode()
        name = hashlib.sha256("\n".join(outcomes).encode()).hexdigest()[:24]
        with replacing(self.folder / f"{name}.npz") as file:
            np.savez(file, header=np.frombuffer(header, np.uint8), values=np.concatenate(numbers))

    def read(self) -> dict[str, Outcome]:
        """Everything that is finished, by architecture."""
        outcomes: dict[str, Outcome] = {}
        for path in sorted(self.folder.glob("*.npz")):
            try:
                outcomes |= self._read(path)
            except Exception:  # noqa: BLE001, S112 - whatever is wrong, it is measured again
                continue
        return outcomes

    def _read(self, path: Path) -> dict[str, Outcome]:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
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
            for statistic, length in zip(self.statistics(), entry["lengths"], strict=True):
                vector = values[start : start + length]
                outcome[statistic.key] = float(vector[0]) if statistic.node_set == NETWORK else vector
                start += length
            outcomes[entry["architecture"]] = outcome
        if start != len(values):
            raise ValueError("lengths do not add up")
        return outcomes


def _compare(folder: Path, found: Any, wanted: Mapping[str, Any]) -> None:
    if not isinstance(found, dict):
        raise DataError(f"{folder / 'manifest.json'}: not a manifest; remove the folder {folder}")
    differing = [
        f"{key}: {found.get(key)!r} there, {wanted.get(key)!r} now"
        for key in sorted({*found, *wanted})
        if found.get(key) != wanted.get(key)
    ]
    if differing:
        raise DataError(
            f"{folder} holds the shards of another extraction; use another folder or remove it. "
            f"Differing are {'; '.join(differing)}"
        )
