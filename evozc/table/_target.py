"""What architectures are to be ranked by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

import numpy as np

from evozc.errors import DataError

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
#: How words end that name what is better where it is lower.
_LOWER = (
    "loss", "losses", "ppl", "perplexity", "error", "errors", "err", "latency", "latencies", "time", "times",
    "rmse", "mse", "mae", "regret",
)


@dataclass(frozen=True)
class Target:
    """What an architecture is to be ranked by.

    Args:
        name: Column name, as ``accuracy``.
        values: float64 (architectures,), all finite; whatever holds real numbers is made such an array.
        unit: As ``%``; empty if it is not known, or there is none.
        higher_is_better: False for losses and perplexities. Left out it is True, but it has to
            be said where the name looks like that of a loss, perplexity, error, latency or time.
        noise_ceiling: Kendall tau between two independent measurements of this
            target, if known: no proxy can be expected to pass it by far.

    Raises:
        DataError: the values are no numbers, or the name leaves open whether higher is better.
    """

    name: str
    values: np.ndarray
    unit: str = ""
    higher_is_better: bool = cast("bool", None)
    noise_ceiling: float | None = None

    def __post_init__(self) -> None:
        try:
            values = np.asarray(self.values, dtype=np.float64)
        except (TypeError, ValueError):
            given = type(self.values).__name__
            raise DataError(f"target {self.name!r}: values must be real numbers, not {given}") from None
        if values.ndim != 1:
            shape = values.shape
            raise DataError(f"target {self.name!r}: values must be real numbers (n,), not of shape {shape}")
        object.__setattr__(self, "values", values)
        if self.higher_is_better is None:
            if looks_lower(self.name):
                raise DataError(
                    f"target {self.name!r}: is a higher or a lower value better? Its name looks as if lower "
                    f"is; say so: --target {self.name}:lower or --target {self.name}:higher "
                    "(in Python higher_is_better=False or True)"
                )
            object.__setattr__(self, "higher_is_better", True)

    @property
    def merit(self) -> np.ndarray:
        """The values, negated if lower is better."""
        return self.values if self.higher_is_better else -self.values

    @property
    def title(self) -> str:
        """The name, with a word on the direction where lower is better."""
        return self.name if self.higher_is_better else f"{self.name} (lower is better)"


def looks_lower(name: str) -> bool:
    """Whether a name is like that of a loss, perplexity, error, latency or time.

    Words are parted by what is no letter, and by capitals: ``test_ppl``, ``valLoss``, ``runtime``.
    """
    return any(word.lower().endswith(_LOWER) for word in _WORD.findall(name))
