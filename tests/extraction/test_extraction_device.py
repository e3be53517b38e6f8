"""Devices: what is not here is said, and what is one worker's is no other's."""

import os
import subprocess
import sys

import pytest
import torch
from small_tables import environment

from evozc.errors import ConfigError, DataError
from evozc.extraction import ExtractionSettings, check_device, choose_devices, on_device
from evozc.extraction import _device as devices
from evozc.extraction._device import arithmetic_of, claim


@pytest.fixture
def cards(monkeypatch):
    """As torch tells of two cards; nothing runs on them."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Card 9")
    monkeypatch.setattr(devices, "_claimed", lambda: 1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is here")
@pytest.mark.parametrize("text", ["cuda", "cuda:0", "cuda:0,cuda:1"])
def test_a_device_that_is_not_here_is_said(text, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with pytest.raises(ConfigError, match=r"device cuda: torch .* sees 0 of \d; .*--device cpu"):
        choose_devices(text)


@pytest.mark.parametrize("text", ["", "gpu", "cuda:x", "cuda:0,cuda:0", "cuda:0,cpu", "cpu,cpu", "CUDA"])
def test_what_is_no_device_is_refused(text):
    with pytest.raises(ConfigError, match="device must be one of cpu, cuda, mps"):
        choose_devices(text)


def test_settings_know_kinds_of_devices():
    assert ExtractionSettings().device == "cpu"
    with pytest.raises(ConfigError, match="device must be one of cpu, cuda, mps, not 'tpu'"):
        ExtractionSettings(device="tpu")


def test_named_devices_are_the_only_ones_seen(cards, monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    assert choose_devices("cuda:3,cuda:1") == ("cuda", 2)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "3,1"
    with pytest.raises(ConfigError, match="sees 2 of 3"):
        choose_devices("cuda:0,cuda:1,cuda:2")


def test_the_manifest_names_device_and_arithmetic(cards):
    assert arithmetic_of("cpu") == {}
    assert "Card 9" in arithmetic_of("cuda")["device"]
    assert "float32 without TF32, deterministic" in arithmetic_of("cuda")["device"]


def test_a_device_computes_exactly_and_what_was_set_comes_back(cards, monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = True
    with on_device("cuda") as place:
        assert place == torch.device("cuda", 1)
        assert not torch.backends.cuda.matmul.allow_tf32
        assert not torch.backends.cudnn.allow_tf32
        assert torch.backends.cudnn.deterministic
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = before
    assert not torch.backends.cudnn.deterministic
    assert not torch.are_deterministic_algorithms_enabled()
    with on_device("cpu") as place:
        assert place == torch.device("cpu")


def test_a_device_has_one_worker_for_as_long_as_that_lives(tmp_path):
    code = ("import pathlib, sys; from evozc.extraction._device import claim; "
            "print(claim(['a', 'b'], pathlib.Path(sys.argv[1])), flush=True); sys.stdin.read()")
    path = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=environment(**path),
    )
    assert other.stdout.readline() == "0\n"
    assert claim(["a", "b"], tmp_path) == 1
    with pytest.raises(DataError, match="all 2 devices have a worker"):
        claim(["a", "b"], tmp_path)
    other.communicate()
    assert claim(["a", "b"], tmp_path) == 0


def test_metal_is_asked_for(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="sees no Metal device"):
        check_device("mps")
