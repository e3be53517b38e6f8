"""Pages that open offline: one frame, every text escaped, one script that the page itself vouches for."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from evozc.errors import ConfigError

#: All that runs: the switch between light and dark, and the copy buttons.
SCRIPT = """\
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("scripted");
  document.getElementById("theme").addEventListener("click", function () {
    var given = root.getAttribute("data-theme");
    var dark = given ? given === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.setAttribute("data-theme", dark ? "light" : "dark");
  });
  if (matchMedia("(max-width: 900px)").matches) document.querySelector("nav details").open = false;
  function by_selection(text) {
    var field = document.createElement("textarea");
    field.value = text;
    document.body.appendChild(field);
    field.select();
    var done = document.execCommand("copy");
    field.remove();
    return done ? Promise.resolve() : Promise.reject();
  }
  function copy(text) {
    if (!navigator.clipboard) return by_selection(text);
    return navigator.clipboard.writeText(text).catch(function () { return by_selection(text); });
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("button.copy");
    if (!button) return;
    function say(word) {
      button.textContent = word;
      setTimeout(function () { button.textContent = "copy"; }, 1500);
    }
    copy(button.dataset.copy).then(function () { say("copied"); }, function () { say("cannot copy"); });
  });
})();
"""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def render(template: str, **context: Any) -> str:
    """A page as HTML text: nothing loaded from elsewhere, one script, named by its hash.

    Args:
        template: A file of this package that extends ``frame.html``.
        context: What it shows; texts are escaped, and control characters in them replaced.

    Raises:
        ConfigError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError:
        raise ConfigError("pages need jinja2: pip install 'evozc[compare]'") from None
    environment = Environment(
        loader=PackageLoader("evozc.report", "."), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=_printable,
    )
    environment.filters.update(number=number, interval=interval, seconds=seconds, count=count)
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    return environment.get_template(template).render(
        **context, script=Markup(SCRIPT), script_hash=f"sha256-{digest}"  # noqa: S704 - our own script
    )


def _printable(value: Any) -> Any:
    """A text without characters that act on a terminal or turn the order of writing round."""
    if type(value) is str and _CONTROL.search(value):
        return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", value)
    return value


def number(value: float | None, places: int = 3) -> str:
    """A figure; empty where it is undefined."""
    return "" if value is None else f"{value:.{places}f}"


def interval(measure: Any, places: int = 3) -> str:
    """The interval of a measure, a mapping or a record with ``low`` and ``high``."""
    if isinstance(measure, Mapping):
        low, high = measure["low"], measure["high"]
    else:
        low, high = measure.low, measure.high
    return "" if low is None or high is None else f"{low:.{places}f} to {high:.{places}f}"


def seconds(value: float) -> str:
    """A time in the unit that suits it."""
    if not value:
        return ""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def count(value: float) -> str:
    """A whole number with its thousands apart."""
    return f"{value:,.0f}".replace(",", " ")
