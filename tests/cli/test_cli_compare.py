"""evozc compare on a table: what it writes, and that stopping it loses nothing."""

import json
import re
import signal
import subprocess
import time

import pytest
from small_tables import environment, evozc, files, small_table

from evozc.table import save_table

OPTIONS = (
    "--method", "formula", "--method", "trees", "--method", "proxies", "--budget", 10, "--budget", 20,
    "--seeds", 2, "--population", 20, "--generations", 2, "--draws", 50,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory, commands):
    """A folder with tables and a finished comparison."""
    folder = tmp_path_factory.mktemp("place")
    save_table(small_table(80), folder / "small.npz")
    save_table(small_table(12), folder / "few.npz")
    done = commands("compare", "small.npz", *OPTIONS, cwd=folder)
    assert (done.code, done.err) == (0, "")
    (folder / "compare.out").write_text(done.out)
    return folder


@pytest.mark.parametrize("command", ["compare", "parzc"])
def test_help_is_enough_to_use_it(commands, command):
    done = commands(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: evozc " + command)
    assert len(re.findall(r"^  --[a-z-]+", done.out, re.MULTILINE)) >= 8


def test_it_prints_what_its_results_hold(place):
    out = (place / "compare.out").read_text()
    results = json.loads((place / "runs" / "compare-small" / "results.json").read_text())
    for row in results["methods"]:
        measure = row["measures"]["kendall"]
        shown = f"{measure['mean']:.3f} +{measure['low']:.3f} to {measure['high']:.3f}"
        assert re.search(rf"^{re.escape(row['method'])} +{shown}", out, re.MULTILINE)
    assert out.count("formula minus trees") == 2


def test_the_folder_holds_everything(place):
    names = set(files(place / "runs" / "compare-small"))
    assert {"manifest.json", "results.json", "comparison.csv", "report.html"} <= names
    assert {f"figures/{name}.svg" for name in ("budgets", "ranks", "fronts", "agreement")} <= names
    assert sum(name.startswith("cells/") for name in names) == 10


def test_the_same_command_prints_the_same_and_changes_nothing(place, commands):
    before = files(place / "runs")
    again = commands("compare", "small.npz", *OPTIONS, cwd=place)
    folder = commands("compare", "runs/compare-small", cwd=place)
    printed = (place / "compare.out").read_text()
    assert again.code == folder.code == 0
    assert printed.endswith(again.out)
    assert again.out == folder.out
    assert files(place / "runs") == before


def test_interrupted_it_keeps_what_is_finished_and_goes_on(place, commands):
    longer = [*OPTIONS, "--population", 100, "--generations", 30]
    command = ["compare", "small.npz", *longer, "--run", "stopped"]
    process = subprocess.Popen(
        evozc(*command), cwd=place, env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not (kept := list(place.glob("stopped/cells/*.json"))) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert kept
    assert (process.returncode, err) == (130, "")
    assert "go on: the same command" in out
    before = files(place / "stopped" / "cells")
    assert len(before) < 10
    done = commands(*command, cwd=place)
    assert (done.code, done.err) == (0, "")
    after = files(place / "stopped" / "cells")
    assert {name: after[name] for name in before} == before
    assert commands("compare", "small.npz", *longer, "--run", "whole", cwd=place).code == 0

    def taus(folder):
        results = json.loads((folder / "results.json").read_text())
        return [(row["budget"], row["method"], row["measures"]) for row in results["methods"]]

    assert taus(place / "stopped") == taus(place / "whole")


def test_stopped_from_outside_it_does_not_wait_for_its_workers(tmp_path):
    process = subprocess.Popen(
        evozc("compare", "digits", "--method", "parzc", "--method", "proxies", "--budget", 156, "--run", "it",
              "--jobs", 2),
        cwd=tmp_path, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "it" / "manifest.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(5)  # both workers train networks for minutes
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (143, "")
    assert "go on: the same command" in out


@pytest.mark.parametrize(("arguments", "code", "message"), [
    (("absent.npz",), 3, "no such table"),
    (("few.npz",), 3, "smallest default budget"),
    (("few.npz", "--budget", 10), 3, "would be held out"),
    (("small.npz", "--method", "hinge"), 2, "unknown method 'hinge'"),
    (("small.npz", "--table", "few.npz"), 2, "--table belongs to"),
    (("small.npz", "--target", "loss"), 3, "no target 'loss'"),
    (("small.npz", "--method", "parzc", "--budget", 10, "--seeds", 1, "--run", "poor"), 3, "needs layer."),
    (("runs/compare-small", "--budget", 20), 2, "goes on as it began: leave out --budget"),
    (("runs/compare-small", "--target", "accuracy"), 2, "leave out --target"),
    ((".",), 5, "neither of a search nor of a comparison"),
])
def test_what_cannot_be_compared_is_said_in_one_line(place, commands, arguments, code, message):
    done = commands("compare", *arguments, cwd=place)
    assert done.code == code
    assert message in done.err
    assert len(done.err.splitlines()) == 1


def test_the_formula_of_a_search_is_compared_on_what_it_has_not_seen(place, commands, tmp_path):
    table = place / "small.npz"
    done = commands("search", table, "--run", "found", "--labels", 30, "--population", 20, "--generations", 2,
                    cwd=tmp_path)
    assert done.code == 0
    done = commands("compare", table, "--method", "proxies", "--budget", 10, "--seeds", 1, "--draws", 50,
                    "--search", "found", "--run", "it", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    results = json.loads((tmp_path / "it" / "results.json").read_text())
    assert "search found" in {row["method"] for row in results["methods"]}
    assert results["held_out"][0] <= 50


def test_damaged_results_are_named(place, commands, tmp_path):
    done = commands("compare", place / "small.npz", "--method", "proxies", "--budget", 10, "--seeds", 1,
                    "--draws", 10, "--run", "it", cwd=tmp_path)
    assert done.code == 0
    (tmp_path / "it" / "results.json").write_text("[")
    done = commands("compare", "it", cwd=tmp_path)
    assert done.code == 5
    assert "delete it, and it is made again" in done.err
    (tmp_path / "it" / "results.json").unlink()
    assert commands("compare", "it", cwd=tmp_path).code == 0
