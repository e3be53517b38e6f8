"""Extractions of limited time."""

import time
from dataclasses import dataclass

import pytest

from evozc.errors import DataError
from evozc.extraction import ExtractionSettings, RandomInputs, extract_table
from evozc.spaces import NasBench201

SETTINGS = ExtractionSettings(batch=2, groups=("shapes",))
CELL = "|{}~0|+|{}~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"
CELLS = [CELL.format(a, b)
         for a in ("none", "skip_connect", "avg_pool_3x3") for b in ("none", "nor_conv_3x3")]


@dataclass(frozen=True)
class Slow(NasBench201):
    """A space whose networks take time to build."""

    def build(self, architecture):
        time.sleep(0.4)
        return super().build(architecture)


def extract(folder, seconds, kind=NasBench201):
    space = kind(channels=4, cells=1, stages=1)
    return extract_table(
        space, CELLS, RandomInputs(space, 8), SETTINGS, parts=folder, seconds=seconds
    )


def test_what_could_be_measured_is_a_table_and_the_rest_is_counted(tmp_path):
    whole = extract(tmp_path / "whole", None)
    some = extract(tmp_path / "some", 0.6, Slow)
    assert 1 <= len(some) < len(CELLS)
    assert some.provenance["not_measured"] == len(CELLS) - len(some)
    assert "not_measured" not in whole.provenance
    assert some.content_hash == whole.select(range(len(some))).content_hash


def test_without_time_for_one_there_is_no_table(tmp_path):
    with pytest.raises(DataError, match="no time to measure one of 6"):
        extract(tmp_path / "parts", 0.0)
