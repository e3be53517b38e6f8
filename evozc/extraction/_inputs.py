"""The data that networks are measured on: labelled images, tokens, numbers of any kind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from evozc._npz import Archive, Declared, Limits, open_archive
from evozc.errors import DataError
from evozc.extraction._labels import read_labels
from evozc.spaces import ImageInputs, SearchSpace, TokenInputs

#: A file that would take more than this, as numbers of four bytes too, is refused before it is unpacked.
MAX_BYTES = 8 * 2**30
#: Images looked at together.
_BLOCK = 256
_EXPECTED = "expected an npz archive with x (uint8, images x height x width x channels) and y (labels)"


@dataclass(frozen=True, eq=False)
class Images:
    """Images, or other inputs, as networks take them.

    Args:
        x: float32 (n, channels, height, width), standardised, with the tiles of an input after n; or
            int64 (n, length), tokens.
        y: int64 (n,), or as :class:`~evozc.spaces.Outputs` says.
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
    """Read an npz file of inputs and labels for networks of a space, which anybody may have written.

    Args:
        path: Holds ``x``, uint8 (n, height, width, channels), or of tiles (n, tiles, height, width,
            channels), and ``y``:

            - classes: whole numbers (n,), or shares, float (n, classes);
            - class map: whole numbers (n, height, width);
            - image: uint8 (n, height, width, channels), which become -1 to 1, or real numbers, taken as
              they are; without ``y`` the label is ``x`` itself;
            - values: numbers (n, values).

            Or, for tokens, ``x`` of whole numbers (n, length) alone: the label of each is the next.
        space: Whose networks will see them.

    Returns:
        The inputs; of images, each channel standardised by its own mean and deviation over the file.

    Raises:
        DataError: the file is missing, truncated or no npz archive, or an array is missing,
            of the wrong kind or shape, or does not fit the space.
    """
    path = Path(path)
    inputs, itself = space.inputs, space.outputs.kind in ("image", "tokens")
    with _opened(path, ("x",) if itself else ("x", "y")) as archive:
        x = archive.declared("x")
        if isinstance(inputs, TokenInputs):
            _check_tokens(x, inputs, space)
            numbers = archive.read("x")
            tokens = torch.from_numpy(_as_tokens(numbers, inputs, space))
            if space.outputs.kind == "tokens":
                return Images(tokens, tokens, _digest(numbers))
            labels = read_labels(archive, space, x.shape)
            return Images(tokens, labels, _digest(numbers, labels.numpy()))
        _check(x, inputs, space)
        labels = read_labels(archive, space, (*x.shape[:-3], x.shape[-1], *x.shape[-3:-1]))
        pixels = archive.read("x")
        return Images(torch.from_numpy(_standardised(pixels)), labels, _digest(pixels, labels.numpy()))


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
    """Channels first, each standardised; tiles are images of their own."""
    if x.ndim == 5:
        made = _standardised(x.reshape(-1, *x.shape[2:]))
        return made.reshape(*x.shape[:2], *made.shape[1:])
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
def _opened(path: Path, needed: Sequence[str] = ("x", "y")) -> Iterator[Archive]:
    """An archive that holds what is needed, and whose x would fit the memory as numbers of four bytes too."""
    limits = Limits.usual(MAX_BYTES)
    advice = f"{_EXPECTED}: fetch or write it again"
    with open_archive(path, "file of images", limits, advice) as archive:
        for name in needed:
            if name not in archive.names:
                held = ", ".join(archive.names) or "nothing"
                raise DataError(f"holds no array {name!r} but {held}; {_EXPECTED}")
        x = archive.declared("x")
        if x.nbytes + 4 * x.nbytes // x.dtype.itemsize > limits.size:
            raise limits.refusal("size", f"x is {x}, too large for {limits.size / 2**30:.3g} GiB; take fewer")
        yield archive


def _check(x: Declared, inputs: ImageInputs, space: SearchSpace) -> None:
    tiled = bool(inputs.tiles)
    if x.dtype != np.uint8 or len(x.shape) != 4 + tiled or 0 in x.shape:
        expected = "expected x (uint8, inputs x tiles x height x width x channels)" if tiled else _EXPECTED
        raise DataError(f"x is {x}; {expected}")
    if x.shape[-1] != inputs.channels:
        raise DataError(
            f"x has {x.shape[-1]} channels, networks of {space.name} are set to {inputs.channels}"
        )
    if tiled and x.shape[1] != inputs.tiles:
        raise DataError(f"x has {x.shape[1]} tiles an input, networks of {space.name} take {inputs.tiles}")
    for size, wanted in zip(x.shape[-3:-1], (inputs.height, inputs.width), strict=True):
        if wanted not in (0, size):
            height, width = x.shape[-3:-1]
            raise DataError(
                f"x has images of {height} x {width} pixels, networks of {space.name} are set to "
                f"{inputs.height} x {inputs.width}"
            )


def _check_tokens(x: Declared, inputs: TokenInputs, space: SearchSpace) -> None:
    if x.dtype.kind not in "iu" or len(x.shape) != 2 or 0 in x.shape:
        raise DataError(f"x is {x}; networks of {space.name} take tokens: whole numbers (sequences, length)")
    if x.shape[1] != inputs.length:
        raise DataError(
            f"x has sequences of {x.shape[1]} tokens, networks of {space.name} are set to {inputs.length}"
        )


def _as_tokens(numbers: np.ndarray, inputs: TokenInputs, space: SearchSpace) -> np.ndarray:
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or high >= inputs.vocabulary:
        raise DataError(
            f"x reaches from {low} to {high}; the vocabulary of {space.name} is set to {inputs.vocabulary} "
            f"tokens, 0 to {inputs.vocabulary - 1}"
        )
    return numbers.astype(np.int64)


def _digest(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
