"""The PiT space of Auto-Prox: :class:`PiT`."""

from evozc.spaces.pit._space import PiT

__all__ = ["PiT"]
