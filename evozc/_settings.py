"""What all settings have in common: values of the declared kinds, and the way to JSON and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

from evozc.errors import ConfigError


@dataclass(frozen=True)
class Settings:
    """Base of frozen dataclasses whose fields have plain types.

    A subclass names itself in :attr:`title`, and says in :meth:`_rules` what values have to obey.
    """

    title: ClassVar[str]

    def __post_init__(self) -> None:
        problems = []
        for field in fields(self):
            fits, kind = _KINDS[str(field.type)]
            if not fits(value := getattr(self, field.name)):
                problems.append(f"{field.name} must be {kind}, not {value!r}")
        problems = problems or [text for text, holds in self._rules() if not holds]
        if problems:
            raise ConfigError(f"{self.title}: " + "; ".join(problems))

    def _rules(self) -> list[tuple[str, bool]]:
        """What to say where a rule does not hold, and whether it does."""
        raise NotImplementedError

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Settings from a file's entries; unknown ones are refused.

        Raises:
            ConfigError: an unknown name, or a value that does not fit.
        """
        known = {field.name: str(field.type) for field in fields(cls)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ConfigError(f"{cls.title}: unknown {', '.join(map(repr, unknown))}")
        read = {
            name: tuple(value) if known[name].startswith("tuple") and isinstance(value, list) else value
            for name, value in values.items()
        }
        return cls(**read)

    def to_mapping(self) -> dict[str, Any]:
        """All settings as JSON values."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: object) -> bool:
    return _whole(value) or (isinstance(value, float) and math.isfinite(value))


def _text(value: object) -> bool:
    return isinstance(value, str)


def _listed(fits: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, tuple) and all(map(fits, value))


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "int": (_whole, "a whole number"),
    "float": (_number, "a number"),
    "str": (_text, "a text"),
    "bool": (lambda value: isinstance(value, bool), "true or false"),
    "tuple[str, ...]": (_listed(_text), "a list of texts"),
    "tuple[int, ...]": (_listed(_whole), "a list of whole numbers"),
    "Mapping[str, str]": (
        lambda value: isinstance(value, Mapping) and all(map(_text, [*value, *value.values()])),
        "texts by name",
    ),
}
