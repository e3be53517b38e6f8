"""The lookup of spaces by name."""

from __future__ import annotations

from evozc.errors import ConfigError
from evozc.spaces._space import SearchSpace


def get_space(name: str, **settings: int) -> SearchSpace:
    """The search space called ``name``, built with ``settings``.

    Raises:
        ConfigError: no such space, or a setting that it does not have.
    """
    from evozc.spaces.nasbench201 import NasBench201

    spaces = {NasBench201.name: NasBench201}
    if name not in spaces:
        raise ConfigError(f"unknown search space {name!r}: known are {', '.join(spaces)}")
    try:
        return spaces[name](**settings)
    except TypeError as error:
        raise ConfigError(f"search space {name!r}: {error}") from None
