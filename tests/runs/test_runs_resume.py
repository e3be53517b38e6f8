"""Runs that are stopped, killed or damaged, and go on."""

import hashlib
import json
import random
import shutil
import signal
import subprocess
from dataclasses import replace

import pytest
from small_tables import environment, evozc, files, python, rewrite, small_table

from evozc._records import to_json
from evozc.benchmarks import open_task
from evozc.errors import CheckpointError, DataError
from evozc.evolution import DISTURBANCES, SearchSettings
from evozc.runs import (
    RunFolder,
    _keeper,
    change_run,
    continue_run,
    read_log,
    read_results,
    read_search,
    start_run,
)
from evozc.table import save_table

SETTINGS = SearchSettings(population=24, generations=4, seed=2)


@pytest.fixture(autouse=True, scope="module")
def every_generation_is_kept():
    """Otherwise which ones are depends on how long writing takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_keeper, "_REST", 0)
        yield


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "small.npz"
    save_table(small_table(), path)
    return str(path)


class StopError(Exception):
    """The observer has seen enough."""


def begin(path, table, settings=SETTINGS):
    with start_run(path, [open_task(table, labels=30, seed=settings.seed)], settings):
        pass


def go_on(path, stop_at=None, jobs=1):
    """Continue a run, or stop it right after a generation has been kept."""

    def observe(progress):
        if progress.generation == stop_at:
            raise StopError

    with RunFolder.open(path) as folder:
        return continue_run(folder, observe, jobs)


def outcome(path):
    """Everything that a run leaves behind, without times."""
    results = json.loads((path / "results.json").read_text())
    results.pop("seconds")
    results.pop("scoring_seconds")
    results.pop("sha256")
    journal = [{k: v for k, v in line.items() if k != "seconds"} for line in read_log(path / "journal.jsonl")]
    kept = ("formulas.jsonl", "front.csv", "formula.txt", "labelled.txt", "manifest.json")
    return results, journal, {name: (path / name).read_bytes() for name in kept}


@pytest.fixture(scope="module")
def whole(table, tmp_path_factory):
    """A run that nobody interrupted."""
    path = tmp_path_factory.mktemp("whole") / "run"
    begin(path, table)
    go_on(path)
    return path


@pytest.fixture
def stopped(whole, table, tmp_path):
    """A run of the same settings that was stopped after generation 2."""
    path = tmp_path / "run"
    begin(path, table)
    with pytest.raises(StopError):
        go_on(path, stop_at=2)
    return path


def test_a_run_leaves_what_it_says(whole):
    results, journal, kept = outcome(whole)
    scored = read_log(whole / "formulas.jsonl")
    assert [line["generation"] for line in journal] == [0, 1, 2, 3, 4]
    assert journal[-1]["evaluations"] == results["evaluations"] == sum(not s["probed"] for s in scored)
    assert journal[-1]["removed"] == results["removed"]
    assert journal[-1]["tau"] == max(s["tau"] or -1 for s in scored)
    assert results["front"][-1]["labelled_tau"] >= journal[-1]["tau"]
    added = {name: results["chosen"][name] for name in ("terms", "disturbed")}
    assert results["chosen"] == {**results["front"][-1], **added}
    assert added["disturbed"].keys() == DISTURBANCES.keys()
    text = results["chosen"]["formula"]
    assert all(term in text for term in results["chosen"]["terms"])
    assert kept["formula.txt"].decode() == results["chosen"]["formula"] + "\n"
    assert kept["front.csv"].count(b"\n") == len(results["front"]) + 1
    assert len(kept["labelled.txt"].splitlines()) == results["labelled"] == 30
    assert results["held_out"] == 30
    assert sorted(p.name for p in whole.glob("checkpoint-*")) == [
        "checkpoint-000004.json", "checkpoint-000005.json",
    ]


@pytest.mark.parametrize("generation", range(5))
def test_a_run_stopped_after_any_generation_ends_as_one_that_was_not(whole, table, tmp_path, generation):
    path = tmp_path / "run"
    begin(path, table)
    with pytest.raises(StopError):
        go_on(path, stop_at=generation)
    assert not (path / "results.json").exists()
    assert len(read_log(path / "journal.jsonl")) == generation + 1
    go_on(path)
    assert outcome(path) == outcome(whole)


@pytest.mark.parametrize("rest", [0, 1e9])
def test_however_rarely_generations_are_kept_a_stopped_run_keeps_its_last(
    whole, table, tmp_path, rest, monkeypatch
):
    monkeypatch.setattr(_keeper, "_REST", rest)
    path = tmp_path / "run"
    begin(path, table)
    with pytest.raises(StopError):
        go_on(path, stop_at=3)
    assert len(read_log(path / "journal.jsonl")) == 4
    assert (path / "checkpoint-000004.json").exists()
    go_on(path)
    assert outcome(path) == outcome(whole)


def test_the_number_of_jobs_changes_nothing(whole, table, tmp_path):
    path = tmp_path / "run"
    begin(path, table)
    with pytest.raises(StopError):
        go_on(path, stop_at=2, jobs=3)
    go_on(path, jobs=2)
    assert outcome(path) == outcome(whole)


def test_a_finished_run_gives_the_same_results_again(whole, tmp_path):
    path = tmp_path / "run"
    shutil.copytree(whole, path)
    again, kept = to_json(go_on(path)), json.loads((whole / "results.json").read_text())
    assert again == {name: value for name, value in kept.items() if name != "sha256"}
    before, after = files(whole), files(path)
    assert after == before


def test_a_run_killed_at_ten_random_moments_ends_as_one_that_was_not(table, tmp_path):
    """SIGKILL, each time to another process that goes on from what the last one left."""
    settings = {"population": 40, "generations": 20, "seed": 5}
    code = """
import json, os, random, signal, sys, time
from pathlib import Path
from evozc.benchmarks import open_task
from evozc.runs import RunFolder, continue_run, start_run
from evozc.evolution import SearchSettings
table, killed, whole, settings = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4])
generator = random.Random(0)
for path in (killed, whole):
    with start_run(path, [open_task(table, labels=30, seed=5)], SearchSettings(**settings)):
        pass

def child(path):
    pid = os.fork()
    if not pid:
        with RunFolder.open(path) as folder:
            continue_run(folder)
        os._exit(0)
    return pid

start = time.monotonic()
assert os.waitpid(child(whole), 0)[1] == 0
duration = time.monotonic() - start
killings = 0
while killings < 10 and not (killed / "results.json").exists():
    pid = child(killed)
    time.sleep(generator.uniform(0.01, 0.2 * duration))
    os.kill(pid, signal.SIGKILL)
    killings += os.waitpid(pid, 0)[1] == signal.SIGKILL
early = not (killed / "results.json").exists()
assert os.waitpid(child(killed), 0)[1] == 0
print(json.dumps([killings, early]))
"""
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    killings, early = json.loads(python(code, table, killed, whole, json.dumps(settings)))
    assert killings == 10 or not early
    assert killings >= 4
    assert outcome(killed) == outcome(whole)
    assert not list(killed.glob(".*.tmp"))  # no half-written file is left


def lines_until(process, wanted):
    """What a process prints up to a line that holds ``wanted``."""
    seen = []
    for line in process.stdout:
        seen.append(line)
        if wanted in line:
            return seen
    raise AssertionError(f"ended without {wanted!r}: {seen}")


@pytest.fixture
def started():
    """Starts commands, and ends those that a failed test has left running."""
    processes = []

    def start(*arguments):
        processes.append(subprocess.Popen(
            evozc(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment(PYTHONUNBUFFERED="1"),
        ))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_signals_end_a_run_with_what_it_has_and_how_to_go_on(table, tmp_path, commands, started):
    """SIGTERM, then SIGINT, then to the end; meanwhile nobody else may work in the folder."""
    path, whole = tmp_path / "a run", tmp_path / "whole"
    options = ["--labels", 30, "--population", 100, "--generations", 150, "--max-size", 12]
    process = started("search", table, "--run", path, *options)
    lines_until(process, "generation 0/150")
    process.send_signal(signal.SIGSTOP)
    second = commands("search", "--resume", path)
    process.send_signal(signal.SIGCONT)
    assert (second.code, second.out) == (5, "")
    assert second.err == f"evozc: {path}: another process is working in this run folder\n"
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (143, "")
    check_farewell(out, path)

    process = started("search", "--resume", path)
    lines_until(process, "generation ")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")
    check_farewell(out, path)
    assert not list(path.glob(".*.tmp"))

    assert commands("search", "--resume", path).code == 0
    assert commands("search", table, "--run", whole, *options).code == 0
    assert outcome(path) == outcome(whole)


def check_farewell(out, path):
    """The best so far is one that the folder knows, and the command to go on is one to paste."""
    *_, best, hint = out.splitlines()
    formula = best.removeprefix("stopped; the best formula so far: ")
    assert formula in {record["formula"] for record in read_log(path / "formulas.jsonl")}
    assert hint == f"go on: evozc search --resume '{path}'"
    assert not (path / "results.json").exists()


def damage(content, generator):
    """A file's content with one byte flipped, cut short, emptied or filled with something else."""
    yield "empty", b""
    yield "truncated", content[: len(content) // 2]
    yield "last line torn", content[:-20]
    yield "not JSON", b"\x80\x04K\x01."
    yield "JSON of another kind", b"[]\n"
    yield "deeply nested", b"[" * 100_000
    places = [0, 1, 12, 80, 90, len(content) - 3, *(generator.randrange(len(content) - 2) for _ in range(40))]
    for place in places:
        flipped = bytearray(content)
        flipped[place] ^= generator.choice([1, 2, 16, 128])
        yield f"byte {place}", bytes(flipped)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(stopped, whole):
    newest = stopped / "checkpoint-000003.json"
    content, before = newest.read_bytes(), files(stopped)
    with RunFolder.open(stopped) as folder:
        state = folder.restore()
    assert state["generation"] == 3
    for what, damaged in damage(content, random.Random(0)):
        for name, original in before.items():
            (stopped / name).write_bytes(original)
        newest.write_bytes(damaged)
        with RunFolder.open(stopped) as folder:
            assert folder.restore()["generation"] == 2, what
            assert len(folder.read_log("journal.jsonl")) == 2
    go_on(stopped)
    assert outcome(stopped) == outcome(whole)


def test_checkpoints_that_changed_places_still_end_well(stopped, whole):
    one, other = stopped / "checkpoint-000002.json", stopped / "checkpoint-000003.json"
    contents = one.read_bytes(), other.read_bytes()
    one.write_bytes(contents[1])
    other.write_bytes(contents[0])
    go_on(stopped)
    assert outcome(stopped) == outcome(whole)


def test_when_every_checkpoint_is_damaged_nothing_is_guessed(stopped):
    for path in stopped.glob("checkpoint-*"):
        path.write_bytes(path.read_bytes()[:-10])
    before = files(stopped)
    with pytest.raises(CheckpointError, match="every checkpoint, or a log it counts on, is damaged"):
        go_on(stopped)
    assert files(stopped) == before


@pytest.mark.parametrize("name", ["formulas.jsonl", "journal.jsonl"])
def test_lines_of_a_torn_generation_are_cut_off(stopped, whole, name):
    with open(stopped / name, "ab") as file:
        file.write(b'{"formula": "network.params", "tau": 0.9, "ranking": "x", "reason": null, "pro')
    go_on(stopped)
    assert outcome(stopped) == outcome(whole)


@pytest.mark.parametrize("name", ["formulas.jsonl", "journal.jsonl"])
def test_an_altered_log_is_noticed(stopped, name):
    content = (stopped / name).read_bytes()
    generator = random.Random(1)
    first = json.loads(content.splitlines()[0])
    for place in [generator.randrange(len(json.dumps(first))) for _ in range(10)]:
        flipped = bytearray(content)
        flipped[place] ^= 1
        (stopped / name).write_bytes(flipped)
        with pytest.raises(CheckpointError, match="a log it counts on, is damaged"):
            go_on(stopped)
        assert (stopped / name).read_bytes() == flipped


def test_a_log_that_lost_its_end_gives_way_to_the_generation_before(stopped, whole):
    path = stopped / "formulas.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    go_on(stopped)
    assert outcome(stopped) == outcome(whole)


@pytest.mark.parametrize("name", ["formulas.jsonl", "journal.jsonl"])
def test_a_missing_log_is_named(stopped, name):
    (stopped / name).unlink()
    before = files(stopped)
    with pytest.raises(CheckpointError, match=rf"{name} is missing"):
        go_on(stopped)
    assert files(stopped) == before


def test_a_run_stopped_before_its_first_checkpoint_starts_again(table, tmp_path, whole):
    path = tmp_path / "run"
    begin(path, table)
    (path / "formulas.jsonl").write_bytes(b'{"formula": "network.pa')
    go_on(path)
    assert outcome(path) == outcome(whole)


def test_another_table_is_refused(stopped):
    other = stopped.parent / "other.npz"
    save_table(small_table(seed=1), other)
    rewrite(stopped / "manifest.json", lambda m: m["tasks"][0].update(table=str(other), path=str(other)))
    before = files(stopped)
    with pytest.raises(CheckpointError, match=r"hash [0-9a-f]{12}, but the run began with [0-9a-f]{12}"):
        go_on(stopped)
    assert files(stopped) == before


def test_a_table_is_found_where_it_was_named_or_where_it_was(stopped, whole, table, tmp_path, monkeypatch):
    rewrite(stopped / "manifest.json", lambda m: m["tasks"][0].update(table="small.npz"))
    rewrite_checkpoints(stopped)
    go_on(stopped)  # by its path from the root
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.copy(table, moved / "small.npz")
    rewrite(stopped / "manifest.json", lambda m: m["tasks"][0].update(path="/nowhere/small.npz"))
    rewrite_checkpoints(stopped)
    monkeypatch.chdir(moved)
    assert go_on(stopped).chosen.formula == outcome(whole)[0]["chosen"]["formula"]


def rewrite_checkpoints(path):
    """As if the run had begun with the manifest that is there now."""
    with RunFolder.open(path) as folder:
        asked = folder._asked
    for checkpoint in path.glob("checkpoint-*"):
        body = {**json.loads(checkpoint.read_text())["body"], "manifest": asked}
        text = json.dumps(body)
        digest = hashlib.sha256(text.encode()).hexdigest()
        checkpoint.write_text(f'{{"sha256": "{digest}", "body": {text}}}\n')


@pytest.mark.parametrize("change", [{"max_size": 11}, {"population": 25}, {"seed": 3}])
def test_other_settings_than_the_run_began_with_are_refused(stopped, change):
    rewrite(stopped / "manifest.json", lambda manifest: manifest["settings"].update(change))
    with pytest.raises(CheckpointError, match=r"manifest\.json was changed"):
        go_on(stopped)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"format": "evozc-run-2", "versions": {"evozc": "0.1.0"}},
            "written by evozc 0.1.0 as evozc-run-2; this version reads evozc-run-3: install evozc==0.1.0",
        ),
        ({"format": "evozc-run-0"}, "by another version as evozc-run-0; this version reads evozc-run-3"),
        ({"format": "evozc-comparison-3"}, "not a run folder"),
        ({}, "not a run folder"),
        ([], "not a run folder"),
        ({"format": "evozc-run-3"}, "does not match its checksum"),
        ({"format": "evozc-run-3", "sha256": "0" * 64}, "does not match its checksum"),
    ],
)
def test_another_manifest_is_refused(tmp_path, content, message):
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=message):
        RunFolder.open(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("settings"), r"damaged: \$: the entry 'settings' is missing"),
        (lambda m: m.update(settings=3), r"damaged: \$\.settings: must be an object"),
        (lambda m: m["settings"].update(seed=-1), r"damaged: \$\.settings: .*seed must not be negative"),
        (lambda m: m["settings"].update(terms="2"), r"damaged: \$\.settings\.terms: must be a whole number"),
        (lambda m: m["tasks"][0].update(labels=1.5), r"\$\.tasks\[0\]\.labels: must be a whole number"),
        (lambda m: m.update(more=1), r"damaged: \$: unknown entry 'more'"),
    ],
)
def test_a_manifest_with_other_entries_is_refused_and_they_are_named(stopped, change, message):
    rewrite(stopped / "manifest.json", change)
    with pytest.raises(CheckpointError, match=message):
        RunFolder.open(stopped)


def test_a_damaged_manifest_never_ends_in_anything_but_a_clear_error(stopped, commands):
    path = stopped / "manifest.json"
    content, generator = path.read_bytes(), random.Random(3)
    for place in sorted(generator.sample(range(len(content)), 12)):
        flipped = bytearray(content)
        flipped[place] ^= 1
        path.write_bytes(flipped)
        done = commands("search", "--resume", stopped)
        assert done.code in (2, 3, 5), (place, done)
        assert done.err.startswith("evozc: ")
        assert done.err.count("\n") == 1
    path.unlink()
    done = commands("search", "--resume", stopped)
    assert done.code == 5
    assert "not a run folder made by evozc search" in done.err


def test_a_folder_in_which_nothing_was_kept_is_said_to_be_one_and_taken_over(commands, tmp_path):
    save_table(small_table(), tmp_path / "small.npz")
    (tmp_path / "run").mkdir()
    for name in ("LOCK", "labelled.txt"):
        (tmp_path / "run" / name).touch()
    done = commands("search", "--resume", "run", cwd=tmp_path)
    assert (done.code, done.err.count("\n")) == (5, 1)
    assert "run: nothing was kept before it was stopped" in done.err
    command = ("search", "small.npz", "--labels", 30, "--generations", 1, "--population", 20)
    assert commands(*command, "--run", "run", cwd=tmp_path).code == 0
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "notes.md").write_text("mine")
    done = commands(*command, "--run", "own", cwd=tmp_path)
    assert done.err == "evozc: own: exists already, and is not of evozc; name another folder\n"


def test_an_existing_folder_is_left_alone(whole, table, tmp_path):
    before = files(whole)
    with pytest.raises(DataError, match="exists already; name another folder"):
        begin(whole, table)
    assert files(whole) == before
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match="exists already"):
        begin(tmp_path / "file", table)
    with pytest.raises(DataError, match="cannot be made"):
        begin(tmp_path / "file" / "run", table)
    assert files(tmp_path) == {"file": b"mine"}


def test_one_folder_is_open_once(stopped):
    with RunFolder.open(stopped), pytest.raises(CheckpointError, match="another process"):
        RunFolder.open(stopped)
    with RunFolder.open(stopped) as folder:
        assert folder.restore()["generation"] == 3


def test_left_behind_temporary_files_go(stopped):
    (stopped / ".checkpoint-000004.json.123.tmp").write_text("half")
    with RunFolder.open(stopped) as folder:
        folder.restore()
    assert not list(stopped.glob(".*"))


@pytest.mark.parametrize("largest_file", [4000, 9000, 20_000])
def test_a_full_disk_ends_clearly_and_the_run_goes_on_elsewhen(table, tmp_path, commands, largest_file):
    """Limits under which the log, or a checkpoint, is the first that cannot be written."""
    path, whole = tmp_path / "run", tmp_path / "whole"
    options = ["--labels", 30, "--population", 24, "--generations", 8]
    done = commands("search", table, "--run", path, *options, largest_file=largest_file)
    assert done.code == 3
    assert done.err.startswith(f"evozc: {path}")
    assert done.err.endswith(": cannot be written: File too large\n")
    assert done.err.count("\n") == 1
    assert not (path / "results.json").exists()
    assert not list(path.glob(".*.tmp"))
    assert commands("search", "--resume", path).code == 0
    assert commands("search", table, "--run", whole, *options).code == 0
    assert outcome(path) == outcome(whole)


def test_a_disk_full_from_the_start_leaves_no_folder(table, tmp_path, commands):
    done = commands("search", table, "--run", tmp_path / "run", "--labels", 30, largest_file=1000)
    assert done.code == 3
    assert "cannot be written: File too large" in done.err
    assert list(tmp_path.iterdir()) == []


def test_an_extended_run_ends_as_one_that_was_asked_so_from_the_start(table, tmp_path, commands):
    """After its end, after an interruption, and with the table elsewhere; the old results stay."""
    options = ["--labels", 30, "--population", 24, "--seed", 2]
    path, whole = tmp_path / "run", tmp_path / "whole"
    place = tmp_path / "table.npz"
    shutil.copy(table, place)
    assert commands("search", place, "--run", path, "--generations", 2, *options).code == 0
    first = (path / "results.json").read_bytes()
    shutil.move(place, tmp_path / "elsewhere.npz")
    gone = commands("search", "--resume", path, "--generations", 4)
    assert (gone.code, gone.err.count("\n")) == (3, 1)
    done = commands("search", "--resume", path, "--generations", 4, "--table", tmp_path / "elsewhere.npz")
    assert (done.code, done.err) == (0, "")
    assert (path / "results-2.json").read_bytes() == first
    assert commands("search", table, "--run", whole, "--generations", 4, *options).code == 0
    found, expected = outcome(path), outcome(whole)
    for results, _, kept in (found, expected):
        del results["table"], kept["manifest.json"]
    assert found == expected
    before = files(path)
    assert commands("search", "--resume", path, "--generations", 4).code == 0
    assert files(path) == before


@pytest.mark.parametrize(("options", "code", "message"), [
    (["--labels", 20, "--seed", 0], 2, "leave out --labels, --seed, or start a new run; --generations, "),
    (["digits"], 2, "leave out TABLE"),
    (["--no-zoo"], 2, "leave out --zoo"),
    (["--run", "other"], 2, "leave out --run"),
    (["--generations", 1], 2, "began with 4 generations; name more"),
    (["--generations", 9, "--patience", -1], 2, "patience must not be negative"),
    (["--table", "digits"], 5, "digits: hash "),
    (["--table", "absent.npz"], 3, "absent.npz: no such table"),
])
def test_what_cannot_be_changed_on_resuming_is_refused_by_name(
    whole, tmp_path, commands, options, code, message
):
    path = tmp_path / "run"
    shutil.copytree(whole, path)
    before = files(path)
    done = commands("search", "--resume", path, *options)
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)
    assert message in done.err
    assert files(path) == before


def test_patience_that_ended_a_run_can_be_given_up(table, tmp_path):
    patient, whole = tmp_path / "patient", tmp_path / "whole"
    begin(patient, table, replace(SETTINGS, generations=8, patience=1))
    assert go_on(patient).generations < 8
    with RunFolder.open(patient) as folder:
        change_run(folder, {"patience": 0})
        continue_run(folder)
    begin(whole, table, replace(SETTINGS, generations=8))
    go_on(whole)
    for path in (patient, whole):
        rewrite(path / "manifest.json", lambda content: content["settings"].update(patience=0))
    assert outcome(patient) == outcome(whole)


@pytest.mark.parametrize("name", ["formulas.jsonl", "manifest.json", "LOCK", "results.json", "deep/er"])
def test_a_link_in_a_strangers_folder_is_refused_and_not_followed(table, tmp_path, name):
    path, mine = tmp_path / "run", tmp_path / "mine.txt"
    begin(path, table)
    mine.write_text("mine\n" * 100)
    place = path / name
    place.parent.mkdir(exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(mine)
    for read in (RunFolder.open, read_search, read_results):
        with pytest.raises(CheckpointError, match="link"):
            read(path)
    assert mine.read_text() == "mine\n" * 100


@pytest.mark.parametrize("name", ["../mine.txt", "/etc/passwd", "cells/../../mine.txt"])
def test_a_name_that_leads_out_of_the_folder_is_refused(table, tmp_path, name):
    begin(tmp_path / "run", table)
    with RunFolder.open(tmp_path / "run") as folder, pytest.raises(CheckpointError, match="leads out"):
        folder.write_text(name, "")
