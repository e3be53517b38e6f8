"""Pictures of Pareto fronts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evozc._files import replacing
from evozc.errors import ConfigError
from evozc.runs import Baseline, SearchResults

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from evozc.nas import NasResults


def draw_front(results: SearchResults, path: Path) -> None:
    """Tau against size on the labelled and the held-out architectures.

    Raises:
        ConfigError: matplotlib is not installed, or cannot write such a file.
    """
    front, chosen = results.front, results.chosen
    sizes = [entry.size for entry in front]
    held_out = [_number(entry.held_out_tau) for entry in front]
    figure = _figures()(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.subplots()
    low, high = [_number(entry.low) for entry in front], [_number(entry.high) for entry in front]
    axes.fill_between(sizes, low, high, alpha=0.15, color="C0", linewidth=0, label="95 % interval")
    axes.plot(sizes, held_out, "o-", color="C0", label=f"{results.held_out} held-out architectures")
    axes.plot(sizes, [_number(entry.labelled_tau) for entry in front], "o--", color="C1", markersize=4,
              label=f"{results.labelled} labelled architectures")
    axes.plot([chosen.size], [_number(chosen.held_out_tau)], "*", color="C3", markersize=16,
              label="chosen formula")
    if results.noise_ceiling is not None:
        axes.axhline(results.noise_ceiling, color="0.3", linestyle=":", label="noise ceiling")
    for tau, names in _by_height(results.baselines):
        axes.axhline(tau, color="0.75", linewidth=0.8, zorder=0)
        axes.annotate(
            names, (1.005, tau), xycoords=("axes fraction", "data"), fontsize=8, color="0.4", va="center"
        )
    axes.locator_params(axis="x", integer=True)
    axes.set_xlabel("symbols in the formula")
    axes.set_ylabel(f"Kendall tau with {results.target}")
    names = ", ".join(Path(name).name for name in results.table.split(", "))
    over = f", {results.over_tasks} of {len(results.tasks)} tasks" if results.tasks else ""
    axes.set_title(f"Pareto front on {names}{over}, seed {results.seed}")
    axes.legend(fontsize=8, loc="lower right")
    _save(figure, path)


def draw_sizes(results: NasResults, size: str, path: Path) -> None:
    """The score of a proxy against the size of networks; an older picture is replaced.

    Raises:
        ConfigError: matplotlib is not installed, or cannot write such a file.
    """
    figure = _figures()(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.subplots()
    front = results.front
    axes.plot([f.sizes[size] for f in front], [f.score for f in front], "o-", color="C0",
              label=f"front of {results.scored} architectures")
    best = [f for f in results.best if size in f.sizes]
    axes.plot([f.sizes[size] for f in best], [f.score for f in best], ".", color="0.6", zorder=0,
              label=f"best {len(best)} scores")
    axes.set_xlabel(size)
    axes.set_ylabel("score")
    axes.legend(fontsize=8, loc="lower right")
    _save(figure, path)


def _figures() -> type[Figure]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError("pictures need matplotlib: pip install 'evozc[plot]'") from None
    return Figure


def _save(figure: Figure, path: Path) -> None:
    try:
        with replacing(path) as file:
            figure.savefig(file, format=path.suffix.lstrip(".") or "svg", dpi=150)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def _number(tau: float | None) -> float:
    """Not a number, which is not drawn, for the tau of a constant formula."""
    return math.nan if tau is None else tau


def _by_height(baselines: Sequence[Baseline], count: int = 4) -> list[tuple[float, str]]:
    """The best baselines, those that would lie on one another named together."""
    known = [(b.held_out_tau, b.name) for b in baselines if b.held_out_tau is not None]
    lines: list[tuple[float, str]] = []
    for tau, name in sorted(known, key=lambda pair: pair[0], reverse=True)[:count]:
        if lines and lines[-1][0] - tau < 0.005:
            lines[-1] = (lines[-1][0], f"{lines[-1][1]}, {name}")
        else:
            lines.append((tau, name))
    return lines
