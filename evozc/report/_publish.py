"""The files of a comparison for people."""

from __future__ import annotations

from evozc._folder import Folder
from evozc.comparison import ComparisonManifest, ComparisonResults
from evozc.report._figures import draw_figures
from evozc.report._html import render_report


def publish(folder: Folder[ComparisonManifest], results: ComparisonResults) -> None:
    """Write the figures and the page of a comparison into its folder.

    Raises:
        ConfigError: a package that draws is not installed.
        DataError: a file cannot be written.
    """
    figures = draw_figures(results)
    for name, svg in figures.items():
        folder.write_text(f"figures/{name}.svg", svg)
    folder.write_text("report.html", render_report(results, figures))
