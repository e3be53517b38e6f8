"""What an audit found, in sentences; each with its figure and interval."""

from __future__ import annotations

from collections.abc import Sequence

from evozc.auditing._information import LEAST_GAIN, Information
from evozc.auditing._measured import Measured
from evozc.auditing._partial import Given, main_explanation
from evozc.auditing._predictors import Predictions
from evozc.auditing._ranking import TOP, no_better_than_chance
from evozc.auditing._results import BaselineTau, Bias, ProxyAudit

#: From this share on a ranking is called that of its baseline.
MOSTLY = 2 / 3
#: A proxy that agrees so much with a baseline which ranks as well is called that baseline.
_SAME = 0.8
#: Of a fit of sizes: the share of a proxy's variance, and of its tau, from which on it is a count of sizes.
_VARIANCE, _WORTH = 0.5, 0.95
_FITTED = "a count of sizes"
_TIED = 0.5
_COUNTS = {
    "parameters": "a count of parameters", "attention parameters": "a count of attention parameters",
    "feed-forward parameters": "a count of feed-forward parameters", "FLOPs": "a count of operations (FLOPs)",
    "depth": "a measure of depth",
}
#: A proxy that agrees so much with a baseline is that baseline.
_EQUAL = 0.999
#: Architectures a cell below which a shuffle within cells moves next to nothing, so that nothing is seen.
_SPARSE = 5
#: A published bias that failures move by this much is worth a line.
_BENT = 0.1


def shown(measured: Measured, places: int = 2) -> str:
    """A figure with its interval, as ``0.62 (0.60 to 0.64)``."""
    if measured.value is None:
        return "undefined"
    text = f"{measured.value:.{places}f}"
    if measured.low is None or measured.high is None:
        return text
    return f"{text} ({measured.low:.{places}f} to {measured.high:.{places}f})"


def percent(measured: Measured) -> str:
    """A share with its interval, as ``92 % (88 to 96)``."""
    if measured.value is None:
        return "undefined"
    text = f"{100 * measured.value:.0f} %"
    if measured.low is None or measured.high is None:
        return text
    return f"{text} ({100 * measured.low:.0f} to {100 * measured.high:.0f})"


def trivial(proxy: ProxyAudit, baselines: Sequence[BaselineTau]) -> str:
    """What a proxy's ranking is, if it is that of a trivial baseline; empty otherwise.

    One baseline takes most of its tau, or agrees with it to .8 and ranks as well; or a fit of
    sizes to it, labels unseen, has most of its variance and all but a twentieth of its tau.
    """
    tau, given = proxy.ranking["Kendall tau"], main_explanation(proxy.given)
    if given is None or tau.value is None:
        return ""
    alone = next((b.tau.value or 0.0 for b in baselines if b.name == given.baseline), 0.0)
    same = abs(given.agreement.value or 0.0) >= _SAME and abs(alone) >= abs(tau.value)
    if (given.explained.value or 0.0) >= MOSTLY or same:
        return _COUNTS.get(given.kind, f"a count of {given.baseline.removeprefix('#')}")
    sizes = next((i for i in proxy.imitations if i.by == "sizes"), None)
    if sizes is None or sizes.share.value is None or sizes.variance.value is None:
        return ""
    return _FITTED if sizes.variance.value >= _VARIANCE and sizes.share.value >= _WORTH else ""


def explained_by(proxy: ProxyAudit, baselines: Sequence[BaselineTau]) -> str:
    """What a proxy's ranking comes from, in one sentence."""
    tau = proxy.ranking["Kendall tau"]
    if tau.value is None:
        return "nothing to explain: it gives every architecture the same score"
    if not tau.excludes(0):
        return f"nothing to explain: tau {shown(tau)} is no better than chance"
    same = _same(proxy)
    if same is not None:
        return f"is {same.baseline}: tau {shown(same.agreement)} with it"
    given = main_explanation(proxy.given)
    if given is None:
        return "no trivial baseline is known for this table; name one with --baseline"
    figures = (
        f"{_share(given)} of its tau is that of {given.baseline}, which leaves {shown(given.partial)} "
        f"(Kendall's partial tau {shown(given.kendall)}); tau with it {shown(given.agreement)}"
    )
    fitted = next((i for i in proxy.imitations if i.by == "sizes"), None)
    fit = "" if fitted is None else (
        f"a fit of sizes to it has {percent(fitted.variance)} of its variance and ranks with "
        f"{shown(fitted.tau)}"
    )
    what = trivial(proxy, baselines)
    if what == _FITTED:
        return f"is {what}: {fit}; {figures}"
    figures = f"{figures}; {fit}" if fit else figures
    if what:
        return f"is {what}: {figures}"
    if (given.explained.value or 0.0) >= 1 / 3:
        return f"partly {given.baseline}: {figures}"
    return f"no trivial baseline explains a third of it: {figures}"


def _same(proxy: ProxyAudit) -> Given | None:
    """The baseline that a proxy is."""
    return next((g for g in proxy.given if abs(g.agreement.value or 0.0) >= _EQUAL), None)


def _share(given: Given) -> str:
    return percent(given.explained) if (given.explained.value or 0.0) < 1 else "all"


def proxy_verdict(
    proxy: ProxyAudit, architectures: int, ceiling: float | None, baselines: Sequence[BaselineTau]
) -> tuple[str, ...]:
    """At most five lines about one proxy."""
    tau = proxy.ranking["Kendall tau"]
    if tau.value is None:
        failed = f"; {proxy.missing} have none" if proxy.missing else ""
        return (f"ranks nothing: every architecture has the same score{failed}",)
    limit = "" if ceiling is None else f"; two measurements of the target agree to {ceiling:.2f}"
    chance = "" if tau.excludes(0) else ", no better than chance"
    chance = ", the wrong way round (below, its sign is turned)" if proxy.turned else chance
    lines = [
        f"ranks {architectures} architectures with Kendall tau {shown(tau)}{chance}{limit}",
        explained_by(proxy, baselines), _beyond(proxy), _top(proxy), _trust(proxy),
    ]
    return tuple(line for line in lines if line)


def _beyond(proxy: ProxyAudit) -> str:
    if proxy.beyond.value is None:
        return ""
    what, tau = " + ".join(proxy.beyond_what), proxy.ranking["Kendall tau"].value or 0.0
    says = proxy.beyond.excludes(0) and proxy.beyond.value * tau > 0
    text = f"says something beyond {what}" if says else f"nothing beyond {what} on this sample"
    return f"{text}: they leave {shown(proxy.beyond)} of its tau"


def _top(proxy: ProxyAudit) -> str:
    share, tau = proxy.ranking["top 10 %"], proxy.ranking["tau in the top 10 %"]
    held = f"its best tenth holds {percent(share)} of the true one, chance is {100 * TOP:.0f} %"
    if tau.value is None:
        return f"top 10 %: {held}"
    inside = "no better than chance" if no_better_than_chance("tau in the top 10 %", proxy.ranking) else (
        "better than chance" if tau.value > 0 else "worse than chance")
    return f"top 10 %: {held}; among the best its tau is {shown(tau)}, {inside}"


def _trust(proxy: ProxyAudit) -> str:
    """The first thing that makes the figures doubtful: failures, ties, fragility, or else its bias."""
    failures = [f"{s.count} of {s.value:g}" for s in proxy.sentinels]
    if proxy.missing:
        failures.append(f"{proxy.missing} missing")
    if failures:
        text = f"failed scores, ranked last: {', '.join(failures)}"
        bent = max(proxy.biases, key=_bend, default=None)
        if bent is not None and _bend(bent) >= _BENT:
            text += (f"; they bend its published bias towards {bent.structure} from "
                     f"{bent.without_failures:.2f} to {bent.published:.2f}")
        return text
    if proxy.tied >= _TIED:
        return f"ties: {100 * proxy.tied:.0f} % of the architectures share their score with another one"
    moved = [c for c in proxy.changes if c.change.excludes(0) and abs(c.change.value or 0.0) >= 0.01]
    if moved:
        first = max(moved, key=lambda c: abs(c.change.value or 0.0))
        return f"unstable: {first.what} changes its tau by {shown(first.change, 3)}"
    leaning = max(proxy.biases, key=_excess, default=None)
    if leaning is None or _excess(leaning) <= 0:
        return ""
    return (f"leans towards {leaning.structure}: rho {shown(leaning.ranks)}, the target's own is "
            f"{shown(leaning.target)}")


def _bend(bias: Bias) -> float:
    if bias.published is None or bias.without_failures is None:
        return 0.0
    return abs(bias.published - bias.without_failures)


def _excess(bias: Bias) -> float:
    """How much further than the target's own a bias goes."""
    if bias.ranks.value is None or bias.target.value is None:
        return 0.0
    return abs(bias.ranks.value) - abs(bias.target.value)


def table_verdict(
    proxies: Sequence[ProxyAudit], baselines: Sequence[BaselineTau], information: Sequence[Information],
    predictions: Predictions | None, ceiling: float | None,
) -> tuple[str, ...]:
    """At most five lines about all proxies of a table; of one proxy, its own."""
    if len(proxies) == 1:
        return tuple(f"{proxies[0].name}: {line}" for line in proxies[0].verdict[:5])
    lines = [_best(proxies, baselines, ceiling), _sizes(proxies, baselines)]
    lines += [_told(info) for info in information if info.binning == "published"]
    if predictions is not None:
        lines.append(_lift(predictions))
    lines.append(_tops(proxies))
    return tuple(line for line in lines if line)[:5]


def _best(proxies: Sequence[ProxyAudit], baselines: Sequence[BaselineTau], ceiling: float | None) -> str:
    known = [p for p in proxies if p.ranking["Kendall tau"].value is not None]
    if not known:
        return "none ranks anything: every score is constant"
    best = max(known, key=lambda p: abs(p.ranking["Kendall tau"].value or 0.0))
    tau = best.ranking["Kendall tau"]
    sign = ", turned round" if (tau.value or 0.0) < 0 else ""
    text = f"best of {len(proxies)}: {best.name}{sign}, Kendall tau {shown(tau)}"
    trivial = [b for b in baselines if b.tau.value is not None]
    if trivial:
        first = max(trivial, key=lambda b: abs(b.tau.value or 0.0))
        text += f"; the best trivial baseline, {first.name}, has {shown(first.tau)}"
    return text + ("" if ceiling is None else f"; two measurements of the target agree to {ceiling:.2f}")


def _sizes(proxies: Sequence[ProxyAudit], baselines: Sequence[BaselineTau]) -> str:
    sure = [(p, main_explanation(p.given)) for p in proxies if p.ranking["Kendall tau"].excludes(0)]
    ranking = [(p, g) for p, g in sure if g is not None and not _same(p)]
    counts = [(p, g) for p, g in ranking if trivial(p, baselines)]
    if not ranking:
        return ""
    if not counts:
        p, g = max(ranking, key=lambda pair: pair[1].explained.value or 0.0)
        return (f"none ranks by a trivial baseline alone: at most {percent(g.explained)} of a tau "
                f"({p.name}) is that of {g.baseline}")
    listed = ", ".join(f"{p.name} ({_share(g)} {g.baseline})" for p, g in counts[:4])
    more = f" and {len(counts) - 4} more" if len(counts) > 4 else ""
    return f"{len(counts)} of {len(ranking)} rank as a trivial baseline does: {listed}{more}"


def _told(info: Information) -> str:
    told = info.steps[: info.telling]
    if not told:
        return "no proxy tells more about the target than a shuffled one, in bits"
    listed = ", ".join(f"{s.name} {shown(s.corrected)}" for s in told)
    if len(told) == len(info.steps):
        return f"every step says something beyond shuffled proxies, in bits: {listed}"
    real = told[-1].entropy - info.steps[-1].entropy
    by_chance = info.shuffled[len(told)] - info.shuffled[-1]
    which = "the first" if len(told) == 1 else f"the first {len(told)}"
    say = "says" if len(told) == 1 else "say"
    little = [s for s in info.steps[len(told):] if s.corrected.excludes(0) and (s.corrected.value or 0.0) > 0]
    less = f"; {', '.join(s.name for s in little)} less than {LEAST_GAIN:g} each" if little else ""
    dense = sum(info.architectures >= _SPARSE * s.cells for s in info.steps) + 1
    unseen = f" (after {dense} cells hold fewer than {_SPARSE}: more would not be seen)"
    unseen = unseen if dense < len(info.steps) else ""
    return (
        f"only {which} of {len(info.steps)} steps {say} something beyond shuffled proxies, in bits: "
        f"{listed}{less}; all further steps lower the entropy by {real:.2f}, with shuffled labels by "
        f"{by_chance:.2f}{unseen}"
    )


def _lift(predictions: Predictions) -> str:
    rows = [row for row in predictions.rows if row.gain is not None]
    if not rows:
        return ""
    base, best = predictions.rows[0], max(rows, key=lambda row: row.tau.value or 0.0)
    return (
        f"XGBoost on {predictions.labels} labels: {base.features} {shown(base.tau)}, {best.features} "
        f"{shown(best.tau)}, a gain of {percent(best.gain or Measured())}"
    )


def _tops(proxies: Sequence[ProxyAudit]) -> str:
    known = [p for p in proxies if p.ranking["tau in the top 10 %"].value is not None]
    if not known:
        return ""
    better = [p for p in known if p.ranking["tau in the top 10 %"].excludes(0)
              and (p.ranking["tau in the top 10 %"].value or 0.0) > 0]
    if not better:
        return f"among the best 10 % by accuracy none of {len(known)} ranks better than chance"
    best = max(better, key=lambda p: p.ranking["tau in the top 10 %"].value or 0.0)
    return (f"among the best 10 % by accuracy {len(better)} of {len(known)} rank better than chance; best "
            f"{best.name}, tau {shown(best.ranking['tau in the top 10 %'])}")
