"""The MnasNet space of Accel-NASBench: :class:`MnasNet`."""

from evozc.spaces.mnasnet._space import MnasNet

__all__ = ["MnasNet"]
