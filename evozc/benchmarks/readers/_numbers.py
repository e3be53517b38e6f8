"""Published texts as numbers, read strictly: what can be meant in two ways is refused."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

#: Words for a value that is missing, in small letters.
MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "missing", "-", "--", "?"})
#: What publishers write where a score could not be computed: NASLib and its evaluators.
SENTINELS = frozenset({-1e8, -1e9, 1e9})

_INFINITE = frozenset({"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"})
_POINT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+(?:[eE][+-]?[0-9]+)?")


def has_decimal_comma(text: str) -> bool:
    """Whether a text is a number with a comma before its decimals."""
    return bool(_COMMA.fullmatch(text))


def has_decimal_point(text: str) -> bool:
    """Whether a text is a number with a point before its decimals."""
    return "." in text and bool(_POINT.fullmatch(text))


def read_number(text: str, comma: bool = False) -> float | None:
    """A number of ASCII digits; None for anything else.

    Args:
        text: Without blanks around it.
        comma: Whether decimals follow a comma.

    Returns:
        NaN and infinities for the words for them and for what is missing.
    """
    word = text.lower()
    if word in MISSING:
        return math.nan
    if word in _INFINITE:
        return -math.inf if word.startswith("-") else math.inf
    if comma and has_decimal_comma(text):
        return float(text.replace(",", "."))
    return float(text) if _POINT.fullmatch(text) and not (comma and "." in text) else None


def why_no_number(text: str) -> str:
    """What to do about a text that is no number; empty where there is no more to say."""
    if text.endswith("%"):
        return "; take off the percent sign"
    if "_" in text and text.replace("_", "").isdigit():
        return "; take out the underscores"
    if re.fullmatch(r"[+-]?[0-9]{1,3}([., '])[0-9]{3}(?:\1[0-9]{3})*(?:[.,][0-9]+)?", text):
        return "; write it without marks between thousands"
    if any(c.isdigit() and not c.isascii() for c in text):
        return "; write it in ASCII digits"
    if has_decimal_comma(text):
        return "; decimal commas are read only where columns are parted by semicolons or tabs"
    return ""


def without_sentinels(values: np.ndarray) -> tuple[np.ndarray, str]:
    """Scores with NaN for all that is no score, and what that was.

    Args:
        values: float64 (architectures,), with infinities and sentinels as published.

    Returns:
        The scores, and a text such as ``3 of 100 missing (2 of -1e+08, 1 infinite)``; empty if none is.
    """
    kinds = Counter(kind for value in values if (kind := _kind(value)))
    if not kinds:
        return values, ""
    cleaned = np.where([bool(_kind(value)) for value in values], np.nan, values)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return cleaned, f"{sum(kinds.values())} of {len(values)} missing ({listed})"


def is_sentinel(value: float) -> bool:
    """Whether a number stands for one that could not be computed."""
    return value in SENTINELS


def _kind(value: float) -> str:
    if math.isnan(value):
        return "empty or not a number"
    if math.isinf(value):
        return "infinite"
    return f"of {value:g}" if is_sentinel(value) else ""


def notes_on(scores: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Scores by name without sentinels, and a note on each that lacks some."""
    cleaned = {name: without_sentinels(values) for name, values in scores.items()}
    notes = tuple(f"{name}: {note}" for name, (_, note) in cleaned.items() if note)
    return {name: values for name, (values, _) in cleaned.items()}, notes


def shown(names: Sequence[str]) -> str:
    """Names in a message: at most twenty, none of more than forty characters."""
    listed = [name if len(name) <= 40 else f"{name[:37]}..." for name in names[:20]]
    return ", ".join(listed) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
