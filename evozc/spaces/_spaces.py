"""Search spaces by name."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Sequence
from importlib import import_module

from evozc._registry import Registry
from evozc.errors import ConfigError
from evozc.spaces._space import SearchSpace

Option = int | float | str | bool
_PARTS = (
    "name", "inputs", "outputs", "count", "settings", "canonical_key", "build", "blocks", "sample",
    "neighbours",
)


def _check(space: object) -> None:
    missing = [part for part in _PARTS if not hasattr(space, part)]
    if missing:
        raise ConfigError(f"no search space: it lacks {', '.join(missing)}")


#: Search spaces: callables from settings to a :class:`SearchSpace`.
SPACES: Registry[Callable[..., SearchSpace]] = Registry(
    "search space",
    "evozc.spaces",
    {
        "autoformer": "evozc.spaces.autoformer:AutoFormer",
        "mnasnet": "evozc.spaces.mnasnet:MnasNet",
        "nasbench-macro": "evozc.spaces.nasbench_macro:NasBenchMacro",
        "nasbench201": "evozc.spaces.nasbench201:NasBench201",
        "pit": "evozc.spaces.pit:PiT",
        "texts": "evozc.spaces.texts:Texts",
    },
    _check,
)


def get_space(name: str, **settings: Option) -> SearchSpace:
    """The search space called ``name``, built with ``settings``.

    Args:
        name: A registered name, or ``package.module:Class``; such code is run.
        settings: Keyword arguments of the space.

    Raises:
        ConfigError: no such space, or a setting that it does not have.
    """
    make = _imported(name) if ":" in name else SPACES.get(name)
    try:
        return make(**settings)
    except TypeError as error:
        raise ConfigError(f"search space {name!r}: {error}") from None


def space_from_options(name: str, options: Sequence[str]) -> SearchSpace:
    """A search space from texts as ``cells=5``, each read as the type that the space declares for it.

    Raises:
        ConfigError: as :func:`get_space`; or a text without ``=``, an unknown setting, a wrong value.
    """
    make = _imported(name) if ":" in name else SPACES.get(name)
    known = {key: p for key, p in inspect.signature(make).parameters.items() if p.kind != p.VAR_KEYWORD}
    kinds = typing.get_type_hints(make.__init__ if inspect.isclass(make) else make)
    settings: dict[str, Option] = {}
    for option in options:
        key, equals, text = option.partition("=")
        if not equals or key not in known:
            offered = ", ".join(known) or "none"
            raise ConfigError(f"--space-option {option!r}: write setting=value; {name} has {offered}")
        settings[key] = _read(f"--space-option {option!r}", kinds.get(key, str), text)
    return get_space(name, **settings)


def _read(where: str, kind: object, text: str) -> Option:
    if kind is bool:
        if text not in ("true", "false"):
            raise ConfigError(f"{where}: must be true or false")
        return text == "true"
    for number in (int, float):
        if kind is number:
            try:
                return number(text)
            except ValueError:
                what = "a whole number" if number is int else "a number"
                raise ConfigError(f"{where}: must be {what}") from None
    return text


def _imported(name: str) -> Callable[..., SearchSpace]:
    module, _, attribute = name.partition(":")
    try:
        space = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"search space {name!r}: {error}; write package.module:Class") from None
    _check(space)
    return space
