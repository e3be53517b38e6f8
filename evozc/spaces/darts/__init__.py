"""DARTS, and NAS-Bench-301: :class:`Darts`."""

from evozc.spaces.darts._space import Darts

__all__ = ["Darts"]
