"""evozc extract, from architectures to a table, where data and time are short."""

import numpy as np
import pytest

from evozc.table import load_table

CELLS = [f"|none~0|+|nor_conv_1x1~0|{a}~1|+|{b}~0|none~1|skip_connect~2|"
         for a in ("none", "skip_connect", "nor_conv_3x3") for b in ("none", "avg_pool_3x3", "nor_conv_1x1")]
SMALL = ("--space-option", "channels=4", "--space-option", "cells=1", "--space-option", "stages=1")


@pytest.fixture
def cells(tmp_path):
    lines = [f"{cell},{row}" for row, cell in enumerate(CELLS)]
    (tmp_path / "cells.csv").write_text("\n".join(["architecture,accuracy", *lines]) + "\n")
    return tmp_path


def test_without_data_inputs_are_drawn(cells, commands):
    done = commands("extract", "cells.csv", "random", "t.npz", *SMALL, "--size", 8, "--statistics",
                    "shapes,gradients", cwd=cells)
    assert (done.code, done.err) == (0, "")
    table = load_table(cells / "t.npz")
    assert table.architectures == tuple(CELLS)
    assert table.provenance["images"] == "standard normal noise, 3 x 8 x 8"
    assert table.provenance["settings"]["batch"] == 64
    assert np.isfinite(table.values["layer.grad_l2"]).any()


def test_what_there_is_no_time_for_is_left_out_and_counted(cells, commands):
    command = ("extract", "cells.csv", "random", "t.npz", *SMALL, "--size", 8, "--statistics", "shapes")
    done = commands(*command, "--minutes", 1e-9, cwd=cells)
    assert (done.code, done.out) == (3, "")
    assert done.err.count("\n") == 1
    assert "there was no time to measure one of 9 architectures" in done.err
    assert not (cells / "t.npz").exists()
    done = commands(*command, "--minutes", 5, cwd=cells)
    assert (done.code, done.err) == (0, "")
    found = load_table(cells / "t.npz")
    assert sorted(found.architectures) == sorted(CELLS)
    assert found.architectures != tuple(CELLS)
    order = [CELLS.index(architecture) for architecture in found.architectures]
    assert found.target().values.tolist() == order


@pytest.mark.parametrize(("arguments", "message"), [
    (("cells.csv", "random", "t.npz", "--minutes", 0), "minutes must be above 0, not 0"),
    (("cells.csv", "cells.csv", "t.npz", "--size", 8), "--size is of random inputs; those of cells.csv have"),
    (("cells.csv", "random", "t.npz", "--size", -8), "a side of -8 pixels cannot be had"),
])
def test_what_cannot_be_meant_is_said(cells, commands, arguments, message):
    done = commands("extract", *arguments, cwd=cells)
    assert message in done.err
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert [path.name for path in cells.iterdir()] == ["cells.csv"]


GPT2 = "d_model=64 d_embed=64 div_val=1 n_head=2,2 d_inner=512,700"
WORDS = ("--space", "gpt2", "--space-option", "vocabulary=60", "--space-option", "cutoffs=20,40",
         "--space-option", "length=6")
DRAW = np.random.default_rng(0)
PIXELS = DRAW.integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
TASK = ("--space", "transnas-macro", "--space-option")
FED = {
    "drawn words": (GPT2, None, WORDS),
    "words": (GPT2, {"x": DRAW.integers(0, 60, (6, 6))}, WORDS),
    "an image for an image": ("64-1144-basic", {"x": PIXELS}, (*TASK, "task=autoencoder")),
    "a map of classes": (
        "64-1144-basic", {"x": PIXELS, "y": DRAW.integers(0, 17, (6, 32, 32))},
        (*TASK, "task=segmentsemantic"),
    ),
    "tiles": (
        "64-1144-basic", {"x": DRAW.integers(0, 256, (6, 9, 16, 16, 3), dtype=np.uint8), "y": np.arange(6)},
        (*TASK, "task=jigsaw"),
    ),
}


@pytest.mark.parametrize("kind", FED)
def test_networks_are_fed_what_their_space_takes(tmp_path, commands, kind):
    architecture, arrays, options = FED[kind]
    (tmp_path / "one.csv").write_text(f'architecture,accuracy\n"{architecture}",1\n')
    if arrays is not None:
        np.savez(tmp_path / "inputs.npz", **arrays)
    done = commands("extract", "one.csv", "random" if arrays is None else "inputs.npz", "t.npz", *options,
                    "--batch", 4, "--statistics", "shapes,gradients", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    table = load_table(tmp_path / "t.npz")
    assert (table.values["layer.grad_l2"] > 0).all()
    assert table.provenance["settings"]["batch"] == 4


def test_words_beyond_the_vocabulary_are_refused_before_any_work(tmp_path, commands):
    (tmp_path / "one.csv").write_text(f'architecture,accuracy\n"{GPT2}",1\n')
    np.savez(tmp_path / "inputs.npz", x=np.full((6, 6), 60))
    done = commands("extract", "one.csv", "inputs.npz", "t.npz", *WORDS, cwd=tmp_path)
    assert "inputs.npz: x reaches from 60 to 60; the vocabulary of gpt2 is set to 60 tokens" in done.err
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inputs.npz", "one.csv"]
