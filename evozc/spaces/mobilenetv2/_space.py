"""The MobileNetV2 space that ZiCo (Li et al., ICLR 2023) and AZ-NAS (Lee and Ham, CVPR 2024) search.

Five or more stages of inverted residual blocks (Lin et al., ICCV 2021, for how they are written) within a
budget of multiply-accumulates for 224 x 224 images.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from evozc.errors import DataError
from evozc.spaces._checks import check_choice, check_whole_numbers, not_of
from evozc.spaces._space import ImageInputs, Outputs

if TYPE_CHECKING:
    from torch import nn

VARIANTS = ("zico", "az-nas")
KERNELS, EXPANSIONS = (3, 5, 7), (1, 2, 4, 6)
#: Most sub-layers of a stage: one of more is written as two, the first of three.
MOST_LAYERS = 5
LAST = 2048
WIDTHS = range(8, LAST + 1, 8)
RESOLUTION = 224

#: By what the published search multiplies widths.
_FACTORS = (1 / 2.5, 1 / 2, 1 / 1.5, 1 / 1.25, 1.25, 1.5, 2, 2.5)
#: Mutations of the published starting point that make a sample.
_STEPS = 32
_LONGEST = 4000
_TITLE = "the MobileNetV2 space"
_STEM = re.compile(r"SuperConvK3BNRELU\((\d+),(\d+),(\d+),(\d+)\)", re.ASCII)
_STAGE = re.compile(r"SuperResIDWE([1246])K([357])\((\d+),(\d+),([12]),(\d+),(\d+)\)", re.ASCII)


@dataclass(frozen=True)
class Stage:
    """One stage: sub-layers of two inverted residual blocks each.

    Args:
        expansion: Of the blocks' channels.
        kernel: Of their depthwise convolutions.
        outputs: Channels.
        stride: Of the first block.
        bottleneck: Channels between the two blocks of a sub-layer.
        layers: Number of sub-layers.
    """

    expansion: int
    kernel: int
    outputs: int
    stride: int
    bottleneck: int
    layers: int


@dataclass(frozen=True)
class Plan:
    """An architecture: the stem's channels and the stages."""

    stem: int
    stages: tuple[Stage, ...]


START = Plan(8, (
    Stage(6, 3, 32, 2, 8, 1), Stage(6, 3, 48, 2, 32, 1), Stage(6, 3, 96, 2, 48, 1), Stage(6, 3, 128, 2, 96, 1)
))


@dataclass(frozen=True)
class MobileNetV2:
    """The space of ``SuperConvK3BNRELU(3,8,2,1)SuperResIDWE6K3(8,32,2,8,1)...SuperConvK1BNRELU(c,2048,1,1)``.

    A stage is ``SuperResIDWE<expansion>K<kernel>(inputs,outputs,stride,bottleneck,sub-layers)``. Four have
    stride 2, each with whatever stages of stride 1 follow it.

    Args:
        variant: How networks are built to be scored: ``zico`` without shortcuts and initialised by torch's
            defaults; ``az-nas`` with shortcuts and by Kaiming's normal weights.
        budget: Most million multiply-accumulates for 224 x 224 images, shortcuts included; published are
            450, 600 and 1,000.
        layers: Most sub-layers, stem and last convolution included; published are 14, and 16 for 1,000.
        input_channels: Channels of the images.
        classes: Number of outputs.

    Raises:
        ConfigError: a setting below one, or another variant.
    """

    variant: str = "zico"
    budget: int = 450
    layers: int = 14
    input_channels: int = 3
    classes: int = 1000

    name: ClassVar[str] = "mobilenetv2"
    count: ClassVar[None] = None

    def __post_init__(self) -> None:
        check_choice(self.name, "variant", self.variant, VARIANTS)
        numbers = asdict(self)
        del numbers["variant"]
        check_whole_numbers(self.name, **numbers)

    @property
    def inputs(self) -> ImageInputs:
        """Images of any size; 224 x 224 as searched."""
        return ImageInputs(self.input_channels, side=224, batch=8)

    @property
    def outputs(self) -> Outputs:
        """A score for each class."""
        return Outputs("classes", self.classes)

    def settings(self) -> dict[str, int | str]:
        """The keyword arguments that build this space again."""
        return asdict(self)

    def parse(self, architecture: str) -> Plan:
        """Stem and stages.

        Raises:
            DataError: the text is not an architecture of this space, or beyond its budget.
        """
        plan = self._read(architecture)
        wrong = self._beyond(plan)
        if wrong:
            raise not_of(_TITLE, architecture, wrong)
        return plan

    def _read(self, architecture: str) -> Plan:
        readable = isinstance(architecture, str) and len(architecture) <= _LONGEST
        found = _STEM.match(architecture) if readable else None
        if found is None:
            example = self.format(START)
            raise not_of(_TITLE, architecture, f"expected a text as {example}")
        inputs, stem, stride, layers = map(int, found.groups())
        if (inputs, stride, layers) != (self.input_channels, 2, 1):
            why = f"it must begin with SuperConvK3BNRELU({self.input_channels},...,2,1)"
            raise not_of(_TITLE, architecture, why)
        stages = []
        position, before = found.end(), stem
        while found := _STAGE.match(architecture, position):
            expansion, kernel, inputs, outputs, stride, bottleneck, layers = map(int, found.groups())
            if inputs != before:
                why = f"{found[0]} follows {before} channels, not {inputs}"
                raise not_of(_TITLE, architecture, why)
            stages.append(Stage(expansion, kernel, outputs, stride, bottleneck, layers))
            position, before = found.end(), outputs
        plan = Plan(stem, tuple(stages))
        if self.format(plan) != architecture:
            why = (
                f"stages end at {architecture[position : position + 30]!r}, expected SuperResIDWE... or "
                f"SuperConvK1BNRELU({before},{LAST},1,1) and no more"
            )
            raise not_of(_TITLE, architecture, why)
        return plan

    def _beyond(self, plan: Plan) -> str:
        """Why a plan is not of this space; empty if it is."""
        widths = [plan.stem, *(w for stage in plan.stages for w in (stage.outputs, stage.bottleneck))]
        wrong = next((width for width in widths if width not in WIDTHS), None)
        if wrong is not None:
            return f"channels must be multiples of 8 from 8 to {LAST}, not {wrong}"
        strides = [stage.stride for stage in plan.stages]
        if strides.count(2) != 4 or strides[0] != 2:
            return "four stages must have stride 2, the first among them"
        if any(not 1 <= stage.layers <= MOST_LAYERS for stage in plan.stages):
            return f"a stage must have 1 to {MOST_LAYERS} sub-layers; more are written as two stages"
        layers = 2 + sum(stage.layers for stage in plan.stages)
        if layers > self.layers:
            return f"it has {layers} sub-layers, the budget is {self.layers} (setting layers)"
        millions = self.macs(plan) / 1e6
        if millions > self.budget:
            return f"it has {millions:.1f} million multiply-accumulates, the budget is {self.budget} million"
        return ""

    def format(self, plan: Plan) -> str:
        """The text of a plan."""
        text, before = f"SuperConvK3BNRELU({self.input_channels},{plan.stem},2,1)", plan.stem
        for s in plan.stages:
            text += f"SuperResIDWE{s.expansion}K{s.kernel}"
            text += f"({before},{s.outputs},{s.stride},{s.bottleneck},{s.layers})"
            before = s.outputs
        return text + f"SuperConvK1BNRELU({before},{LAST},1,1)"

    def macs(self, plan: Plan) -> int:
        """Multiply-accumulates for one image of 224 x 224 pixels and 1,000 classes, shortcuts included.

        The publishers' own count adds batch normalisation and takes strided shortcuts for smaller than
        they are.
        """
        side = RESOLUTION // 2
        total = self.input_channels * 9 * plan.stem * side**2
        for inputs, outputs, kernel, expansion, stride, projected in blocks_of(plan):
            width = outputs * expansion
            total += inputs * width * side**2
            side = -(-side // stride)
            total += (width * kernel**2 + width * outputs + projected * inputs * outputs) * side**2
        return total + plan.stages[-1].outputs * LAST * side**2 + LAST * 1000

    def canonical_key(self, architecture: str) -> str:
        """The text; of ``zico``, with stages that are one without shortcuts written as one."""
        plan = self.parse(architecture)
        if self.variant == "az-nas":
            return architecture
        merged: list[Stage] = []
        for stage in plan.stages:
            before = merged[-1] if merged else None
            if before is not None and stage == replace(before, stride=1, layers=stage.layers):
                merged[-1] = replace(before, layers=before.layers + stage.layers)
            else:
                merged.append(stage)
        return self.format(Plan(plan.stem, tuple(merged)))

    def build(self, architecture: str) -> nn.Module:
        """The network, with shortcuts and initialised as :attr:`variant` says."""
        from evozc.spaces.mobilenetv2._network import Network

        return Network(self.parse(architecture), self.variant == "az-nas", self.input_channels, self.classes)

    def blocks(self, network: Any) -> list[nn.Module]:
        """The stem, all inverted residual blocks and the last convolution, as AZ-NAS takes its features."""
        return [network.stem, *network.body, network.last]

    def sample(self, generator: random.Random) -> str:
        """An architecture: 32 mutations of the published starting point, each within the budget.

        A mutation replaces one stage as the published search does: any kernel and expansion, widths times
        .4 to 2.5, up to two sub-layers more or less.
        """
        plan, steps = START, 0
        for _ in range(100 * _STEPS):
            mutated = self._mutated(plan, generator)
            if not self._beyond(mutated):
                plan, steps = mutated, steps + 1
            if steps == _STEPS:
                return self.format(plan)
        raise DataError(
            f"mobilenetv2: a budget of {self.budget} million multiply-accumulates and {self.layers} layers "
            "leaves hardly any architecture to draw"
        )

    def _mutated(self, plan: Plan, generator: random.Random) -> Plan:
        position = generator.randrange(-1, len(plan.stages))
        if position < 0:
            return replace(plan, stem=generator.choice(_multiples(plan.stem)))
        own = plan.stages[position]
        stage = Stage(
            generator.choice(EXPANSIONS), generator.choice(KERNELS),
            generator.choice(_multiples(own.outputs)), own.stride,
            generator.choice(_multiples(own.bottleneck)),
            generator.choice([n for n in range(own.layers - 2, own.layers + 3) if n > 0]),
        )
        return _replaced(plan, position, _split(stage))

    def neighbours(self, architecture: str) -> list[str]:
        """The architectures within the budget that differ in one choice.

        Which is: kernel, expansion, a width that one of the published factors leads to or from, up to two
        sub-layers more or less (and then two stages for one, or one for two).
        """
        plan = self.parse(architecture)
        near = dict.fromkeys(self.format(other) for other in _near(plan) if not self._beyond(other))
        return [other for other in near if other != architecture]


def blocks_of(plan: Plan) -> Iterator[tuple[int, int, int, int, int, bool]]:
    """Of each block: inputs, outputs, kernel, expansion, stride, and whether its shortcut projects."""
    inputs = plan.stem
    for stage in plan.stages:
        for layer in range(stage.layers):
            for outputs, first in ((stage.bottleneck, layer == 0), (stage.outputs, False)):
                stride = stage.stride if first else 1
                yield inputs, outputs, stage.kernel, stage.expansion, stride, first or inputs != outputs
                inputs = outputs


@lru_cache(maxsize=1024)
def _multiples(width: int) -> tuple[int, ...]:
    """The width and its published multiples."""
    factors = (1.0, *_FACTORS)
    return tuple(dict.fromkeys(max(8, round(min(LAST, width * f) / 8) * 8) for f in factors))


@lru_cache(maxsize=1024)
def _near_widths(width: int) -> tuple[int, ...]:
    """Widths whose multiple this is, or that are its multiples, but itself."""
    return tuple(
        other for other in WIDTHS
        if other != width and (other in _multiples(width) or width in _multiples(other))
    )


def _split(stage: Stage) -> tuple[Stage, ...]:
    """The stage, or two for one of too many sub-layers."""
    if stage.layers <= MOST_LAYERS:
        return (stage,)
    return replace(stage, layers=3), replace(stage, stride=1, layers=stage.layers - 3)


def _replaced(plan: Plan, position: int, stages: Sequence[Stage], length: int = 1) -> Plan:
    return replace(plan, stages=(*plan.stages[:position], *stages, *plan.stages[position + length :]))


def _near(plan: Plan) -> Iterator[Plan]:
    for stem in _near_widths(plan.stem):
        yield replace(plan, stem=stem)
    for position, own in enumerate(plan.stages):
        others = [
            *(replace(own, kernel=kernel) for kernel in KERNELS),
            *(replace(own, expansion=expansion) for expansion in EXPANSIONS),
            *(replace(own, outputs=width) for width in _near_widths(own.outputs)),
            *(replace(own, bottleneck=width) for width in _near_widths(own.bottleneck)),
            *(replace(own, layers=n) for n in range(own.layers - 2, own.layers + 3)),
        ]
        for other in others:
            yield _replaced(plan, position, _split(other))
    for position, (own, after) in enumerate(itertools.pairwise(plan.stages)):
        whole = replace(own, layers=own.layers + after.layers)
        if _split(whole) == (own, after):
            for layers in (whole.layers - 1, whole.layers - 2):
                yield _replaced(plan, position, _split(replace(whole, layers=layers)), 2)
