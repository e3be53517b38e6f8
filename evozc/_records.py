"""Frozen dataclasses as JSON values, and strictly back.

:func:`to_json` and :func:`from_json` go between records and values, :func:`parse` from text to values.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from evozc.errors import DataError, EvozcError

T = TypeVar("T")


def parse(text: bytes | str) -> Any:
    """The values of a JSON text in UTF-8.

    Raises:
        ValueError: no JSON, NaN or infinity, nested too deeply, or a name that stands twice in one object.
    """
    text = text if isinstance(text, str) else text.decode()
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def to_json(value: Any) -> Any:
    """A record and all that it holds as JSON values: fields by name, tuples as lists.

    Raises:
        ValueError: it holds what JSON has no form for, as NaN or an array.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    if value is None or isinstance(value, (bool, int)) or _written(value):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    raise ValueError(f"{type(value).__name__} {value!r} has no form in JSON")


def from_json(kind: type[T], value: Any, where: str = "$") -> T:
    """A record from JSON values that anybody may have written.

    Args:
        kind: A dataclass whose fields are records, numbers, texts, booleans, None, tuples and
            mappings by text of these, or unions.
        value: What ``json.loads`` gave.
        where: Its JSON path, for messages.

    Raises:
        DataError: an entry is missing, unknown or of another kind; the message holds its path.
    """
    return typing.cast("T", _read(kind, value, where))


def _read(kind: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind):
        return _record(typing.cast("type", kind), value, where)
    if origin in (typing.Union, types.UnionType):
        return _either(typing.get_args(kind), value, where)
    if origin is tuple:
        return _tuple(typing.get_args(kind), value, where)
    if origin is typing.Literal:
        known = typing.get_args(kind)
        fits = any(value == k and type(value) is type(k) for k in known)
        _expect(fits, " or ".join(map(repr, known)), value, where)
        return value
    if origin is not None and issubclass(origin, Mapping):
        _expect(isinstance(value, dict), "an object", value, where)
        _, inner = typing.get_args(kind)
        for key in value:
            _expect(_written(key), "a text", key, where)
        return {key: _read(inner, item, f"{where}.{ascii(key)[1:-1]}") for key, item in value.items()}
    if kind is float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        _expect(number and math.isfinite(value), "a number", value, where)
        return float(value)
    names = {int: "a whole number", str: "a text", bool: "true or false", type(None): "null"}
    _expect(_written(value) if kind is str else type(value) is kind, names[kind], value, where)
    return value


def _written(value: Any) -> bool:
    """Whether it is a text that UTF-8 has a form for: no half of a surrogate pair."""
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def _record(kind: type, value: Any, where: str) -> Any:
    _expect(isinstance(value, dict), "an object", value, where)
    hints = _hints(kind)
    for name in value:
        if name not in hints:
            raise DataError(f"{where}: unknown entry {name[:40]!a}")
    for name in hints:
        if name not in value:
            raise DataError(f"{where}: the entry {name!r} is missing")
    entries = {name: _read(hint, value[name], f"{where}.{name}") for name, hint in hints.items()}
    try:
        return kind(**entries)
    except EvozcError as error:  # settings that check their values
        raise DataError(f"{where}: {error}") from None


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _tuple(inner: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    _expect(isinstance(value, list), "a list", value, where)
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_read(inner[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    _expect(len(value) == len(inner), f"a list of {len(inner)}", value, where)
    return tuple(
        _read(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(inner, value, strict=True))
    )


def _either(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    kinds = tuple(kind for kind in kinds if kind is not type(None))
    for kind in kinds[:-1]:
        try:
            return _read(kind, value, where)
        except DataError:
            continue
    return _read(kinds[-1], value, where)


def _expect(holds: bool, what: str, value: Any, where: str) -> None:
    if not holds:
        raise DataError(f"{where}: must be {what}, not {str(value)[:40]!a}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return entries


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
