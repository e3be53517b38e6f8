"""The picture of a study of transfer."""

from __future__ import annotations

import math

from evozc.report._drawing import drawing, plain, to_svg
from evozc.transfer import TransferResults

#: Known proxies that are shown, the best by their mean.
_PROXIES = 12


def draw_transfer(results: TransferResults) -> str:
    """Rows against tasks, a square a tau, as SVG text; the last columns are the mean and the worst task.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    rows = [row for row in results.rows if row.kind != "proxy"]
    rows += [row for row in results.rows if row.kind == "proxy"][:_PROXIES]
    cells = [[None if tau is None else tau.mean for tau in row.taus] + [row.mean, row.worst] for row in rows]
    numbers = [[math.nan if value is None else value for value in line] for line in cells]
    columns = [plain(name) for name in results.names] + ["mean", "worst"]
    with drawing() as figures:
        figure = figures(figsize=(3.5 + 0.5 * len(columns), 2.5 + 0.3 * len(rows)), layout="constrained")
        axes = figure.subplots()
        axes.pcolormesh(numbers, cmap="RdBu_r", vmin=-1, vmax=1, edgecolor="white", linewidth=1)
        axes.invert_yaxis()
        axes.set_xticks([k + 0.5 for k in range(len(columns))], columns, rotation=90, fontsize=8)
        axes.set_yticks(
            [k + 0.5 for k in range(len(rows))],
            [plain(f"found on {row.name}" if row.kind != "proxy" else row.name) for row in rows], fontsize=8,
        )
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        for i, line in enumerate(numbers):
            for j, value in enumerate(line):
                if not math.isnan(value):
                    axes.text(
                        j + 0.5, i + 0.5, f"{value:.2f}".replace("0.", "."), ha="center", va="center",
                        fontsize=6.5, color="white" if abs(value) > 0.65 else "0.15",
                    )
        axes.set_title("Kendall tau on held-out architectures", loc="left")
        return to_svg(figure)
