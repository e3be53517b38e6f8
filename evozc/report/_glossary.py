"""What the symbols of formulas and the words of a page stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from evozc.report._mathml import to_mathml
from primitives import FULL, STATISTICS

_KEY = re.compile(r'\b(layer|activation|block|network)\.([A-Za-z0-9_]+|"[^"]+")')
_CALL = re.compile(r"\b([a-z_][a-z0-9_]*)\(")

#: What pages say of methods and measures.
WORDS: Mapping[str, str] = {
    "Kendall tau": "The share of pairs of architectures that scores order as the target does, less the "
    "share that they order the other way round; tau-b, which counts ties. 1 is the same order, 0 none, -1 "
    "the opposite.",
    "Spearman rho": "The correlation of the ranks of scores and target.",
    "95 % interval": "Where the figure would lie in 95 of 100 samples as this one. Isomorphic architectures "
    "count as one. Of tau, rho and partial tau from influences (delta method), of the others from bootstrap "
    "draws.",
    "noise ceiling": "Kendall tau of two measurements of the target, as two trainings: no score can pass it "
    "by far.",
    "top 10 %": "How much of the best tenth by accuracy the tenth with the highest scores holds; by chance "
    "10 %.",
    "nDCG": "Discounted gain of the tenth with the highest scores, the best ones counting most; 1 is "
    "perfect, random scores have about 0.5.",
    "regret": "How much accuracy is lost by taking the architecture with the highest score, in units of the "
    "target.",
    "partial tau": "What a baseline leaves of the tau of scores and target: tau among the architectures "
    "that are equal in it where it takes few values; otherwise what two normal variables with these taus "
    "would have in common beyond it (Greiner: r = sin(pi tau / 2), partial correlation, and back). 0 for "
    "scores that are the baseline and noise.",
    "Kendall's partial tau": "That of 1942, from three taus; not quite 0 for scores that are the baseline "
    "and noise.",
    "share explained": "1 - partial tau / tau: how much of a tau is that of a baseline.",
    "conv:pool": "Convolutions less poolings of an architecture, a difference, as NAS-Bench-Suite-Zero has "
    "it.",
    "cell size": "Operations of a cell that are not none.",
    "sentinel": "A value that stands for a failure, as -1e8, rather than for a measurement; it ranks last.",
    "conditional entropy": "Bits that are left to know about the target once scores are known, binned.",
    "Shapley value": "A term's mean gain of tau over all orders in which the terms may join.",
}


@dataclass(frozen=True)
class Entry:
    """One line of a glossary.

    Args:
        name: As formulas or pages write it.
        meaning: What it stands for.
        source: Where it comes from, if not elementary.
        math: Its symbol as MathML, marked as safe; empty for words.
    """

    name: str
    meaning: str
    source: str = ""
    math: Any = ""


def symbols_of(formulas: Iterable[str]) -> list[Entry]:
    """An entry for every statistic and operator that formula texts use, in order of appearance.

    Raises:
        ConfigError: latex2mathml is not installed.
    """
    from markupsafe import Markup

    known = {statistic.key: statistic for statistic in STATISTICS}
    found: dict[str, Entry] = {}
    for text in formulas:
        for node_set, name in _KEY.findall(text):
            key = f"{node_set}.{name}"
            if key in found:
                continue
            statistic = known.get(key)
            if statistic is None:
                found[key] = Entry(key, "a column of the table of scores")
                continue
            unit = f" [{statistic.unit}]" if statistic.unit else ""
            math = Markup(to_mathml(statistic.latex))  # noqa: S704 - known elements alone
            found[key] = Entry(key, statistic.definition + unit, statistic.source, math)
        for name in _CALL.findall(text):
            if name in FULL.operators and name not in found:
                found[name] = Entry(name, FULL.operators[name].definition, FULL.operators[name].source)
    return list(found.values())


def words(*names: str) -> list[Entry]:
    """Entries for some of :data:`WORDS`."""
    return [Entry(name, WORDS[name]) for name in names]
