"""AutoFormer: :class:`AutoFormer`."""

from evozc.spaces.autoformer._space import AutoFormer

__all__ = ["AutoFormer"]
