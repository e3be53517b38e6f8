"""The picture and the page of a study of transfer."""

from __future__ import annotations

import math

from evozc.report._drawing import drawing, pictures, plain, to_svg
from evozc.report._glossary import symbols_of, words
from evozc.report._page import render
from evozc.transfer import TransferResults

_CAPTION = (
    "Rows are what was found where, columns what it was judged on; red ranks rightly, blue inversely."
)
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


def render_transfer(results: TransferResults) -> str:
    """The page as HTML text, in the frame of all pages; the same for the same results.

    Raises:
        ConfigError: jinja2, latex2mathml or matplotlib is not installed.
    """
    names = results.names
    formulas = [(", ".join(names[task] for task in found.tasks), found) for found in results.formulas]
    contents = {
        "figure-matrix": "At a glance", "matrix": "Found on, and judged on", "tasks": "Tasks",
        "formulas": "Formulas",
    }
    return render(
        "transfer.html", title="evozc: transfer", heading="Transfer", contents=list(contents.items()),
        results=results, seeds=len(results.tasks[0].held_out), formulas=formulas,
        pictures=pictures({"matrix": _CAPTION}, {"matrix": draw_transfer(results)}),
        symbols=[
            *symbols_of(found.formula for found in results.formulas), *words("Kendall tau", "95 % interval"),
        ],
    )
