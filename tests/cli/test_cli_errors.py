"""Whatever is wrong: one clear line, an exit code, and nothing written or overwritten."""

import csv
import shutil

import pytest
from small_tables import Commands, files, rewrite, small_table

from evozc.table import save_table

RUN = ("search", "small.npz", "--run", "new", "--labels", 30, "--population", 10, "--generations", 1)
NAMES = small_table().architectures


def write_csv(path, header, lines):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(lines)


@pytest.fixture(scope="module")
def place(tmp_path_factory, commands):
    """A folder with whole, poor and damaged tables, a finished and an unfinished run, and CSV files."""
    folder = tmp_path_factory.mktemp("place")
    save_table(small_table(), folder / "small.npz")
    save_table(small_table(count=6), folder / "tiny.npz")
    save_table(small_table(seed=1, without=("layer.grad_l2", "layer.weight_mean")), folder / "poor.npz")
    save_table(small_table(without=("network.params", "network.naswot")), folder / "vectors.npz")
    content = (folder / "small.npz").read_bytes()
    (folder / "truncated.npz").write_bytes(content[: len(content) // 2])
    (folder / "empty.npz").write_bytes(b"")
    (folder / "text.npz").write_text("architecture,accuracy\n")
    assert commands("search", *RUN[1:3], "run", *RUN[4:], "--no-zoo", cwd=folder).code == 0
    rewrite(folder / "run" / "results.json", lambda r: r["chosen"].update(formula="sum(layer.grad_l2)"))
    shutil.copytree(folder / "run", folder / "unfinished")
    (folder / "unfinished" / "results.json").unlink()
    shutil.copytree(folder / "run", folder / "broken")
    (folder / "broken" / "results.json").write_text('{"chosen": {"formula": "sum(')
    shutil.copytree(folder / "run", folder / "partial")
    (folder / "partial" / "results.json").write_text("{}")
    (folder / "mine.txt").write_text("mine")
    good = [[name, 50 + i / 10, i] for i, name in enumerate(NAMES)]
    header = ["architecture", "accuracy", "score"]
    write_csv(folder / "good.csv", header, good)
    write_csv(folder / "unknown.csv", header, [*good[:5], ["|nor_conv_9x9~0|", 3, 1]])
    write_csv(folder / "missing.csv", ["architecture", "score"], [[r[0], r[2]] for r in good])
    write_csv(folder / "cells.csv", header, [*good[:2], good[2][:2]])
    write_csv(folder / "extra.csv", header, [*good[:2], [*good[2], 4]])
    write_csv(folder / "twice.csv", header, [*good[:4], good[0]])
    write_csv(folder / "nan.csv", header, [*good[:4], [NAMES[4], "nan", 1]])
    write_csv(folder / "word.csv", header, [*good[:4], [NAMES[4], "high", 1]])
    write_csv(folder / "blank.csv", header, [*good[:4], [NAMES[4], "", 1]])
    write_csv(folder / "nothing.csv", header, [])
    write_csv(folder / "header_twice.csv", ["architecture", "accuracy", "accuracy"], good)
    write_csv(folder / "few.csv", header, good[:3])
    (folder / "latin.csv").write_bytes(b"architecture,accuracy\n\xff\xfe,3\n")
    assert commands("table", "few.csv", "few.npz", cwd=folder).code == 0
    return folder


CASES = {
    "unknown table": (("search", "nowhere.npz"), 3, "nowhere.npz: no such table"),
    "unknown benchmark": (("search", "digit"), 3, "bundled benchmark (digits)"),
    "a folder as table": (("search", "run"), 3, "run: "),
    "truncated table": (("search", "truncated.npz"), 3, "truncated.npz: not a whole evozc table"),
    "empty table": (("search", "empty.npz"), 3, "empty.npz: not a whole evozc table"),
    "text as table": (("search", "text.npz"), 3, "no table of statistics but text, as published scores are"),
    "unknown target": ((*RUN, "--target", "loss"), 3, "no target 'loss'; it holds accuracy"),
    "too many labels": ((*RUN, "--labels", 61), 3, "cannot label 61 architectures"),
    "all labelled": ((*RUN, "--labels", 60), 3, "only 0 architectures would be held out of 60"),
    "too few labels": ((*RUN, "--labels", 3), 3, "at least 4 are needed"),
    "tiny table": (("search", "tiny.npz", "--run", "new"), 3, "cannot label 3 architectures"),
    "few rows": (("search", "few.npz", "--run", "new"), 3, "at least 4 are needed"),
    "bad values": (
        (*RUN, "--population", 3, "--max-depth", 99, "--seed", -1), 2,
        "seed must not be negative; population must be at least 10",
    ),
    "time is no number": ((*RUN, "--max-seconds", "nan"), 2, "max_seconds must be a number, not nan"),
    "unknown symbol set": (
        (*RUN, "--symbols", "everything"), 2, "symbols must be one of full, layers, scalar"
    ),
    "no scalars": (
        ("search", "vectors.npz", "--run", "new", "--symbols", "scalar"), 2,
        "'scalar' has no statistic that the table holds",
    ),
    "no layers": (
        ("search", "poor.npz", "--run", "new", "--symbols", "layers"), 2,
        "'layers' has no statistic that the table holds",
    ),
    "existing run": (("search", "small.npz", "--run", "run"), 3, "run: exists already; name another folder"),
    "a file as run": (("search", "small.npz", "--run", "mine.txt"), 3, "mine.txt: exists already"),
    "beneath a file": (("search", "small.npz", "--run", "mine.txt/run"), 3, "mine.txt/run: cannot be made"),
    "resume and run": (("search", "--resume", "run", "--run", "new"), 2, "leave out --run"),
    "resume nothing": (("search", "--resume", "nowhere"), 5, "nowhere: not a run folder made by evozc"),
    "export unfinished": (("export", "unfinished"), 5, "unfinished: has not ended; go on with it: evozc"),
    "compare unfinished": (("compare", "unfinished"), 5, "unfinished: has not ended"),
    "plot unfinished": (("plot", "unfinished"), 5, "unfinished: has not ended"),
    "export broken": (("export", "broken"), 5, "results.json: damaged"),
    "compare broken": (("compare", "partial"), 5, "results.json: damaged: it does not match its checksum"),
    "plot broken": (("plot", "partial"), 5, "results.json: damaged: it does not match its checksum"),
    "export nothing": (("export", "nowhere"), 5, "nowhere: not a run folder"),
    "export a file": (("export", "mine.txt"), 5, "mine.txt: not a run folder"),
    "size not on the front": (("export", "run", "--size", 77), 2, "run: the front has no formula of size 77"),
    "export over a file": (("export", "run", "--out", "mine.txt"), 3, "mine.txt: exists already"),
    "export to nowhere": (("export", "run", "--out", "no/such/file"), 3, "no/such/file: cannot be written"),
    "plot over a file": (("plot", "run", "--out", "mine.txt"), 3, "mine.txt: exists already"),
    "plot of no kind": (("plot", "run", "--out", "new.xyz"), 2, "new.xyz: Format 'xyz' is not supported"),
    "compare with a poor table": (
        ("compare", "run", "--table", "poor.npz"), 4,
        "poor.npz: unknown statistic 'layer.grad_l2': the table lacks it",
    ),
    "compare with nowhere": (("compare", "run", "--table", "nowhere.npz"), 3, "nowhere.npz: no such table"),
    "compare with unknown target": (("compare", "run", "--target", "loss"), 3, "no target 'loss'"),
    "compare with too few": (
        ("compare", "run", "--table", "few.npz"), 3, "architectures are not in the run's"
    ),
    "table over a file": (("table", "good.csv", "mine.txt"), 3, "mine.txt: exists already"),
    "table from nowhere": (("table", "nowhere.csv", "new.npz"), 3, "nowhere.csv: no such file"),
    "table to nowhere": (("table", "good.csv", "no/such/new.npz"), 3, "cannot be written"),
    "unknown architecture": (
        ("table", "unknown.csv", "new.npz"), 3, "line 7: architecture '|nor_conv_9x9~0|'"
    ),
    "missing column": (("table", "missing.csv", "new.npz"), 3, "missing.csv: no column 'accuracy'"),
    "missing target": (("table", "good.csv", "new.npz", "--target", "loss"), 3, "good.csv: no column 'loss'"),
    "missing cell": (("table", "cells.csv", "new.npz"), 3, "line 4 has 2 cells, the header names 3"),
    "extra cell": (("table", "extra.csv", "new.npz"), 3, "line 4 has 4 cells, the header names 3"),
    "architecture twice": (("table", "twice.csv", "new.npz"), 3, "stands on line 2 already"),
    "nan accuracy": (("table", "nan.csv", "new.npz"), 3, "line 6: column 'accuracy' is nan"),
    "blank accuracy": (("table", "blank.csv", "new.npz"), 3, "line 6: column 'accuracy' is empty"),
    "accuracy in words": (("table", "word.csv", "new.npz"), 3, "line 6: column 'accuracy' holds 'high'"),
    "no rows": (("table", "nothing.csv", "new.npz"), 3, "nothing.csv: holds no rows under its header"),
    "column twice": (("table", "header_twice.csv", "new.npz"), 3, "each name once"),
    "not UTF-8": (("table", "latin.csv", "new.npz"), 3, "latin.csv: not a readable CSV file"),
    "unknown space": (("table", "good.csv", "new.npz", "--space", "dart"), 2, "did you mean 'darts'"),
    "other file matches nothing": (
        ("table", "good.csv", "new.npz", "--targets", "missing.csv"), 3, "missing.csv: no column 'accuracy'"
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_said_in_one_line(place, commands, case):
    arguments, code, message = CASES[case]
    before = files(place)
    done = commands(*arguments, cwd=place)
    assert message in done.err
    assert done.err.startswith("evozc: ")
    assert done.err.count("\n") == 1
    assert (done.code, done.out) == (code, "")
    after = files(place)
    assert after.keys() == before.keys()
    assert after == before
    assert not (place / "new").exists()
    assert not (place / "runs").exists()


@pytest.fixture(scope="module")
def extracting(tmp_path_factory):
    """As ``commands``, with torch imported already."""
    pytest.importorskip("evozc.extraction", exc_type=ImportError)
    running = Commands(tmp_path_factory.mktemp("extracting"), "evozc.extraction")
    yield running
    running.close()


EXTRACT_CASES = {
    "a file in the way": (("few.csv", "images.npz", "mine.txt"), 3, "mine.txt: exists already"),
    "no such file": (("nowhere.csv", "images.npz", "new.npz"), 3, "nowhere.csv: no such file"),
    "extra column": (("few.csv", "images.npz", "new.npz"), 3, "few.csv: unexpected column 'score'"),
    "missing column": (("missing.csv", "images.npz", "new.npz"), 3, "missing.csv: no column 'accuracy'"),
    "unknown architecture": (
        ("unknown.csv", "images.npz", "new.npz", "--target", "accuracy"), 3, "unknown.csv: line 7: "
    ),
    "architecture twice": (
        ("twice.csv", "images.npz", "new.npz", "--target", "accuracy"), 3, "stands on line 2 already"
    ),
    "nan accuracy": (
        ("nan.csv", "images.npz", "new.npz", "--target", "accuracy"), 3, "line 6: column 'accuracy' is nan"
    ),
    "no channels": (
        ("few.csv", "images.npz", "new.npz", "--target", "accuracy", "--space-option", "channels=0"), 2,
        "channels must be",
    ),
    "unknown statistics": (
        ("few.csv", "images.npz", "new.npz", "--statistics", "weights,hessians"), 2,
        "unknown group 'hessians'; known are shapes, weights",
    ),
    "unknown inputs": (
        ("few.csv", "images.npz", "new.npz", "--inputs", "zeros"), 2,
        "inputs must be one of data, noise, ones",
    ),
    "unknown initialisation": (
        ("few.csv", "images.npz", "new.npz", "--initialisation", "he"), 2, "initialisation must be one of"
    ),
    "no repeats": (("few.csv", "images.npz", "new.npz", "--repeats", 0), 2, "repeats must be"),
    "too large a sample": (
        ("few.csv", "images.npz", "new.npz", "--target", "accuracy", "--sample", 4), 3,
        "cannot sample 4 of 3 non-isomorphic architectures",
    ),
}


@pytest.mark.parametrize("case", EXTRACT_CASES)
def test_what_extract_cannot_use_is_said_before_any_work(place, extracting, case):
    arguments, code, message = EXTRACT_CASES[case]
    before = files(place)
    done = extracting("extract", *arguments, cwd=place)
    assert message in done.err
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)
    assert files(place) == before
    assert not (place / "new.npz.parts").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("search", "--population", "many"), "Invalid value for '--population'"),
        (("search", "--generations", "2.5"), "Invalid value for '--generations'"),
        (("search", "--elite", "3"), "No such option: --elite"),
        (("export", "run", "--format", "word"), "Invalid value for '--format'"),
        (("export",), "Missing argument"),
        (("find",), "No such command 'find'"),
        (("zoo", "a", "b"), "unexpected extra argument"),
    ],
)
def test_options_that_do_not_exist_or_fit_are_usage_errors(place, commands, arguments, message):
    before = files(place)
    done = commands(*arguments, cwd=place)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Usage: evozc")
    assert message in done.err.splitlines()[-1]
    assert "Traceback" not in done.err
    assert files(place) == before
