"""NAS-Bench-201: :class:`NasBench201`."""

from evozc.spaces.nasbench201._space import NasBench201

__all__ = ["NasBench201"]
