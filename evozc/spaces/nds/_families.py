"""The search spaces that NDS trained, but for DARTS; operations, nodes and outputs of their cells."""

from __future__ import annotations

from typing import ClassVar

from evozc.spaces.nds._space import GenotypeSpace


class Enas(GenotypeSpace):
    """The cells of ENAS (Pham et al., ICML 2018, arXiv 1802.03268). Settings: :class:`GenotypeSpace`."""

    name: ClassVar[str] = "enas"
    title: ClassVar[str] = "the ENAS space of NDS"
    operations: ClassVar[tuple[str, ...]] = (
        "skip_connect", "sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "max_pool_3x3",
    )
    nodes: ClassVar[int] = 5
    loose: ClassVar[bool] = True


class Pnas(GenotypeSpace):
    """The cells of PNAS (Liu et al., ECCV 2018, arXiv 1712.00559). Settings: :class:`GenotypeSpace`."""

    name: ClassVar[str] = "pnas"
    title: ClassVar[str] = "the PNAS space of NDS"
    operations: ClassVar[tuple[str, ...]] = (
        "sep_conv_3x3", "sep_conv_5x5", "sep_conv_7x7", "conv_7x1_1x7", "skip_connect", "avg_pool_3x3",
        "max_pool_3x3", "dil_conv_3x3",
    )
    nodes: ClassVar[int] = 5


class Amoeba(GenotypeSpace):
    """The cells of AmoebaNet (Real et al., AAAI 2019, arXiv 1802.01548). Settings: :class:`GenotypeSpace`."""

    name: ClassVar[str] = "amoeba"
    title: ClassVar[str] = "the Amoeba space of NDS"
    operations: ClassVar[tuple[str, ...]] = (
        "skip_connect", "sep_conv_3x3", "sep_conv_5x5", "sep_conv_7x7", "avg_pool_3x3", "max_pool_3x3",
        "dil_sep_conv_3x3", "conv_7x1_1x7",
    )
    nodes: ClassVar[int] = 5
    loose: ClassVar[bool] = True


class NasNet(GenotypeSpace):
    """The cells of NASNet (Zoph et al., CVPR 2018, arXiv 1707.07012). Settings: :class:`GenotypeSpace`."""

    name: ClassVar[str] = "nasnet"
    title: ClassVar[str] = "the NASNet space of NDS"
    operations: ClassVar[tuple[str, ...]] = (
        "skip_connect", "conv_3x1_1x3", "conv_7x1_1x7", "dil_conv_3x3", "avg_pool_3x3", "max_pool_3x3",
        "max_pool_5x5", "max_pool_7x7", "conv_1x1", "conv_3x3", "sep_conv_3x3", "sep_conv_5x5",
        "sep_conv_7x7",
    )
    nodes: ClassVar[int] = 5
    loose: ClassVar[bool] = True
