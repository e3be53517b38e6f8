"""The audit of a table: every part, in order."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from evozc.auditing._association import spearman, tau_within
from evozc.auditing._baselines import Baseline, trivial_baselines
from evozc.auditing._bias import (
    Structure,
    pearson_without_failures,
    published_bias,
    rank_bias,
    remove_bias,
    structures,
)
from evozc.auditing._complementarity import complement
from evozc.auditing._explanation import Opinion, compare_two, explain
from evozc.auditing._imitation import Imitator
from evozc.auditing._information import BINNINGS, Information, information
from evozc.auditing._measured import Measured, of_influence
from evozc.auditing._operations import Operations, count_operations
from evozc.auditing._partial import Baselines, beyond
from evozc.auditing._predictors import Predictions, one_hot, predict, statistics_features
from evozc.auditing._ranking import Ranking
from evozc.auditing._results import Audit, BaselineTau, Bias, ProxyAudit, Sentinel, Within
from evozc.auditing._scores import Scores, score_all
from evozc.auditing._settings import AuditSettings
from evozc.auditing._stability import recompute, remeasured
from evozc.auditing._strata import make_strata
from evozc.auditing._verdict import proxy_verdict, table_verdict
from evozc.engine import KendallTau
from evozc.errors import ConfigError, DataError
from evozc.evaluation import estimate
from evozc.formula import Formula
from evozc.table import Table

#: Classes below which no figure means anything.
FEWEST = 10
#: Two scores that agree so much are the same.
_SAME = 0.999


def audit_table(
    table: Table,
    proxies: Sequence[str] = (),
    *,
    name: str = "table",
    formulas: Mapping[str, Formula] | None = None,
    everything: bool | None = None,
    target: str | None = None,
    baselines: Sequence[str] = (),
    seen: frozenset[str] = frozenset(),
    others: Mapping[str, Table] | None = None,
    pair: tuple[str, str] | None = None,
    settings: AuditSettings | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Audit:
    """Audit proxies, formulas or columns of a table.

    Args:
        table: Scores or statistics of architectures, and their targets.
        proxies: Columns, known proxies or formula texts; without any, and without ``formulas``,
            everything that the table holds.
        name: Of the table, to show.
        formulas: Further ones, by the name to show.
        everything: Also all known proxies and columns. [default: where none is named]
        target: What to rank by. [default: the only target]
        baselines: Columns to take for trivial, beside sizes and operations.
        seen: Canonical keys whose labels a search has seen; their architectures are left out.
        others: By name, other measurements of the same architectures.
        pair: Two architectures to say something of.
        settings: Of the audit.
        progress: Called with the number of proxies done and their total.

    Raises:
        DataError: the target is constant, or too few architectures are left.
        ConfigError: a proxy or baseline that the table does not know.
        FormulaError: a formula that the table has not the statistics for.
    """
    settings = settings or AuditSettings()
    kept = [i for i, key in enumerate(table.keys) if key not in seen]
    data = table.select(kept) if len(kept) < len(table) else table
    aim = table.target(target)
    merit = data.target(aim.name).merit
    _check(data, merit, aim.name)
    asked = bool(proxies or formulas)
    scores = score_all(data, proxies, formulas or {}, not asked if everything is None else everything)
    known = scores if not asked else _with_known(data, scores)
    operations = count_operations(data)
    work = _Work(data, merit, operations, trivial_baselines(data, operations, baselines), known, settings)
    notes: list[str] = list(work.notes)
    entropies = _information(work, notes)
    pairs = complement(known, merit) if len(known) > 1 else None
    found = []
    for place, one in enumerate(scores):
        found.append(work.audit(one, others or {}, pair))
        progress(place + 1, len(scores))
    predictions = _predictions(work, [s for s in known if not s.constant], notes)
    found.sort(key=lambda p: -abs(p.ranking["Kendall tau"].value or 0.0))
    ceiling, taus = aim.noise_ceiling, work.baseline_taus
    found = [replace(p, verdict=proxy_verdict(p, len(data), ceiling, taus)) for p in found]
    return Audit(
        table=name, table_hash=table.content_hash, target=aim.name, unit=aim.unit,
        noise_ceiling=ceiling, architectures=len(data), classes=len(set(data.keys)),
        left_out=len(table) - len(data), verdict=table_verdict(found, taus, entropies, predictions, ceiling),
        notes=tuple(notes), baselines=taus, proxies=tuple(found), information=tuple(entropies),
        complementarity=pairs, predictions=predictions,
    )


def _check(data: Table, merit: np.ndarray, target: str) -> None:
    classes = len(set(data.keys))
    if classes < FEWEST:
        raise DataError(
            f"only {classes} architectures that are not isomorphic: an audit needs at least {FEWEST}, and "
            "some hundred for narrow intervals"
        )
    if merit.min() == merit.max():
        raise DataError(f"all {len(merit)} architectures have the same {target}: there is nothing to rank by")


def _with_known(data: Table, scores: Sequence[Scores]) -> list[Scores]:
    """What was asked for, and all else that the table allows, to hold it against."""
    have = {s.formula for s in scores}
    names = {s.name for s in scores}
    try:
        others = score_all(data, (), {}, True)
    except ConfigError:  # a table without any known proxy
        return list(scores)
    return [*scores, *(s for s in others if s.formula not in have and s.name not in names)]


class _Work:
    """What the audits of all proxies of a table share."""

    def __init__(
        self, table: Table, merit: np.ndarray, operations: Operations | None, baselines: Sequence[Baseline],
        known: Sequence[Scores], settings: AuditSettings,
    ) -> None:
        self.table, self.merit, self.settings = table, merit, settings
        self.operations = operations
        _, self.clusters = np.unique(np.asarray(table.keys), return_inverse=True)
        self.known = list(known)
        self.baselines = Baselines(baselines, merit, self.clusters)
        self.ranking = Ranking(merit, self.clusters, settings.draws, settings.seed)
        kinds = {"sizes": [b for b in baselines if b.is_size]}
        if operations is not None:
            kinds["sizes and operations"] = [b for b in baselines if b.kind != "named"]
        self.imitators = [
            Imitator(by, some, merit, self.clusters, settings.seed) for by, some in kinds.items() if some
        ]
        self.strata = make_strata(self.baselines.size, operations)
        self.structures = structures(baselines, operations)
        self.target_bias = [spearman(merit, s.values, self.clusters) for s in self.structures]
        self.taus = KendallTau(merit).taus(np.stack([s.ranked for s in known]))
        self.notes = [] if operations is not None else [
            "the table's space gives no graphs: no counts of operations, no bias towards them, no encoding"
        ]
        if not baselines:
            self.notes.append("no column is named as a size (params, flops, depth): name one with --baseline")

    @property
    def baseline_taus(self) -> tuple[BaselineTau, ...]:
        """The tau of every trivial baseline."""
        taus = self.baselines.measured
        return tuple(BaselineTau(b.name, b.kind, taus[b.name]) for b in self.baselines.all)

    def audit(
        self, scores: Scores, others: Mapping[str, Table], pair: tuple[str, str] | None
    ) -> ProxyAudit:
        """Everything about one proxy but its verdict."""
        ranked, merit, clusters = scores.ranked, self.merit, self.clusters
        whole = estimate(ranked, merit, clusters)
        constant = math.isnan(whole.tau)
        rivals = {} if constant else self._rivals(scores)
        opinions: tuple[Opinion, ...] = ()
        if pair is not None:
            opinions = compare_two(scores.formula, self.table, merit, *pair)
        turned = of_influence(whole.tau, whole.influence, clusters).excludes(0) and whole.tau < 0
        return ProxyAudit(
            name=scores.name, formula=scores.formula.text, verdict=(),
            missing=int(np.count_nonzero(~np.isfinite(scores.values))),
            sentinels=tuple(
                Sentinel(value, int(np.count_nonzero(scores.values == value))) for value in scores.sentinels
            ),
            tied=scores.tied,
            turned=turned,
            ranking=self.ranking(ranked, scores.turned if turned else ranked),
            given=() if constant else tuple(self.baselines.given(ranked, whole)),
            imitations=() if constant else tuple(imitate(ranked, whole) for imitate in self.imitators),
            beyond=beyond(ranked, rivals, merit, clusters) if rivals else Measured(),
            beyond_what=tuple(rivals),
            within=() if constant else tuple(
                Within(s.name, s.count, s.compared, tau_within(ranked, merit, s.owner, clusters))
                for s in self.strata
            ),
            biases=() if constant else tuple(
                self._bias(scores, s, target)
                for s, target in zip(self.structures, self.target_bias, strict=True)
            ),
            changes=() if constant else (
                *recompute(scores, self.table, merit, clusters),
                *remeasured(scores, self.table, others, merit, clusters),
            ),
            explanation=explain(scores.formula, self.table, ranked, merit, clusters),
            opinions=opinions,
        )

    def _bias(self, scores: Scores, structure: Structure, target: Measured) -> Bias:
        published = published_bias(scores, structure)
        clean = pearson_without_failures(scores, structure)
        return Bias(
            structure=structure.name, published=None if math.isnan(published) else published,
            without_failures=None if math.isnan(clean) else clean,
            ranks=rank_bias(scores, structure, self.clusters), target=target,
            removal=tuple(
                remove_bias(scores, structure, self.merit, self.clusters) if structure.removed else ()
            ),
        )

    def _rivals(self, scores: Scores) -> dict[str, np.ndarray]:
        """The best other proxy and the best size, what is the same as the scores left out."""
        own = KendallTau(np.unique(scores.ranked, return_inverse=True)[1])
        rows = {s.name: s.ranked for s in self.known}
        order = sorted(range(len(self.known)), key=lambda i: -np.nan_to_num(abs(self.taus[i])))
        found: dict[str, np.ndarray] = {}
        for place in order:
            other = self.known[place]
            if other.name != scores.name and not other.constant and abs(own(other.ranked)) < _SAME:
                found[other.name] = rows[other.name]
                break
        size = self.baselines.size
        if size is not None and abs(own(size.values)) < _SAME:
            twins = [abs(KendallTau(size.values)(row)) for row in found.values()]
            if not twins or max(twins) < _SAME:
                found[size.name] = size.values
        return found


def _information(work: _Work, notes: list[str]) -> list[Information]:
    """Both binnings: the published one on scores as stored, the textbook one without failures."""
    usable = [s for s in work.known if not s.constant]
    if not usable:
        return []
    found = []
    for binning in BINNINGS:
        published = binning == "published"
        kept = np.ones(len(work.merit), bool) if published else np.all([s.known for s in usable], axis=0)
        if len(set(work.clusters[kept])) < FEWEST or work.merit[kept].min() == work.merit[kept].max():
            notes.append(f"information with {binning} bins: too few architectures have all scores")
            continue
        rows = {s.name: (s.published if published else s.values)[kept] for s in usable}
        found.append(information(
            work.merit[kept], rows, binning, steps=work.settings.steps,
            permutations=work.settings.permutations, seed=work.settings.seed,
        ))
    return found


def _predictions(work: _Work, usable: Sequence[Scores], notes: list[str]) -> Predictions | None:
    if not work.settings.labels or not usable:
        return None
    rows = np.stack([s.values for s in usable], axis=1)
    encoding = one_hot(work.table)
    features = {f"{len(usable)} scores": rows}
    if encoding is not None and encoding.shape[1]:
        features = {"encoding": encoding, **features, f"encoding + {len(usable)} scores":
                    np.concatenate([encoding, rows], axis=1)}
    statistics = statistics_features(work.table)
    if statistics is not None:
        features["statistics"] = statistics
        if encoding is not None:
            features["encoding + statistics"] = np.concatenate([encoding, statistics], axis=1)
    try:
        return predict(
            work.table, work.merit, features, work.settings.labels, work.settings.repeats, work.settings.seed
        )
    except ConfigError as error:
        notes.append(f"no predictor: {error}")
        return None
