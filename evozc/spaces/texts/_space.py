"""Architectures of any kind, for tables of published scores."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from evozc.errors import DataError
from evozc.spaces._space import ImageInputs, Outputs

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Texts:
    """Every text is an architecture and its own key; none can be built, drawn or changed."""

    name: ClassVar[str] = "texts"
    inputs: ClassVar[ImageInputs] = ImageInputs(3)
    outputs: ClassVar[Outputs] = Outputs("classes", 10)
    count: ClassVar[None] = None

    def settings(self) -> dict[str, int]:
        """None."""
        return {}

    def canonical_key(self, architecture: str) -> str:
        """The text itself.

        Raises:
            DataError: it is empty or blank.
        """
        if not architecture.strip():
            raise DataError("an architecture is empty")
        return architecture

    def build(self, architecture: str) -> nn.Module:
        """Never: only the text is known."""
        self._refuse("built")

    def blocks(self, network: Any) -> list[nn.Module]:
        """None."""
        return []

    def sample(self, generator: random.Random) -> str:
        """Never: all that is known are the texts of a table."""
        self._refuse("drawn")

    def neighbours(self, architecture: str) -> list[str]:
        """Never: what could be changed is not known."""
        self._refuse("changed")

    @staticmethod
    def _refuse(what: str) -> NoReturn:
        raise DataError(f"architectures of the space 'texts' cannot be {what}; name their space with --space")
