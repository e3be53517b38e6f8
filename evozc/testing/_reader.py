"""The contract of a reader of published files."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from evozc.benchmarks.readers import Published, Reader, Request, Wanted
from evozc.errors import ConfigError, DataError
from evozc.table import Target
from evozc.testing._contract import only, require

_OTHERS = {
    "empty": b"", "a page": b"<!DOCTYPE html>\n<html><body>404</body></html>\n", "zeros": bytes(64),
    "csv": b"architecture,accuracy\na,1\nb,2\n", "json": b'{"a": [1, 2, {"b": null}]}',
    "a list": b"[1, 2, 3]", "deep": b"[" * 100_000, "a pickle": b"\x80\x04N.",
    "utf-16": "a,b\n1,2\n".encode("utf-16"),
    "a zip": b"PK\x03\x04" + bytes(60), "a long number": b"9" * 5000, "infinite": b"{\"a\": Infinity}",
}


def check_reader(
    make: Callable[[], Reader],
    example: Path,
    request: Request,
    *,
    folder: Path,
    best: str | None = None,
    damages: int = 60,
    seed: int = 0,
) -> Published:
    """Check that a reader keeps its protocol, on a file of its format.

    Args:
        make: The reader's class.
        example: A whole file, the smaller the quicker.
        request: What to ask of it.
        folder: An empty folder to write damaged copies to.
        best: The architecture known to be the best by the first target.
        damages: How many damaged copies to try.
        seed: Of the damages.

    Returns:
        What it read from the example.

    Raises:
        ContractError: it does not; the message says what.
    """
    reader = make()
    with only(what=f"{reader.name}: {example}"):
        found = reader.read(example, request)
    require(isinstance(found, Published), f"{reader.name}: gives {type(found).__name__}, not Published")
    _check_published(reader.name, found, request)
    again = make().read(example, request)
    require(_plain(again) == _plain(found), f"{reader.name}: reads something else when asked again")
    named = reader.read(example, replace(request, targets=_asked(found)))
    require(
        [t.name for t in named.targets] == [t.name for t in found.targets],
        f"{reader.name}: gives other targets when its own are asked for by name",
    )
    with only(DataError, ConfigError, what=f"{reader.name}: an unknown target"):
        nothing = reader.read(example, replace(request, targets=(Wanted("no such target"),)))
        require(False, f"{reader.name}: reads a target that is not there: {nothing.targets}")
    if best is not None:
        place = int(np.argmax(found.targets[0].merit))
        require(
            found.architectures[place] == best,
            f"{reader.name}: by {found.targets[0].title} {found.architectures[place]} is best, not {best}",
        )
    _check_damages(reader, example, request, folder, damages, random.Random(seed))
    return found


def _asked(found: Published) -> tuple[Wanted, ...]:
    return tuple(Wanted(target.name, target.higher_is_better, target.unit) for target in found.targets)


def _check_published(name: str, found: Published, request: Request) -> None:
    n = len(found.ids)
    require(n > 0, f"{name}: gives no architecture; say what is missing instead")
    require(len(found.places) == n, f"{name}: {n} entries need as many places")
    if request.targets is not None:
        require(len(found.architectures) == n, f"{name}: {n} entries need as many architectures")
        require(found.targets, f"{name}: gives no target")
    for architecture in found.architectures:
        try:
            request.space.canonical_key(architecture)
        except DataError as error:
            require(False, f"{name}: gives {architecture!r}, not of the space {request.space.name}: {error}")
    for target in found.targets:
        require(isinstance(target, Target), f"{name}: {target!r} is no Target")
        fits = target.values.shape == (n,) and target.values.dtype == np.float64
        require(fits and np.isfinite(target.values).all(), f"{name}: {target.name} must be float64, finite")
    for score, values in found.scores.items():
        fits = isinstance(score, str) and values.shape == (n,) and values.dtype == np.float64
        require(fits and not np.isinf(values).any(), f"{name}: {score} must be float64, NaN if missing")


def _plain(found: Published) -> object:
    return (
        found.ids, found.places, found.architectures, found.notes, dict(found.provenance),
        [(t.name, t.values.tobytes(), t.unit, t.higher_is_better) for t in found.targets],
        [(name, values.tobytes()) for name, values in found.scores.items()],
    )


def _check_damages(
    reader: Reader, example: Path, request: Request, folder: Path, damages: int, generator: random.Random
) -> None:
    """Whatever is in a file, it is read, or refused by an error that begins with its path."""
    whole = Path(example).read_bytes()
    contents = dict(_OTHERS)
    for number in range(damages):
        at = generator.randrange(len(whole))
        if number % 2:
            contents[f"cut after {at} bytes"] = whole[:at]
        else:
            byte = generator.randrange(256)
            contents[f"byte {at} replaced by {byte}"] = whole[:at] + bytes([byte]) + whole[at + 1 :]
    path = Path(folder) / Path(example).name
    for what, content in contents.items():
        path.write_bytes(content)
        _refused_or_read(reader, path, request, what)
        with only(what=f"{reader.name}: fits of {what}"):
            reader.fits(path, content[: 2**16])
    path.unlink()
    _refused_or_read(reader, path, request, "no file")
    _refused_or_read(reader, Path(folder), request, "a folder")
    require(not list(Path(folder).iterdir()), f"{reader.name}: writes files beside what it reads")


def _refused_or_read(reader: Reader, path: Path, request: Request, what: str) -> None:
    what = f"{reader.name}: {what}"
    with only(what=what):
        try:
            found = reader.read(path, request)
        except (DataError, ConfigError) as error:
            require(str(error).startswith(str(path)), f"{what}: the message begins with no path: {error}")
            return
    require(len(found.places) == len(found.ids) > 0, f"{what}: gives entries that do not fit")
