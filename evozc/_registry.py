"""Things by name: built-in ones, those of other installed packages, and those registered in this process."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module, metadata
from typing import Any, Generic, TypeVar, cast

from evozc.errors import ConfigError

T = TypeVar("T")


class Registry(Generic[T]):
    """One kind of thing by name, imported when it is first asked for.

    Args:
        kind: What messages call one of them, as ``search space``.
        group: The entry points under which other packages add theirs, as ``evozc.spaces``.
        built_in: ``module:attribute`` by name.
        check: Raises ``ValueError`` or an :class:`~evozc.errors.EvozcError` at a plug-in that is not
            one of this kind; it is then left out with a warning.
    """

    def __init__(
        self, kind: str, group: str, built_in: Mapping[str, str],
        check: Callable[[Any], object] = lambda _: None,
    ) -> None:
        self.kind = kind
        self.group = group
        self._built_in = dict(built_in)
        self._check = check
        self._registered: dict[str, T] = {}
        self._loaded: dict[str, T] = {}

    def names(self) -> list[str]:
        """All names: built-in ones, those of plug-ins, those of :meth:`register`."""
        return list(dict.fromkeys([*self._built_in, *self._entry_points(), *self._registered]))

    def register(self, name: str, thing: T) -> None:
        """Add a thing for this process.

        Raises:
            ConfigError: the name is taken by another one.
        """
        if self._registered.get(name, thing) is not thing or name in self._built_in:
            raise ConfigError(f"{self.kind} {name!r} is there already")
        self._check(thing)
        self._registered[name] = thing

    def get(self, name: str) -> T:
        """The thing of that name.

        Raises:
            ConfigError: there is none, or the plug-in that offers it is broken.
        """
        if name in self._registered:
            return self._registered[name]
        if name in self._loaded:
            return self._loaded[name]
        if name in self._built_in:
            module, _, attribute = self._built_in[name].partition(":")
            self._loaded[name] = cast("T", getattr(import_module(module), attribute))
            return self._loaded[name]
        point = self._entry_points().get(name)
        if point is None:
            raise ConfigError(f"unknown {self.kind} {name!r}{self._near(name)}")
        self._loaded[name] = self._load(point)
        return self._loaded[name]

    def everything(self) -> dict[str, T]:
        """All things by name; a broken plug-in is warned of and left out."""
        found: dict[str, T] = {}
        for name in self.names():
            try:
                found[name] = self.get(name)
            except ConfigError as error:
                warnings.warn(f"{error}; it is left out", stacklevel=2)
        return found

    def plug_ins(self) -> dict[str, str]:
        """By name, the package and version of what other packages add."""
        origins = {}
        for name, point in self._entry_points().items():
            if name not in self._built_in and point.dist is not None:
                origins[name] = f"{point.dist.name} {point.dist.version}"
        return origins

    def _entry_points(self) -> dict[str, metadata.EntryPoint]:
        return {point.name: point for point in metadata.entry_points(group=self.group)}

    def _load(self, point: metadata.EntryPoint) -> T:
        try:
            thing = cast("T", point.load())
            self._check(thing)
        except Exception as error:  # a plug-in may raise anything, and must not take the others with it
            origin = point.dist.name if point.dist is not None else point.value
            raise ConfigError(
                f"{self.kind} {point.name!r} of {origin} is broken: {type(error).__name__}: {error}"
            ) from error
        return thing

    def _near(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.names(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"{hint}; known are {', '.join(self.names())}"
