"""The figures of a comparison, as SVG texts that are the same for the same results."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from evozc.comparison import METHODS, ComparisonResults
from evozc.report._drawing import drawing, plain, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_OTHER = "#7f8c8d"
#: Label-free methods that the curve over budgets and the agreement show.
_PROXIES, _COMPARED = 5, 12


def draw_figures(results: ComparisonResults) -> dict[str, str]:
    """Every figure by name, as SVG text.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    drawn = {}
    with drawing() as figures:
        for name, draw in _FIGURES.items():
            figure = figures(layout="constrained")
            if draw(figure, results):
                drawn[name] = to_svg(figure)
    return drawn


def _budget_curve(figure: Figure, results: ComparisonResults) -> bool:
    figure.set_size_inches(8, 4.6)
    axes = figure.subplots()
    rows = results.methods
    names = list(dict.fromkeys(row.method for row in rows if row.budget))
    if not names:
        return False
    for index, name in enumerate(names):
        chosen = sorted((r for r in rows if r.method == name and r.budget), key=lambda r: r.budget)
        taus = [row.tau for row in chosen]
        shift = 1 + 0.03 * (index - (len(names) - 1) / 2)  # so that intervals do not hide one another
        places = [row.budget * shift for row in chosen]
        colour = _colour(name)
        axes.plot(places, [_number(t.mean) for t in taus], "o-", color=colour, label=plain(name), ms=4)
        for place, tau in zip(places, taus, strict=True):
            if tau.low is not None and tau.high is not None:
                axes.plot([place, place], [tau.low, tau.high], color=colour, lw=1.2, alpha=0.7)
    _lines_of_proxies(axes, results)
    if results.noise_ceiling is not None:
        axes.axhline(results.noise_ceiling, color="0.2", ls=":", lw=1.2, label="noise ceiling")
    axes.set_xscale("log")
    axes.set_xticks(results.budgets, [str(b) for b in results.budgets])
    axes.minorticks_off()
    axes.set_xlabel("labelled architectures")
    axes.set_ylabel(f"Kendall tau with {plain(results.target)}")
    axes.set_title("Held-out tau against the number of labels, 95 % intervals", loc="left")
    axes.legend(fontsize=8, loc="lower right", ncols=2, frameon=False)
    return True


def _lines_of_proxies(axes: Axes, results: ComparisonResults) -> None:
    """The best label-free methods as grey lines; names of those that would overlap share a line."""
    label_free = [(r.tau.mean, r.method) for r in results.methods if not r.budget]
    known = [(tau, method) for tau, method in label_free if tau is not None]
    best = sorted(known, reverse=True)[:_PROXIES]
    written: list[list[Any]] = []
    for tau, name in best:
        axes.axhline(tau, color="0.8", lw=0.8, zorder=0)
        if written and written[-1][0] - tau < 0.02:
            written[-1][1] += f", {name}"
        else:
            written.append([tau, name])
    for tau, names in written:
        axes.annotate(
            plain(names), (1.01, tau), xycoords=("axes fraction", "data"),
            fontsize=8, color="0.4", va="center",
        )


def _ranks(figure: Figure, results: ComparisonResults) -> bool:
    ranks = results.ranks
    names = list(ranks.predicted)[:6]
    if not names:
        return False
    columns = min(3, len(names))
    rows = math.ceil(len(names) / columns)
    figure.set_size_inches(2.9 * columns, 2.8 * rows + 0.5)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes, name in zip(grid.flat, names, strict=False):
        axes.scatter(ranks.true, ranks.predicted[name], s=5, lw=0, alpha=0.6,
                     color=_colour(name))
        axes.set_title(plain(name), fontsize=9)
        axes.set_aspect("equal")
    for axes in list(grid.flat)[len(names) :]:
        axes.set_visible(False)
    grid.flat[0].invert_xaxis()  # shared by all
    grid.flat[0].invert_yaxis()
    figure.supxlabel("true rank (1 is the best)", fontsize=9)
    figure.supylabel("predicted rank", fontsize=9)
    figure.suptitle(
        f"Predicted against true rank: {ranks.budget} labels, first seed", fontsize=11, weight="bold"
    )
    return True


def _fronts(figure: Figure, results: ComparisonResults) -> bool:
    budget = max(results.budgets)
    chosen = [f for f in results.formulas if f.budget == budget]
    if not chosen:
        return False
    figure.set_size_inches(8, 4.2)
    axes = figure.subplots()
    for entry in chosen:
        colour = f"C{entry.seed}"
        sizes = [point.size for point in entry.front]
        labelled = [point.labelled_tau for point in entry.front]
        held_out = [_number(point.held_out_tau) for point in entry.front]
        axes.plot(sizes, labelled, "--", color=colour, lw=0.9, alpha=0.6)
        axes.plot(sizes, held_out, "o-", color=colour, ms=4, label=f"seed {entry.seed}, held out")
        axes.plot([entry.size], [_number(entry.held_out_tau)], "*", color=colour, ms=14)
    if results.noise_ceiling is not None:
        axes.axhline(results.noise_ceiling, color="0.2", ls=":", lw=1.2, label="noise ceiling")
    axes.locator_params(axis="x", integer=True)
    axes.set_xlabel("symbols in the formula")
    axes.set_ylabel("Kendall tau")
    axes.set_title(f"Pareto fronts with {budget} labels (dashed: labelled; star: chosen)", loc="left")
    axes.legend(fontsize=8, loc="lower right", frameon=False)
    return True


def _agreement(figure: Figure, results: ComparisonResults) -> bool:
    agreement = results.agreement
    kept = _worth_showing(results)
    places = [i for i, name in enumerate(agreement.methods) if name in kept]
    names = [plain(agreement.methods[i]) for i in places]
    size = 2.8 + 0.36 * len(names)
    figure.set_size_inches(size, size - 0.4)
    axes = figure.subplots()
    matrix = [[_number(agreement.tau[i][j]) for j in places] for i in places]
    axes.pcolormesh(matrix, cmap="RdBu_r", vmin=-1, vmax=1, edgecolor="white", linewidth=1)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    middles = [i + 0.5 for i in range(len(names))]
    axes.set_xticks(middles, names, rotation=90, fontsize=8)
    axes.set_yticks(middles, names, fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for i, row in enumerate(matrix):
        for j, value in enumerate(row):
            if not math.isnan(value):
                text = f"{value:.2f}".replace("0.", ".")
                axes.text(j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=6.5,
                          color="white" if abs(value) > 0.65 else "0.15")
    axes.set_title(f"Kendall tau between methods ({agreement.budget} labels)", loc="left")
    return True


def _worth_showing(results: ComparisonResults) -> set[str]:
    """All labelled methods and the best label-free ones."""
    labelled = {row.method for row in results.methods if row.budget}
    free = [(r.tau.mean, r.method) for r in results.methods if not r.budget]
    free = sorted((pair for pair in free if pair[0] is not None), reverse=True)
    return labelled | {name for _, name in free[:_COMPARED]}


def _colour(method: str) -> str:
    """What a method says of itself; grey for those that are no method of their own."""
    return METHODS.get(method).colour if method in METHODS.names() else _OTHER


def _number(value: float | None) -> float:
    """Not a number, which is not drawn, where a measure is undefined."""
    return math.nan if value is None else value


_FIGURES: dict[str, Callable[[Any, ComparisonResults], bool]] = {
    "budgets": _budget_curve, "ranks": _ranks, "fronts": _fronts, "agreement": _agreement,
}
