"""How an audit is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from evozc._settings import Settings


@dataclass(frozen=True)
class AuditSettings(Settings):
    """Settings of an audit; the same settings and table give the same figures.

    Args:
        seed: Of draws, permutations and splits.
        draws: Bootstrap draws behind the intervals of top 10 %, nDCG and regret.
        permutations: Shuffled targets and proxies behind the nulls of information.
        steps: Proxies that the greedy order of information holds at most.
        labels: Architectures that a predictor is trained on; 0 for no predictor.
        repeats: Trainings of each predictor.

    Raises:
        ConfigError: a value out of range.
    """

    title: ClassVar[str] = "audit settings"

    seed: int = 0
    draws: int = 200
    permutations: int = 20
    steps: int = 8
    labels: int = 100
    repeats: int = 8

    def _rules(self) -> list[tuple[str, bool]]:
        return [
            ("seed must be 0 or more", self.seed >= 0),
            ("draws must be at least 20", self.draws >= 20),
            ("permutations must be at least 19, for a p-value of 5 %", self.permutations >= 19),
            ("steps must be at least 1", self.steps >= 1),
            ("labels must be at least 10, or 0 for no predictor", self.labels == 0 or self.labels >= 10),
            ("repeats must be at least 2", self.repeats >= 2),
        ]
