"""The report of a comparison as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evozc.errors import ConfigError
from evozc.report._figures import inline
from evozc.report._mathml import to_mathml

_CAPTIONS = {
    "budgets": "Kendall tau on the held-out architectures, mean over the seeds. Bars are paired-bootstrap "
    "intervals over seeds and architectures; grey lines are the best methods that need no labels.",
    "fronts": "Every point is the best formula of its size on the labelled sample. Which one to keep was "
    "decided on the labelled architectures alone.",
    "ranks": "Each point is a held-out architecture.",
    "agreement": "How much two methods agree about the same held-out architectures, mean over the seeds. "
    "Methods that agree little and are both good can be combined.",
}


def render_report(results: Mapping[str, Any], figures: Mapping[str, str]) -> str:
    """The page as HTML text: no script, nothing loaded from elsewhere, every text escaped.

    Args:
        results: What ``results.json`` of a comparison holds.
        figures: SVG texts, by the names of :func:`draw_figures`.

    Raises:
        ConfigError: jinja2 or latex2mathml is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise ConfigError("reports need jinja2: pip install 'evozc[compare]'") from None
    environment = Environment(
        loader=PackageLoader("evozc.report", "."), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )
    environment.filters.update(number=_number, interval=_interval, seconds=_seconds, count=_count)
    pictures = [
        (name, _CAPTIONS[name], Markup(inline(name, figures[name])))  # noqa: S704 - drawn by ourselves
        for name in _CAPTIONS
        if name in figures
    ]
    budgets = [
        (budget, sorted((r for r in results["methods"] if r["budget"] == budget), key=_falling))
        for budget in [*results["budgets"], 0]
    ]
    rivals = {row["method"] for row in results["methods"] if row["budget"]}
    rivals |= {row["method"] for row in budgets[-1][1][:1]}  # the best of those without labels
    compared = [entry for entry in results["differences"] if entry["method"] in rivals]
    formulas = [
        (entry, [Markup(to_mathml(term)) for term in entry["latex"]])  # noqa: S704 - known elements alone
        for entry in results["formulas"]
    ]
    return environment.get_template("report.html").render(
        results=results, budgets=[b for b in budgets if b[1]], formulas=formulas, pictures=pictures,
        differences=sorted(compared, key=lambda d: d["budget"]),
    )


def _falling(row: Mapping[str, Any]) -> float:
    mean = row["measures"]["kendall"]["mean"]
    return 2.0 if mean is None else -mean


def _number(value: float | None, places: int = 3) -> str:
    return "" if value is None else f"{value:.{places}f}"


def _interval(measure: Mapping[str, Any], places: int = 3) -> str:
    if measure["low"] is None:
        return ""
    return f"{measure['low']:.{places}f} to {measure['high']:.{places}f}"


def _seconds(value: float) -> str:
    """A time in the unit that suits it."""
    if not value:
        return ""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def _count(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ")
