"""The statistics that extraction measures.

``w`` is a layer's weight, ``g`` the gradient of the mean cross-entropy over the
mini-batch with respect to it, ``H`` the loss's Hessian over all layers' weights, ``x`` a
node's input, ``z`` its output, ``dz`` the loss's gradient at it.
"""

from __future__ import annotations

from typing import Any

from primitives._statistic import Statistic
from primitives._types import NETWORK, Sign

_P, _N, _R = Sign.POSITIVE, Sign.NONNEGATIVE, Sign.REAL
_SYNFLOW = "Tanaka et al., NeurIPS 2020, arXiv 2006.05467, equation 1"
_SNIP = "Lee et al., ICLR 2019, arXiv 1810.02340, equation 6"
_GRASP = "Wang et al., ICLR 2020, arXiv 2002.07376, equation 8"
_FISHER = "Theis et al., 2018, arXiv 1801.05787; code of Abdelfattah et al., ICLR 2021"
_ZICO = "Li et al., ICLR 2023, arXiv 2301.11300, equation 14"
_LSWAG = "Casarin et al., CVPR 2025, arXiv 2505.07300"
_NASWOT = "Mellor et al., ICML 2021, arXiv 2006.04647, equation 2"
_SWAP = "Peng et al., ICLR 2024, arXiv 2403.04161"
_MECO = "Jiang et al., NeurIPS 2023, code of MeCo"
_AZNAS = "Lee and Ham, CVPR 2024, arXiv 2403.19232"
_JACOV = "Mellor et al., 2020, arXiv 2006.04647 version 1; code of NAS-Bench-Suite-Zero"
_EPENAS = "Lopes et al., ICANN 2021, arXiv 2102.08099; code of NAS-Bench-Suite-Zero"
_ZEN = "Lin et al., ICCV 2021, arXiv 2102.01063, algorithm 1"
_VKDNW = "Tybl and Neumann, CVPR 2025, arXiv 2502.04975"
_HEADS = "Serianni and Kalita, ACL 2023, arXiv 2306.04774"
_EZNAS = "Akhauri et al., NeurIPS 2022, arXiv 2209.07413"
_LPZERO = "Dong et al., EMNLP 2024 Findings, arXiv 2410.04808"
_AUTOPROX = "Wei et al., AAAI 2024, arXiv 2312.09059"


def _layer(name: str, definition: str, sign: Sign, latex: str, group: str, **more: Any) -> Statistic:
    return Statistic("layer", name, definition, sign, latex, group, **more)


def _activation(
    name: str, definition: str, sign: Sign, latex: str, group: str = "activations", **more: Any
) -> Statistic:
    return Statistic("activation", name, definition, sign, latex, group, **more)


def _block(
    name: str, definition: str, sign: Sign, latex: str, group: str = "blocks", **more: Any
) -> Statistic:
    return Statistic("block", name, definition, sign, latex, group, **more)


def _network(name: str, definition: str, sign: Sign, latex: str, group: str, **more: Any) -> Statistic:
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
    _layer("grad_l1", "sum of |g|", _N, r"\lVert g \rVert_1", "gradients", needs_labels=True),
    _layer(
        "grad_l2", "square root of the sum of g squared",
        _N, r"\lVert g \rVert_2", "gradients", needs_labels=True,
    ),
    _layer("grad_mean", "mean of g", _R, r"\overline{g}", "gradients", needs_labels=True),
    _layer(
        "grad_std", "population standard deviation of g", _N, r"\sigma(g)", "gradients", needs_labels=True
    ),
    _layer("grad_max", "largest |g|", _N, r"\lVert g \rVert_\infty", "gradients", needs_labels=True),
    _layer(
        "weight_x_grad_sum", "sum of w g; mere rounding noise where a batch normalisation follows",
        _R, r"(w \cdot g)", "gradients", needs_labels=True,
    ),
    _layer(
        "weight_x_grad_l1", "sum of |w g|",
        _N, r"\lVert w g \rVert_1", "gradients", source=_SNIP, needs_labels=True,
    ),
    _layer(
        "weight_x_hessian_grad_sum", "sum of w times the layer's part of H g",
        _R, r"(w \cdot Hg)", "hessian", source=_GRASP, needs_labels=True,
    ),
    _layer(
        "hessian_grad_l2", "square root of the sum of the squares of the layer's part of H g",
        _N, r"\lVert Hg \rVert_2", "hessian", source=_GRASP, needs_labels=True,
    ),
    _layer(
        "grad_ratio",
        "sum over the weights of mean |g| / standard deviation of g, both over the two halves of "
        "the mini-batch; weights with deviation 0 are left out",
        _N, r"\textstyle\sum \mu_{|g|}/\sigma_g", "subbatches", source=_ZICO, needs_labels=True,
    ),
    _layer(
        "subbatch_grad_mean", "mean over the weights of mean |g| over the two halves of the mini-batch",
        _N, r"\overline{\mu_{|g|}}", "subbatches", source=_ZICO, needs_labels=True,
    ),
    _layer(
        "subbatch_grad_std",
        "mean over the weights of the standard deviation of g over the two halves of the mini-batch",
        _N, r"\overline{\sigma_g}", "subbatches", source=_ZICO, needs_labels=True,
    ),
    _layer(
        "grad_inverse_std",
        "sum over the weights of 1 / standard deviation of |g| over the two halves of the "
        "mini-batch; weights with deviation 0 are left out",
        _N, r"\textstyle\sum 1/\sigma_{|g|}", "subbatches", source=_LSWAG, needs_labels=True,
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
        "output_grad_mean", "mean of dz; mere rounding noise where a batch normalisation follows",
        _R, r"\overline{\partial z}", "outputs", needs_labels=True,
    ),
    _layer(
        "output_grad_std", "population standard deviation of dz",
        _N, r"\sigma(\partial z)", "outputs", needs_labels=True,
    ),
    _layer("output_grad_l1", "mean of |dz|", _N, r"\overline{|\partial z|}", "outputs", needs_labels=True),
    _layer(
        "fisher",
        "half the mean over the samples of (sum of z dz over the positions) squared, summed over "
        "the channels",
        _N, r"\mathrm{fisher}", "fisher", source=_FISHER, needs_labels=True,
    ),
    _layer(
        "correlation_min",
        "smallest eigenvalue of the correlation matrix between the channels of z of the first "
        "sample; a constant channel correlates 0 with all; missing where z has one position",
        _R, r"\lambda_{\min}", "correlation", source=_MECO,
    ),
    _layer(
        "grad_softmax_square", "mean of the squares of the softmax of g over the output channels",
        _N, r"\overline{\mathrm{softmax}(g)^2}", "evolved", source=_LPZERO, needs_labels=True,
    ),
    _layer(
        "sign_grad_logdet",
        "Frobenius norm, over all kernels of a convolution, of the sigmoid of log |det sign(g)|; "
        "missing where kernels are not square. The released code leaves open which tensor it takes",
        _N, r"\lVert\sigma(\log|\mathrm{sgn}\, g|)\rVert_F", "evolved", source=_EZNAS, needs_labels=True,
    ),
    _layer(
        "input_minmax_l2",
        "Euclidean norm of x scaled to 0 at its smallest and 1 at its largest number; missing "
        "where it is constant",
        _N, r"\lVert\mathrm{minmax}(x)\rVert_F", "evolved", source=_AUTOPROX,
    ),
    _layer(
        "output_grad_sqrt_sigmoid", "mean of the square root of the sigmoid of dz",
        _P, r"\overline{\sqrt{\sigma(\partial z)}}", "evolved", source=_AUTOPROX, needs_labels=True,
    ),
    _layer(
        "from_input_min", "fewest layers on a path from the input to this one, itself included; missing here "
        "and below where the scores do not depend on it", _P, r"\ell^{\mathrm{in}}_{\min}", "graph",
    ),
    _layer("from_input_max", "most of them", _P, r"\ell^{\mathrm{in}}_{\max}", "graph"),
    _layer(
        "to_output_min", "fewest layers on a path from this one to the output, itself included",
        _P, r"\ell^{\mathrm{out}}_{\min}", "graph",
    ),
    _layer("to_output_max", "most of them", _P, r"\ell^{\mathrm{out}}_{\max}", "graph"),
    _layer(
        "log_paths", "log of the number of paths from the input to the output that lead through it",
        _N, r"\log \#\mathrm{paths}", "graph",
    ),
    _layer("skipped", "1 where a path without layers leads around it, else 0", _N, "s", "graph"),
    _activation("positive", "fraction of z above 0", _N, r"P(z > 0)"),
    _activation("output_mean", "mean of z", _R, r"\overline{z}"),
    _activation("output_std", "population standard deviation of z", _N, r"\sigma(z)"),
    _activation(
        "logdet",
        "log |det K| of K = C C^T + (1 - C)(1 - C)^T, C the signs (samples x units) of z, "
        "of this node alone; missing where K is singular",
        _R, r"\log|K|", source=_NASWOT,
    ),
    _activation(
        "patterns",
        "number of different columns in the signs (samples x units) of z; the first 64 samples",
        _P, r"\#\mathrm{patterns}", "patterns", source=_SWAP,
    ),
    _activation(
        "correlation_min", "as for layers", _R, r"\lambda_{\min}", "correlation", source=_MECO
    ),
    _activation(
        "confidence",
        "largest softmax probability, averaged over all rows (samples, heads, queries); missing "
        "but for softmax and attention",
        _P, r"\overline{\max A}", "attention", source=f"{_HEADS}, attention and softmax confidence",
    ),
    _activation(
        "head_importance",
        "sum over the heads of the mean over the samples of |head output . loss's gradient at "
        "it|; missing but for attention",
        _N, r"\textstyle\sum |h \cdot \partial h|", "attention",
        source=f"Michel et al., NeurIPS 2019, arXiv 1905.10650, equation 2; {_HEADS}", needs_labels=True,
    ),
    _block(
        "entropy",
        "entropy of the eigenvalues, scaled to sum 1, of the covariance of the output's channels "
        "over samples and positions; missing where the output is constant. Its steps are "
        "diff(block.entropy)",
        _N, "H", source=f"{_AZNAS}, equation 3",
    ),
    _block("output_mean", "mean of z", _R, r"\overline{z}"),
    _block("output_std", "population standard deviation of z", _N, r"\sigma(z)"),
    _block("output_l2", "root mean square of z", _N, r"\mathrm{rms}(z)"),
    _block(
        "output_grad_l2", "root mean square of dz", _N, r"\mathrm{rms}(\partial z)", needs_labels=True
    ),
    _block(
        "jacobian",
        "largest singular value of the mean over samples and positions of v J^T v^T, J the "
        "block's Jacobian and v random signs; 0 where the output does not depend on the input, "
        "or passes it on unchanged; missing for a block that reads the network's input, or nothing "
        "that depends on it",
        _N, r"s_{\max}", "trainability", source=f"{_AZNAS}, equations 6 to 9",
    ),
    _network("params", "number of trainable parameters", _P, r"\mathrm{params}", "shapes"),
    _network(
        "macs", "multiply-accumulates of all layers for one input",
        _P, r"\mathrm{MACs}", "shapes", unit="MAC",
    ),
    _network(
        "naswot", "log |det K| of the sign kernels of all activations added up; missing where singular",
        _R, r"\mathrm{naswot}", "activations", source=_NASWOT,
    ),
    _network(
        "swap", "number of different columns in the signs (samples x units) of all activations; "
        "the first 64 samples",
        _P, r"\mathrm{swap}", "patterns", source=_SWAP,
    ),
    _network(
        "jacov",
        "minus the sum of log(v + k) + 1 / (v + k) over the eigenvalues v of the correlation "
        "matrix between the samples' gradients of the summed scores at their input, k = 1e-5; "
        "missing where a sample's gradient is constant",
        _R, r"\mathrm{jacov}", "jacobian", source=_JACOV,
    ),
    _network(
        "epe_nas",
        "sum over the classes of |sum of log(|r| + 1e-5)|, r the correlations between the "
        "gradients of the summed scores at the inputs of the class's samples; beyond 100 classes "
        "the mean over the classes of their summed differences",
        _N, r"\mathrm{epe}", "jacobian", source=_EPENAS, needs_labels=True,
    ),
    _network(
        "zen",
        "log of the mean over samples of the summed |change| of the last feature map when 0.01 "
        "times noise is added to noise, plus the sum of log sqrt of the mean running variance of "
        "every batch normalisation; weights drawn anew from a standard normal distribution",
        _R, r"\mathrm{zen}", "zen", source=_ZEN,
    ),
    _network(
        "fisher_entropy",
        "entropy of the deciles 0.1 to 0.9, scaled to sum 1, of the eigenvalues of the Fisher "
        "matrix of the first weight of every layer, over the first 16 samples in evaluation mode, "
        "softmax smoothed by 0.05",
        _N, r"H_F", "spectrum", source=_VKDNW,
    ),
    _network(
        "path_min", "fewest layers on a path from the input to the output", _N, r"\ell_{\min}", "graph"
    ),
    _network("path_max", "most of them", _N, r"\ell_{\max}", "graph"),
    _network(
        "log_paths", "log of the number of paths from the input to the output",
        _N, r"\log \#\mathrm{paths}", "graph",
    ),
    _network("width", "most layers at one distance from the input, the longest", _N, "w", "graph"),
    _network(
        "merges", "number of functions that join what comes from different layers",
        _N, r"\#\mathrm{merges}", "graph",
    ),
    _network(
        "cycles", "circuit rank of the graph of layers and merges, edges - vertices + 1",
        _N, r"\mathrm{rank}", "graph",
    ),
)
