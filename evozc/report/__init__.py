"""Results for people: figures, and HTML files that open offline, all in one frame.

**A comparison**: :func:`publish`; its parts :func:`draw_figures`, :func:`render_report`.

**An audit**: :func:`render_audit`.

**A leaderboard**: :func:`render_leaderboard`.

**A search**: :func:`draw_front`; one for architectures: :func:`draw_sizes`.

**A study of transfer**: :func:`draw_transfer`, :func:`render_transfer`.

**Formulas**: :func:`to_mathml`.
"""

from evozc.report._audit import render_audit
from evozc.report._figures import draw_figures
from evozc.report._front import draw_front, draw_sizes
from evozc.report._html import render_report
from evozc.report._leaderboard import render_leaderboard
from evozc.report._mathml import to_mathml
from evozc.report._publish import publish
from evozc.report._transfer import draw_transfer, render_transfer

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "publish", "draw_figures", "render_report",
    "render_audit",
    "render_leaderboard",
    "draw_front", "draw_sizes",
    "draw_transfer", "render_transfer",
    "to_mathml",
]
