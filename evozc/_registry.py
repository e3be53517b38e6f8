"""Things by name: built-in ones, those of other installed packages, and those registered in this process."""

from __future__ import annotations

import difflib
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module, metadata
from typing import Any, Generic, TypeVar, cast

from evozc.errors import ConfigError, PlugInWarning

T = TypeVar("T")
Points = dict[str, list[metadata.EntryPoint]]
#: What was registered in this process, by group and name.
_REGISTERED: dict[str, dict[str, Any]] = {}


class Registry(Generic[T]):
    """One kind of thing by name, imported when it is first asked for.

    Args:
        kind: What messages call one of them, as ``search space``.
        group: The entry points under which other packages add theirs, as ``evozc.spaces``.
        built_in: By name, ``module:attribute``, or the thing itself where it is at hand.
        check: Called with a name and what a plug-in or a user offers under it; raises
            ``ValueError`` or an :class:`~evozc.errors.EvozcError` where that is not one of this kind.
    """

    def __init__(
        self, kind: str, group: str, built_in: Mapping[str, str | T],
        check: Callable[[str, Any], object] = lambda _name, _thing: None,
    ) -> None:
        self.kind = kind
        self.group = group
        self._built_in = dict(built_in)
        self._check = check
        self._registered: dict[str, T] = _REGISTERED.setdefault(group, {})
        self._loaded: dict[str, T] = {}
        self._told: set[str] = set()

    def names(self) -> list[str]:
        """All names: built-in ones, then those of plug-ins and of :meth:`register`, each in order."""
        added = sorted({*self._entry_points(), *self._registered} - self._built_in.keys())
        return [*self._built_in, *added]

    def register(self, name: str, thing: T) -> None:
        """Add a thing for this process; the same one twice is one.

        Raises:
            ConfigError: the name is taken by another one, or the thing is not of this kind.
        """
        if self._registered.get(name, thing) is not thing or name in self._built_in:
            raise ConfigError(f"{self.kind} {name!r} is there already")
        try:
            self._check(name, thing)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{self.kind} {name!r} cannot be registered: {error}") from error
        self._registered[name] = thing

    @contextmanager
    def lent(self, name: str, thing: T) -> Iterator[None]:
        """Register a thing for a block, as tests do.

        Raises:
            ConfigError: as :meth:`register`.
        """
        self.register(name, thing)
        try:
            yield
        finally:
            del self._registered[name]

    def get(self, name: str) -> T:
        """The thing of that name; one of this process goes before one of a plug-in.

        Raises:
            ConfigError: there is none, or the plug-in that offers it is broken.
        """
        if name in self._registered:
            return self._registered[name]
        if name not in self._loaded:
            self._loaded[name] = self._found(name)
        return self._loaded[name]

    def everything(self) -> dict[str, T]:
        """All things by name; a broken plug-in is warned of and left out."""
        return {**{name: self.get(name) for name in self._built_in}, **self.plug_ins()}

    def plug_ins(self) -> dict[str, T]:
        """Those that are not built in, by name; a broken one is warned of, once, and left out."""
        found: dict[str, T] = {}
        for name in self.added():
            try:
                found[name] = self.get(name)
            except ConfigError as error:
                if name not in self._told:
                    self._told.add(name)
                    warnings.warn(f"{error}; it is left out", PlugInWarning, stacklevel=2)
        return found

    def added(self) -> dict[str, str]:
        """By name, the package and version that each one that is not built in comes from."""
        points = self._entry_points()
        if not points and not self._registered:
            return {}
        origins = {name: " and ".join(map(_origin, points[name])) for name in points}
        origins |= dict.fromkeys(self._registered, "registered in Python")
        return {name: origins[name] for name in self.names() if name not in self._built_in}

    def _found(self, name: str) -> T:
        if name in self._built_in:
            held = self._built_in[name]
            if not isinstance(held, str):
                return held
            module, _, attribute = held.partition(":")
            return cast("T", getattr(import_module(module), attribute))
        points = self._entry_points().get(name, [])
        if not points:
            raise ConfigError(f"unknown {self.kind} {name!r}{self._near(name)}")
        if len(points) > 1:
            raise ConfigError(f"{self.kind} {name!r} is offered by {' and '.join(map(_origin, points))}")
        try:
            thing = cast("T", points[0].load())
            self._check(name, thing)
        except Exception as error:  # a plug-in may raise anything, and must not take the others with it
            raise ConfigError(
                f"{self.kind} {name!r} of {_origin(points[0])} is broken: {type(error).__name__}: {error}"
            ) from error
        return thing

    def _entry_points(self) -> Points:
        return _installed(tuple(sys.path)).get(self.group, {})

    def _near(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"{hint}; known are {', '.join(self.names())}"


@contextmanager
def lending() -> Iterator[None]:
    """A block after which nothing is registered that was not before."""
    before = registered()
    try:
        yield
    finally:
        for group, things in _REGISTERED.items():
            things.clear()
            things.update(before.get(group, {}))


def registered() -> dict[str, dict[str, Any]]:
    """What was registered in this process, by group and name; for workers, which :func:`adopt` it."""
    return {group: dict(things) for group, things in _REGISTERED.items() if things}


def adopt(things: Mapping[str, Mapping[str, Any]]) -> None:
    """Register what another process has registered."""
    for group, named in things.items():
        _REGISTERED.setdefault(group, {}).update(named)


def imported(kind: str, name: str, check: Callable[[str, Any], object] = lambda _name, _thing: None) -> Any:
    """What ``package.module:attribute`` names, for users who write it; this runs the module's code.

    Args:
        kind: What messages call it.
        name: Modules are found as Python finds them, and in the current folder.
        check: As for :class:`Registry`.

    Raises:
        ConfigError: there is no such module or attribute, importing fails, or it is of another kind.
    """
    module_name, _, path = name.partition(":")
    # For good, since a user's module may import its neighbours only when it is called.
    if os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path holds texts
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    try:
        found = import_module(module_name)
        for part in path.split("."):
            found = getattr(found, part)
        check(name, found)
    except Exception as error:  # a user's module may raise anything
        raise ConfigError(
            f"{kind} {name!r}: {type(error).__name__}: {error}; write package.module:Class"
        ) from error
    return found


def _origin(point: metadata.EntryPoint) -> str:
    return point.value if point.dist is None else f"{point.dist.name} {point.dist.version}"


@lru_cache(maxsize=4)
def _installed(_path: tuple[str, ...]) -> dict[str, Points]:
    """What installed packages offer us, by group and name; looked up once, for it reads a file of each."""
    offered = metadata.entry_points()
    found: dict[str, Points] = {}
    for group in offered.groups:
        if group.startswith("evozc."):
            found[group] = {}
            for point in offered.select(group=group):
                found[group].setdefault(point.name, []).append(point)
    return found
