"""The GPT-2 space of LiteTransformerSearch: :class:`Gpt2`."""

from evozc.spaces.gpt2._space import Gpt2

__all__ = ["Gpt2"]
