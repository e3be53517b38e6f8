"""What these tests share; the helpers lie beside the tests of the search."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "search"))

from small_tables import Commands


@pytest.fixture(scope="session")
def commands(tmp_path_factory):
    """Runs evozc commands: ``commands("search", table).code``."""
    running = Commands(tmp_path_factory.mktemp("commands"))
    yield running
    running.close()
