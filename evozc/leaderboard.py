"""The leaderboard: every method on every table, from result files that anybody can look at.

:func:`collect_leaderboard` reads all audits, searches and comparisons below a folder into a
:class:`Leaderboard`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evozc._files import read_plain
from evozc._folder import format_of
from evozc.auditing import Measured, read_audit
from evozc.comparison import read_comparison_results
from evozc.errors import DataError, EvozcError
from evozc.runs import Judged, read_results, read_search

__all__ = ["Cell", "Column", "Leaderboard", "Source", "collect_leaderboard"]

#: A result file is never larger than this.
_MOST = 1 << 30
#: Proxies that are sizes.
_SIZES = frozenset({"params", "flops", "macs", "depth"})


@dataclass(frozen=True)
class Source:
    """A result file.

    Args:
        path: Relative to the folder that was read.
        sha256: Of the file, 64 hexadecimal digits.
        made_by: What computed it, as ``evozc audit, evozc 0.1.0``.
    """

    path: str
    sha256: str
    made_by: str


@dataclass(frozen=True)
class Column:
    """What methods are ranked on; figures of different columns are never to be mixed.

    Args:
        table: Its name.
        target: What is ranked by.
        architectures: How many, as ``9445`` or ``2000 held out``.
    """

    table: str
    target: str
    architectures: str


@dataclass(frozen=True)
class Cell:
    """One method on one column.

    Args:
        method: Its name.
        budget: Labelled architectures that it was given; 0 for none.
        column: Where.
        tau: Kendall tau with the target.
        trivial: Whether it is a trivial baseline, as a count of parameters.
        source: The file that says so.
    """

    method: str
    budget: int
    column: Column
    tau: Measured
    trivial: bool
    source: Source


@dataclass(frozen=True)
class Leaderboard:
    """All cells, and the files that hold none that could be used.

    Args:
        cells: In the order of their files.
        skipped: By path, why.
    """

    cells: tuple[Cell, ...]
    skipped: tuple[tuple[str, str], ...]

    @property
    def columns(self) -> list[Column]:
        """All columns, by table and target."""
        columns = {cell.column for cell in self.cells}
        return sorted(columns, key=lambda c: (c.table, c.target, c.architectures))

    @property
    def sources(self) -> list[Source]:
        """All files, by path."""
        return sorted({cell.source for cell in self.cells}, key=lambda s: s.path)

    def rows(self) -> list[tuple[str, int, bool, dict[Column, Cell]]]:
        """Method, budget, whether it is trivial, and its cells; the best mean rank over columns first.

        Of two files that say something of the same cell the later by path counts.
        """
        found: dict[tuple[int, str], dict[Column, Cell]] = {}
        for cell in self.cells:
            found.setdefault((cell.budget, cell.method), {})[cell.column] = cell
        ranks: dict[tuple[int, str], list[float]] = {key: [] for key in found}
        for column in self.columns:
            known = [
                (abs(cells[column].tau.value or 0.0), key) for key, cells in found.items() if column in cells
            ]
            known.sort(key=lambda pair: -pair[0])
            for place, (_, key) in enumerate(known):
                ranks[key].append((place + 0.5) / len(known))
        ordered = sorted(found, key=lambda key: (sum(ranks[key]) / len(ranks[key]), -len(ranks[key]), key))
        return [
            (key[1], key[0], all(cell.trivial for cell in found[key].values()), found[key]) for key in ordered
        ]


def collect_leaderboard(folder: Path) -> Leaderboard:
    """All audits, searches and comparisons below a folder.

    Args:
        folder: Where their ``audit.json`` and ``results.json`` are looked for, at any depth.

    Raises:
        DataError: the folder is missing, or holds none of them.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    cells: list[Cell] = []
    skipped: list[tuple[str, str]] = []
    files = sorted([*folder.rglob("audit.json"), *folder.rglob("results.json")])
    for path in files:
        name = path.relative_to(folder).as_posix()
        try:
            reader = _reader(path)
            cells += reader(path, name) if reader else []
        except EvozcError as error:
            skipped.append((name, str(error)))
    if not cells:
        why = "".join(f"; {name}: {reason}" for name, reason in skipped[:3])
        raise DataError(f"{folder}: holds no audit, search or comparison that could be read{why}")
    return Leaderboard(tuple(cells), tuple(skipped))


def _of_audit(path: Path, name: str) -> list[Cell]:
    results = read_audit(path)
    source = _source(path, name, f"evozc audit, evozc {results.versions.get('evozc', 'unknown')}")
    cells = []
    for one in results.audits:
        count = f"{one.architectures}" if not one.left_out else f"{one.architectures} held out"
        column = Column(one.table, one.target, count)
        trivial = {b.name for b in one.baselines}
        cells += [
            Cell(p.name, 0, column, p.ranking["Kendall tau"], p.name in trivial, source)
            for p in one.proxies if p.ranking["Kendall tau"].value is not None
        ]
        named = {p.name for p in one.proxies}
        cells += [
            Cell(b.name, 0, column, b.tau, True, source)
            for b in one.baselines
            if b.name not in named and (b.kind != "operations" or b.name == "#convolutions")
        ]
        if one.predictions is not None:
            tested = Column(one.table, one.target, f"{one.predictions.tested} held out")
            cells += [
                Cell(f"XGBoost: {row.features}", one.predictions.labels, tested, row.tau, False, source)
                for row in one.predictions.rows
            ]
    return cells


def _of_search(path: Path, name: str) -> list[Cell]:
    results, manifest = read_results(path.parent), read_search(path.parent)
    source = _source(path, name, f"evozc search, evozc {manifest.versions.get('evozc', 'unknown')}")
    column = Column(results.table, results.target, f"{results.held_out} held out")
    found: list[tuple[str, int, Judged]] = [("evozc search", results.labelled, results.chosen)]
    found += [(baseline.name, 0, baseline) for baseline in results.baselines]
    return [
        Cell(method, budget, column, Measured(row.held_out_tau, row.low, row.high), method in _SIZES, source)
        for method, budget, row in found if row.held_out_tau is not None
    ]


def _of_comparison(path: Path, name: str) -> list[Cell]:
    results = read_comparison_results(path.parent)
    assert results is not None  # for its file is there
    source = _source(path, name, f"evozc compare, evozc {results.versions.get('evozc', 'unknown')}")
    held_out = sorted(set(results.held_out))
    count = f"{held_out[0]}" if len(held_out) == 1 else f"{held_out[0]} to {held_out[-1]}"
    column = Column(results.table, results.target, f"{count} held out, {results.seeds} seeds")
    return [
        Cell(
            "evozc search" if row.method == "formula" else row.method, row.budget, column,
            Measured(row.tau.mean, row.tau.low, row.tau.high), row.method in _SIZES, source,
        )
        for row in results.methods if row.tau.mean is not None
    ]


def _reader(path: Path) -> Callable[[Path, str], list[Cell]] | None:
    """What reads a file; None for other results of evozc, which have no place on the page."""
    if path.name == "audit.json":
        return _of_audit
    kind = format_of(path.parent)
    for prefix, reader in (("evozc-run-", _of_search), ("evozc-comparison-", _of_comparison)):
        if kind.startswith(prefix):
            return reader
    if kind.startswith("evozc-"):
        return None
    raise DataError("not the results of a search or a comparison")


def _source(path: Path, name: str, made_by: str) -> Source:
    return Source(name, hashlib.sha256(read_plain(path, _MOST)).hexdigest(), made_by)
