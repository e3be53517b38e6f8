"""Formulas as numbers, for what makes and computes very many of them.

**In Python**: :class:`Pool`, :class:`Formulas`.

**In compiled code**: :mod:`~evozc.formula.pool.layout` says what stands where in a pool's arrays,
:mod:`~evozc.formula.pool.compiled` makes, compares and simplifies formulas there.
"""

from evozc.formula.pool._pool import Formulas, Pool

__all__ = ["Formulas", "Pool"]
