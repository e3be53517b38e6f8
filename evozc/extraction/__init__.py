"""From a network and a mini-batch, or from a whole space, to statistics.

**Measuring one network**: :func:`measure`, :class:`Measurement`, :func:`initialise`; :data:`Output` and
:data:`Loss` say what its scores and their loss are, :data:`LOSSES` has losses by name.

**A group of one's own**: :class:`Group`, :class:`Node`, :class:`Pass`; it is found by
:data:`evozc.symbols.GROUPS`.

**Measuring many**: :func:`extract_table`, which can be interrupted and goes on where it
stopped, :func:`remove_parts`, :class:`ExtractionSettings`, :data:`INPUTS`, :data:`INITIALISATIONS`;
as they are named one after another, :class:`Measured`, to an :data:`Outcome` each.

**Measuring many in shards**, as the tasks of a Slurm array: :class:`Shard`, :func:`extract_shard`,
:func:`merge_shards`, :func:`remove_shards`.

**On another device**: :data:`DEVICES`, :func:`choose_devices`, :func:`check_device`, :func:`on_device`.

**Counting as published tables do**: :func:`tw_flops`, :func:`thop_macs`, :func:`used_parameters`.

**Images and other inputs**: :func:`load_images`, :func:`load_inputs`, :class:`Images`, :class:`RandomInputs`.
"""

from evozc.extraction._call import Output
from evozc.extraction._conventions import thop_macs, tw_flops, used_parameters
from evozc.extraction._device import check_device, choose_devices, on_device
from evozc.extraction._extract import extract_table, remove_parts
from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._initialise import initialise
from evozc.extraction._inputs import Images, load_images, load_inputs
from evozc.extraction._losses import LOSSES, Loss
from evozc.extraction._measure import Measurement, measure
from evozc.extraction._measured import Measured
from evozc.extraction._parts import Outcome
from evozc.extraction._random import RandomInputs
from evozc.extraction._settings import DEVICES, INITIALISATIONS, INPUTS, ExtractionSettings
from evozc.extraction._shards import Shard, extract_shard, merge_shards, remove_shards

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "measure", "Measurement", "initialise", "Output", "Loss", "LOSSES",
    "Group", "Node", "Pass",
    "extract_table", "remove_parts", "ExtractionSettings", "INPUTS", "INITIALISATIONS", "Measured", "Outcome",
    "DEVICES", "choose_devices", "check_device", "on_device",
    "Shard", "extract_shard", "merge_shards", "remove_shards",
    "tw_flops", "thop_macs", "used_parameters",
    "load_images", "load_inputs", "Images", "RandomInputs",
]
