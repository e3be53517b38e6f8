"""Predictors on disk: weights as safetensors, everything else as JSON in their header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch
from safetensors.torch import save

from evozc._files import refuse_existing, replacing
from evozc.baselines.parzc._features import Features
from evozc.baselines.parzc._network import Network, Sizes
from evozc.baselines.parzc._predictor import ParZC
from evozc.baselines.parzc._settings import ParZCSettings
from evozc.errors import ConfigError, DataError
from evozc.spaces import get_space

FORMAT = "evozc-parzc-1"
_SCALES = ("unit", "center", "spread")
#: No list of nodes is expected to be longer, so a damaged length cannot claim all memory.
_LONGEST = 100_000


def save_predictor(predictor: ParZC, path: Path) -> None:
    """Write a predictor to a new safetensors file.

    Raises:
        DataError: something is there already, or it cannot be written.
    """
    refuse_existing(path)
    features = predictor.features
    config = {
        "settings": predictor.settings.to_mapping(),
        "seed": predictor.seed,
        "statistics": list(features.statistics),
        "positions": features.positions,
        "sizes": asdict(predictor.networks[0].sizes),
        "space": None if predictor.space is None else [predictor.space.name, predictor.space.settings()],
    }
    tensors = {f"features.{name}": torch.tensor(getattr(features, name)) for name in _SCALES}
    for member, network in enumerate(predictor.networks):
        tensors |= {f"{member}.{name}": t.contiguous() for name, t in network.state_dict().items()}
    with replacing(path) as file:
        file.write(save(tensors, {"format": FORMAT, "config": json.dumps(config, allow_nan=False)}))


def load_predictor(path: Path) -> ParZC:
    """Read what :func:`save_predictor` wrote; the predictions are the same, bit for bit.

    Raises:
        DataError: no such file, damaged, or its tensors are not those that its settings need.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, safetensors.SafetensorError) as error:
        raise DataError(f"{path}: no predictor that can be read: {error}") from None
    if metadata.get("format") != FORMAT:
        raise DataError(f"{path}: written as {metadata.get('format')!r}, this version reads {FORMAT!r}")
    try:
        return _predictor(json.loads(metadata["config"]), tensors)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, ConfigError) as error:
        raise DataError(f"{path}: the settings in it cannot be used: {error}") from None
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _predictor(config: Mapping[str, Any], tensors: dict[str, torch.Tensor]) -> ParZC:
    settings = ParZCSettings.from_mapping(config["settings"])
    statistics = tuple(map(str, config["statistics"]))
    positions, sizes = int(config["positions"]), Sizes(**config["sizes"])
    if not (0 < positions <= _LONGEST and all(0 <= n <= _LONGEST for n in asdict(sizes).values())):
        raise ValueError("sizes out of range")
    if not isinstance(config["seed"], int) or not 0 <= config["seed"] < 10**9:
        raise ValueError("the seed is out of range")
    expected = {f"features.{name}": ((len(statistics),), torch.float64) for name in _SCALES}
    with torch.device("meta"):  # shapes alone, so that nothing is allocated before they are checked
        networks = tuple(Network(settings, sizes) for _ in range(settings.members))
    for member, network in enumerate(networks):
        for name, tensor in network.state_dict().items():
            expected[f"{member}.{name}"] = (tuple(tensor.shape), tensor.dtype)
    _check(tensors, expected)
    for member, network in enumerate(networks):
        state = {name: tensors[f"{member}.{name}"] for name in network.state_dict()}
        network.load_state_dict(state, assign=True)
        network.eval()
    scales = (np.asarray(tensors[f"features.{name}"]) for name in _SCALES)
    features = Features(statistics, settings.scaling, settings.layout, settings.mask, positions, *scales)
    if features.channels != sizes.channels or features.positions != sizes.positions:
        raise ValueError("the statistics do not fit the network")
    space = get_space(config["space"][0], **config["space"][1]) if config["space"] else None
    if settings.graph and (space is None or len(space.graph_operations) != sizes.kinds):
        raise ValueError("the search space does not fit the network")
    return ParZC(settings, config["seed"], features, space, networks)


def _check(tensors: Mapping[str, torch.Tensor], expected: Mapping[str, tuple]) -> None:
    """Raise a :class:`DataError` that names what differs."""
    missing, further = sorted(set(expected) - set(tensors)), sorted(set(tensors) - set(expected))
    if missing or further:
        what = f"lacks {missing[0]!r}" if missing else f"holds {further[0]!r}, which no layer has"
        raise DataError(f"not the tensors of these settings: it {what}")
    for name, (shape, dtype) in expected.items():
        found = tensors[name]
        if tuple(found.shape) != shape or found.dtype != dtype:
            raise DataError(
                f"tensor {name!r} is {found.dtype} {tuple(found.shape)}, expected {dtype} {shape}"
            )
        if not torch.isfinite(found).all():
            raise DataError(f"tensor {name!r} holds numbers that are not finite")
