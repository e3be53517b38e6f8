"""An audit's files: JSON to go on with, CSV for spreadsheets, and a page for people."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from evozc._files import exists, write_text
from evozc._folder import read_sealed, seal
from evozc._records import to_json
from evozc.auditing._measured import Measured
from evozc.auditing._results import FORMAT, Audit, AuditResults, ProxyAudit
from evozc.errors import CheckpointError, DataError

_COLUMNS = ("table", "proxy", "part", "measure", "value", "low", "high")
Line = tuple[str, str, str, str, Measured]


def write_audit(results: AuditResults, folder: Path) -> None:
    """Write ``audit.html``, ``audit.csv`` and last ``audit.json`` into a folder.

    Raises:
        DataError: the folder holds an audit already, or cannot be written.
        ConfigError: what draws the page is not installed.
    """
    from evozc.report import render_audit

    folder = Path(folder)
    if exists(folder / "audit.json"):
        raise DataError(f"{folder}: holds an audit already; name another folder with --out")
    page = render_audit(results)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder}: cannot be made: {error.strerror}") from error
    write_text(folder / "audit.html", page)
    write_text(folder / "audit.csv", to_csv(results))
    write_text(folder / "audit.json", seal(json.dumps(to_json(results), indent=1, allow_nan=False)))


def read_audit(path: Path) -> AuditResults:
    """An audit from its ``audit.json``, or the folder that holds it.

    Raises:
        DataError: no such file, a link, damaged, or not one of this version.
    """
    path = Path(path)
    path = path / "audit.json" if path.is_dir() else path
    if not exists(path):
        raise DataError(f"{path}: no such file")
    try:
        found = read_sealed(path, AuditResults)
    except CheckpointError as error:
        raise DataError(f"{error} with evozc audit") from None
    if found.format != FORMAT:
        raise DataError(f"{path}: written as {found.format[:40]!r}, this version reads {FORMAT!r}")
    return found


def to_csv(results: AuditResults) -> str:
    """Every figure on a line of its own."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in results.audits:
        for *names, measured in _lines(one):
            numbers = (measured.value, measured.low, measured.high)
            writer.writerow([*names, *("" if number is None else repr(number) for number in numbers)])
    return text.getvalue()


def _lines(audit: Audit) -> Iterator[Line]:
    for baseline in audit.baselines:
        yield audit.table, baseline.name, "trivial baseline", "Kendall tau", baseline.tau
    for proxy in audit.proxies:
        for part, measure, measured in _figures(proxy):
            yield audit.table, proxy.name, part, measure, measured
    for info in audit.information:
        for step in info.steps:
            part = f"information, {info.binning} bins"
            yield audit.table, step.name, part, "conditional entropy", Measured(step.entropy)
            yield audit.table, step.name, part, "gain beyond shuffled", step.corrected
    if audit.complementarity is not None:
        pairs = audit.complementarity
        for one, agreement, together in zip(pairs.names, pairs.agreement, pairs.together, strict=True):
            for other, tau, joint in zip(pairs.names, agreement, together, strict=True):
                yield audit.table, one, f"with {other}", "agreement", Measured(tau)
                yield audit.table, one, f"with {other}", "tau together", Measured(joint)
    if audit.predictions is not None:
        for row in audit.predictions.rows:
            yield audit.table, row.features, "predictor", "Kendall tau", row.tau
            if row.gain is not None:
                yield audit.table, row.features, "predictor", "relative gain", row.gain


def _figures(proxy: ProxyAudit) -> Iterator[tuple[str, str, Measured]]:
    for name, measured in proxy.ranking.items():
        yield "ranking", name, measured
    yield "scores", "missing", Measured(float(proxy.missing))
    yield "scores", "tied", Measured(proxy.tied)
    for sentinel in proxy.sentinels:
        yield "scores", f"sentinel {sentinel.value:g}", Measured(float(sentinel.count))
    for given in proxy.given:
        yield f"given {given.baseline}", "partial tau", given.partial
        yield f"given {given.baseline}", "Kendall's partial tau", given.kendall
        yield f"given {given.baseline}", "agreement", given.agreement
        yield f"given {given.baseline}", "share explained", given.explained
    for imitation in proxy.imitations:
        part = f"imitated by {imitation.by}"
        yield part, "share of the variance of ranks", imitation.variance
        yield part, "agreement", imitation.agreement
        yield part, "Kendall tau", imitation.tau
        yield part, "share of tau", imitation.share
    if proxy.beyond_what:
        yield f"given {' + '.join(proxy.beyond_what)}", "partial tau", proxy.beyond
    for within in proxy.within:
        yield f"within {within.strata}", "Kendall tau", within.tau
    for bias in proxy.biases:
        yield f"bias {bias.structure}", "Pearson, as published", Measured(bias.published)
        yield f"bias {bias.structure}", "Pearson, without failures", Measured(bias.without_failures)
        yield f"bias {bias.structure}", "Spearman, without failures", bias.ranks
        for removal in bias.removal:
            yield f"bias {bias.structure} removed by {removal.way}", "Kendall tau", removal.tau
            yield f"bias {bias.structure} removed by {removal.way}", "change of tau", removal.change
    for change in proxy.changes:
        yield f"stability, {change.what}", "agreement", change.agreement
        yield f"stability, {change.what}", "change of tau", change.change
    for taken in proxy.explanation.parts:
        yield f"without {taken.kind} {taken.text}", "Kendall tau", taken.without
        yield f"without {taken.kind} {taken.text}", "change of tau", taken.change
        if taken.shapley is not None:
            yield f"{taken.kind} {taken.text}", "Shapley value", taken.shapley
