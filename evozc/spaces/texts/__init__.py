"""Texts that nobody can build: :class:`Texts`."""

from evozc.spaces.texts._space import Texts

__all__ = ["Texts"]
