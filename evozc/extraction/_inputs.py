"""Labelled images, the data that networks are measured on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from evozc._npz import Archive, Declared, Limits, open_archive
from evozc.errors import DataError
from evozc.spaces import ImageInputs, SearchSpace

#: A file that would take more than this, as numbers of four bytes too, is refused before it is unpacked.
MAX_BYTES = 8 * 2**30
#: Images looked at together.
_BLOCK = 256
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
    with _opened(path) as archive:
        x, y = archive.declared("x"), archive.declared("y")
        _check(x, y, space)
        pixels, labels = archive.read("x"), archive.read("y").astype(np.int64)
        last = space.outputs.size - 1
        if labels.min() < 0 or labels.max() > last:
            raise DataError(
                f"y reaches from {labels.min()} to {labels.max()}; {space.name} is set to {last + 1} "
                f"classes, 0 to {last}"
            )
        made, digest = _standardised(pixels), _digest(pixels, labels)
    return Images(torch.from_numpy(made), torch.from_numpy(labels), digest)


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
    with _opened(path) as archive:
        x, y = archive.declared("x"), archive.declared("y")
        if x.dtype.kind not in "iuf" or len(x.shape) < 2 or 0 in x.shape:
            raise DataError(f"x is {x}; expected numbers (n, ...)")
        if y.dtype.kind not in "iu" or y.shape != x.shape[:1]:
            raise DataError(f"y is {y}; expected {x.shape[0]} whole numbers from 0")
        numbers, labels = archive.read("x"), archive.read("y")
        if labels.min() < 0:
            raise DataError(f"y is {y}; expected {x.shape[0]} whole numbers from 0")
        if x.dtype == np.uint8 and len(x.shape) == 4:
            made = _standardised(numbers)
        else:
            made = _as_float32(numbers) if x.dtype.kind == "f" else numbers.astype(np.int64)
        digest = _digest(numbers, labels)
    return Images(torch.from_numpy(made), torch.from_numpy(labels.astype(np.int64)), digest)


def _standardised(x: np.ndarray) -> np.ndarray:
    made = np.empty((len(x), x.shape[3], *x.shape[1:3]), dtype=np.float32)
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(x), _BLOCK)]
    for channel in range(x.shape[3]):
        counts = sum(np.bincount(x[block, ..., channel].ravel(), minlength=256) for block in blocks)
        levels = np.arange(256) - np.average(np.arange(256), weights=counts)
        deviation = np.sqrt(np.average(levels**2, weights=counts))
        if deviation == 0:
            raise DataError(f"channel {channel} of x is the same at every pixel")
        scaled = (levels / deviation).astype(np.float32)
        for block in blocks:
            made[block, channel] = scaled[x[block, ..., channel]]
    return made


def _as_float32(x: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        made = x.astype(np.float32)
    if not np.isfinite(made).all():
        raise DataError("x holds numbers that are not finite, or too large for float32")
    return made


@contextmanager
def _opened(path: Path) -> Iterator[Archive]:
    """An archive that holds x and y, which would fit the memory as numbers of four bytes too."""
    limits = Limits.usual(MAX_BYTES)
    advice = f"{_EXPECTED}: fetch or write it again"
    with open_archive(path, "file of images", limits, advice) as archive:
        for name in ("x", "y"):
            if name not in archive.names:
                held = ", ".join(archive.names) or "nothing"
                raise DataError(f"holds no array {name!r} but {held}; {_EXPECTED}")
        x = archive.declared("x")
        if x.nbytes + 4 * x.nbytes // x.dtype.itemsize > limits.size:
            raise limits.refusal("size", f"x is {x}, too large for {limits.size / 2**30:.3g} GiB; take fewer")
        yield archive


def _check(x: Declared, y: Declared, space: SearchSpace) -> None:
    if not isinstance(space.inputs, ImageInputs):
        raise DataError(f"networks of {space.name} take tokens, not images")
    if x.dtype != np.uint8 or len(x.shape) != 4 or 0 in x.shape:
        raise DataError(f"x is {x}; {_EXPECTED}")
    if x.shape[3] != space.inputs.channels:
        raise DataError(
            f"x has {x.shape[3]} channels, networks of {space.name} are set to {space.inputs.channels}"
        )
    if y.dtype.kind not in "iu" or y.shape != x.shape[:1]:
        raise DataError(f"y is {y}; expected {x.shape[0]} whole numbers")


def _digest(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
