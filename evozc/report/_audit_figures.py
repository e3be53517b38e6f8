"""The figures of an audit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from math import nan
from typing import TYPE_CHECKING, Any

from evozc.report._drawing import GREY, INK, drawing, plain, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from evozc.auditing import Audit, Measured

#: Proxies that a figure has room for.
_MOST = 32
_OURS, _TRIVIAL, _REAL, _SHUFFLED = "#2c6fbb", "#c0392b", "#2c6fbb", "#e08e2b"


def draw_audit(audit: Audit) -> dict[str, str]:
    """Every figure of one table by name, as SVG text; those without anything to show are left out.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    drawn = {}
    with drawing() as figures:
        for name, draw in _FIGURES.items():
            figure = figures(layout="constrained")
            if draw(figure, audit):
                drawn[name] = to_svg(figure)
    return drawn


def _taus(figure: Figure, audit: Audit) -> bool:
    """Tau of proxies and trivial baselines, with intervals."""
    rows = [(p.name, p.ranking["Kendall tau"], _OURS) for p in audit.proxies[:_MOST]]
    names = {name for name, _, _ in rows}
    rows += [(b.name, b.tau, _TRIVIAL) for b in audit.baselines if b.name not in names]
    rows = [row for row in rows if row[1].value is not None]
    if not rows:
        return False
    rows.sort(key=lambda row: row[1].value or 0.0)
    figure.set_size_inches(7.6, 0.9 + 0.24 * len(rows))
    axes = figure.subplots()
    for place, (_, tau, colour) in enumerate(rows):
        axes.plot(_ends(tau), [place, place], color=colour, lw=1.6, alpha=0.7)
        axes.plot([_drawn(tau.value)], [place], "o", color=colour, ms=4.5)
    axes.axvline(0, color=GREY, lw=0.8)
    if audit.noise_ceiling is not None:
        axes.axvline(audit.noise_ceiling, color=GREY, ls=":", lw=1.2)
        axes.annotate(
            "noise ceiling", (audit.noise_ceiling, 0), fontsize=8, ha="right", va="bottom", rotation=90
        )
    axes.set_yticks(range(len(rows)), [plain(name) for name, _, _ in rows], fontsize=8)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlabel(f"Kendall tau with {plain(audit.target)}")
    axes.set_title("Proxies (blue) and trivial baselines (red)", loc="left")
    return True


def _explained(figure: Figure, audit: Audit) -> bool:
    """Partial tau given every baseline, as a heat map."""
    proxies = [p for p in audit.proxies if p.given][:_MOST]
    if not proxies:
        return False
    columns = ["nothing", *(b.name for b in audit.baselines)]
    matrix = [
        [_value(p.ranking["Kendall tau"].value), *(_value(g.partial.value) for g in p.given)] for p in proxies
    ]
    _heat(figure, matrix, [p.name for p in proxies], columns)
    figure.axes[0].set_title("Tau given ... (partial)", loc="left")
    return True


def _information(figure: Figure, audit: Audit) -> bool:
    """Conditional entropies, real and shuffled, under both binnings."""
    if not audit.information:
        return False
    figure.set_size_inches(4.2 * len(audit.information), 3.9)
    panels = figure.subplots(1, len(audit.information), squeeze=False)[0]
    for axes, info in zip(panels, audit.information, strict=True):
        places = range(len(info.steps) + 1)
        real = [info.entropy, *(step.entropy for step in info.steps)]
        axes.plot(places, info.shuffled, "o--", color=_SHUFFLED, ms=4, label="shuffled labels")
        axes.plot(places, real, "o-", color=_REAL, ms=4, label="real labels")
        for step, place, entropy in zip(info.steps[:8], places[1:], real[1:], strict=False):
            axes.annotate(
                plain(step.name), (place, entropy), fontsize=7, xytext=(3, 4), textcoords="offset points"
            )
        axes.set_ylim(bottom=0)
        axes.set_xticks(list(places))
        axes.set_xlabel("proxies known")
        axes.set_title(f"{info.binning} bins ({info.bins})", loc="left")
        axes.legend(fontsize=8, loc="lower left")
    panels[0].set_ylabel("bits left of the target")
    return True


def _agreement(figure: Figure, audit: Audit) -> bool:
    pairs = audit.complementarity
    if pairs is None:
        return False
    names = list(pairs.names)[:_MOST]
    matrix = [[_value(v) for v in row[: len(names)]] for row in pairs.agreement[: len(names)]]
    _heat(figure, matrix, names, names)
    figure.axes[0].set_title("Agreement: Kendall tau of every two", loc="left")
    return True


def _together(figure: Figure, audit: Audit) -> bool:
    pairs = audit.complementarity
    if pairs is None:
        return False
    names = list(pairs.names)[:_MOST]
    matrix = [[_value(v) for v in row[: len(names)]] for row in pairs.together[: len(names)]]
    _heat(figure, matrix, names, names)
    figure.axes[0].set_title("Together: Kendall tau with the target of both log-ranks", loc="left")
    return True


def _bias(figure: Figure, audit: Audit) -> bool:
    """Bias as published, and on ranks without failures."""
    proxies = [p for p in audit.proxies if p.biases][:_MOST]
    if not proxies:
        return False
    structures = [bias.structure for bias in proxies[0].biases]
    columns = [f"{name}, {how}" for name in structures for how in ("published", "ranks")]
    matrix = [
        [_value(v) for bias in p.biases for v in (bias.published, bias.ranks.value)] for p in proxies
    ]
    target = [_value(v) for bias in proxies[0].biases for v in (None, bias.target.value)]
    _heat(figure, [*matrix, target], [*(p.name for p in proxies), f"({audit.target})"], columns)
    figure.axes[0].set_title("Bias towards structure", loc="left")
    return True


def _predictors(figure: Figure, audit: Audit) -> bool:
    if audit.predictions is None or len(audit.predictions.rows) < 2:
        return False
    rows = audit.predictions.rows
    figure.set_size_inches(6.4, 0.9 + 0.4 * len(rows))
    axes = figure.subplots()
    for place, row in enumerate(reversed(rows)):
        axes.barh(place, row.tau.value or 0.0, color=_REAL, alpha=0.8, height=0.6)
        axes.plot(_ends(row.tau), [place, place], color=INK, lw=1.4)
    axes.set_yticks(range(len(rows)), [plain(row.features) for row in reversed(rows)], fontsize=9)
    axes.set_xlabel("Kendall tau on held-out architectures")
    axes.set_title(f"XGBoost on {audit.predictions.labels} labels", loc="left")
    return True


def _ends(found: Measured) -> list[float]:
    """Of an interval."""
    return [_drawn(found.low), _drawn(found.high)]


def _drawn(value: float | None) -> float:
    """A number to draw; what is undefined is left out of the drawing."""
    return nan if value is None else value


def _heat(
    figure: Figure, matrix: Sequence[Sequence[float]], rows: Sequence[str], columns: Sequence[str]
) -> None:
    """A heat map of correlations with their figures in it."""
    figure.set_size_inches(2.4 + 0.42 * len(columns), 1.9 + 0.3 * len(rows))
    axes: Axes = figure.subplots()
    axes.pcolormesh(matrix, cmap="RdBu_r", vmin=-1, vmax=1, edgecolor="white", linewidth=1)
    axes.invert_yaxis()
    middles = [[i + 0.5 for i in range(len(names))] for names in (columns, rows)]
    axes.set_xticks(middles[0], [plain(name) for name in columns], rotation=90, fontsize=8)
    axes.set_yticks(middles[1], [plain(name) for name in rows], fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for i, row in enumerate(matrix):
        for j, value in enumerate(row):
            if not math.isnan(value):
                axes.text(j + 0.5, i + 0.5, f"{value:.2f}".replace("0.", "."), ha="center", va="center",
                          fontsize=6.5, color="white" if abs(value) > 0.65 else "#222222")


def _value(value: float | None) -> float:
    return math.nan if value is None else value


_FIGURES: dict[str, Callable[[Any, Audit], bool]] = {
    "taus": _taus, "explained": _explained, "information": _information, "bias": _bias,
    "agreement": _agreement, "together": _together, "predictors": _predictors,
}
