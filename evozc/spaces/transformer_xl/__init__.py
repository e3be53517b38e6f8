"""The Transformer-XL space of LiteTransformerSearch: :class:`TransformerXL`."""

from evozc.spaces.transformer_xl._space import TransformerXL

__all__ = ["TransformerXL"]
