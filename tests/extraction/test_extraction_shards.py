"""Portions in any order make the table that one process makes, bit by bit."""

import random
import shutil

import numpy as np
import pytest
import torch

from evozc.errors import ConfigError, DataError
from evozc.extraction import (
    ExtractionSettings,
    Images,
    Shard,
    extract_shard,
    extract_table,
    merge_shards,
    remove_shards,
)
from evozc.spaces import NasBench201
from evozc.table import Target, save_table

SPACE = NasBench201(channels=4, cells=1, stages=2)
NAMES = [*dict.fromkeys(SPACE.sample(random.Random(seed)) for seed in range(12)), "no cell"]
NOISE = torch.randn(30, 3, 8, 8, generator=torch.Generator().manual_seed(0))
IMAGES = Images.of(NOISE, torch.arange(30) % 10)
SETTINGS = ExtractionSettings(batch=8, seed=5, groups=("weights", "gradients", "jacobian"))
TARGETS = [Target("accuracy", np.linspace(0.1, 1 / 3, len(NAMES)), "%")]


def shard(out, number, count, names=NAMES, targets=TARGETS):
    return extract_shard(
        SPACE, names, IMAGES, SETTINGS, targets, shard=Shard(number, count), out=out
    )


def whole(parts, jobs=1):
    return extract_table(SPACE, NAMES, IMAGES, SETTINGS, TARGETS, parts=parts, jobs=jobs)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Five shards of twelve architectures, in some order."""
    folder = tmp_path_factory.mktemp("shards")
    for number in random.Random(3).sample(range(1, 6), 5):
        assert list(shard(folder / "table.npz", number, 5).architectures) == [
            name for name in NAMES[number - 1 :: 5] if name != "no cell"
        ]
    return folder


@pytest.fixture
def out(measured, tmp_path):
    shutil.copytree(measured, tmp_path / "copy")
    return tmp_path / "copy" / "table.npz"


@pytest.mark.parametrize("jobs", [1, 2, pytest.param("local:2", marks=pytest.mark.slow)])
def test_the_table_of_all_shards_is_that_of_one_process(out, tmp_path, jobs):
    save_table(merge_shards(out), out)
    save_table(whole(tmp_path / "parts", jobs), tmp_path / "whole.npz")
    assert out.read_bytes() == (tmp_path / "whole.npz").read_bytes()
    remove_shards(out)
    assert [path.name for path in out.parent.iterdir()] == ["table.npz"]


def test_what_is_not_there_is_named(out):
    shutil.rmtree(Shard(2, 5).folder(out))
    shutil.rmtree(Shard(5, 5).folder(out))
    with pytest.raises(DataError, match="of 5 shards 2, 5 are not there"):
        merge_shards(out)
    with pytest.raises(DataError, match="no shards beside it"):
        merge_shards(out.with_name("other.npz"))


def test_what_is_not_measured_yet_is_named_and_goes_on(out):
    folder = Shard(1, 5).folder(out)
    kept = next(iter(folder.glob("*.npz")))
    kept.unlink()
    with pytest.raises(DataError, match=r"\d architectures are not measured yet"):
        merge_shards(out)
    shard(out, 1, 5)
    assert len(merge_shards(out)) == len(NAMES) - 1


def test_shards_of_another_extraction_are_refused(out):
    with pytest.raises(DataError, match="other architectures or targets"):
        shard(out, 1, 5, names=NAMES[::-1])
    shutil.rmtree(Shard(1, 5).folder(out))
    shard(out, 1, 5, targets=[])
    with pytest.raises(DataError, match="is of another extraction than shard 1"):
        merge_shards(out)
    shard(out, 1, 3)
    with pytest.raises(DataError, match="shards of 3 and of 5 lie beside it"):
        merge_shards(out)


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "-1/3", "1/0", "a/b", "1/3 ", "1/" + "9" * 99])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(ConfigError, match=r"there is no shard 4 of 3|write its number and that of all"):
        Shard.parse(text)
