"""Statistics of architectures that are named one after another, as a search does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from evozc.executors import Executor
from evozc.extraction._extract import batches_of, fill, manifest_of, table_of
from evozc.extraction._inputs import Images
from evozc.extraction._parts import Outcome, Parts
from evozc.extraction._random import RandomInputs
from evozc.extraction._settings import ExtractionSettings
from evozc.spaces import SearchSpace
from evozc.table import Table


class Measured:
    """A folder of parts that grows as architectures are named; a context manager.

    Args:
        path: The folder; made if need be.
        space: Builds the networks.
        images: From which the mini-batch is drawn.
        settings: What to measure.
        executor: Measures.

    Raises:
        DataError: the folder holds another extraction, or is in use.
    """

    def __init__(
        self, path: Path, space: SearchSpace, images: Images | RandomInputs, settings: ExtractionSettings,
        executor: Executor,
    ) -> None:
        self._space = space
        self._executor = executor
        self._batches = batches_of(space, images, settings)
        self._parts = Parts.of(path, manifest_of(space, images, settings))

    def __enter__(self) -> Measured:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._parts.__exit__(kind, error, trace)

    def measure(self, architectures: Sequence[str]) -> Mapping[str, Outcome]:
        """Measure those that have not been yet: by architecture its statistics, or why it has none."""
        lost = fill(self._parts, self._space, architectures, self._batches, self._executor, None)
        known = {**self._parts.outcomes(), **lost}
        return {architecture: known[architecture] for architecture in architectures}

    def table(self, architectures: Sequence[str]) -> Table:
        """Of those measured, in the given order.

        Raises:
            DataError: none of them has statistics.
        """
        return table_of(
            self._parts.manifest, architectures, self._space.canonical_key, self._parts.outcomes(), ()
        )
