"""What all commands have in common: their help, their version, and how they end."""

import os
import signal
import subprocess
import time
from importlib.metadata import version

import pytest
from small_tables import environment, evozc

LONG, BYTES = "x" * 300, os.fsdecode(b"a\xffb")
WITH_A_FILE = (
    ("search", "{}"), ("search", "--resume", "{}"), ("compare", "{}"), ("transfer", "{}", "{}"),
    ("audit", "{}"), ("leaderboard", "{}"), ("parzc", "{}"), ("export", "{}"), ("plot", "{}"),
    ("score", "{}", "--input", "3,32,32"), ("score", "--model", "{}:a", "--input", "3,32,32"),
    ("nas", "{}", "--proxy", "params", "--run", "run"), ("nas-bench", "{}"),
    ("extract", "{}", "{}", "{}"), ("merge", "{}"), ("table", "{}", "{}"),
    ("table", "attach", "{}", "{}", "{}"),
)


def test_it_says_its_version(commands):
    done = commands("--version")
    assert (done.code, done.out) == (0, f"evozc {version('evozc')}\n")


@pytest.mark.parametrize("command", [(), ("search",), ("table",)])
def test_the_short_word_for_help(commands, command):
    assert commands(*command, "-h").out == commands(*command, "--help").out != ""


@pytest.mark.parametrize("name", [LONG, BYTES], ids=["long", "undecodable"])
@pytest.mark.parametrize("command", WITH_A_FILE, ids=" ".join)
def test_names_that_no_file_can_have_are_errors_in_a_line(commands, tmp_path, command, name):
    done = commands(*(word.format(name, name) for word in command), cwd=tmp_path)
    assert done.code in (2, 3, 4, 5)
    assert done.err.strip()
    assert "Traceback" not in done.err
    assert "Aborted" not in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [("--help",), ("zoo",), ("export", "synflow")], ids=" ".join)
def test_a_full_device_is_an_error_in_a_line(tmp_path, command):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            evozc(*command), stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), check=False,
        )
    assert (done.returncode, done.stderr) == (3, "evozc: No space left on device\n")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_what_cannot_go_on_later_ends_in_order_too(tmp_path, number, code):
    process = subprocess.Popen(
        evozc("audit", "digits"), cwd=tmp_path, env=environment(PYTHONUNBUFFERED="1"), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    assert "proxies" in process.stdout.readline()
    process.send_signal(number)
    start = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (code, "")
    assert out.endswith("\nstopped\n")
    assert time.monotonic() - start < 10
