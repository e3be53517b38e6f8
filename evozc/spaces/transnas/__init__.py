"""The two spaces of TransNAS-Bench-101: :class:`TransNasMicro`, :class:`TransNasMacro`."""

from evozc.spaces.transnas._space import TransNasMacro, TransNasMicro

__all__ = ["TransNasMacro", "TransNasMicro"]
