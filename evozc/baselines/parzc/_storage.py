"""Predictors on disk: weights as safetensors, everything else as JSON in their header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch
from safetensors.torch import save

from evozc._files import refuse_existing, replacing
from evozc._records import from_json, to_json
from evozc.baselines.parzc._features import Features
from evozc.baselines.parzc._network import Network, Sizes
from evozc.baselines.parzc._predictor import Lesson, ParZC
from evozc.baselines.parzc._settings import ParZCSettings
from evozc.errors import ConfigError, DataError
from evozc.spaces import GraphSpace, get_space
from primitives import NETWORK

FORMAT = "evozc-parzc-2"
#: The entry of the safetensors header that is ours.
_ENTRY = "evozc"
_SCALES = ("unit", "center", "spread")
#: No list of nodes is expected to be longer, so a damaged length cannot claim all memory.
_LONGEST = 100_000
#: Numbers that one architecture's features may be made of, for the same reason.
_LARGEST = 1_000_000

Shapes = Mapping[str, tuple[tuple[int, ...], torch.dtype]]


@dataclass(frozen=True)
class _Space:
    name: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class _Config:
    """What the header says beside the weights."""

    settings: Mapping[str, Any]
    seed: int
    statistics: tuple[str, ...]
    positions: int
    sizes: Sizes
    space: _Space | None
    lesson: Lesson


@dataclass(frozen=True)
class _Header:
    format: str
    sha256: str
    config: _Config


def save_predictor(predictor: ParZC, path: Path) -> None:
    """Write a predictor to a new safetensors file.

    Raises:
        DataError: something is there already, or it cannot be written.
    """
    refuse_existing(path)
    features, space = predictor.features, predictor.space
    config = _Config(
        predictor.settings.to_mapping(), predictor.seed, features.statistics, features.positions,
        predictor.networks[0].sizes, None if space is None else _Space(space.name, space.settings()),
        predictor.lesson,
    )
    tensors = {f"features.{name}": torch.tensor(getattr(features, name)) for name in _SCALES}
    for member, network in enumerate(predictor.networks):
        tensors |= {f"{member}.{name}": t.contiguous() for name, t in network.state_dict().items()}
    written = to_json(config)
    header = {"format": FORMAT, "sha256": _digest(written, tensors), "config": written}
    with replacing(path) as file:  # one entry alone, for the order of several is drawn at random
        file.write(save(tensors, {_ENTRY: json.dumps(header, allow_nan=False)}))


def load_predictor(path: Path) -> ParZC:
    """Read what :func:`save_predictor` wrote; the predictions are the same, bit for bit.

    Raises:
        DataError: no such file, damaged, or its tensors are not those that its settings need.
    """
    with _refusals(path), safetensors.safe_open(path, framework="np") as file:
        metadata = file.metadata() or {}
        header = json.loads(metadata.get(_ENTRY, json.dumps(metadata)), parse_constant=_refuse_constant)
        written_as = header.get("format") if isinstance(header, dict) else None
        if written_as != FORMAT:
            raise DataError(f"written as {written_as!r}, this version reads {FORMAT!r}: train it again")
        config = from_json(_Header, header, "header").config
        settings = ParZCSettings.from_mapping(config.settings)
        _check_sizes(config, settings)
        # One network on no device tells all shapes, so that nothing is allocated before they are checked.
        with torch.device("meta"):
            shapes = _shapes(Network(settings, config.sizes), settings.members, len(config.statistics))
        _check(file, shapes)
        tensors = {name: torch.tensor(file.get_tensor(name)) for name in shapes}
        for name, tensor in tensors.items():
            if not torch.isfinite(tensor).all():
                raise DataError(f"tensor {name!r} holds numbers that are not finite")
        if header["sha256"] != _digest(header["config"], tensors):
            raise DataError("damaged: its contents do not match its checksum; train it again")
        return _predictor(config, settings, tensors)


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """Whatever is wrong with a file, as one error that names it."""
    try:
        yield
    except (OSError, safetensors.SafetensorError) as error:
        raise DataError(f"{path}: no predictor that can be read: {error}") from None
    except (TypeError, ValueError, RecursionError, ConfigError) as error:
        raise DataError(f"{path}: the settings in it cannot be used: {error}") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _check_sizes(config: _Config, settings: ParZCSettings) -> None:
    """Raise where the numbers of the header cannot belong together."""
    sizes, statistics = config.sizes, config.statistics
    if not 0 <= config.seed < 10**9:
        raise ValueError("the seed is out of range")
    channels = len(statistics) + (settings.mask and settings.layout == "padded")
    fits = (config.positions, channels) == (sizes.positions, sizes.channels)
    if not fits or len(set(statistics)) < len(statistics):
        raise ValueError("the statistics do not fit the network")
    if not (0 < sizes.positions <= _LONGEST and channels * sizes.positions <= _LARGEST):
        raise ValueError("sizes out of range")
    least, most = (2, _LONGEST) if settings.graph else (0, 0)
    if not (least <= sizes.nodes <= most and least <= sizes.kinds <= most):
        raise ValueError("the sizes of graphs are out of range")
    if all(key.startswith(f"{NETWORK}.") for key in statistics):
        raise ValueError("no statistic is one of layers, activations or blocks")


def _shapes(network: Network, members: int, statistics: int) -> Shapes:
    shapes: dict[str, tuple[tuple[int, ...], torch.dtype]] = {
        f"features.{name}": ((statistics,), torch.float64) for name in _SCALES
    }
    for member in range(members):
        for name, tensor in network.state_dict().items():
            shapes[f"{member}.{name}"] = (tuple(tensor.shape), tensor.dtype)
    return shapes


def _check(file: safetensors.safe_open, shapes: Shapes) -> None:
    """Raise a :class:`DataError` that names what differs; no tensor is read."""
    held = set(file.keys())
    missing, further = sorted(set(shapes) - held), sorted(held - set(shapes))
    if missing or further:
        what = f"lacks {missing[0]!r}" if missing else f"holds {further[0]!r}, which no layer has"
        raise DataError(f"not the tensors of these settings: it {what}")
    for name, (shape, dtype) in shapes.items():
        found = file.get_slice(name)
        kind = _DTYPES.get(found.get_dtype(), found.get_dtype())
        if tuple(found.get_shape()) != shape or kind != dtype:
            raise DataError(f"tensor {name!r} is {kind} {tuple(found.get_shape())}, expected {dtype} {shape}")


def _predictor(config: _Config, settings: ParZCSettings, tensors: Mapping[str, torch.Tensor]) -> ParZC:
    with torch.device("meta"):
        networks = tuple(Network(settings, config.sizes) for _ in range(settings.members))
    for member, network in enumerate(networks):
        state = {name: tensors[f"{member}.{name}"] for name in network.state_dict()}
        network.load_state_dict(state, assign=True)
        network.eval()
    scales = (np.asarray(tensors[f"features.{name}"]) for name in _SCALES)
    features = Features(
        config.statistics, settings.scaling, settings.layout, settings.mask, config.positions, *scales
    )
    space = get_space(config.space.name, **config.space.settings) if config.space else None
    if not settings.graph:
        return ParZC(settings, config.seed, features, None, networks, config.lesson)
    if not isinstance(space, GraphSpace) or len(space.graph_operations) != config.sizes.kinds:
        raise ValueError("the search space does not fit the network")
    return ParZC(settings, config.seed, features, space, networks, config.lesson)


def _digest(config: Any, tensors: Mapping[str, torch.Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    for name in sorted(tensors):
        array = tensors[name].numpy()
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _refuse_constant(name: str) -> None:
    raise ValueError(f"it holds {name}, which is no JSON")


#: What safetensors calls the kinds of our tensors.
_DTYPES = {"F32": torch.float32, "F64": torch.float64}
