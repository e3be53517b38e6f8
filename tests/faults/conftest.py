"""Works that were done without any fault, once for all tests here."""

import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import works
from small_tables import Commands


@dataclass(frozen=True)
class Whole:
    """Works that nothing disturbed: where they lie, and the seconds that each took."""

    place: Path
    seconds: dict

    def out(self, name):
        return self.place / f"{name}{'.npz' if name == 'extract' else ''}"


@pytest.fixture(scope="session")
def running(tmp_path_factory):
    """Runs commands with torch imported beforehand."""
    commands = Commands(
        tmp_path_factory.mktemp("commands"), "evozc.nas", "evozc.baselines.parzc", "evozc.comparison.methods",
        "evozc.transfer", "evozc.report", "sklearn.ensemble",
    )
    yield commands
    commands.close()


@pytest.fixture(scope="session")
def whole(tmp_path_factory, running):
    done = Whole(tmp_path_factory.mktemp("whole"), {})
    works.inputs(done.place)
    for name in works.COMMANDS:
        begin = time.monotonic()
        ended = running(*works.command(name, done.out(name)), cwd=done.place)
        assert (ended.code, ended.err) == (0, ""), name
        done.seconds[name] = time.monotonic() - begin
    return done
