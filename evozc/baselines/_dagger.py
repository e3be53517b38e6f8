"""ParZC-dagger: published proxies with a weight at each node, without labels."""

from __future__ import annotations

from evozc.baselines._zoo import KnownProxy

#: ``((l - i) / l)^2`` for node ``i`` of ``l``, counted from 0: it falls with depth.
_WEIGHT = "square(sub(add(1, first(layer.depth)), layer.depth))"
_SOURCE = "Dong et al., AAAI 2025, arXiv 2402.02105, section 3.4, with the weight of the released code"


def _weighted(name: str, node: str) -> KnownProxy:
    return KnownProxy(f"parzc-dagger ({name})", f"sum(mul({_WEIGHT}, {node}))", _SOURCE)


#: The weights are quadratic, as in the code that was released; the paper describes sinusoidal ones.
DAGGERS = (
    _weighted("grad_norm", "layer.grad_l2"),
    _weighted("snip", "div(layer.weight_x_grad_l1, layer.numel)"),
    _weighted("synflow", "div(layer.synflow, layer.numel)"),
)
