"""Where networks are measured, and with which arithmetic."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import torch

from evozc._files import open_plain
from evozc.errors import ConfigError, DataError
from evozc.extraction._settings import DEVICES

_ONE = re.compile(r"cuda:(\d{1,3})\Z", re.ASCII)
#: Without it the kernels of cuBLAS may give other bits from one run to the next.
_WORKSPACE = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}


def choose_devices(text: str) -> tuple[str, int]:
    """The kind of device that a user writes, as ``cuda`` or ``cuda:0,cuda:1``, and how many were named.

    Those that are named become the only ones that this process, and workers that it starts, can see.

    Raises:
        ConfigError: no such kind, or no such device here.
    """
    parts = text.split(",")
    numbers = [found[1] for part in parts if (found := _ONE.match(part))]
    if len(numbers) == len(parts) == len(set(numbers)):
        if not torch.cuda.is_initialized():
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(numbers)
        check_device("cuda", len(numbers))
        return "cuda", len(numbers)
    check_device(text)
    return text, 1


def check_device(kind: str, count: int = 1) -> None:
    """Stop at a device that is not here.

    Raises:
        ConfigError: it is none of :data:`DEVICES`, or there are fewer than so many.
    """
    if kind not in DEVICES:
        raise ConfigError(f"device must be one of {', '.join(DEVICES)}, or as cuda:0,cuda:1, not {kind!r}")
    if kind == "cuda" and torch.cuda.device_count() < count:
        built = torch.version.cuda and f"torch {torch.__version__} for CUDA {torch.version.cuda} sees"
        raise ConfigError(
            f"device cuda: {built or f'torch {torch.__version__} is built without CUDA and sees'} "
            f"{torch.cuda.device_count()} of {count}; look at nvidia-smi, or measure with --device cpu"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("device mps: torch sees no Metal device; measure with --device cpu")


def arithmetic_of(kind: str) -> dict[str, str]:
    """What numbers depend on where they are not measured on a CPU, for a manifest.

    Raises:
        ConfigError: the device is not here.
    """
    if kind == "cpu":
        return {}
    check_device(kind)
    name = torch.cuda.get_device_name() if kind == "cuda" else "Metal"
    cuda = f", CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}" if kind == "cuda" else ""
    how = "float32 without TF32, deterministic kernels where torch has them"
    return {"device": f"{kind}: {name}{cuda}, {how}"}


@contextmanager
def on_device(kind: str) -> Iterator[torch.device]:
    """This process's own device, with exact float32 and deterministic kernels for the block.

    A process keeps the first CUDA device that no other has, for as long as it lives: one worker a device.

    Raises:
        ConfigError: there is none of the kind.
        DataError: other workers have all of them.
    """
    if kind == "cpu":
        yield torch.device("cpu")
        return
    check_device(kind)
    for name, value in _WORKSPACE.items():
        os.environ.setdefault(name, value)
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark
    strict = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    matmul.allow_tf32, cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark = False, False, True, False
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield torch.device(kind, _claimed()) if kind == "cuda" else torch.device(kind)
    finally:
        matmul.allow_tf32, cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark = before
        torch.use_deterministic_algorithms(strict, warn_only=warns)


@cache
def _claimed() -> int:
    return claim([str(torch.cuda.get_device_properties(n).uuid) for n in range(torch.cuda.device_count())])


def claim(devices: list[str], folder: Path | None = None) -> int:
    """The place of the first device that no other process has claimed; it is this one's until it ends.

    Args:
        devices: Names that no two devices of the machine share.
        folder: Of the locks; that of temporary files by default.

    Raises:
        DataError: all are claimed.
    """
    for place, name in enumerate(devices):
        path = (folder or Path(tempfile.gettempdir())) / f"evozc-{os.getuid()}-{name}.lock"
        with suppress(OSError):  # another one has it
            descriptor = open_plain(path, os.O_WRONLY | os.O_CREAT)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                raise
            return place  # the descriptor stays open, and the lock with it
    raise DataError(f"all {len(devices)} devices have a worker: take as many --jobs as there are devices")
