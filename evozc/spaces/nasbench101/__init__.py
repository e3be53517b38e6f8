"""NAS-Bench-101: :class:`NasBench101`."""

from evozc.spaces.nasbench101._space import NasBench101

__all__ = ["NasBench101"]
