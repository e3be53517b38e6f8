"""Tables by name, formulas of searches, and the same proxies over several tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from evozc.auditing._audit import audit_table
from evozc.auditing._measured import Measured
from evozc.auditing._partial import main_explanation
from evozc.auditing._results import FORMAT, Audit, AuditResults, ProxyAudit, Transfer
from evozc.auditing._settings import AuditSettings
from evozc.auditing._verdict import shown
from evozc.benchmarks import known_keys, open_table, reopen_task
from evozc.errors import ConfigError
from evozc.formula import Formula, parse
from evozc.runs import read_results, read_search
from evozc.table import Table
from primitives import FULL

#: A table as :func:`audit` takes it: itself, its path, or the name of a bundled benchmark.
Source = Table | Path | str


def audit(
    tables: Source | Sequence[Source],
    proxies: Sequence[str] = (),
    runs: Sequence[Path | str] = (),
    *,
    everything: bool | None = None,
    target: str | None = None,
    baselines: Sequence[str] = (),
    again: Sequence[Source] = (),
    pair: tuple[str, str] | None = None,
    settings: AuditSettings | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> AuditResults:
    """What proxies really know: ranking, trivial baselines, bias, information, stability, explanation.

    Args:
        tables: One table or several: each itself, its path, or the name of a bundled benchmark.
        proxies: Columns, known proxies or formula texts; without any, and without ``runs``,
            everything that a table holds.
        runs: Folders of searches whose chosen formulas are audited as well; architectures
            isomorphic to those that a search had the labels of are left out.
        everything: Also all known proxies and columns. [default: where none is named]
        target: What to rank by. [default: the only target of each table]
        baselines: Columns to take for trivial, beside sizes and operations.
        again: Other measurements of the same architectures: other seeds, batches, data.
        pair: Two architectures to say something of.
        settings: Of the audit.
        progress: Called with the number of proxies done on a table and their total.

    Raises:
        DataError: no such table, a constant target, too few architectures.
        ConfigError: a proxy or baseline that a table does not know, or two tables of one name.
        FormulaError: a formula that a table has not the statistics for.
        CheckpointError: a run that has not ended, or is none.
    """
    listed = [tables] if isinstance(tables, (Table, Path, str)) else list(tables)
    opened = _opened(listed)
    others = _opened(list(again), "measurement")
    settings = settings or AuditSettings()
    found, seen = _chosen(runs)
    audits = tuple(
        audit_table(
            table, proxies, name=name, formulas=_formulas(found, table), everything=everything, target=target,
            baselines=baselines, seen=seen, others=others, pair=pair, settings=settings, progress=progress,
        )
        for name, table in opened.items()
    )
    rows = _transfers(audits) if len(audits) > 1 else []
    verdict = audits[0].verdict if len(audits) == 1 else _verdict(audits, rows)
    return AuditResults(
        format=FORMAT, verdict=verdict, audits=audits, transfer=tuple(rows), settings=settings.to_mapping(),
        versions={package: version(package) for package in ("evozc", "numpy", "scipy")},
    )


def _opened(sources: Sequence[Source], unnamed: str = "table") -> dict[str, Table]:
    found: dict[str, Table] = {}
    for place, source in enumerate(sources, start=1):
        if isinstance(source, Table):
            name = unnamed if len(sources) == 1 else f"{unnamed} {place}"
        else:
            name = Path(source).name.removesuffix(".npz")
        if name in found:
            raise ConfigError(f"two tables are called {name}; rename one")
        found[name] = source if isinstance(source, Table) else open_table(str(source))
    return found


def _chosen(runs: Sequence[Path | str]) -> tuple[dict[str, str], frozenset[str]]:
    """The formulas that searches chose, by folder, and the canonical keys that they had the labels of."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for run in map(Path, runs):
        found[f"search {run.name}"] = read_results(run).chosen.formula
        for source in read_search(run).tasks:
            seen |= known_keys(reopen_task(source).labelled)
    return found, frozenset(seen)


def _formulas(texts: Mapping[str, str], table: Table) -> dict[str, Formula]:
    symbols = FULL.with_statistics(table.statistics)
    return {name: parse(text, symbols) for name, text in texts.items()}


def _transfers(audits: Sequence[Audit]) -> list[Transfer]:
    """Every proxy that all tables allow, the best worst tau first."""
    by_table: dict[str, dict[str, ProxyAudit]] = {a.table: {p.name: p for p in a.proxies} for a in audits}
    first = by_table[audits[0].table]
    shared = [name for name in first if all(name in known for known in by_table.values())]
    rows = []
    for name in shared:
        taus = {table: known[name].ranking["Kendall tau"] for table, known in by_table.items()}
        values = [tau.value for tau in taus.values() if tau.value is not None]
        sign = -1 if sum(value < 0 for value in values) * 2 > len(values) else 1
        worst = min(sign * value for value in values) if len(values) == len(taus) else None
        main = {table: main_explanation(known[name].given) for table, known in by_table.items()}
        explained = {table: Measured() if given is None else given.explained for table, given in main.items()}
        rows.append(Transfer(name, taus, worst, explained))
    return sorted(rows, key=lambda row: -2.0 if row.worst is None else row.worst, reverse=True)


def _verdict(audits: Sequence[Audit], rows: Sequence[Transfer]) -> tuple[str, ...]:
    lines = []
    if rows and rows[0].worst is not None:
        best = rows[0]
        listed = ", ".join(f"{table} {shown(tau)}" for table, tau in best.taus.items())
        lines.append(f"best by its worst table: {best.name}, {listed}")
        fallen = [row.name for row in rows if row.worst is not None and row.worst <= 0]
        lines.append(f"{len(fallen)} of {len(rows)} turn round or say nothing on some table"
                     + (f": {', '.join(fallen[:5])}" if fallen else ""))
    elif not rows:
        lines.append("the tables share no proxy")
    return (*lines, *(f"{a.table}: {a.verdict[0]}" for a in audits if a.verdict))[:5]
