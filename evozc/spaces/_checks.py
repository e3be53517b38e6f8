"""What spaces ask of their settings and of texts."""

from __future__ import annotations

from collections.abc import Sequence

from evozc.errors import ConfigError, DataError


def check_whole_numbers(space: str, **settings: object) -> None:
    """Refuse settings that are no whole numbers above zero.

    Raises:
        ConfigError: names the setting.
    """
    for key, value in settings.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ConfigError(f"{space}: {key} must be a whole number above 0, not {value!r}")


def check_choice(space: str, key: str, value: object, choices: Sequence[str]) -> None:
    """Refuse a setting that is none of ``choices``.

    Raises:
        ConfigError: names the setting and the choices.
    """
    if not isinstance(value, str) or value not in choices:
        raise ConfigError(f"{space}: {key} must be one of {', '.join(choices)}, not {value!r}")


def not_of(title: str, architecture: object, why: str) -> DataError:
    """The error of a text that is no architecture; long texts are cut."""
    return DataError(f"architecture {str(architecture)[:120]!r} is not of {title}: {why}")


def check_dropout(space: str, dropout: object) -> None:
    """Refuse a setting that is no share of features to drop.

    Raises:
        ConfigError: says so.
    """
    if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout < 1:
        raise ConfigError(f"{space}: dropout must be a number from 0 to below 1, not {dropout!r}")
