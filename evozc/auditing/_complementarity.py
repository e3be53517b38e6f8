"""Which scores say the same, and which two say more together than either alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from evozc.auditing._scores import Scores
from evozc.engine import KendallTau


@dataclass(frozen=True)
class Complementarity:
    """Every two of several scores.

    Args:
        names: Of the scores.
        tau: Of each with the target; None where constant.
        agreement: Kendall tau of every two.
        together: Kendall tau with the target of the sum of log-ranks of every two (Lee and Ham,
            CVPR 2024, section 3.4), a score that falls with accuracy turned first.
    """

    names: tuple[str, ...]
    tau: tuple[float | None, ...]
    agreement: tuple[tuple[float | None, ...], ...]
    together: tuple[tuple[float | None, ...], ...]

    def best_partner(self, name: str) -> tuple[str, float] | None:
        """The other score with which it ranks best, and what that gains over the better of the two."""
        place = self.names.index(name)
        found = None
        for other, joint in enumerate(self.together[place]):
            here, there = self.tau[place], self.tau[other]
            if other == place or joint is None or here is None or there is None:
                continue
            gain = joint - max(abs(here), abs(there))
            if found is None or joint > found[1]:
                found = other, joint, gain
        return None if found is None else (self.names[found[0]], found[2])


def complement(scores: Sequence[Scores], merit: np.ndarray) -> Complementarity:
    """Agreement and joint tau of every two scores.

    Args:
        scores: At least two.
        merit: float64 (architectures,), higher is better.
    """
    with_target = KendallTau(merit)
    rows = np.stack([s.ranked for s in scores])
    alone = with_target.taus(rows)
    rising = [s.turned if tau < 0 else s.ranked for s, tau in zip(scores, alone, strict=True)]
    logs = np.log(np.stack([rankdata(row) for row in rising]) / rows.shape[1])
    agreement = np.stack([KendallTau(np.unique(row, return_inverse=True)[1]).taus(rows) for row in rows])
    together = np.stack([with_target.taus(logs + row) for row in logs])
    return Complementarity(
        tuple(s.name for s in scores), _known(alone), tuple(map(_known, agreement)),
        tuple(map(_known, together)),
    )


def _known(values: np.ndarray) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(v) else float(v) for v in values)
