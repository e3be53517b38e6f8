"""The command that audits proxies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evozc._screen import counting, say, show_grid
from evozc.errors import ConfigError

if TYPE_CHECKING:
    from evozc.auditing import Audit, AuditResults, Measured

#: Proxies about which everything is said on the screen; of more, the table alone.
_FEW = 3


def audit(
    tables: Annotated[
        list[str],
        typer.Argument(help="Tables, or names of bundled benchmarks; several are audited one after another "
                       "and their proxies held against one another."),
    ],
    proxy: Annotated[
        list[str] | None,
        typer.Option(help="Column, known proxy or formula to audit; may be given several times. "
                     "[default: all that a table holds]"),
    ] = None,
    run: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of a search whose chosen formula is audited, without the architectures "
                     "that it was searched on; may be given several times."),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also audit all known proxies and columns beside those named.")
    ] = False,
    target: Annotated[str | None, typer.Option(help="What to rank by. [default: the only target]")] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option(help="Column to take for trivial, beside sizes and operations; may be given several "
                     "times."),
    ] = None,
    again: Annotated[
        list[str] | None,
        typer.Option(help="Table of the same architectures measured with another seed, batch or data, to "
                     "see what that changes; may be given several times."),
    ] = None,
    pair: Annotated[
        tuple[str, str] | None, typer.Option(help="Two architectures: what the proxies say of them.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for audit.html, audit.csv and audit.json. [default: none]")
    ] = None,
    labels: Annotated[
        int,
        typer.Option(help="Labels that a predictor with and without the proxies is trained on; 0 for none."),
    ] = 100,
    repeats: Annotated[int, typer.Option(help="Trainings of each predictor.")] = 8,
    draws: Annotated[
        int, typer.Option(help="Bootstrap draws behind the intervals of top 10 %, nDCG and regret.")
    ] = 200,
    permutations: Annotated[int, typer.Option(help="Shuffled twins behind the nulls of information.")] = 20,
    seed: Annotated[int, typer.Option(help="Of draws, permutations and splits.")] = 0,
) -> None:
    """Find out what proxies really know: size, operations, bias, information, stability.

    Every figure comes with its interval, isomorphic architectures counting as one. The verdict comes first.
    """
    from evozc.auditing import AuditSettings, write_audit
    from evozc.auditing import audit as audit_tables

    if out is not None and (out / "audit.json").exists():
        raise ConfigError(f"{out}: holds an audit already; name another folder with --out")
    settings = AuditSettings(
        seed=seed, draws=draws, permutations=permutations, labels=labels, repeats=repeats
    )
    with counting("proxies") as progress:
        results = audit_tables(
            tables, proxy or (), run or (), everything=True if everything else None, target=target,
            baselines=baseline or (), again=again or (), pair=pair, settings=settings, progress=progress,
        )
    show_audit(results)
    if out is not None:
        write_audit(results, out)
        say()
        say(f"everything is in {out}; open {out / 'audit.html'}")


def show_audit(results: AuditResults) -> None:
    """The verdict, then the tables."""
    say()
    for place, line in enumerate(results.verdict, start=1):
        say(f"{place}. {line}")
    if results.transfer:
        say()
        say("Kendall tau on every table")
        names = [one.table for one in results.audits]
        show_grid(
            ("proxy", "worst", *names),
            [(row.name, _number(row.worst), *(_measured(row.taus[name]) for name in names))
             for row in results.transfer],
        )
    for one in results.audits:
        _show_table(one)


def _show_table(one: Audit) -> None:
    say()
    left = f"; {one.left_out} left out whose labels a search had" if one.left_out else ""
    say(f"{one.table}: {one.architectures} architectures ({one.classes} not isomorphic) by {one.target}"
        f"{left}")
    for note in one.notes:
        say(f"note: {note}")
    if len(one.proxies) <= _FEW:
        for proxy in one.proxies:
            say()
            say(proxy.name)
            for line in proxy.verdict:
                say(f"  {line}")
    say()
    show_grid(
        ("proxy", "tau", "Spearman", "top 10 %", "tau there", "nDCG", "regret", "ties", "failed"),
        [
            (
                p.name, _measured(p.ranking["Kendall tau"]), _measured(p.ranking["Spearman rho"]),
                _percent(p.ranking["top 10 %"]), _measured(p.ranking["tau in the top 10 %"], 2),
                _number(p.ranking["nDCG"].value, 2), _number(p.ranking["regret"].value, 2),
                f"{100 * p.tied:.0f} %", str(p.missing + sum(s.count for s in p.sentinels) or ""),
            )
            for p in one.proxies
        ],
    )
    if len(one.proxies) > _FEW:
        say()
        rows = [(p.name, p.verdict[min(1, len(p.verdict) - 1)]) for p in one.proxies]
        show_grid(("proxy", "explained by"), rows)
    _show_baselines(one)
    _show_bias(one)
    _show_information(one)
    _show_rest(one)


def _show_baselines(one: Audit) -> None:
    if not one.baselines:
        return
    say()
    say("trivial baselines; then tau of each proxy given them (partial), and inside strata")
    show_grid(("baseline", "kind", "tau"), [(b.name, b.kind, _measured(b.tau)) for b in one.baselines])
    known = [p for p in one.proxies if p.given]
    if not known:
        return
    strata = [w.strata for w in known[0].within]
    show_grid(
        ("proxy", *(f"given {b.name}" for b in one.baselines), *(f"in {name}" for name in strata)),
        [
            (p.name, *(_number(g.partial.value) for g in p.given), *(_measured(w.tau) for w in p.within))
            for p in known
        ],
    )


def _show_bias(one: Audit) -> None:
    known = [p for p in one.proxies if p.biases]
    if not known:
        return
    say()
    say("bias: Pearson on raw scores as NAS-Bench-Suite-Zero publishes it, and Spearman without failures")
    names = [b.structure for b in known[0].biases]
    show_grid(
        ("proxy", *(title for name in names for title in (name, "ranks"))),
        [
            *((p.name, *(_number(v, 2) for b in p.biases for v in (b.published, b.ranks.value)))
              for p in known),
            (f"({one.target})", *(t for b in known[0].biases for t in ("", _number(b.target.value, 2)))),
        ],
    )


def _show_information(one: Audit) -> None:
    for info in one.information:
        say()
        say(f"information, {info.binning} bins ({info.bins}): {info.entropy:.2f} bits of {one.target}; "
            f"{info.telling} of {len(info.steps)} steps tell something")
        show_grid(
            ("added", "bits left", "shuffled", "beyond its shuffled twin", "p"),
            [
                (s.name, _number(s.entropy, 2), _number(info.shuffled[i], 2), _measured(s.corrected),
                 _number(s.p))
                for i, s in enumerate(info.steps, start=1)
            ],
        )


def _show_rest(one: Audit) -> None:
    if one.predictions is not None:
        say()
        say(f"XGBoost on {one.predictions.labels} labels, {one.predictions.repeats} times")
        show_grid(
            ("features", "tau", "gain"),
            [(r.features, _measured(r.tau), "" if r.gain is None else _percent(r.gain))
             for r in one.predictions.rows],
        )
    parts = [(p.name, part) for p in one.proxies for part in p.explanation.parts]
    if parts and len(one.proxies) <= _FEW:
        say()
        show_grid(
            ("proxy", "part", "kind", "change without it", "Shapley value"),
            [(name, part.text, part.kind, _measured(part.change),
              "" if part.shapley is None else _measured(part.shapley)) for name, part in parts],
        )
    changes = [(p.name, change) for p in one.proxies for change in p.changes]
    if changes and len(one.proxies) <= _FEW:
        say()
        show_grid(
            ("proxy", "changed", "agreement", "change of tau"),
            [(name, c.what, _measured(c.agreement), _measured(c.change, 4)) for name, c in changes],
        )
    _show_opinions(one)


def _show_opinions(one: Audit) -> None:
    rows: list[Sequence[str]] = [
        (p.name if not i else "", opinion.text, *(
            text for score, beaten in zip(opinion.scores, opinion.beaten, strict=True)
            for text in ("failed" if score is None else f"{score:.6g}", f"{100 * beaten:.0f} %")
        ))
        for p in one.proxies for i, opinion in enumerate(p.opinions)
    ]
    if rows:
        say()
        say("of the two architectures, and the share of all others that each beats")
        show_grid(("proxy", "says", "first", "beats", "second", "beats"), rows)


def _number(value: float | None, places: int = 3) -> str:
    return "" if value is None else f"{value:.{places}f}"


def _measured(found: Measured, places: int = 3) -> str:
    if found.value is None or found.low is None or found.high is None:
        return _number(found.value, places)
    return f"{found.value:.{places}f} ({found.low:.{places}f} to {found.high:.{places}f})"


def _percent(found: Measured) -> str:
    if found.value is None:
        return ""
    text = f"{100 * found.value:.0f} %"
    if found.low is None or found.high is None:
        return text
    return f"{text} ({100 * found.low:.0f} to {100 * found.high:.0f})"
