"""What all tests share."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings
from small_tables import Commands

settings.register_profile("evozc", deadline=None, derandomize=True, max_examples=30)
settings.load_profile("evozc")

# A shell tells what it starts in the background to ignore it; the programs that tests stop must not.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser):
    group = parser.getgroup("faults", "how much of what tests/faults tries")
    group.addoption("--kills", type=int, default=50, help="SIGKILLs of each command in the slow run")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The published tables that lie beside the project; without them the test is skipped."""
    folder = ROOT.parent / "shared" / "benchmarks"
    if not folder.is_dir():
        pytest.skip(f"the published benchmark tables are absent: {folder}")
    return folder


@pytest.fixture(scope="session")
def commands(tmp_path_factory):
    """Runs evozc commands: ``commands("search", table).code``."""
    running = Commands(tmp_path_factory.mktemp("commands"))
    yield running
    running.close()
