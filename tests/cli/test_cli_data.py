"""The commands that make tables: targets with a direction, any space with its settings, any format."""

import random

import numpy as np
import pytest
from small_tables import files

from evozc.table import load_table

#: A space of a user's own, in the current folder: bits that choose layers.
SPACE = '''
from dataclasses import dataclass
from typing import ClassVar
from evozc.errors import DataError
from evozc.spaces import ImageInputs, Outputs

@dataclass(frozen=True)
class Bits:
    width: int = 4
    scale: float = 1.0
    plain: bool = False

    name: ClassVar[str] = "bits"
    count: ClassVar[int] = 8
    inputs: ClassVar[ImageInputs] = ImageInputs(3)
    outputs: ClassVar[Outputs] = Outputs("classes", 10)

    def settings(self):
        return {"width": self.width, "scale": self.scale, "plain": self.plain}

    def canonical_key(self, architecture):
        if len(architecture) != 3 or set(architecture) - set("01"):
            raise DataError(f"architecture {architecture[:40]!r} is not three bits")
        return architecture

    def build(self, architecture):
        from torch import nn
        self.canonical_key(architecture)
        layers = [nn.Conv2d(self.width, self.width, 1 + 2 * int(bit), padding="same") for bit in architecture]
        return nn.Sequential(nn.Conv2d(3, self.width, 3), *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                             nn.Linear(self.width, 10))

    def blocks(self, network):
        return list(network)[1:4]

    def sample(self, generator):
        return "".join(generator.choice("01") for _ in range(3))

    def neighbours(self, architecture):
        return [architecture[:i] + "10"[int(architecture[i])] + architecture[i + 1:] for i in range(3)]
'''


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Published perplexities of networks that no space of evozc knows, and a space in a module."""
    folder = tmp_path_factory.mktemp("published")
    generator = random.Random(0)
    lines = ["model,test_ppl,size,note,task"]
    for number in range(60):
        size = generator.gauss(0, 1)
        task = "text" if number % 3 else "code"
        lines.append(f"gpt {number},{30 - size + 0.2 * generator.gauss(0, 1)},{size},x,{task}")
    (folder / "gpt.csv").write_text("\n".join(lines) + "\n")
    (folder / "my_space.py").write_text(SPACE)
    (folder / "bits.csv").write_text("architecture,accuracy\n" + "".join(f"{n:03b},{n}\n" for n in range(6)))
    images = np.random.default_rng(0).integers(0, 256, (80, 8, 8, 3), dtype=np.uint8)
    np.savez(folder / "images.npz", x=images, y=np.arange(80) % 10)
    return folder


TABLE = ("table", "gpt.csv", "new.npz", "--space", "texts", "--architecture-column", "model")


def test_a_loss_is_ranked_by_only_once_its_direction_is_said(place, commands, tmp_path):
    before = files(place)
    done = commands(*TABLE, "--target", "test_ppl", "--without", "note", "--without", "task", cwd=place)
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        "evozc: gpt.csv: target 'test_ppl': is a higher or a lower value better? Its name looks as if lower "
        "is; say so: --target test_ppl:lower or --target test_ppl:higher (in Python higher_is_better=False "
        "or True)\n"
    )
    assert files(place) == before
    made = ("table", "gpt.csv", tmp_path / "gpt.npz", *TABLE[3:], "--target", "test_ppl:lower:nats per word",
            "--without", "note", "--without", "task")
    done = commands(*made, cwd=place)
    assert (done.code, done.err) == (0, "")
    assert "targets test_ppl (lower is better)" in done.out
    target = load_table(tmp_path / "gpt.npz").target("test_ppl")
    assert (target.higher_is_better, target.unit) == (False, "nats per word")
    run = ("search", tmp_path / "gpt.npz", "--run", tmp_path / "run", "--symbols", "scalar", "--labels", 30,
           "--population", 10, "--generations", 1)
    done = commands(*run, cwd=place)
    assert done.code == 0
    assert "searching" in done.out
    assert done.out.splitlines()[-1].startswith("everything is in")
    best = next(line.split() for line in done.out.splitlines() if line.startswith(">"))
    assert float(best[2]) > 0.5  # searched the right way round: larger networks have lower perplexity
    done = commands(*run, "--target", "test_ppl:lower", cwd=place)
    assert "no target 'test_ppl:lower'; it holds test_ppl (lower is better)" in done.err


def test_rows_of_a_long_table_are_chosen(place, commands, tmp_path):
    asked = (*TABLE[3:], "--target", "test_ppl:lower", "--without", "note", "--where", "task=code")
    done = commands("table", "gpt.csv", tmp_path / "code.npz", *asked, cwd=place)
    assert (done.code, done.err) == (0, "")
    assert len(load_table(tmp_path / "code.npz")) == 20
    assert list(load_table(tmp_path / "code.npz").values) == ["network.size"]


BAD = {
    "no number": ((*TABLE, "--target", "test_ppl:lower"), 3, "line 2: column 'note' holds 'x'"),
    "no such rows": ((*TABLE, "--target", "size", "--where", "task=poem"), 3, "no row has task=poem"),
    "no such condition": ((*TABLE, "--where", "task"), 2, "--where 'task': write name=value"),
    "condition twice": (
        (*TABLE, "--where", "task=a", "--where", "task=b"), 2,
        "--where 'task=b': write name=value, each name once",
    ),
    "unknown format": ((*TABLE, "--format", "cvs"), 2, "unknown reader 'cvs'; did you mean 'csv'"),
    "unknown setting": (
        (*TABLE, "--space", "nasbench201", "--space-option", "width=3"), 2,
        "--space-option 'width=3': write setting=value, each setting once; nasbench201 has channels, cells",
    ),
    "setting without value": (
        (*TABLE, "--space", "nasbench201", "--space-option", "cells"), 2, "--space-option 'cells': write"
    ),
    "setting of another kind": (
        (*TABLE, "--space", "nasbench201", "--space-option", "cells=many"), 2,
        "'cells=many': must be a whole number",
    ),
    "setting out of range": (
        (*TABLE, "--space", "nasbench201", "--space-option", "cells=0"), 2,
        "cells must be a whole number above 0",
    ),
    "no such module": ((*TABLE, "--space", "no_such:Space"), 2, "'no_such:Space': ModuleNotFoundError"),
    "no such class": ((*TABLE, "--space", "my_space:Bats"), 2, "'my_space:Bats': AttributeError"),
    "no space": ((*TABLE, "--space", "json:loads"), 2, "no search space: it lacks name, inputs"),
    "flag in words": (
        (*TABLE, "--space", "my_space:Bits", "--space-option", "plain=yes"), 2, "must be true or false"
    ),
    "text of another space": (
        ("table", "bits.csv", "new.npz"), 3, "bits.csv: line 2: architecture '000' is not of NAS-Bench-201"
    ),
}


@pytest.mark.parametrize(("arguments", "code", "message"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_meant_is_said(place, commands, arguments, code, message):
    before = files(place)
    done = commands(*arguments, cwd=place, PYTHONDONTWRITEBYTECODE="1")
    assert message in done.err
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)
    assert {name: content for name, content in files(place).items() if "__pycache__" not in name} == before


def test_statistics_are_extracted_in_a_space_of_the_users_own(place, commands, tmp_path):
    done = commands(
        "extract", "bits.csv", "images.npz", tmp_path / "bits.npz", "--space", "my_space:Bits",
        "--space-option", "width=6", "--space-option", "scale=0.5", "--space-option", "plain=true",
        "--batch", 8, "--statistics", "shapes", "--target", "accuracy:higher:%", cwd=place,
    )
    assert (done.code, done.err) == (0, "")
    table = load_table(tmp_path / "bits.npz")
    assert table.architectures == tuple(f"{n:03b}" for n in range(6))
    assert table.provenance["space_settings"] == {"width": 6, "scale": 0.5, "plain": True}
    of = {"0": 36 + 6, "1": 36 * 9 + 6}
    sizes = [3 * 9 * 6 + 6 + 6 * 10 + 10 + sum(of[bit] for bit in f"{n:03b}") for n in range(6)]
    assert table.values["network.params"].tolist() == sizes
