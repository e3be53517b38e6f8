"""Rows of texts under named columns, whatever file they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evozc.benchmarks.readers._numbers import (
    has_decimal_comma,
    has_decimal_point,
    is_sentinel,
    notes_on,
    read_number,
    shown,
    why_no_number,
)
from evozc.benchmarks.readers._reader import Published, Request, Wanted
from evozc.benchmarks.readers._suite_zero_keys import in_the_words_of
from evozc.errors import DataError, EvozcError
from evozc.spaces import ColumnSpace
from evozc.table import Target


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one file.

    Args:
        path: The file.
        columns: Their names, all different.
        cells: Of each row, one text a column.
        places: Where each row stands, as ``line 5``.
        commas: Whether numbers may have decimal commas.
        notes: What was left out already.
    """

    path: Path
    columns: tuple[str, ...]
    cells: Sequence[Sequence[str]]
    places: Sequence[str]
    commas: bool = False
    notes: tuple[str, ...] = ()

    def published(self, request: Request) -> Published:
        """What is asked for; without targets by name, ``accuracy``, or none of a file of architectures alone.

        Raises:
            DataError: a column is missing, holds what is no number, or a target is not finite.
        """
        own = self._own_columns(request)
        alone = not set(self.columns) - {*own, *request.where}
        wanted = request.targets or (() if request.targets is None or alone else (Wanted("accuracy"),))
        needed = [*request.where, *(target.name for target in wanted)]
        if request.on:
            needed.append(request.on)
        if request.targets is not None or not request.on:
            needed = [*own, *needed]
        for column in needed:
            if column not in self.columns:
                names = shown(self.columns)
                raise DataError(f"{self.path}: no column {column!r}; the header names {names}")
        kept = self._where(request)
        rest = [c for c in kept.columns if c not in {*own, *needed, *request.without}]
        if rest and request.strict and not request.targets:
            raise DataError(
                f"{self.path}: unexpected column {', '.join(map(repr, rest))}; "
                "name the columns to rank by with --target, and the others are left alone"
            )
        scored = rest if request.scores else []
        comma = kept._convention([*(target.name for target in wanted), *scored])
        architectures = kept._architectures(request) if own[0] in needed else ()
        scores, notes = notes_on({column: kept._scores(column, comma) for column in scored})
        if comma:
            notes = ("decimal commas are read as such: 93,5 is 93.5", *notes)
        return Published(
            path=self.path,
            places=tuple(kept.places),
            ids=tuple(kept._column(request.on)) if request.on else architectures,
            architectures=architectures,
            targets=tuple(kept._target(target, comma) for target in wanted),
            scores=scores,
            notes=(*self.notes, *notes),
        )

    def _where(self, request: Request) -> Rows:
        asked = [(self.columns.index(name), value) for name, value in request.where.items()]
        kept = [i for i, row in enumerate(self.cells) if all(row[at].strip() == v for at, v in asked)]
        if not kept:
            texts = ", ".join(f"{name}={value}" for name, value in request.where.items())
            held = "; ".join(
                f"{name} is {shown(sorted({row[at].strip() for row in self.cells}))}"
                for (at, _), name in zip(asked, request.where, strict=True)
            )
            raise DataError(f"{self.path}: no row has {texts}; {held}")
        return replace(self, cells=[self.cells[i] for i in kept], places=[self.places[i] for i in kept])

    def _own_columns(self, request: Request) -> tuple[str, ...]:
        """The columns that say the architecture: one, or those that the space names."""
        if request.architecture_column not in self.columns and isinstance(request.space, ColumnSpace):
            return request.space.architecture_columns
        return (request.architecture_column,)

    def _architectures(self, request: Request) -> tuple[str, ...]:
        if request.architecture_column in self.columns or not isinstance(request.space, ColumnSpace):
            texts = self._column(request.architecture_column)
            return tuple(in_the_words_of(request.space, text) for text in texts)
        found = []
        for row, place in zip(self.cells, self.places, strict=True):
            try:
                found.append(request.space.from_columns(dict(zip(self.columns, row, strict=True))))
            except DataError as error:
                raise DataError(f"{self.path}: {place}: {error}") from None
        return tuple(found)

    def _column(self, name: str) -> list[str]:
        """Without blanks around the texts."""
        at = self.columns.index(name)
        return [row[at].strip() for row in self.cells]

    def _convention(self, columns: Sequence[str]) -> bool:
        """Whether decimals follow a comma in these columns, all of them."""
        if not self.commas:
            return False
        seen: dict[bool, str] = {}
        for column in columns:
            for text, place in zip(self._column(column), self.places, strict=True):
                for comma, is_one in ((True, has_decimal_comma(text)), (False, has_decimal_point(text))):
                    if is_one and comma not in seen:
                        seen[comma] = f"{place}, column {column!r}: {text[:40]!r}"
        if len(seen) == 2:
            raise DataError(
                f"{self.path}: decimal commas and points are mixed ({seen[True]}; {seen[False]}); "
                "write all numbers in one way"
            )
        return True in seen

    def _scores(self, column: str, comma: bool) -> np.ndarray:
        """A column as float64, with infinities and sentinels as they stand, NaN where one is missing."""
        texts = self._column(column)
        values = [read_number(text, comma) for text in texts]
        for text, value, place in zip(texts, values, self.places, strict=True):
            if value is None:
                advice = why_no_number(text)
                if all(v is None or np.isnan(v) for v in values):
                    advice = f"; leave columns of text out with --without {column!r}"
                raise DataError(
                    f"{self.path}: {place}: column {column!r} holds {text[:40]!r}, which is no number{advice}"
                )
        return np.array(values, dtype=np.float64)

    def _target(self, wanted: Wanted, comma: bool) -> Target:
        values = []
        for text, place in zip(self._column(wanted.name), self.places, strict=True):
            value = read_number(text, comma)
            where = f"{self.path}: {place}: column {wanted.name!r}"
            if value is None:
                raise DataError(f"{where} holds {text[:40]!r}, which is no number{why_no_number(text)}")
            if not np.isfinite(value):
                raise DataError(f"{where} is {text or 'empty'}; every architecture needs a finite value")
            if is_sentinel(value):
                raise DataError(
                    f"{where} is {text[:40]}, which stands for a value that could not be computed; "
                    "every architecture needs a finite value"
                )
            values.append(value)
        try:
            return wanted.target(np.array(values, dtype=np.float64))
        except EvozcError as error:
            raise type(error)(f"{self.path}: {error}") from None
