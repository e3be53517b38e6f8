"""The groups of the catalogue, one module each: how their statistics are taken.

**By name**: :data:`GROUPS_BY_NAME`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from evozc.extraction._group import Group
from evozc.extraction.groups._activations import Activations
from evozc.extraction.groups._attention import Attention
from evozc.extraction.groups._blocks import Blocks
from evozc.extraction.groups._correlation import Correlation
from evozc.extraction.groups._evolved import Evolved
from evozc.extraction.groups._fisher import Fisher
from evozc.extraction.groups._gradients import Gradients
from evozc.extraction.groups._hessian import Hessian
from evozc.extraction.groups._jacobian import Jacobian
from evozc.extraction.groups._outputs import Outputs
from evozc.extraction.groups._patterns import Patterns
from evozc.extraction.groups._shapes import Shapes
from evozc.extraction.groups._spectrum import Spectrum
from evozc.extraction.groups._subbatches import Subbatches
from evozc.extraction.groups._synflow import Synflow
from evozc.extraction.groups._trainability import Trainability
from evozc.extraction.groups._weights import Weights
from evozc.extraction.groups._zen import Zen

#: Every group; instances are made for each network.
GROUPS_BY_NAME: Mapping[str, type[Group]] = MappingProxyType(
    {
        group.name: group
        for group in (
            Shapes, Weights, Gradients, Hessian, Subbatches, Synflow, Outputs, Fisher, Correlation,
            Evolved, Activations, Patterns, Attention, Blocks, Trainability, Jacobian, Zen, Spectrum,
        )
    }
)

__all__ = ["GROUPS_BY_NAME"]
