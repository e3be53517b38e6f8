"""What scoring many formulas gave, in columns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, Self

import numpy as np

Reason = Literal["constant", "not finite"]
_REASONS: tuple[Reason | None, ...] = (None, "constant", "not finite")
#: Reasons as numbers; 0 for none.
CONSTANT, NOT_FINITE = 1, 2
_DIGITS = 16


class Outcome(NamedTuple):
    """What scoring one formula gave.

    Args:
        tau: Kendall tau-b on the labelled sample, or None for an invalid formula.
        ranking: Digest of the ranking of the sample, equal for equivalent formulas.
        reason: Why it is invalid, or None.
        probed: Whether the probe alone was enough to see that.
    """

    tau: float | None
    ranking: str = ""
    reason: Reason | None = None
    probed: bool = False


class Outcomes(Sequence[Outcome]):
    """Outcomes of many formulas, each made when somebody looks at it.

    Attributes:
        taus: float64, NaN for invalid formulas.
        rankings: uint64, digests of the rankings.
        reasons: int64, 0 for valid formulas, 1 for constant ones, 2 for too many scores that are not finite.
        probed: bool, whether the probe was enough to see that.
    """

    def __init__(
        self, taus: np.ndarray, rankings: np.ndarray, reasons: np.ndarray, probed: np.ndarray
    ) -> None:
        self.taus, self.rankings, self.reasons, self.probed = taus, rankings, reasons, probed

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Self:
        """The same outcomes in columns; of rankings that are no digests, it is kept which are equal."""
        if isinstance(outcomes, cls):
            return outcomes
        listed = list(outcomes)
        return cls(
            np.array([np.nan if o.tau is None else o.tau for o in listed]),
            np.array([_digest(o.ranking) for o in listed], np.uint64),
            np.array([_REASONS.index(o.reason) for o in listed], np.int64),
            np.array([o.probed for o in listed], bool),
        )

    def __len__(self) -> int:
        return len(self.taus)

    def __getitem__(self, place):
        if isinstance(place, slice):
            return [self[k] for k in range(*place.indices(len(self)))]
        tau, reason = float(self.taus[place]), _REASONS[self.reasons[place]]
        if reason:
            return Outcome(None, reason=reason, probed=bool(self.probed[place]))
        return Outcome(tau, f"{int(self.rankings[place]):0{_DIGITS}x}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)


def _digest(ranking: str) -> int:
    try:
        if len(ranking) == _DIGITS:
            return int(ranking, 16)
    except ValueError:
        pass
    return int.from_bytes(hashlib.blake2b(ranking.encode(), digest_size=8).digest(), "little")
