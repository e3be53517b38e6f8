"""The commands as a user meets them."""

import contextlib
import csv
import fcntl
import importlib.util
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from small_tables import environment, evozc, files, rewrite, small_table

from evozc.benchmarks import BUNDLED
from evozc.engine import Evaluator, kendall_tau, rankable
from evozc.formula import parse
from evozc.table import load_table, save_table

ESCAPE = re.compile(r"\x1b")
COMMANDS = ("search", "compare", "export", "plot", "score", "zoo", "extract", "table")
OPTIONS = ("--labels", 30, "--population", 30, "--generations", 3)


@pytest.fixture(scope="module")
def place(tmp_path_factory, commands):
    """A folder with a table, one of other architectures, and a finished run."""
    folder = tmp_path_factory.mktemp("place")
    save_table(small_table(constant=True), folder / "small.npz")
    save_table(small_table(seed=1, constant=True), folder / "other.npz")
    save_table(small_table(seed=1, without=("layer.grad_l2", "layer.weight_mean")), folder / "poor.npz")
    done = commands("search", "small.npz", "--run", "run", *OPTIONS, cwd=folder)
    assert (done.code, done.err) == (0, "")
    (folder / "search.out").write_text(done.out)
    return folder


@pytest.fixture
def results(place):
    return json.loads((place / "run" / "results.json").read_text())


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_every_option_and_its_default(commands, command):
    done = commands(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: evozc " + command)
    options = re.findall(r"^  (?:-h, )?(--[a-z-]+)", done.out, re.MULTILINE)
    assert len(options) >= 2
    assert not ESCAPE.search(done.out)


def test_without_a_command_it_says_what_there_is(commands):
    done = commands()
    text = done.out + done.err
    for command in COMMANDS:
        assert f"\n  {command} " in text


def rows(text, after):
    """The cells of the lines of a printed table under the line that starts so."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(after))
    found = []
    for line in lines[start + 1 :]:
        if not line.strip():
            break
        found.append(re.split(r"\s{2,}", line.strip()))
    return found


def test_search_prints_what_its_results_hold(place, results):
    out = (place / "search.out").read_text()
    assert not ESCAPE.search(out)
    front = rows(out, "Pareto front")[1:]
    shown = [(row[-5:] if row[0] != ">" else row[1:]) for row in front]
    assert shown == [
        [str(e["size"]), number(e["labelled_tau"]), number(e["held_out_tau"]),
         f"{number(e['low'])} to {number(e['high'])}", shortened(e["formula"])]
        for e in results["front"]
    ]
    terms = results["chosen"]["terms"]
    whole = results["chosen"]["formula"]
    told = [whole] if shortened(whole) == whole else terms
    assert len(terms) > 1
    assert [row[0] for row in rows(out, "Chosen by the labelled architectures alone")] == told
    compared = rows(out, "Kendall tau with accuracy on 30 held-out architectures (30 not isomorphic)")
    assert compared[1][:3] == [
        "chosen formula",
        number(results["chosen"]["labelled_tau"]), number(results["chosen"]["held_out_tau"]),
    ]
    assert ["flops", "constant", "constant"] in compared
    for rule, count in results["removed"].items():
        assert f"{rule} {count}" in out


def number(value):
    return f"{value:.3f}"


def shortened(formula):
    return formula if len(formula) <= 120 else formula[:117] + "..."


def test_results_are_true(place, results):
    """The printed taus, computed again from the table and the text of the formula."""
    table = load_table(place / "small.npz")
    labelled = set((place / "run" / "labelled.txt").read_text().splitlines())
    held_out = table.select([i for i, a in enumerate(table.architectures) if a not in labelled])
    assert len(held_out) == 30
    for entry in results["front"]:
        scores = Evaluator(held_out).scores([parse(entry["formula"])])[0]
        tau = kendall_tau(rankable(scores), held_out.target().merit)
        assert entry["held_out_tau"] == pytest.approx(tau, abs=1e-12)
    front = list(csv.DictReader((place / "run" / "front.csv").read_text().splitlines()))
    assert [row["formula"] for row in front] == [e["formula"] for e in results["front"]]
    assert [float(row["held_out_tau"]) for row in front] == [e["held_out_tau"] for e in results["front"]]


def test_runs_without_a_name_get_the_next_free_one(place, commands, tmp_path):
    shutil.copy(place / "small.npz", tmp_path)
    (tmp_path / "runs" / "small-1").mkdir(parents=True)
    options = ["--labels", 30, "--population", 10, "--generations", 0, "--seed", 3, "--no-zoo"]
    done = commands("search", "small.npz", *options, cwd=tmp_path)
    assert done.code == 0
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["small-1", "small-2"]
    settings = json.loads((tmp_path / "runs" / "small-2" / "manifest.json").read_text())["settings"]
    assert (settings["seed"], settings["zoo"], settings["generations"]) == (3, False, 0)
    assert list((tmp_path / "runs" / "small-1").iterdir()) == []


def test_a_search_for_one_term_finds_a_formula_as_it_was_bred(place, commands, results):
    options = (*OPTIONS, "--terms", 1, "--islands", 2)
    done = commands("search", "small.npz", "--run", "single", *options, cwd=place)
    assert (done.code, done.err) == (0, "")
    alone = json.loads((place / "single" / "results.json").read_text())
    settings = json.loads((place / "single" / "manifest.json").read_text())["settings"]
    assert (settings["terms"], settings["islands"]) == (1, 2)
    assert alone["chosen"]["size"] <= settings["max_size"] < results["chosen"]["size"]
    assert alone["chosen"]["formula"] == alone["front"][-1]["formula"]
    assert alone["evaluations"] < results["evaluations"]


def test_seeds_are_searched_by_one_command_that_goes_on(place, commands, tmp_path):
    options = ("--seed", "0-2", "--run", tmp_path / "seeds", "--generations", 1, "--population", 20)
    done = commands("search", place / "small.npz", *options, "--labels", 20)
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "seeds" / "results.json").read_text())
    mean, low, high = (found["tau"][name] for name in ("mean", "low", "high"))
    assert re.search(rf"chosen formula\s+{mean:.3f}\s+{low:.3f} to {high:.3f}", done.out)
    again = commands("search", "--resume", tmp_path / "seeds", "--jobs", 2)
    assert again.out.partition("Kendall")[2] == done.out.partition("Kendall")[2]
    refused = commands("search", "--resume", tmp_path / "seeds", "--generations", 9)
    assert refused.code == 2
    assert "leave out --generations" in refused.err
    alone = commands("search", place / "small.npz", "--cluster", "local:2")
    assert alone.code == 2
    assert "with several seeds" in alone.err


def test_compare_prints_what_the_search_printed(place, commands):
    done = commands("compare", "run", cwd=place)
    assert (done.code, done.err) == (0, "")
    assert done.out.strip() in (place / "search.out").read_text()


def test_compare_on_another_table_scores_it_anew(place, commands, results):
    done = commands("compare", "run", "--table", "other.npz", cwd=place)
    assert (done.code, done.err) == (0, "")
    found = {row[0]: row[1:] for row in rows(done.out, "Kendall tau with accuracy on")[1:]}
    table, own = load_table(place / "other.npz"), load_table(place / "small.npz")
    labelled = set((place / "run" / "labelled.txt").read_text().splitlines())
    keys = {k for a, k in zip(own.architectures, own.keys, strict=True) if a in labelled}
    table = table.select([i for i, k in enumerate(table.keys) if k not in keys])
    assert f"on {len(table)} architectures of other.npz that run was not searched on" in done.out
    for name, text in {"chosen formula": results["chosen"]["formula"], "nwot": "network.naswot"}.items():
        tau = kendall_tau(rankable(Evaluator(table).scores([parse(text)])[0]), table.target().merit)
        assert found[name][0] == number(tau)
    assert found["flops"] == ["constant"]
    assert not ESCAPE.search(done.out)


def test_compare_on_the_runs_own_table_by_name_gives_its_held_out_figures(place, commands, results):
    done = commands("compare", "run", "--table", "small.npz", cwd=place)
    found = {row[0]: row[1] for row in rows(done.out, "Kendall tau with accuracy on 30")[1:]}
    assert found["chosen formula"] == number(results["chosen"]["held_out_tau"])
    assert found["params"] == next(
        number(b["held_out_tau"]) for b in results["baselines"] if b["name"] == "params"
    )


def test_export_as_text_latex_and_sympy(place, commands, results):
    for entry in results["front"]:
        size = ["--size", entry["size"]]
        text, latex, sympy = (
            commands("export", "run", *size, "--format", style, cwd=place)
            for style in ("text", "latex", "sympy")
        )
        assert text.out == entry["formula"] + "\n"
        assert parse(text.out).size == entry["size"]
        assert latex.out == entry["latex"] + "\n"
        assert latex.out.count("{") == latex.out.count("}") > 0
        assert latex.out.count(r"\left") == latex.out.count(r"\right")
        assert sympy.code == 0
        assert len(sympy.out) > 3
        assert {text.err, latex.err, sympy.err} == {""}
    assert commands("export", "run", cwd=place).out == results["chosen"]["formula"] + "\n"


def test_export_as_json(place, commands, results):
    done = commands("export", "run", "--format", "json", cwd=place)
    content = json.loads(done.out)
    assert {**content, **results["chosen"]} == content
    assert set(content["statistics"]) == {s.key for s in parse(content["formula"]).statistics()}
    assert content["target"] == "accuracy"
    assert content["held_out"] == 30


def test_export_as_python_agrees_with_numpy_alone(place, commands, results, tmp_path):
    """The file runs in a process that cannot import evozc, and scores networks as the run does."""
    table = load_table(place / "small.npz")
    for entry in results["front"]:
        path = tmp_path / f"proxy{entry['size']}.py"
        options = ["--format", "python", "--size", entry["size"], "--out", path]
        done = commands("export", "run", *options, cwd=place)
        assert done.code == 0
        assert done.out == f"wrote {path}\n"
        formula = parse(entry["formula"])
        networks = []
        for index in range(10):
            one = table.select([index])
            networks.append({s.key: one.values[s.key].tolist() for s in formula.statistics()})
        code = f"""
import json, sys
sys.modules["evozc"] = sys.modules["primitives"] = sys.modules["torch"] = None
sys.path.insert(0, {str(tmp_path)!r})
import {path.stem} as proxy
print(json.dumps([proxy.score(network) for network in json.load(sys.stdin)]))
assert set(proxy.STATISTICS) == set({[s.key for s in formula.statistics()]!r})
"""
        ran = subprocess.run(
            [sys.executable, "-W", "error", "-c", code], input=json.dumps(networks), cwd=tmp_path,
            env=environment(), capture_output=True, text=True, timeout=60,
        )
        assert ran.returncode == 0, ran.stderr
        if "logrank" not in entry["formula"]:  # which ranks one network among those of the run
            expected = Evaluator(table).scores([formula])[0][:10]
            np.testing.assert_allclose(json.loads(ran.stdout), expected, rtol=1e-9)


def test_known_proxies_and_formulas_are_exported(place, commands, tmp_path):
    synflow = commands("export", "synflow", "--format", "json", cwd=place)
    content = json.loads(synflow.out)
    assert (content["name"], content["formula"]) == ("synflow", "sum(layer.synflow)")
    assert "Tanaka" in content["source"]
    for text in ("sum(log(layer.grad_l2))", "network.params"):
        done = commands("export", text, "--format", "python", cwd=place)
        assert (done.code, done.err) == (0, "")
        assert text in done.out.splitlines()
    alone = commands("export", "aznas", "--format", "python", cwd=place)
    assert alone.code != 0
    assert "reference" in alone.err
    among = commands("export", "aznas", "--format", "python", "--among", "digits", cwd=place)
    assert (among.code, among.err) == (0, "")
    assert among.out.count("REFERENCE_") == 8
    for extra in (("synflow", "--size", 3), ("run", "--among", "digits")):
        refused = commands("export", *extra, cwd=place)
        assert (refused.code, refused.out) == (2, "")
        assert "belongs to" in refused.err


def test_a_logrank_is_exported_with_what_it_ranks_among(place, commands, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(place / "run", run)
    text = "logrank(sum(layer.grad_l2))"
    rewrite(run / "results.json", lambda r: r["chosen"].update(formula=text, held_out_tau=None))
    path = tmp_path / "ranked.py"
    done = commands("export", run, "--format", "python", "--out", path, cwd=place)
    assert (done.code, done.err) == (0, "")
    spec = importlib.util.spec_from_file_location("ranked", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    table = load_table(place / "small.npz")
    names = (run / "labelled.txt").read_text().splitlines()
    labelled = table.select([table.architectures.index(name) for name in names])
    expected = Evaluator(labelled).scores([parse(text)])[0]
    for index in range(len(labelled)):
        values = labelled.select([index]).values["layer.grad_l2"]
        assert module.score({"layer.grad_l2": values}) == pytest.approx(expected[index], abs=1e-12)
    assert "Kendall tau undefined with accuracy" in module.__doc__


def test_plot_draws_svg_and_png(place, commands, tmp_path):
    done = commands("plot", "run", "--out", tmp_path / "front.svg", cwd=place)
    assert (done.code, done.err) == (0, "")
    root = ET.parse(tmp_path / "front.svg").getroot()
    assert root.tag.endswith("svg")
    assert sum(1 for _ in root.iter("{http://www.w3.org/2000/svg}path")) > 20
    assert commands("plot", "run", "--out", tmp_path / "front.png", cwd=place).code == 0
    assert (tmp_path / "front.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert (tmp_path / "front.png").stat().st_size > 10_000


def test_plot_of_a_formula_that_is_constant_on_held_out_architectures(place, commands, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(place / "run", run)
    nothing = {"held_out_tau": None, "low": None, "high": None}
    rewrite(run / "results.json", lambda r: r["chosen"].update(nothing))
    rewrite(run / "results.json", lambda r: r["front"][0].update(nothing))
    assert commands("plot", run, cwd=place).err == ""
    assert (run / "pareto.svg").stat().st_size > 10_000
    done = commands("compare", run, cwd=place)
    assert done.code == 0
    assert "constant" in rows(done.out, "Pareto front")[1]


def test_a_table_of_published_scores_is_made_searched_and_compared(commands, tmp_path):
    table, generator = small_table(), np.random.default_rng(0)
    accuracy = table.targets["accuracy"].values
    with (tmp_path / "scores.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["architecture", "accuracy", "Syn Flow", "2nd"])
        noise = generator.normal(size=(2, len(accuracy)))
        for row in zip(table.architectures, accuracy, accuracy + 5 * noise[0], noise[1], strict=True):
            writer.writerow(row)
    done = commands("table", "scores.csv", "scores.npz", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == (
        "scores.npz: 60 architectures (60 not isomorphic), 2 statistics, targets accuracy"
    )
    made = load_table(tmp_path / "scores.npz")
    assert made.architectures == table.architectures
    assert set(made.values) == {'network."Syn Flow"', 'network.2nd'}
    np.testing.assert_allclose(made.targets["accuracy"].values, accuracy)
    options = ["--run", "run", "--labels", 20, "--population", 10, "--generations", 1]
    done = commands("search", "scores.npz", "--symbols", "scalar", *options, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "Syn Flow" in done.out
    assert "(40 not isomorphic)" in done.out


def in_terminal(command, cwd, columns=100, **env):
    """Everything that a command writes to a terminal of its own, and its exit code."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        command, cwd=cwd, stdin=follower, stdout=follower, stderr=follower, close_fds=True,
        env=environment(TERM="xterm-256color", **env),
    )
    os.close(follower)
    written = b""
    with contextlib.suppress(OSError):  # the terminal is gone with its last process
        while chunk := os.read(leader, 65536):
            written += chunk
    os.close(leader)
    return written.decode(), process.wait(30)


def test_a_terminal_shows_live_progress(place, tmp_path):
    command = evozc("search", place / "small.npz", "--run", tmp_path / "run", *OPTIONS)
    written, code = in_terminal(command, place, columns=150)
    assert code == 0
    assert ESCAPE.search(written)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written)
    for line in (
        r"generation 3/3  best labelled tau 0\.\d{3}  \d+ formulas tried, \d+/s  \d+ pruned",
        r"removed  structure \d+  redundancy \d+  rank invariance \d+  equivalence \d+  probe \d+",
    ):
        assert re.search(line, plain)
    assert re.search(r"best     \w+\S*", plain)
    assert plain.index("generation 3/3") < plain.index("Pareto front")


def test_a_narrow_terminal_without_colour_shows_whole_numbers(place, results):
    written, code = in_terminal(evozc("compare", "run"), place, columns=30, NO_COLOR="1")
    assert code == 0
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", written)
    for entry in [*results["front"], results["chosen"]]:
        tau, low, high = (number(entry[name]) for name in ("held_out_tau", "low", "high"))
        assert f"{tau}  {low} to {high}" in written


def test_narrow_columns_change_nothing_in_a_pipe(place, commands):
    narrow = subprocess.run(
        evozc("compare", "run"), cwd=place, env=environment(COLUMNS="20", TERM="dumb"),
        capture_output=True, text=True, timeout=60,
    )
    assert narrow.stdout == commands("compare", "run", cwd=place).out
    assert narrow.returncode == 0


@pytest.mark.parametrize("command", ["compare run", "export run --format python"])
def test_a_reader_that_has_seen_enough_is_no_error(place, command):
    start = " ".join(f"'{part}'" for part in evozc()) + f" {command}"
    for reader in ("head -n 1", "true"):
        done = subprocess.run(
            ["bash", "-c", f"{start} | {reader}"], cwd=place, env=environment(PYTHONUNBUFFERED="1"),
            capture_output=True, text=True, timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert len(done.stdout.splitlines()) <= 1


def test_the_bundled_benchmark_is_searched_without_any_argument(commands, tmp_path):
    if not BUNDLED["digits"].exists():
        pytest.skip("the bundled benchmark has not been built yet")
    done = commands("search", "--generations", 2, "--population", 30, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert [name for name in files(tmp_path) if "checkpoint-00000" not in name] == [
        f"runs/digits-1/{name}"
        for name in (
            "LOCK", "formula.txt", "formulas.jsonl", "front.csv", "journal.jsonl", "labelled.txt",
            "manifest.json", "results.json",
        )
    ]
    assert (tmp_path / "runs/digits-1/checkpoint-000003.json").exists()
    assert "of digits; seed 0" in done.out
