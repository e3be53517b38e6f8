"""Predictors from strangers: what does not fit is named, and nothing else happens."""

import json
import random
from dataclasses import replace

import pytest
import safetensors
import torch
from safetensors.torch import save_file
from small_tables import small_table

from evozc.baselines.parzc import NAMED, ParZC, load_predictor, save_predictor
from evozc.baselines.parzc._storage import _digest
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

    def write(tensors=None, config=None, **changes):
        with safetensors.safe_open(saved, framework="pt") as file:
            kept = {**{name: file.get_tensor(name) for name in file.keys()}, **(tensors or {})}  # noqa: SIM118
            header = json.loads(file.metadata()["evozc"])
        kept = {name: tensor for name, tensor in kept.items() if tensor is not None}
        header["config"] |= config or {}
        header["sha256"] = _digest(header["config"], kept)  # so that it is not what stops them
        entry = {"evozc": json.dumps({**header, **changes})}
        save_file(kept, tmp_path / "altered.safetensors", entry)
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
    {"space": {"name": "elsewhere", "settings": {}}}, {"space": {"name": "os:system", "settings": {}}},
    {"statistics": ["network.params"]}, {"statistics": []}, {"positions": 0}, {"lesson": None},
    {"lesson": {"keys": [1], "table_hash": "", "target": ""}}, {"surprise": 1}, {"seed": -1}, {"seed": True},
    {"sizes": {"channels": 1, "positions": 8, "kinds": 3, "nodes": 3}},
    {"sizes": {"channels": 1, "positions": 8, "kinds": 0}},
])
def test_settings_that_do_not_fit_are_refused(altered, config):
    with pytest.raises(DataError):
        load_predictor(altered(config=config))


def test_a_graph_without_nodes_or_space_is_refused(altered, saved):
    settings = {**NAMED["parzc-graph"].to_mapping(), "statistics": ["layer.grad_l2"]}
    for nodes in (-3, 0, 1, 10**9):
        sizes = {"channels": 1, "positions": 8, "kinds": 3, "nodes": nodes}
        with pytest.raises(DataError, match="graphs are out of range"):
            load_predictor(altered(config={"settings": settings, "positions": 8, "sizes": sizes}))


def test_every_flipped_byte_is_refused(saved, tmp_path):
    """No flip gives other predictions: names, settings and weights are all under the checksum."""
    content, generator = saved.read_bytes(), random.Random(0)
    damaged_path = tmp_path / "damaged"
    for place in [*range(0, 400, 7), *(generator.randrange(len(content)) for _ in range(250))]:
        damaged = bytearray(content)
        damaged[place] ^= 1 << generator.randrange(8)
        damaged_path.write_bytes(damaged)
        with pytest.raises(DataError):
            load_predictor(damaged_path)


def test_nothing_is_read_before_shapes_are_seen_to_fit(altered, monkeypatch):
    """A sparse file of a terabyte costs nothing on disk, and must cost nothing here."""
    path = altered({"further": torch.zeros(1)})
    with path.open("r+b") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        start = max(e["data_offsets"][1] for n, e in header.items() if n not in ("__metadata__", "further"))
        header["further"] = {"dtype": "F32", "shape": [2**38], "data_offsets": [start, start + 2**40]}
        text = json.dumps(header).encode()
        content = len(text).to_bytes(8, "little") + text
        file.seek(0)
        file.write(content)
        file.truncate(len(content) + start + 2**40)
    with pytest.raises(DataError, match="further"):
        load_predictor(path)


def test_other_files_are_refused(altered, saved, tmp_path):
    with pytest.raises(DataError, match="this version reads"):
        load_predictor(altered(format="evozc-parzc-0"))
    with pytest.raises(DataError, match="do not match its checksum"):
        load_predictor(altered(sha256="0" * 64))
    save_file({"x": torch.zeros(1)}, tmp_path / "old", {"format": "evozc-parzc-1", "config": "{}"})
    with pytest.raises(DataError, match="written as 'evozc-parzc-1', this version reads 'evozc-parzc-2'"):
        load_predictor(tmp_path / "old")
    save_file({"x": torch.zeros(1)}, tmp_path / "foreign")
    with pytest.raises(DataError, match="written as None"):
        load_predictor(tmp_path / "foreign")
    for content in (b"", b"not a predictor", saved.read_bytes()[:-10]):
        (tmp_path / "broken").write_bytes(content)
        with pytest.raises(DataError, match="no predictor"):
            load_predictor(tmp_path / "broken")
    with pytest.raises(DataError, match="no predictor"):
        load_predictor(tmp_path / "absent")
