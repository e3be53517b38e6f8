"""evozc audit: the verdict first, files on request, and clear messages."""

import json
from dataclasses import replace

import numpy as np
import pytest
from small_tables import small_table

from evozc.auditing import read_audit
from evozc.table import Target, save_table

QUICK = ("--draws", "40", "--permutations", "19", "--labels", "20", "--repeats", "2")
HOSTILE = "acc\x1b[31m<script>"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("audit") / "small.npz"
    made = replace(small_table(80), provenance={"space": "nasbench201", "space_settings": {}})
    save_table(made, path)
    return path


def test_the_verdict_comes_first_and_the_files_are_whole(commands, table, tmp_path):
    done = commands("audit", table, "--out", tmp_path / "found", *QUICK)
    assert done.code == 0, done.err
    lines = [line for line in done.out.splitlines() if line]
    first = next(i for i, line in enumerate(lines) if line.startswith("1. "))
    assert first < next(i for i, line in enumerate(lines) if line.startswith("proxy"))
    results = read_audit(tmp_path / "found")
    for place, line in enumerate(results.verdict, start=1):
        assert f"{place}. {line}" in done.out
    assert {p.name for p in (tmp_path / "found").iterdir()} == {"audit.html", "audit.csv", "audit.json"}
    again = commands("audit", table, "--out", tmp_path / "found", *QUICK)
    assert again.code == 2
    assert "holds an audit already" in again.err


def test_one_formula_is_taken_apart(commands, table):
    first, second = small_table(80).architectures[:2]
    formula = "add(log(network.params), mean(block.entropy))"
    done = commands("audit", table, "--proxy", formula, "--pair", first, second, *QUICK)
    assert done.code == 0, done.err
    for part in ("Shapley value", "log(network.params)", "trivial baselines", "of the two", "bias"):
        assert part in done.out


@pytest.mark.slow
def test_a_run_is_audited_without_what_it_was_searched_on(commands, table, tmp_path):
    run = tmp_path / "run"
    done = commands(
        "search", table, "--run", run, "--labels", "30", "--population", "20", "--generations", "2")
    assert done.code == 0, done.err
    done = commands("audit", table, "--run", run, "--out", tmp_path / "found", *QUICK)
    assert done.code == 0, done.err
    (one,) = read_audit(tmp_path / "found").audits
    assert one.left_out == 30
    assert one.architectures == 50
    assert [p.name for p in one.proxies] == ["search run"]
    assert one.proxies[0].formula == json.loads((run / "results.json").read_text())["chosen"]["formula"]
    both = commands("audit", table, "--run", run, "--all", *QUICK)
    assert "params" in both.out
    assert "search run" in both.out


def test_two_tables_are_held_against_one_another(commands, table, tmp_path):
    save_table(small_table(70, seed=1), tmp_path / "other.npz")
    done = commands("audit", table, tmp_path / "other.npz", *QUICK)
    assert done.code == 0, done.err
    assert "1. best by its worst table: " in done.out
    assert "Kendall tau on every table" in done.out


@pytest.mark.parametrize(("change", "options", "code", "message"), [
    ({}, ("--proxy", "parms"), 2, "no column, known proxy or formula is called 'parms'"),
    ({}, ("--proxy", "sum(layer.zico"), 4, "layer.zico"),
    ({}, ("--baseline", "nothing"), 2, "no column 'nothing' to take as a baseline"),
    ({}, ("--permutations", "3"), 2, "permutations must be at least 19"),
    ({}, ("--target", "loss"), 3, "no target 'loss'"),
    ({"targets": {"accuracy": Target("accuracy", np.full(80, 93.0))}}, (), 3, "have the same accuracy"),
    ({"keys": ("a", "b", "c", "d", "e") * 16}, (), 3, "only 5 architectures that are not isomorphic"),
])
def test_what_cannot_be_audited_says_why(commands, tmp_path, change, options, code, message):
    save_table(replace(small_table(80), **change), tmp_path / "odd.npz")
    done = commands("audit", tmp_path / "odd.npz", *options)
    assert done.code == code
    assert message in done.err
    assert "Traceback" not in done.err


def test_a_table_with_a_name_that_would_act_on_a_terminal_is_refused(commands, table, tmp_path):
    with np.load(table) as archive:
        members = {name.replace("accuracy", HOSTILE): archive[name] for name in archive.files}
    header = json.loads(members["header"].tobytes())
    header["targets"][0]["name"] = HOSTILE
    members["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(tmp_path / "odd.npz", **members)
    done = commands("audit", tmp_path / "odd.npz", *QUICK)
    assert (done.code, done.out) == (3, "")
    assert "\x1b" not in done.err
    assert r"target 'acc\x1b[31m<script>': " in done.err


def test_a_message_about_such_a_name_is_written_out_too(commands, tmp_path):
    save_table(small_table(60), tmp_path / "small.npz")
    done = commands("audit", tmp_path / "small.npz", "--target", HOSTILE)
    assert done.code == 3
    assert "\x1b" not in done.err
    assert r"\x1b" in done.err
