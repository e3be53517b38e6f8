"""Hand-crafted proxies as formulas."""

from __future__ import annotations

from dataclasses import dataclass

from evozc.errors import FormulaError
from evozc.formula import Formula, parse, statistic
from primitives import NETWORK, SymbolSet


@dataclass(frozen=True)
class Proxy:
    """A published zero-cost proxy; higher is better.

    Args:
        name: As the literature calls it.
        text: Its formula over the full symbol set.
        source: Paper and equation.
    """

    name: str
    text: str
    source: str


ZOO = (
    Proxy("params", "network.params", "number of parameters, the first trivial baseline"),
    Proxy("flops", "network.macs", "multiply-accumulates, the second trivial baseline"),
    Proxy(
        "synflow", "sum(layer.synflow)",
        "Tanaka et al., NeurIPS 2020, equation 1, summed as in Abdelfattah et al., ICLR 2021",
    ),
    Proxy(
        "snip", "sum(layer.weight_x_grad_l1)",
        "Lee et al., ICLR 2019, equation 6, summed as in Abdelfattah et al., ICLR 2021",
    ),
    Proxy("grad_norm", "sum(layer.grad_l2)", "Abdelfattah et al., ICLR 2021, section 3.1"),
    Proxy("zico", "sum(log(layer.grad_ratio))", "Li et al., ICLR 2023, equation 14"),
    Proxy("naswot", "network.naswot", "Mellor et al., ICML 2021, equation 2"),
)


def proxies(symbols: SymbolSet) -> dict[str, Formula]:
    """The zoo's proxies that can be computed from a set's statistics, by name.

    Network scalars that no zoo proxy stands for, as those of a table of published
    scores, stand for themselves.
    """
    found: dict[str, Formula] = {}
    for proxy in ZOO:
        try:
            found[proxy.name] = parse(proxy.text, symbols)
        except FormulaError:  # the set lacks a statistic or an operator of it
            continue
    covered = {formula.text for formula in found.values()}
    for symbol in symbols.statistics.values():
        if symbol.type == NETWORK and symbol.key not in covered and symbol.name not in found:
            found[symbol.name] = statistic(symbol)
    return found
