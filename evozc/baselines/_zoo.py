"""Hand-crafted proxies as formulas."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any, Literal

from evozc._registry import Registry
from evozc.errors import ConfigError, FormulaError
from evozc.formula import Formula, parse, statistic
from evozc.symbols import group_names
from primitives import NETWORK, SymbolSet


@dataclass(frozen=True)
class KnownProxy:
    """A published zero-cost proxy; of its formula, higher is better.

    Args:
        name: As the literature calls it.
        text: Its formula over the full symbol set.
        source: Paper, place in it, and where its official code does otherwise; the formula
            follows the code.
        direction: ``negative`` if better networks have lower values by the published
            definition, whose sign the formula then turns.
    """

    name: str
    text: str
    source: str
    direction: Literal["positive", "negative"] = "positive"

    @property
    def formula(self) -> Formula:
        """The formula over everything that can be measured."""
        return parse(self.text)

    @property
    def needs_labels(self) -> bool:
        """Whether it needs labelled data."""
        return any(s.needs_labels for s in self.formula.statistics())

    @property
    def groups(self) -> tuple[str, ...]:
        """The parts of extraction that it needs, in the order of the catalogue."""
        used = {s.group for s in self.formula.statistics()}
        return tuple(group for group in group_names() if group in used)


_SUITE = "code of NAS-Bench-Suite-Zero, Krishnakumar et al., NeurIPS 2022"
_LIGHT = "Abdelfattah et al., ICLR 2021"
_AZNAS = "Lee and Ham, CVPR 2024"

_EXPRESSIVITY = "sum(block.entropy)"
_PROGRESSIVITY = "min(diff(block.entropy))"
_TRAINABILITY = "mean(neg(add(block.jacobian, inv(add(block.jacobian, 1e-06)))))"
_COMPLEXITY = "network.macs"

ZOO = (
    KnownProxy("params", "network.params", "number of parameters, the first trivial baseline"),
    KnownProxy("flops", "network.macs", "multiply-accumulates, the second trivial baseline"),
    KnownProxy("l2_norm", "sum(layer.weight_l2)", _SUITE),
    KnownProxy(
        "plain", "neg(sum(layer.weight_x_grad_sum))",
        f"{_SUITE}, where it falls with accuracy on NAS-Bench-201 and 301",
        direction="negative",
    ),
    KnownProxy("grad_norm", "sum(layer.grad_l2)", f"{_LIGHT}, section 3.1"),
    KnownProxy(
        "snip", "sum(layer.weight_x_grad_l1)",
        f"Lee et al., ICLR 2019, equation 6, summed as in {_LIGHT}",
    ),
    KnownProxy(
        "grasp", "neg(sum(layer.weight_x_hessian_grad_sum))",
        f"Wang et al., ICLR 2020, equation 8, summed as in {_LIGHT}",
    ),
    KnownProxy(
        "fisher", "sum(mul(layer.fisher, div(layer.numel, layer.c_out)))",
        f"Theis et al., 2018, summed by the code of {_LIGHT}, over the weights, where the paper sums over "
        "the channels: a channel counts once for each of its weights",
    ),
    KnownProxy(
        "synflow", "sum(layer.synflow)",
        f"Tanaka et al., NeurIPS 2020, equation 1, summed as in {_LIGHT}",
    ),
    KnownProxy("jacov", "network.jacov", f"Mellor et al., 2020, arXiv 2006.04647 version 1; {_SUITE}"),
    KnownProxy("nwot", "network.naswot", "Mellor et al., ICML 2021, equation 2; also called NASWOT"),
    KnownProxy("epe_nas", "network.epe_nas", f"Lopes et al., ICANN 2021; {_SUITE}"),
    KnownProxy(
        "zen", "network.zen", "Lin et al., ICCV 2021, algorithm 1; measured once, which the paper repeats",
    ),
    KnownProxy(
        "zico", "sum(log(layer.grad_ratio))",
        "Li et al., ICLR 2023, equation 14; its code divides by the deviation of g, not of |g|",
    ),
    KnownProxy("aznas_expressivity", _EXPRESSIVITY, f"{_AZNAS}, equation 3"),
    KnownProxy("aznas_progressivity", _PROGRESSIVITY, f"{_AZNAS}, equation 5"),
    KnownProxy(
        "aznas_trainability", _TRAINABILITY,
        f"{_AZNAS}, equations 6 to 9, less the constant 2; its code gives a network with a block that "
        "passes its input on unchanged minus infinity, which here is about -1e6 for each such block",
    ),
    KnownProxy("aznas_complexity", _COMPLEXITY, f"{_AZNAS}, the complexity: FLOPs"),
    KnownProxy(
        "aznas",
        f"add(add(logrank({_EXPRESSIVITY}), logrank({_PROGRESSIVITY})), "
        f"add(logrank({_TRAINABILITY}), logrank({_COMPLEXITY})))",
        f"{_AZNAS}, section 3.4: ranks among the networks that are scored together",
    ),
    KnownProxy(
        "meco", "add(sum(layer.correlation_min), sum(activation.correlation_min))",
        "Jiang et al., NeurIPS 2023; its code adds up the outputs of all modules, containers and "
        "normalisations among them, so that most feature maps count more than once",
    ),
    KnownProxy(
        "swap", "network.swap",
        "Peng et al., ICLR 2024, without the regularisation; its code takes the mean of 32 initialisations",
    ),
    KnownProxy(
        "lswag", "sum(log(layer.grad_inverse_std))",
        "Casarin et al., CVPR 2025: the gradient term alone, and of all layers, of which the paper "
        "chooses some by their depth",
    ),
    KnownProxy(
        "vkdnw", "add(count(layer.numel), network.fisher_entropy)",
        "Tybl and Neumann, CVPR 2025: VKDNW single, the number of trainable layers and the entropy",
    ),
    KnownProxy(
        "eznas_a", "mean(layer.sign_grad_logdet)",
        "Akhauri et al., NeurIPS 2022: EZNAS-A; its code leaves open which tensor it takes, here the "
        "gradient of the weights",
    ),
    KnownProxy(
        "lpzero",
        "mean(add(div(square(layer.weight_l2), layer.numel), layer.grad_softmax_square))",
        "Dong et al., EMNLP 2024 Findings: the formula that its code marks as the best",
    ),
    KnownProxy(
        "autoprox", "mean(add(layer.input_minmax_l2, layer.output_grad_sqrt_sigmoid))",
        "Wei et al., AAAI 2024: the formula that its code ranks with; what its tensors t2 and t4g are is "
        "not published, here a layer's input and the gradient at its output",
    ),
)


def _check(name: str, proxy: Any) -> None:
    if not isinstance(proxy, KnownProxy) or proxy.name != name:
        raise ConfigError(f"it is no evozc.baselines.KnownProxy of the name {name!r}")


#: Published proxies by the name that the literature gives them.
PROXIES: Registry[KnownProxy] = Registry(
    "proxy", "evozc.proxies", {proxy.name: proxy for proxy in ZOO}, _check
)


def zoo() -> tuple[KnownProxy, ...]:
    """All known proxies: those of :data:`ZOO`, then those of plug-ins."""
    return tuple(PROXIES.everything().values())


def find_proxy(name: str) -> KnownProxy:
    """The known proxy that has this name.

    Raises:
        ConfigError: there is none.
    """
    if name not in PROXIES.names():
        near = difflib.get_close_matches(name[:80], PROXIES.names(), n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else "evozc zoo lists them all"
        raise ConfigError(f"no known proxy is called {name[:40]!r}; {hint}")
    return PROXIES.get(name)


def resolve(text: str, symbols: SymbolSet | None = None) -> Formula:
    """The formula that a proxy's name or a formula's own text stands for.

    Args:
        text: Either.
        symbols: As for :func:`~evozc.formula.parse`.

    Raises:
        ConfigError: a single word that names neither.
        FormulaError: the set cannot express it.
    """
    if re.fullmatch(r"\w+", text) and not text.isdigit():
        text = find_proxy(text).text
    return parse(text, symbols)


def proxies(symbols: SymbolSet) -> dict[str, Formula]:
    """The known proxies that can be computed from a set's statistics, by name.

    Network scalars that no proxy stands for, as those of a table of published
    scores, stand for themselves. Of two names of one formula the first is kept.
    """
    found: dict[str, Formula] = {}
    for proxy in zoo():
        try:
            formula = parse(proxy.text, symbols)
        except FormulaError:  # the set lacks a statistic or an operator of it
            continue
        if formula not in found.values():
            found[proxy.name] = formula
    covered = {formula.text for formula in found.values()}
    for symbol in symbols.statistics.values():
        if symbol.type == NETWORK and symbol.key not in covered and symbol.name not in found:
            found[symbol.name] = statistic(symbol)
    return found
