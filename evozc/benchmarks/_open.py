"""Tables by the name of a bundled benchmark, or by path."""

from __future__ import annotations

from pathlib import Path

from evozc.benchmarks.readers import first_bytes
from evozc.errors import DataError
from evozc.table import Table, load_table

#: Benchmarks that come with evozc, and their tables.
BUNDLED = {"digits": Path(__file__).parent / "data" / "digits.npz"}


def open_table(name: str) -> Table:
    """The table of a bundled benchmark, or of a path.

    Raises:
        DataError: neither, or the file is no whole table.
    """
    if name in BUNDLED:
        return load_table(BUNDLED[name])
    if not Path(name).exists():
        raise DataError(
            f"{name}: no such table; give the path of one made by evozc extract or evozc table, "
            f"or the name of a bundled benchmark ({', '.join(BUNDLED)})"
        )
    _point_to_table(Path(name))
    return load_table(Path(name))


def _point_to_table(path: Path) -> None:
    """Refuse what may be a published file, and say which command makes a table of it.

    Raises:
        DataError: the file is no zip archive, as tables are, but text.
    """
    head = first_bytes(path)
    if head.startswith(b"PK") or not head or b"\0" in head:
        return
    raise DataError(
        f"{path}: no table of statistics but text, as published scores are; make one of it first: "
        f"evozc table {path} table.npz"
    )
