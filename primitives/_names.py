"""What statistics, targets and their like may be called, wherever the name comes from."""

from __future__ import annotations

import re

#: Longest name.
LONGEST_NAME = 100
_TAKEN = frozenset(',.<>"\\')
_WORD = re.compile(r"[A-Za-z0-9_]+")


def name_fault(name: object) -> str:
    r"""Why something cannot be a name; empty if it can.

    A name is shown on terminals and pages, written into CSV files, and quoted in formula text: it
    has 1 to 100 printable characters, none of ``, . < > " \`` and no blank at its ends.
    """
    if not isinstance(name, str):
        return f"a name is a text, not {type(name).__name__}"
    if not name:
        return "the name is empty"
    if len(name) > LONGEST_NAME:
        return f"the name has {len(name)} characters, more than {LONGEST_NAME}"
    if not name.isprintable():
        return "the name holds characters that cannot be printed"
    if found := sorted(_TAKEN.intersection(name)):
        return f"the name holds {' and '.join(found)}"
    return "the name begins or ends with a blank" if name != name.strip() else ""


def is_word(name: str) -> bool:
    """Whether a name is of ASCII letters, digits and ``_`` alone, and so needs no quotes in formula text."""
    return bool(_WORD.fullmatch(name))
