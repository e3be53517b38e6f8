"""Four cell spaces of NDS: :class:`Enas`, :class:`Pnas`, :class:`Amoeba`, :class:`NasNet`."""

from evozc.spaces.nds._families import Amoeba, Enas, NasNet, Pnas

__all__ = ["Amoeba", "Enas", "NasNet", "Pnas"]
