"""Works that were done without any fault, each once for all tests here."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import works
from small_tables import Commands


@dataclass(frozen=True)
class Whole:
    """Works that nothing disturbed, each done when it is first asked for, and the seconds that each took."""

    place: Path
    running: Commands
    seconds: dict = field(default_factory=dict)

    def out(self, name):
        out = self.place / f"{name}{'.npz' if name == 'extract' else ''}"
        if name not in self.seconds:
            begin = time.monotonic()
            ended = self.running(*works.command(name, out), cwd=self.place)
            assert (ended.code, ended.err) == (0, ""), name
            self.seconds[name] = time.monotonic() - begin
        return out


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
    place = tmp_path_factory.mktemp("whole")
    works.inputs(place)
    return Whole(place, running)
