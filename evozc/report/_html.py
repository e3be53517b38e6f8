"""The report of a comparison as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping

from evozc.comparison import ComparisonResults, MethodRow
from evozc.errors import ConfigError
from evozc.report._drawing import pictures
from evozc.report._glossary import symbols_of, words
from evozc.report._mathml import to_mathml
from evozc.report._page import render

_WORDS = ("Kendall tau", "Spearman rho", "95 % interval", "noise ceiling", "regret", "nDCG")

_CAPTIONS = {
    "budgets": "Kendall tau on the held-out architectures, mean over the seeds. Bars are paired-bootstrap "
    "intervals over seeds and architectures; grey lines are the best methods that need no labels.",
    "fronts": "Every point is the best formula of its size on the labelled sample. Which one to keep was "
    "decided on the labelled architectures alone.",
    "ranks": "Each point is a held-out architecture.",
    "agreement": "How much two methods agree about the same held-out architectures, mean over the seeds. "
    "Methods that agree little and are both good can be combined.",
}


def render_report(results: ComparisonResults, figures: Mapping[str, str]) -> str:
    """The page as HTML text, in the frame of all pages.

    Args:
        results: Of a comparison.
        figures: SVG texts, by the names of :func:`draw_figures`.

    Raises:
        ConfigError: jinja2 or latex2mathml is not installed.
    """
    try:
        from markupsafe import Markup
    except ImportError:
        raise ConfigError("reports need jinja2: pip install 'evozc[compare]'") from None
    budgets = [
        (budget, sorted((r for r in results.methods if r.budget == budget), key=_falling))
        for budget in [*results.budgets, 0]
    ]
    rivals = {row.method for row in results.methods if row.budget}
    rivals |= {row.method for row in budgets[-1][1][:1]}  # the best of those without labels
    compared = [entry for entry in results.differences if entry.method in rivals]
    formulas = [
        (entry, [Markup(to_mathml(term)) for term in entry.latex])  # noqa: S704 - known elements alone
        for entry in results.formulas
    ]
    return render(
        "comparison.html", results=results, budgets=[b for b in budgets if b[1]], formulas=formulas,
        pictures=pictures(_CAPTIONS, figures), differences=sorted(compared, key=lambda d: d.budget),
        symbols=[*symbols_of(entry.formula for entry in results.formulas), *words(*_WORDS)],
    )


def _falling(row: MethodRow) -> float:
    return 2.0 if row.tau.mean is None else -row.tau.mean
