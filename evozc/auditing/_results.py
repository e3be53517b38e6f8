"""What an audit found: typed, in JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evozc.auditing._bias import Removal
from evozc.auditing._complementarity import Complementarity
from evozc.auditing._explanation import Explanation, Opinion
from evozc.auditing._imitation import Imitation
from evozc.auditing._information import Information
from evozc.auditing._measured import Measured
from evozc.auditing._partial import Given
from evozc.auditing._predictors import Predictions
from evozc.auditing._stability import Change

FORMAT = "evozc-audit-1"


@dataclass(frozen=True)
class Sentinel:
    """A value that stands for a failure, and how many architectures have it."""

    value: float
    count: int


@dataclass(frozen=True)
class Within:
    """Tau inside strata.

    Args:
        strata: What the architectures of a stratum share.
        count: Strata of two architectures and more.
        compared: Architectures in them.
        tau: Over the pairs that share a stratum.
    """

    strata: str
    count: int
    compared: int
    tau: Measured


@dataclass(frozen=True)
class Bias:
    """How scores lean towards a structural number.

    Args:
        structure: Its name.
        published: Pearson's correlation on raw scores, each failure as -1e8, as NAS-Bench-Suite-Zero
            measures it.
        without_failures: Pearson's correlation without missing scores and sentinels.
        ranks: Spearman's rho without them.
        target: Spearman's rho of the target, which a perfect proxy would have.
        removal: What taking it out leaves.
    """

    structure: str
    published: float | None
    without_failures: float | None
    ranks: Measured
    target: Measured
    removal: tuple[Removal, ...]


@dataclass(frozen=True)
class ProxyAudit:
    """One proxy, formula or column.

    Args:
        name: As it was asked for.
        formula: Its text.
        verdict: What a reader should know first.
        missing: Architectures without a finite score.
        sentinels: Values that stand for a failure.
        tied: The share of architectures whose score another one has as well.
        turned: Whether scores fall with the target beyond chance; the top, nDCG and regret are then
            those of scores with the sign turned.
        ranking: Measures by name.
        given: Beside every trivial baseline.
        imitations: Of its scores, by sizes, and by sizes and operations.
        beyond: The proxies and sizes that it is held against, and the partial tau given them.
        beyond_what: Their names.
        within: Tau inside strata.
        biases: Towards structure.
        changes: What float32, units and other measurements do to it.
        explanation: Its parts and its errors.
        opinions: What it says of two architectures, if they were named.
    """

    name: str
    formula: str
    verdict: tuple[str, ...]
    missing: int
    sentinels: tuple[Sentinel, ...]
    tied: float
    turned: bool
    ranking: Mapping[str, Measured]
    given: tuple[Given, ...]
    imitations: tuple[Imitation, ...]
    beyond: Measured
    beyond_what: tuple[str, ...]
    within: tuple[Within, ...]
    biases: tuple[Bias, ...]
    changes: tuple[Change, ...]
    explanation: Explanation
    opinions: tuple[Opinion, ...]


@dataclass(frozen=True)
class BaselineTau:
    """A trivial baseline: its name, its kind and its tau with the target."""

    name: str
    kind: str
    tau: Measured


@dataclass(frozen=True)
class Audit:
    """What an audit of one table found.

    Args:
        table: Its name.
        table_hash: Of its contents.
        target: What is ranked by.
        unit: Of the target.
        noise_ceiling: Kendall tau of two measurements of the target, if known.
        architectures: That were looked at.
        classes: Of them, not isomorphic.
        left_out: Architectures of classes that a search of ``runs`` was given the labels of.
        verdict: At most five lines about the table as a whole.
        notes: What could not be done, and why.
        baselines: Trivial ones.
        proxies: One entry each, the best first.
        information: Under each binning.
        complementarity: None for a single proxy.
        predictions: None without XGBoost, or where the table is too small.
    """

    table: str
    table_hash: str
    target: str
    unit: str
    noise_ceiling: float | None
    architectures: int
    classes: int
    left_out: int
    verdict: tuple[str, ...]
    notes: tuple[str, ...]
    baselines: tuple[BaselineTau, ...]
    proxies: tuple[ProxyAudit, ...]
    information: tuple[Information, ...]
    complementarity: Complementarity | None
    predictions: Predictions | None


@dataclass(frozen=True)
class Transfer:
    """One proxy over several tables.

    Args:
        name: Of the proxy.
        taus: By table.
        worst: The lowest of them, its sign turned in all tables if most are below 0; None where
            a table has none.
        explained: By table, the share of tau that is that of its main trivial baseline.
    """

    name: str
    taus: Mapping[str, Measured]
    worst: float | None
    explained: Mapping[str, Measured]


@dataclass(frozen=True)
class AuditResults:
    """What an audit found, on one table or several.

    Args:
        format: Of the file.
        verdict: What a reader should know first, at most five lines.
        audits: One a table.
        transfer: What all tables allow, the best worst tau first; empty for one table.
        settings: As of :class:`AuditSettings`.
        versions: Of what computed it.
    """

    format: str
    verdict: tuple[str, ...]
    audits: tuple[Audit, ...]
    transfer: tuple[Transfer, ...]
    settings: Mapping[str, int]
    versions: Mapping[str, str]
