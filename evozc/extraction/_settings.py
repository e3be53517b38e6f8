"""What to measure, on which network and on which mini-batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from evozc.errors import ConfigError
from evozc.symbols import group_names

#: What networks are fed: the images, noise of a standard normal distribution, or ones.
INPUTS = ("data", "noise", "ones")
#: How weights are drawn; :func:`~evozc.extraction.initialise` says what the names mean.
INITIALISATIONS = ("default", "kaiming", "xavier", "normal")
#: Where networks run.
DEVICES = ("cpu", "cuda", "mps")


@dataclass(frozen=True)
class ExtractionSettings:
    """How an extraction is run; all of it changes the numbers, and is kept with the table.

    Args:
        batch: Inputs in the mini-batch, at least two.
        seed: From which the mini-batch and every network's weights are drawn.
        groups: Which parts of the catalogue to measure, by default all with those of plug-ins;
            kept in its order.
        inputs: One of :data:`INPUTS`; labels are those of the images drawn in any case.
        initialisation: One of :data:`INITIALISATIONS`.
        repeats: How often to draw weights and mini-batch anew; the statistics are averaged.
        device: Kind of device, of :data:`DEVICES`; weights are drawn on the CPU and so the same on any.

    Raises:
        ConfigError: a value that cannot be used.
    """

    batch: int = 64
    seed: int = 0
    groups: tuple[str, ...] = field(default_factory=group_names)
    inputs: str = "data"
    initialisation: str = "default"
    repeats: int = 1
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, least in (("batch", 2), ("seed", 0), ("repeats", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ConfigError(
                    f"extraction: {name} must be a whole number from {least}, not {value!r}"
                )
        for name, known in (("inputs", INPUTS), ("initialisation", INITIALISATIONS), ("device", DEVICES)):
            if getattr(self, name) not in known:
                raise ConfigError(
                    f"extraction: {name} must be one of {', '.join(known)}, not {getattr(self, name)!r}"
                )
        object.__setattr__(self, "groups", ordered_groups(self.groups))


def ordered_groups(groups: Iterable[str]) -> tuple[str, ...]:
    """The groups in the order of the catalogue, each once.

    Raises:
        ConfigError: none, or one that the catalogue does not have.
    """
    known = group_names()
    if isinstance(groups, str):
        raise ConfigError(f"extraction: groups must be a list of names, not the text {groups!r}")
    wanted = list(groups)
    for group in wanted:
        if group not in known:
            raise ConfigError(f"extraction: unknown group {group!r}; known are {', '.join(known)}")
    if not wanted:
        raise ConfigError(f"extraction: choose at least one group of {', '.join(known)}")
    return tuple(group for group in known if group in wanted)
