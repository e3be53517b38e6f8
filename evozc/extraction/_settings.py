"""What to measure, and on which mini-batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evozc.errors import ConfigError
from primitives import STATISTICS

#: The parts of extraction, in the order of the catalogue.
GROUPS = tuple(dict.fromkeys(statistic.group for statistic in STATISTICS))


@dataclass(frozen=True)
class Settings:
    """How an extraction is run; all of it changes the numbers.

    Args:
        batch: Images in the mini-batch, at least two.
        seed: From which the mini-batch and every network's weights are drawn.
        groups: Which parts of the catalogue to measure; kept in its order.

    Raises:
        ConfigError: a value that cannot be used.
    """

    batch: int = 64
    seed: int = 0
    groups: tuple[str, ...] = GROUPS

    def __post_init__(self) -> None:
        for name, least in (("batch", 2), ("seed", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ConfigError(
                    f"extraction: {name} must be a whole number from {least}, not {value!r}"
                )
        object.__setattr__(self, "groups", ordered_groups(self.groups))


def ordered_groups(groups: Iterable[str]) -> tuple[str, ...]:
    """The groups in the order of the catalogue, each once.

    Raises:
        ConfigError: none, or one that the catalogue does not have.
    """
    known = ", ".join(GROUPS)
    if isinstance(groups, str):
        raise ConfigError(f"extraction: groups must be a list of names, not the text {groups!r}")
    wanted = list(groups)
    for group in wanted:
        if group not in GROUPS:
            raise ConfigError(f"extraction: unknown group {group!r}; known are {known}")
    if not wanted:
        raise ConfigError(f"extraction: choose at least one group of {known}")
    return tuple(group for group in GROUPS if group in wanted)
