"""How all figures are drawn: as SVG texts, the same for the same results, legible on light and dark."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from evozc.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The colour of text; in pages it becomes that of the text around the figure.
INK = "#1d2733"
#: Lines and text that stand back.
GREY = "#7f8c8d"
_LONGEST = 40


@contextmanager
def drawing() -> Iterator[type[Figure]]:
    """The class of figures, within the one style.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError("figures need matplotlib: pip install 'evozc[compare]'") from None
    ink: dict[Any, Any] = dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.labelcolor", "ytick.labelcolor"), INK
    )
    lines: dict[Any, Any] = dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), GREY)
    clear: dict[Any, Any] = dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), "none")
    with mpl.rc_context({
        "svg.hashsalt": "evozc", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False,
        "axes.titlesize": 11, "axes.titleweight": "bold", "legend.frameon": False, **ink, **lines, **clear,
    }):
        yield Figure


def to_svg(figure: Figure) -> str:
    """The figure as SVG text."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def inline(name: str, svg: str) -> str:
    """An SVG text for a page: identifiers that no other figure has, text in the page's colour."""
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', svg)
    svg = svg.replace(INK, "currentColor")
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)


def plain(text: str) -> str:
    """Text that matplotlib does not take for mathematics, short enough to leave room for a figure."""
    text = "".join(c if c.isprintable() else "?" for c in text)
    return (text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...").replace("$", r"\$")


def pictures(captions: Mapping[str, str], figures: Mapping[str, str]) -> list[tuple[str, str, Any]]:
    """Name, caption and marked SVG of every figure that has a caption, in that order."""
    from markupsafe import Markup

    return [
        (name, captions[name], Markup(inline(name, figures[name])))  # noqa: S704 - drawn by ourselves
        for name in captions
        if name in figures
    ]
