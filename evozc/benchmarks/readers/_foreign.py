"""Files that no reader takes, and what to do about them."""

from __future__ import annotations

from pathlib import Path

from evozc.errors import DataError

_NATS = """\
import csv
from nats_bench import create
api = create({path!r}, "tss", fast_mode={fast}, verbose=False)
with open("nats.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["architecture", "accuracy"])
    for index, architecture in enumerate(api):
        found = api.get_more_info(index, "cifar10", hp="200", is_random=False)
        rows.writerow([architecture, found["test-accuracy"]])"""
_NB201 = """\
import csv
from nas_201_api import NASBench201API
api = NASBench201API({path!r}, verbose=False)
with open("nb201.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["architecture", "accuracy"])
    for index, architecture in enumerate(api):
        found = api.get_more_info(index, "cifar10", None, hp="200", is_random=False)
        rows.writerow([architecture, found["test-accuracy"]])"""
_ANY = """\
import csv, pickle
with open({path!r}, "rb") as file:
    found = pickle.load(file)
with open("scores.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["architecture", "accuracy"])
    rows.writerows(found.items())  # or however it holds them"""

_KINDS = (
    (b"\x89HDF", "an HDF5 file; write what is to be ranked as CSV"),
    (b"SQLite format 3", "an SQLite file; write what is to be ranked as CSV"),
    (b"\xfd7zXZ", "compressed by xz; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd; unpack it first"),
)


def refuse_foreign(path: Path, head: bytes) -> None:
    """Refuse what is no text and of no known format.

    Args:
        path: The file.
        head: Its first bytes, unpacked if it is compressed by gzip.

    Raises:
        DataError: says what the file is and what to do; for pickles with the lines that convert them
            where they are trusted.
    """
    names = {part.lower() for part in path.name.split(".")}
    if path.is_dir() and any(path.glob("*.pickle.pbz2")):
        raise DataError(_pickle(path, _NATS))
    if head.startswith(b"BZh"):
        if names & {"pickle", "pkl"}:
            raise DataError(_pickle(path, _NATS))
        raise DataError(f"{path}: compressed by bzip2; unpack it first")
    if head.startswith(b"PK\x03\x04"):
        if "pth" in names or "pt" in names or b"/data.pkl" in head:
            raise DataError(_pickle(path, _NB201))
        if path.suffix == ".npz":
            raise DataError(f"{path}: an npz archive, as evozc's own tables are: evozc search {path}")
        if path.suffix == ".xlsx":
            raise DataError(f"{path}: a spreadsheet; save its sheet as CSV (UTF-8)")
        raise DataError(f"{path}: a zip archive; unpack it and name the file within")
    if len(head) > 1 and head[0] == 0x80 and head[1] <= 5:
        raise DataError(_pickle(path, _NB201 if "pth" in names else _ANY))
    for start, what in _KINDS:
        if head.startswith(start):
            raise DataError(f"{path}: {what}")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:15].lower()
    if text.startswith((b"<!doctype html", b"<html")):
        raise DataError(f"{path}: a web page, not the file that it should be; download it again")
    if text[:1] in (b"{", b"["):
        raise DataError(
            f"{path}: JSON of no known layout; known are NAS-Bench-Suite-Zero's and NDS's (name one with "
            "--format suite-zero or --format nds to see what is missing)"
        )


def _pickle(path: Path, lines: str) -> str:
    fast = path.is_dir() or "simple" in path.name
    return (
        f"{path}: a pickle, which can run any code when it is read, so it is not read here; where you trust "
        f"it, and with its publisher's package installed, these lines make a CSV file of it:\n\n"
        f"{lines.format(path=str(path), fast=fast)}\n"
    )
