"""Predictors from strangers: what does not fit is named, and nothing else happens."""

import json
from dataclasses import replace

import pytest
import safetensors
import torch
from safetensors.torch import save_file
from small_tables import small_table

from evozc.baselines.parzc import NAMED, ParZC, load_predictor, save_predictor
from evozc.errors import DataError


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    table = small_table()
    settings = replace(
        NAMED["parzc"], statistics=("layer.grad_l2",), width=8, depth=1, segments=2, segment=4, epochs=1
    )
    path = tmp_path_factory.mktemp("parzc") / "it.safetensors"
    save_predictor(ParZC.fit(table, table.target(), settings), path)
    return path


@pytest.fixture
def altered(saved, tmp_path):
    """Writes the file again with changes to its tensors and its settings."""

    def write(tensors=None, config=None, **metadata):
        with safetensors.safe_open(saved, framework="pt") as file:
            kept = {**{name: file.get_tensor(name) for name in file.keys()}, **(tensors or {})}  # noqa: SIM118
            known = dict(file.metadata())
        known["config"] = json.dumps({**json.loads(known["config"]), **(config or {})})
        kept = {name: tensor for name, tensor in kept.items() if tensor is not None}
        save_file(kept, tmp_path / "altered.safetensors", {**known, **metadata})
        return tmp_path / "altered.safetensors"

    return write


@pytest.mark.parametrize(("tensors", "message"), [
    ({"0.mixer.head.mu": None}, r"lacks '0\.mixer\.head\.mu'"),
    ({"further": torch.zeros(1)}, "holds 'further'"),
    ({"0.mixer.head.mu": torch.zeros(3, 3)}, r"expected torch\.float32 \(8, 8\)"),
    ({"0.mixer.head.mu": torch.zeros(8, 8, dtype=torch.float64)}, r"is torch\.float64"),
    ({"0.mixer.head.mu": torch.full((8, 8), float("nan"))}, "not finite"),
])
def test_tensors_that_do_not_fit_are_named(altered, tensors, message):
    with pytest.raises(DataError, match=message):
        load_predictor(altered(tensors))


@pytest.mark.parametrize("config", [
    {"settings": {"width": 10**9}}, {"settings": {"surprise": 1}}, {"settings": 3}, {"seed": "x"},
    {"positions": 10**12}, {"sizes": {"channels": -1, "positions": 1}}, {"sizes": None},
    {"statistics": ["layer.grad_l2", "layer.numel"]}, {"statistics": 1}, {"space": ["elsewhere", {}]},
])
def test_settings_that_do_not_fit_are_refused(altered, config):
    with pytest.raises(DataError):
        load_predictor(altered(config=config))


def test_other_files_are_refused(altered, saved, tmp_path):
    with pytest.raises(DataError, match="this version reads"):
        load_predictor(altered(format="evozc-parzc-0"))
    for content in (b"", b"not a predictor", saved.read_bytes()[:-10]):
        (tmp_path / "broken").write_bytes(content)
        with pytest.raises(DataError, match="no predictor"):
            load_predictor(tmp_path / "broken")
    with pytest.raises(DataError, match="no predictor"):
        load_predictor(tmp_path / "absent")
