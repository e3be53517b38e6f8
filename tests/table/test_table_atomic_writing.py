"""A file that is being written is the old one or the new one, never half of either."""

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from evozc._files import replacing, write_text
from evozc.errors import DataError
from evozc.spaces import NasBench201
from evozc.table import Table, save_table
from primitives import scalar


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, MemoryError])
def test_a_block_that_raises_leaves_the_old_file_alone(tmp_path, error):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write_half():
        with replacing(path) as file:
            file.write(b"half of the new")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_ends_well_replaces_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    write_text(path, "größer")
    assert path.read_text(encoding="utf-8") == "größer"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["no/such/folder/t.npz", "file/t.npz", "x" * 300 + ".npz", "folder"])
def test_a_place_that_cannot_be_written_is_a_data_error(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="cannot be written"):
        write_text(tmp_path / name, "text")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


FULL_DISK = """
import resource, sys
from pathlib import Path
from evozc._files import replacing
from evozc.errors import DataError
from evozc.table import load_table, save_table

folder = Path(sys.argv[1])
table = load_table(folder / "small.npz")
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

def replace_old():
    with replacing(folder / "old") as file:
        file.write(bytes(100_000))

for write in (replace_old, lambda: save_table(table, folder / "new.npz")):
    try:
        write()
    except DataError as error:
        print(error)
"""


def test_a_full_disk_leaves_the_old_file_and_nothing_half_written(tmp_path):
    generator = random.Random(0)
    texts = tuple(dict.fromkeys(NasBench201().sample(generator) for _ in range(500)))
    noise = np.random.default_rng(0).random(len(texts))
    save_table(Table(texts, texts, (scalar("x"),), {}, {"network.x": noise}, {}), tmp_path / "small.npz")
    (tmp_path / "old").write_bytes(b"old")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True,
        cwd=root, env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.stderr == ""
    assert done.stdout.count("cannot be written") == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old", "small.npz"]
    assert (tmp_path / "old").read_bytes() == b"old"
