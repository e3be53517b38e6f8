"""What a search for architectures found."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Found:
    """An architecture.

    Args:
        architecture: Its text.
        key: Its canonical key.
        score: Of the proxy, higher is better.
        sizes: Those that were asked for, by name.
    """

    architecture: str
    key: str
    score: float
    sizes: Mapping[str, float]


@dataclass(frozen=True)
class Trained:
    """An architecture of which the accuracy was told.

    Args:
        architecture: Its text.
        key: Its canonical key.
        accuracy: As told.
        score: Of the proxy.
    """

    architecture: str
    key: str
    accuracy: float
    score: float


@dataclass(frozen=True)
class NasResults:
    """What ``results.json`` of a search for architectures holds.

    Args:
        best: Those of the highest scores, the best first.
        front: Those that no other beats in score and size both, the smallest first; empty without a size.
        scored: How many architectures have a score.
        refused: How many the limits left out before they were scored.
        failed: By architecture that could not be measured or scored, the reason.
        trained: Those of which the accuracy was told, the best first.
        untold: By architecture of which it was asked in vain, the reason.
    """

    best: tuple[Found, ...]
    front: tuple[Found, ...]
    scored: int
    refused: int
    failed: Mapping[str, str]
    trained: tuple[Trained, ...] = ()
    untold: Mapping[str, str] = field(default_factory=dict)

    @property
    def winner(self) -> str:
        """The best of those trained; of those scored, where none was."""
        return self.trained[0].architecture if self.trained else self.best[0].architecture


def to_csv(found: tuple[Found, ...]) -> str:
    """One architecture a row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    sizes = list(found[0].sizes) if found else []
    writer.writerow(["architecture", "score", *sizes])
    writer.writerows([f.architecture, repr(f.score), *(repr(f.sizes[s]) for s in sizes)] for f in found)
    return text.getvalue()


def trained_csv(trained: tuple[Trained, ...]) -> str:
    """One architecture a row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["architecture", "accuracy", "score"])
    writer.writerows([t.architecture, repr(t.accuracy), repr(t.score)] for t in trained)
    return text.getvalue()
