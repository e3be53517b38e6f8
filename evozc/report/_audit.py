"""The page of an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evozc.report._audit_figures import draw_audit
from evozc.report._drawing import pictures
from evozc.report._glossary import symbols_of, words
from evozc.report._mathml import to_mathml
from evozc.report._page import render

if TYPE_CHECKING:
    from evozc.auditing import Audit, AuditResults

_CAPTIONS = {
    "taus": "Kendall tau with the target and its 95 % interval; isomorphic architectures count as one.",
    "explained": "What is left of every tau once what proxy and target both owe to a trivial baseline is "
    "taken out.",
    "information": "Bits that are left to know about the target as proxies are added in greedy order. Where "
    "the real curve falls no faster than the one with shuffled labels, the proxies only cut the sample into "
    "small cells.",
    "bias": "Pearson's correlation on raw scores with failures as -1e8, as NAS-Bench-Suite-Zero measures "
    "it, beside Spearman's rho without failures. The last row is the target's own, which a perfect proxy "
    "would have.",
    "agreement": "Scores that agree to nearly 1 say the same.",
    "together": "Signs are turned so that all rise with accuracy. The diagonal is each score alone.",
    "predictors": "Mean of the repeats and its 95 % interval; test architectures share no isomorphism class "
    "with those trained on.",
}
_WORDS = (
    "Kendall tau", "Spearman rho", "95 % interval", "noise ceiling", "top 10 %", "nDCG", "regret",
    "partial tau", "Kendall's partial tau", "share explained", "conv:pool", "cell size", "sentinel",
    "conditional entropy", "Shapley value",
)


def render_audit(results: AuditResults) -> str:
    """The page as HTML text, in the frame of all pages.

    Raises:
        ConfigError: jinja2, latex2mathml or matplotlib is not installed.
    """
    tables = [_table(place, audit) for place, audit in enumerate(results.audits)]
    several = len(tables) > 1
    contents = [("verdict", "Verdict"), *([("transfer", "Over all tables")] if several else [])]
    for table in tables:
        prefix = f"{table['audit'].table}: " if several else ""
        contents += [(f"{table['id']}-{anchor}", prefix + title) for anchor, title in table["contents"]]
    formulas = [proxy.formula for audit in results.audits for proxy in audit.proxies]
    names = ", ".join(audit.table for audit in results.audits)
    return render(
        "audit.html", title=f"evozc: audit of {names}", heading=f"Audit of {names}", contents=contents,
        results=results, tables=tables, several=several, symbols=[*symbols_of(formulas), *words(*_WORDS)],
    )


def _table(place: int, audit: Audit) -> dict[str, Any]:
    figures = {f"t{place}-{name}": svg for name, svg in draw_audit(audit).items()}
    captions = {f"t{place}-{name}": caption for name, caption in _CAPTIONS.items()}
    drawn = {name.removeprefix(f"t{place}-"): (name, caption, svg)
             for name, caption, svg in pictures(captions, figures)}
    biased = [proxy for proxy in audit.proxies if proxy.biases]
    stable = [(proxy, change) for proxy in audit.proxies for change in proxy.changes]
    parts: list[tuple[str, str, bool]] = [
        ("proxies", "Proxies", True),
        ("baselines", "Trivial baselines", bool(audit.baselines)),
        ("strata", "Inside strata", any(proxy.within for proxy in audit.proxies)),
        ("bias", "Bias", bool(biased)),
        ("information", "Information", bool(audit.information)),
        ("pairs", "Complementarity", audit.complementarity is not None),
        ("predictors", "Predictors", audit.predictions is not None),
        ("stability", "Stability", bool(stable)),
        ("explanation", "Explanation", any(p.explanation.parts or p.opinions for p in audit.proxies)),
        ("errors", "Where they err", True),
    ]
    return {
        "id": f"t{place}", "audit": audit, "figures": drawn, "biased": biased, "stable": stable,
        "contents": [(anchor, title) for anchor, title, there in parts if there],
        "formulas": {p.name: _typeset(p.formula) for p in audit.proxies if "(" in p.formula},
    }


def _typeset(text: str) -> Any:
    """A formula as MathML; nothing where it uses symbols that only its table knows."""
    from markupsafe import Markup

    from evozc.errors import FormulaError
    from evozc.formula import parse, to_latex

    try:
        latex = to_latex(parse(text))
    except FormulaError:
        return ""
    return Markup(to_mathml(latex))  # noqa: S704 - known elements alone
