"""What ``import evozc`` gives."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_tables import files, python, small_table

import evozc
from evozc.evaluation import estimate
from evozc.runs import read_results

SETTINGS = evozc.SearchSettings(population=12, islands=2, generations=2, zoo=False)
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The path of a small table."""
    path = tmp_path_factory.mktemp("table") / "small.npz"
    evozc.save_table(small_table(), path)
    return path


def write_images(path):
    draw = np.random.default_rng(0)
    x = draw.integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    np.savez(path, x=x, y=draw.integers(0, 10, 40))


def test_all_names_are_there_and_nothing_else_is_shown():
    for name in evozc.__all__:
        assert getattr(evozc, name).__doc__, name
    shown = {name for name in dir(evozc) if not name.startswith("__")}
    assert shown == set(evozc.__all__)
    with pytest.raises(AttributeError, match="no attribute 'serch'"):
        _ = evozc.serch


def test_names_have_one_list_each_in_the_docstring_for_type_checkers_and_at_run_time():
    tree = ast.parse(Path(evozc.__file__).read_text())
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {alias.name for line in checked.body for alias in line.names}
    assert typed == set(evozc.__all__)
    documented = evozc.__doc__.partition("**Tables**")[2].partition("Nothing is imported")[0]
    assert all(f"`{name}`" in documented for name in evozc.__all__)


def test_the_functions_are_not_hidden_by_rooms():
    code = """
import evozc, evozc.cli._search, evozc.cli._score, evozc.cli._compare, evozc.cli._data
print(all(callable(getattr(evozc, name)) for name in ("search", "score", "compare", "extract", "audit")))
"""
    assert python(code).strip() == "True"


def test_a_search_in_python_writes_what_the_command_writes(table, tmp_path, commands, capsys):
    found = evozc.search(table, run=tmp_path / "python", labels=30, settings=SETTINGS)
    shown = capsys.readouterr().out
    done = commands("search", table, "--run", tmp_path / "command", "--labels", 30, "--population", 12,
                    "--islands", 2, "--generations", 2, "--no-zoo")
    assert done.code == 0, done.err
    assert shown.startswith(f"searching {table} for accuracy: 30 labelled architectures, 30 held out")
    assert str(found).splitlines()[0] in done.out
    results = [found.results, *(read_results(tmp_path / name) for name in ("python", "command"))]
    one, other, third = (replace(found, seconds=0, scoring_seconds={}) for found in results)
    assert one == other == third
    written = [set(files(tmp_path / name)) for name in ("python", "command")]
    assert written[0] == written[1]


def test_a_table_in_memory_is_searched_in_memory(table, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    kept = evozc.search(table, run="run", labels=30, settings=SETTINGS, progress=False)
    found = evozc.search(evozc.load_table(table), labels=30, settings=SETTINGS, progress=False)
    assert found.results.front == kept.results.front
    assert found.path is None
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert capsys.readouterr().out == ""
    with pytest.raises(evozc.EvozcError, match="save it with evozc"):
        evozc.search(small_table(), run="other", settings=SETTINGS)


def test_a_stopped_search_is_resumed_and_every_generation_is_told(table, tmp_path):
    told = []

    def stop(progress):
        told.append(progress.generation)
        if progress.generation == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evozc.search(table, run=tmp_path / "run", labels=30, settings=SETTINGS, progress=stop)
    resumed = evozc.resume(tmp_path / "run", progress=lambda progress: told.append(progress.generation))
    assert told == [0, 1, 1, 2]
    whole = evozc.search(table, run=tmp_path / "whole", labels=30, settings=SETTINGS, progress=False)
    assert resumed.results.front == whole.results.front
    again = evozc.open_run(tmp_path / "run")
    assert again.results == resumed.results
    assert again.proxy.text == whole.proxy.text


def test_a_run_gives_its_formulas_and_shows_itself(table, tmp_path):
    run = evozc.search(table, run=tmp_path / "run", labels=30, settings=SETTINGS, progress=False)
    assert [proxy.text for proxy in run.front] == [entry.formula for entry in run.results.front]
    size = run.results.front[0].size
    assert run.of_size(size).text == evozc.Proxy.load(tmp_path / "run", size).text == run.front[0].text
    with pytest.raises(evozc.EvozcError, match=r"no formula of size 999; it has \["):
        run.of_size(999)
    assert run.front[0].text in str(run)
    assert "Pareto front" in run._repr_html_()
    assert "<pre" in run._repr_html_()
    assert repr(run).startswith("SearchRun(path=")


def test_a_formula_of_a_run_ranks_as_its_results_say(table, tmp_path):
    run = evozc.search(table, run=tmp_path / "run", labels=30, settings=SETTINGS, progress=False)
    held_out = run.tasks[0].held_out
    for proxy, entry in zip(run.front, run.results.front, strict=True):
        scores = evozc.Proxy(proxy.formula).scores(held_out)
        tau = estimate(scores, held_out.target().merit, held_out.keys).tau
        assert entry.held_out_tau == pytest.approx(tau)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: evozc.open_table(3), "a table is named by its path.*not by int"),
        (lambda: evozc.search({"a": 1}), "a table is named by its path.*not by dict"),
        (lambda: evozc.search(np.zeros(3)), "a table is named by its path.*not by ndarray"),
        (lambda: evozc.open_table("none.npz"), "none.npz: no such table"),
        (lambda: evozc.Target("accuracy", "high"), "'accuracy'.*real numbers.*not str"),
        (lambda: evozc.Target("accuracy", [[1.0], [2.0]]), r"'accuracy'.*not of shape \(2, 1\)"),
        (lambda: evozc.extract(["|a|"], "none.npz", targets=["accuracy"]), "in memory are evozc.Target"),
        (lambda: evozc.extract("a.csv", "b.npz", targets=[evozc.Target("a", [1])]), "named by its columns"),
    ],
)
def test_wrong_types_are_told_truly(call, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(evozc.EvozcError, match=message):
        call()


def test_targets_take_whatever_holds_numbers():
    for values in ([1, 2], (1.0, 2.0), np.array([1, 2], dtype=np.int8), torch.tensor([1.0, 2.0])):
        target = evozc.Target("accuracy", values)
        assert target.values.dtype == np.float64
        assert target.values.tolist() == [1.0, 2.0]


def test_from_architectures_to_an_exported_formula_in_under_ten_lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts = small_table(24).architectures
    write_images("images.npz")
    accuracy = evozc.Target("accuracy", np.random.default_rng(0).normal(size=24))
    measuring = evozc.ExtractionSettings(batch=8, groups=("shapes", "weights"))

    evozc.extract(texts, "images.npz", "table.npz", targets=[accuracy], settings=measuring, progress=False)
    found = evozc.search("table.npz", labels=12, settings=SETTINGS, progress=False)
    source = found.proxy.export("python", "proxy.py")

    assert Path("proxy.py").read_text() == source + "\n"
    written = {}
    exec(source, written)
    table, proxy = evozc.load_table("table.npz"), found.proxy
    for index in range(3):
        one = table.select([index])
        statistics = {s.key: one.values[s.key] for s in proxy.formula.statistics()}
        known = {key: float(v[0]) if key.startswith("network.") else v for key, v in statistics.items()}
        assert written["score"](known) == pytest.approx(proxy.scores(one)[0], nan_ok=True)


def test_an_extraction_in_memory_is_the_one_on_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts = small_table(6).architectures
    write_images("images.npz")
    settings = evozc.ExtractionSettings(batch=8, groups=("shapes", "weights"))
    told = []
    kept = evozc.extract(texts, "images.npz", "table.npz", settings=settings,
                         progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (6, 6)
    memory = evozc.extract(texts, "images.npz", settings=settings, progress=False)
    assert memory.content_hash == kept.content_hash == evozc.load_table("table.npz").content_hash
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images.npz", "table.npz"]
    with pytest.raises(evozc.EvozcError, match=r"table.npz.*exists"):
        evozc.extract(texts, "images.npz", "table.npz", settings=settings)
