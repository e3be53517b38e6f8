"""The statistics that extraction measures.

``w`` is a layer's weight, ``g`` the gradient of the mean cross-entropy over the
mini-batch with respect to it, ``z`` a node's output.
"""

from __future__ import annotations

from primitives._statistic import Statistic
from primitives._types import NETWORK, Sign

_P, _N, _R = Sign.POSITIVE, Sign.NONNEGATIVE, Sign.REAL
_SYNFLOW = "Tanaka et al., NeurIPS 2020, arXiv 2006.05467, equation 1"
_SNIP = "Lee et al., ICLR 2019, arXiv 1810.02340, equation 6"
_ZICO = "Li et al., ICLR 2023, arXiv 2301.11300, equation 14"
_NASWOT = "Mellor et al., ICML 2021, arXiv 2006.04647, equation 2"
_AZNAS = "Lee and Ham, CVPR 2024, arXiv 2403.19232, equation 3"


def _layer(name: str, definition: str, sign: Sign, latex: str, group: str, **more: str) -> Statistic:
    return Statistic("layer", name, definition, sign, latex, group, **more)


def _activation(name: str, definition: str, sign: Sign, latex: str, **more: str) -> Statistic:
    return Statistic("activation", name, definition, sign, latex, "activations", **more)


def _block(name: str, definition: str, sign: Sign, latex: str, **more: str) -> Statistic:
    return Statistic("block", name, definition, sign, latex, "blocks", **more)


def _network(name: str, definition: str, sign: Sign, latex: str, group: str, **more: str) -> Statistic:
    return Statistic(NETWORK, name, definition, sign, latex, group, **more)


STATISTICS = (
    _layer("numel", "number of weights", _P, r"|w|", "shapes"),
    _layer(
        "macs", "multiply-accumulates for one input; missing for embeddings",
        _P, r"\mathrm{macs}", "shapes", unit="MAC",
    ),
    _layer("c_in", "input channels or features", _P, r"c^{\mathrm{in}}", "shapes"),
    _layer("c_out", "output channels or features", _P, r"c^{\mathrm{out}}", "shapes"),
    _layer("kernel", "kernel positions (height x width; 1 for a linear layer)", _P, "k", "shapes"),
    _layer("resolution", "output positions (height x width; tokens)", _P, "r", "shapes"),
    _layer("depth", "position among the layers, first 1/n, last 1", _P, "d", "shapes"),
    _layer("weight_l1", "sum of |w|", _N, r"\lVert w \rVert_1", "weights"),
    _layer("weight_l2", "square root of the sum of w squared", _N, r"\lVert w \rVert_2", "weights"),
    _layer("weight_mean", "mean of w", _R, r"\overline{w}", "weights"),
    _layer("weight_std", "population standard deviation of w", _N, r"\sigma(w)", "weights"),
    _layer("weight_max", "largest |w|", _N, r"\lVert w \rVert_\infty", "weights"),
    _layer("grad_l1", "sum of |g|", _N, r"\lVert g \rVert_1", "gradients"),
    _layer("grad_l2", "square root of the sum of g squared", _N, r"\lVert g \rVert_2", "gradients"),
    _layer("grad_mean", "mean of g", _R, r"\overline{g}", "gradients"),
    _layer("grad_std", "population standard deviation of g", _N, r"\sigma(g)", "gradients"),
    _layer("grad_max", "largest |g|", _N, r"\lVert g \rVert_\infty", "gradients"),
    _layer(
        "weight_x_grad_sum", "sum of w g; mere rounding noise where a batch normalisation follows",
        _R, r"(w \cdot g)", "gradients",
    ),
    _layer("weight_x_grad_l1", "sum of |w g|", _N, r"\lVert w g \rVert_1", "gradients", source=_SNIP),
    _layer(
        "grad_ratio",
        "sum over the weights of mean |g| / standard deviation of g, both over the two halves of "
        "the mini-batch; weights with deviation 0 are left out",
        _N, r"\textstyle\sum \mu_{|g|}/\sigma_g", "subbatches", source=_ZICO,
    ),
    _layer(
        "synflow",
        "sum of |w| times the gradient of the summed output of the network with |weights|, "
        "without batch normalisation, in float64 and evaluation mode, for an input of ones",
        _N, r"\mathrm{synflow}", "synflow", source=_SYNFLOW,
    ),
    _layer("output_mean", "mean of z", _R, r"\overline{z}", "outputs"),
    _layer("output_std", "population standard deviation of z", _N, r"\sigma(z)", "outputs"),
    _layer("output_l1", "mean of |z|", _N, r"\overline{|z|}", "outputs"),
    _layer("output_positive", "fraction of z above 0", _N, r"P(z > 0)", "outputs"),
    _layer(
        "output_grad_mean",
        "mean of the gradient at z; mere rounding noise where a batch normalisation follows",
        _R, r"\overline{\partial z}", "outputs",
    ),
    _layer(
        "output_grad_std", "population standard deviation of the gradient at z",
        _N, r"\sigma(\partial z)", "outputs",
    ),
    _layer("output_grad_l1", "mean of |gradient at z|", _N, r"\overline{|\partial z|}", "outputs"),
    _activation("positive", "fraction of z above 0", _N, r"P(z > 0)"),
    _activation("output_mean", "mean of z", _R, r"\overline{z}"),
    _activation("output_std", "population standard deviation of z", _N, r"\sigma(z)"),
    _activation(
        "logdet",
        "log |det K| of K = C C^T + (1 - C)(1 - C)^T, C the signs (samples x units) of z, "
        "of this node alone; missing where K is singular",
        _R, r"\log|K|", source=_NASWOT,
    ),
    _block(
        "entropy",
        "entropy of the eigenvalues, scaled to sum 1, of the covariance of the output's channels "
        "over samples and positions; missing where the output is constant",
        _N, "H", source=_AZNAS,
    ),
    _block("output_mean", "mean of z", _R, r"\overline{z}"),
    _block("output_std", "population standard deviation of z", _N, r"\sigma(z)"),
    _block("output_l2", "root mean square of z", _N, r"\mathrm{rms}(z)"),
    _block("output_grad_l2", "root mean square of the gradient at z", _N, r"\mathrm{rms}(\partial z)"),
    _network("params", "number of trainable parameters", _P, r"\mathrm{params}", "shapes"),
    _network(
        "macs", "multiply-accumulates of all layers for one input",
        _P, r"\mathrm{MACs}", "shapes", unit="MAC",
    ),
    _network(
        "naswot", "log |det K| of the sign kernels of all activations added up; missing where singular",
        _R, r"\mathrm{naswot}", "activations", source=_NASWOT,
    ),
)
