"""Search spaces by name."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence

from evozc._registry import Registry, imported
from evozc.errors import ConfigError
from evozc.spaces._space import SearchSpace

Option = int | float | str | bool
_PARTS = (
    "name", "inputs", "outputs", "count", "settings", "canonical_key", "build", "blocks", "sample",
    "neighbours",
)


def _check(_name: str, space: object) -> None:
    missing = [part for part in _PARTS if not hasattr(space, part)]
    if missing:
        raise ConfigError(f"no search space: it lacks {', '.join(missing)}")


#: Search spaces: callables from settings to a :class:`SearchSpace`.
SPACES: Registry[Callable[..., SearchSpace]] = Registry(
    "search space",
    "evozc.spaces",
    {
        "amoeba": "evozc.spaces.nds:Amoeba",
        "autoformer": "evozc.spaces.autoformer:AutoFormer",
        "darts": "evozc.spaces.darts:Darts",
        "enas": "evozc.spaces.nds:Enas",
        "flexibert": "evozc.spaces.flexibert:FlexiBert",
        "gpt2": "evozc.spaces.gpt2:Gpt2",
        "mnasnet": "evozc.spaces.mnasnet:MnasNet",
        "mobilenetv2": "evozc.spaces.mobilenetv2:MobileNetV2",
        "nasbench-macro": "evozc.spaces.nasbench_macro:NasBenchMacro",
        "nasbench101": "evozc.spaces.nasbench101:NasBench101",
        "nasbench201": "evozc.spaces.nasbench201:NasBench201",
        "nasnet": "evozc.spaces.nds:NasNet",
        "nats-size": "evozc.spaces.nats_size:NatsSize",
        "pit": "evozc.spaces.pit:PiT",
        "pnas": "evozc.spaces.nds:Pnas",
        "transnas-macro": "evozc.spaces.transnas:TransNasMacro",
        "transnas-micro": "evozc.spaces.transnas:TransNasMicro",
        "texts": "evozc.spaces.texts:Texts",
        "transformer-xl": "evozc.spaces.transformer_xl:TransformerXL",
    },
    _check,
)


def get_space(name: str, **settings: Option) -> SearchSpace:
    """The registered search space called ``name``, built with ``settings``.

    Args:
        name: As it is registered; nothing else is imported, so it may come from a file.
        settings: Keyword arguments of the space.

    Raises:
        ConfigError: no such space, or a setting that it does not have.
    """
    return _made(name, SPACES.get(name), settings)


def space_from_options(name: str, options: Sequence[str] = ()) -> SearchSpace:
    """A search space as the command line names it.

    Args:
        name: A registered name, or ``package.module:Class``, whose code is run; modules are found
            as Python finds them, and in the current folder.
        options: Settings as ``cells=5``, each read as the type that the space declares for it.

    Raises:
        ConfigError: as :func:`get_space`; or a text without ``=``, a wrong value, no such module.
    """
    make = imported("search space", name, _check) if ":" in name else SPACES.get(name)
    known = [key for key, p in inspect.signature(make).parameters.items() if p.kind != p.VAR_KEYWORD]
    kinds = typing.get_type_hints(make.__init__ if inspect.isclass(make) else make)
    settings: dict[str, Option] = {}
    for option in options:
        key, equals, text = option.partition("=")
        if not equals or key not in known or key in settings:
            offered = ", ".join(known) or "none"
            raise ConfigError(
                f"--space-option {option!r}: write setting=value, each setting once; {name} has {offered}"
            )
        settings[key] = _read(f"--space-option {option!r}", kinds.get(key, str), text)
    return _made(name, make, settings)


def space_origin(space: SearchSpace) -> str:
    """Package and version that a registered space comes from; empty if it is built in or of no package."""
    return SPACES.added().get(space.name, "")


def _made(name: str, make: Callable[..., SearchSpace], settings: Mapping[str, Option]) -> SearchSpace:
    try:
        return make(**settings)
    except TypeError as error:
        raise ConfigError(f"search space {name!r}: {error}") from None


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
