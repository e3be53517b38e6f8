"""The page of a leaderboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evozc.report._glossary import words
from evozc.report._page import render

if TYPE_CHECKING:
    from evozc.leaderboard import Column, Leaderboard


def render_leaderboard(board: Leaderboard) -> str:
    """The page as HTML text, in the frame of all pages; the same for the same files.

    Raises:
        ConfigError: jinja2 or latex2mathml is not installed.
    """
    rows = board.rows()
    budgets = sorted({budget for _, budget, _, _ in rows})
    groups = [
        (budget, [(method, trivial, cells) for method, b, trivial, cells in rows if b == budget])
        for budget in budgets
    ]
    used = {budget: {column for _, _, cells in kept for column in cells} for budget, kept in groups}
    best: dict[int, dict[Column, float]] = {budget: {} for budget in budgets}
    for budget, kept in groups:
        for column in used[budget]:
            taus = [cells[column].tau.value or 0.0 for _, _, cells in kept if column in cells]
            best[budget][column] = max(taus, key=abs)
    titles = [(f"budget-{b}", f"{b} labels" if b else "Without labels") for b in budgets]
    return render(
        "leaderboard.html", title="evozc: leaderboard", heading="Leaderboard",
        contents=[*titles, ("sources", "Where every figure comes from")], groups=groups,
        columns=board.columns, used=used, best=best, sources=board.sources, skipped=board.skipped,
        numbers={source: place for place, source in enumerate(board.sources, start=1)},
        symbols=words("Kendall tau", "95 % interval"),
    )
