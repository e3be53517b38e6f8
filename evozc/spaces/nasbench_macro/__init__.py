"""NAS-Bench-Macro: :class:`NasBenchMacro`."""

from evozc.spaces.nasbench_macro._space import NasBenchMacro

__all__ = ["NasBenchMacro"]
