"""Statistics that somebody shares, and accuracies that somebody published, become a table to search on."""

import numpy as np
import pytest
from small_tables import files

from evozc.benchmarks import attach_targets, read_targets, space_of
from evozc.errors import DataError
from evozc.spaces import NasBench201
from evozc.table import Table, Target, load_table, save_table
from primitives import scalar

SPACE = NasBench201()
NONE, SKIP = "none", "skip_connect"


def cell(*names):
    return SPACE.format((*names, *[NONE] * (6 - len(names))))


CELLS = [cell(NONE, NONE, NONE, name) for name in ("nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")]
#: They compute what the second cell does: a node that is only skipped is its source.
TWINS = [cell(SKIP, NONE, NONE, NONE, "nor_conv_3x3"), cell(NONE, SKIP, NONE, NONE, NONE, "nor_conv_3x3")]


def statistics(architectures=(*CELLS, TWINS[0]), provenance=None, **more):
    scores = np.arange(len(architectures), dtype=np.float64)
    return Table(
        architectures=tuple(architectures), keys=tuple(map(SPACE.canonical_key, architectures)),
        statistics=(scalar("zen"),), offsets={}, values={"network.zen": scores}, targets={},
        provenance={"space": "nasbench201", "space_settings": {"cells": 1}, **(provenance or {})}, **more,
    )


@pytest.fixture
def published(tmp_path):
    def write(text):
        path = tmp_path / "accuracy.csv"
        path.write_text("architecture,accuracy,test_ppl\n" + text)
        return path

    return write


def attached(table, path, *targets):
    return attach_targets(table, read_targets(path, SPACE, targets=targets or ["accuracy"]), SPACE)


def test_targets_are_matched_by_text(published):
    path = published("".join(f"{text},{90 + k},{9 - k}\n" for k, text in enumerate(CELLS[::-1])))
    table, notes = attached(statistics(CELLS), path, "accuracy:higher:%", "test_ppl:lower")
    assert table.architectures == tuple(CELLS)
    assert table.targets["accuracy"].values.tolist() == [92, 91, 90]
    assert table.targets["test_ppl"].merit.tolist() == [-7, -8, -9]
    assert (table.targets["accuracy"].unit, notes) == ("%", ())
    assert table.provenance["targets"] == [{"file": "accuracy.csv", "reader": "csv"}]


def test_where_the_text_is_not_published_what_computes_the_same_is(published):
    path = published(f"{TWINS[1]},90,1\n{CELLS[0]},91,1\n{CELLS[2].replace('avg_pool_3x3', NONE)},3,1\n")
    table, notes = attached(statistics(), path)
    assert table.architectures == (CELLS[0], CELLS[1], TWINS[0])
    assert table.target().values.tolist() == [91, 90, 90]
    assert table.values["network.zen"].tolist() == [0, 1, 3]
    assert notes == (
        "1 of 4 architectures have no published target",
        "2 have the targets of others that compute the same",
    )


def test_several_that_compute_the_same_are_averaged(published):
    path = published(f"{TWINS[0]},90,1\n{TWINS[1]},92,1\n")
    assert attached(statistics(), path)[0].target().values.tolist() == [91, 90]


def test_a_target_that_is_there_already_is_not_replaced(published):
    path = published(f"{CELLS[0]},91,1\n")
    table = statistics().with_targets([Target("accuracy", np.arange(4.0))])
    with pytest.raises(DataError, match="the table has a target 'accuracy' already"):
        attached(table, path)
    both, _ = attached(table, path, "test_ppl:lower")
    assert set(both.targets) == {"accuracy", "test_ppl"}


def test_files_without_a_common_architecture_are_refused(published):
    path = published(f"{cell()},91,1\n")
    with pytest.raises(DataError, match="of none of its 1 architectures the table has statistics"):
        attached(statistics(), path)


@pytest.mark.parametrize(
    ("provenance", "message"),
    [({"space": None}, "does not say its search space"), ({"space": "os:system"}, "cannot be had: unknown"),
     ({"space_settings": {"cells": 0}}, "cells must be a whole number"),
     ({"space_settings": 3}, "does not say")],
)
def test_a_space_that_cannot_be_had_is_asked_for(provenance, message):
    with pytest.raises(DataError, match=f"{message}.*name it with --space"):
        space_of(statistics(provenance=provenance))
    assert space_of(statistics()) == NasBench201(cells=1)


def test_the_command_attaches_what_was_published(published, commands, tmp_path):
    path = published("".join(f"{cell},{90 + k},1\n" for k, cell in enumerate((*CELLS, TWINS[1]))))
    save_table(statistics(), tmp_path / "measured.npz")
    done = commands("table", "attach", tmp_path / "measured.npz", path, "--target", "accuracy:higher:%")
    assert (done.code, done.err) == (0, "")
    assert "1 have the targets of others that compute the same" in done.out
    assert "measured-accuracy.npz: 4 architectures" in done.out
    table = load_table(tmp_path / "measured-accuracy.npz")
    assert (table.target().values.tolist(), table.target().unit) == ([90, 91, 92, 92], "%")
    again = commands("table", "attach", tmp_path / "measured.npz", path, "--target", "accuracy")
    assert "exists already" in again.err
    asked = ("--target", "accuracy", "--space", "nasbench201")
    named = commands("table", "attach", tmp_path / "measured.npz", path, tmp_path / "o.npz", *asked)
    assert (named.code, named.err) == (0, "")


BAD = {
    "no statistics": (("missing.npz", "accuracy.csv"), "no such file"),
    "scores for statistics": (("accuracy.csv", "accuracy.csv", "o.npz"), "not a whole evozc table"),
    "no targets": (("measured.npz", "missing.csv"), "no such file"),
    "another space": (("measured.npz", "accuracy.csv", "--space", "nasbench-macro"), "of NAS-Bench-Macro"),
    "a direction left open": (
        ("measured.npz", "accuracy.csv", "--target", "test_ppl"), "is a higher or a lower value better"
    ),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_joined_is_said_and_nothing_written(published, commands, tmp_path, arguments, message):
    published(f"{CELLS[0]},91,1\n")
    save_table(statistics(), tmp_path / "measured.npz")
    before = files(tmp_path)
    if "--target" not in arguments:
        arguments = (*arguments, "--target", "accuracy")
    done = commands("table", "attach", *arguments, cwd=tmp_path)
    assert message in done.err
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)
    assert files(tmp_path) == before


def test_the_command_adds_what_the_graphs_of_the_cells_say(commands, tmp_path):
    save_table(statistics(), tmp_path / "measured.npz")
    done = commands("table", "graph", tmp_path / "measured.npz")
    assert (done.code, done.err) == (0, "")
    made = load_table(tmp_path / "measured-graph.npz")
    assert made.values["network.zen"].tolist() == [0, 1, 2, 3]
    assert made.values["network.cell_count_nor_conv_3x3"].tolist() == [0, 1, 0, 1]
    assert made.values["network.cell_most_any"].tolist() == [1, 1, 1, 2]
    assert made.provenance["graphs"].items() >= {"space": "nasbench201", "cells": 1}.items()
    again = commands("table", "graph", tmp_path / "measured-graph.npz", tmp_path / "o.npz")
    assert "has numbers of the architectures' graphs already" in again.err
    texts = commands("table", "graph", tmp_path / "measured.npz", tmp_path / "o.npz", "--space", "texts")
    assert "the architectures of texts are no graphs" in texts.err
