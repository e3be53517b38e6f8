"""JSON that anybody may have written."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evozc.errors import DataError

#: A file that unpacks to more is refused before it fills the memory.
MAX_BYTES = 2 * 2**30


def load_json(path: Path) -> Any:
    """What a file holds, plain or compressed by gzip; ``NaN`` and infinities are read as such.

    Raises:
        DataError: missing, too large, not UTF-8, no JSON (with line and column), or a name twice in one
            object.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise DataError(f"{path}: unpacks to more than {MAX_BYTES >> 30} GiB")
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}: line {error.lineno}, column {error.colno}: no whole JSON ({error.msg}); fetch it again"
        ) from None
    except _TwiceError as error:
        raise DataError(f"{path}: {error} stands twice in one object") from None
    except RecursionError:
        raise DataError(f"{path}: nested too deeply to be read") from None
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"{path}: not a readable JSON file: {error}") from error


class _TwiceError(ValueError):
    """A name that stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _TwiceError(repr(name[:80]))
            seen.add(name)
    return found


def as_mapping(path: Path, where: str, value: Any) -> Mapping[str, Any]:
    """A JSON object.

    Raises:
        DataError: it is something else; the message holds its JSON path.
    """
    if not isinstance(value, dict):
        raise DataError(f"{path}: {where} is {kind_of(value)}, not an object")
    return value


def as_list(path: Path, where: str, value: Any) -> list[Any]:
    """A JSON array.

    Raises:
        DataError: it is something else; the message holds its JSON path.
    """
    if not isinstance(value, list):
        raise DataError(f"{path}: {where} is {kind_of(value)}, not an array")
    return value


def as_number(path: Path, where: str, value: Any) -> float:
    """A number, infinities and NaN among them.

    Raises:
        DataError: it is something else; the message holds its JSON path.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{path}: {where} is {kind_of(value)}, not a number")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def as_text(path: Path, where: str, value: Any) -> str:
    """A text.

    Raises:
        DataError: it is something else; the message holds its JSON path.
    """
    if not isinstance(value, str):
        raise DataError(f"{path}: {where} is {kind_of(value)}, not a text")
    return value


def kind_of(value: Any) -> str:
    """What a value is, in JSON's words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    kinds = {dict: "an object", list: "an array", str: "a text", int: "a number", float: "a number"}
    return kinds[type(value)]


def step(name: str) -> str:
    """A name within a JSON path, cut if it is long."""
    return json.dumps(name if len(name) <= 80 else f"{name[:77]}...", ensure_ascii=False)
