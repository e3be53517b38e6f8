"""FlexiBERT: :class:`FlexiBert`."""

from evozc.spaces.flexibert._space import FlexiBert

__all__ = ["FlexiBert"]
