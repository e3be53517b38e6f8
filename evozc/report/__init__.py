"""Results for people: figures, and one HTML file that opens offline.

:func:`draw_figures`, :func:`draw_front`, :func:`to_mathml`, :func:`render_report`.
"""

from evozc.report._figures import draw_figures
from evozc.report._front import draw_front
from evozc.report._html import render_report
from evozc.report._mathml import to_mathml

__all__ = ["draw_figures", "draw_front", "render_report", "to_mathml"]
