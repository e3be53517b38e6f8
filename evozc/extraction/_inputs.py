"""Labelled images, the data that networks are measured on."""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from evozc.errors import DataError
from evozc.spaces import ImageInputs, SearchSpace

#: A file that unpacks to more is refused before it fills the memory.
MAX_BYTES = 8 * 2**30
_EXPECTED = "expected an npz archive with x (uint8, images x height x width x channels) and y (labels)"


@dataclass(frozen=True, eq=False)
class Images:
    """Images as networks take them.

    Args:
        x: float32 (n, channels, height, width), standardised.
        y: int64 (n,).
        digest: SHA-256 of the arrays they were made from, 64 hexadecimal digits.
    """

    x: torch.Tensor
    y: torch.Tensor
    digest: str

    @classmethod
    def of(cls, x: torch.Tensor, y: torch.Tensor) -> Images:
        """Images in memory, taken as they are; the digest is theirs."""
        x, y = x.float().contiguous(), y.long().contiguous()
        return cls(x, y, _digest(x.numpy(), y.numpy()))

    def batch(self, size: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """A mini-batch ``x``, ``y`` drawn without replacement.

        Raises:
            DataError: there are fewer images.
        """
        if size > len(self.y):
            raise DataError(f"a mini-batch of {size} cannot be drawn from {len(self.y)} images")
        chosen = np.random.default_rng(seed).choice(len(self.y), size, replace=False)
        return self.x[chosen], self.y[chosen]


def load_images(path: Path, space: SearchSpace) -> Images:
    """Read an npz file of images and labels that anybody may have written.

    Args:
        path: Holds ``x``, uint8 (n, height, width, channels), and ``y``, whole numbers (n,).
        space: Whose networks will see them.

    Returns:
        The images, each channel standardised by its own mean and deviation over the file.

    Raises:
        DataError: the file is missing, truncated or no npz archive, or an array is missing,
            of the wrong kind or shape, or does not fit the space.
    """
    path = Path(path)
    x, y = _read(path)
    _check(path, x, y, space)
    labels = y.astype(np.int64)
    return Images(torch.from_numpy(_standardised(path, x)), torch.from_numpy(labels), _digest(x, labels))


def load_inputs(path: Path) -> Images:
    """Read an npz file of labelled inputs for networks of any kind.

    Args:
        path: Holds ``x`` (n, ...) and ``y``, whole numbers from 0 (n,). ``x`` is uint8 (n, height,
            width, channels) for images, another type of whole numbers for tokens, or real numbers.

    Returns:
        Images as :func:`load_images` gives them, int64 tokens, or float32 numbers as they are.

    Raises:
        DataError: the file is missing, truncated or no npz archive, or an array is missing or
            of the wrong kind or shape.
    """
    path = Path(path)
    x, y = _read(path)
    if x.dtype.kind not in "iuf" or x.ndim < 2 or 0 in x.shape:
        raise DataError(f"{path}: x is {x.dtype} {x.shape}; expected numbers (n, ...)")
    if y.dtype.kind not in "iu" or y.shape != x.shape[:1] or y.min() < 0:
        raise DataError(f"{path}: y is {y.dtype} {y.shape}; expected {len(x)} whole numbers from 0")
    if x.dtype == np.uint8 and x.ndim == 4:
        made = _standardised(path, x)
    else:
        made = x.astype(np.float32 if x.dtype.kind == "f" else np.int64)
    return Images(torch.from_numpy(made), torch.from_numpy(y.astype(np.int64)), _digest(x, y))


def _standardised(path: Path, x: np.ndarray) -> np.ndarray:
    made = np.empty((len(x), x.shape[3], *x.shape[1:3]), dtype=np.float32)
    for channel in range(x.shape[3]):
        pixels = x[..., channel]
        counts = np.bincount(pixels.ravel(), minlength=256)
        levels = np.arange(256) - np.average(np.arange(256), weights=counts)
        deviation = np.sqrt(np.average(levels**2, weights=counts))
        if deviation == 0:
            raise DataError(f"{path}: channel {channel} of x is the same at every pixel")
        made[:, channel] = (levels / deviation).astype(np.float32)[pixels]
    return made


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise DataError(f"{path}: unpacks to more than {MAX_BYTES >> 30} GiB; take fewer images")
        with np.load(path, allow_pickle=False) as archive:
            for name in ("x", "y"):
                if name not in archive.files:
                    held = ", ".join(archive.files) or "nothing"
                    raise DataError(f"{path}: holds no array {name!r} but {held}; {_EXPECTED}")
            return archive["x"], archive["y"]
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, MemoryError, OverflowError,
            RuntimeError, struct.error, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: not a whole file of images ({type(error).__name__}: {error}); "
            f"{_EXPECTED}: fetch or write it again"
        ) from error


def _check(path: Path, x: np.ndarray, y: np.ndarray, space: SearchSpace) -> None:
    if not isinstance(space.inputs, ImageInputs):
        raise DataError(f"{path}: networks of {space.name} take tokens, not images")
    channels, classes = space.inputs.channels, space.outputs.size
    if x.dtype != np.uint8 or x.ndim != 4 or 0 in x.shape:
        raise DataError(f"{path}: x is {x.dtype} {x.shape}; {_EXPECTED}")
    if x.shape[3] != channels:
        raise DataError(
            f"{path}: x has {x.shape[3]} channels, networks of {space.name} are set to {channels}"
        )
    if y.dtype.kind not in "iu" or y.shape != x.shape[:1]:
        raise DataError(f"{path}: y is {y.dtype} {y.shape}; expected {len(x)} whole numbers")
    if y.min() < 0 or y.max() >= classes:
        raise DataError(
            f"{path}: y reaches from {y.min()} to {y.max()}; {space.name} is set to {classes} "
            f"classes, 0 to {classes - 1}"
        )


def _digest(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
