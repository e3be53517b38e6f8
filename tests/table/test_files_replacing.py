"""A file that is being replaced is the old one until the new one is whole."""

import signal
import subprocess
import sys

import pytest

from evozc._files import refuse_existing, write_text
from evozc.errors import DataError

#: Replaces a file under a limit on the size of files, as on a full disk.
UNDER_A_LIMIT = """
import resource, sys
from pathlib import Path
from evozc._files import replacing
from evozc.errors import DataError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with replacing(Path(sys.argv[1])) as file:
        for _ in range(int(sys.argv[2])):
            file.write(b"x" * 100)
except DataError as error:
    sys.exit(f"refused: {error}")
"""
#: Stops dead in the middle of replacing a file.
KILLED = """
import os, signal, sys
from pathlib import Path
from evozc._files import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "result.txt"
    path.write_bytes(b"old")
    return path


def run(script, *arguments):
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("blocks", [11, 1000])  # too much for the disk at the end; in the middle
def test_a_full_disk_leaves_the_old_file_alone(old, blocks):
    ended = run(UNDER_A_LIMIT, old, blocks)
    assert ended.returncode == 1
    assert ended.stderr.strip() == f"refused: {old}: cannot be written: File too large"
    assert old.read_bytes() == b"old"
    assert list(old.parent.iterdir()) == [old]
    assert run(UNDER_A_LIMIT, old, 10).returncode == 0  # as much as there is room for
    assert old.read_bytes() == b"x" * 1000


def test_a_kill_while_writing_leaves_the_old_file_alone(old):
    assert run(KILLED, old).returncode == -signal.SIGKILL
    assert old.read_bytes() == b"old"
    write_text(old, "new")  # whatever the killed process left is in nobody's way
    assert old.read_bytes() == b"new"


def test_an_old_result_is_not_overwritten(old):
    with pytest.raises(DataError, match="exists already"):
        refuse_existing(old)
    with pytest.raises(DataError, match="exists already"):
        refuse_existing(old.parent)
    refuse_existing(old.with_name("new"))
