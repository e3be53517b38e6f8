"""The tables under runs/tables: statistics alone, small, and of the spaces that they name."""

import sys
from pathlib import Path

import pytest

from evozc.benchmarks import attach_targets, read_targets, space_of
from evozc.table import load_table

FOLDER = Path(__file__).resolve().parents[2] / "runs" / "tables"
TABLES = sorted(path.stem for path in FOLDER.glob("*.npz"))


@pytest.fixture(scope="module")
def recipes():
    sys.path.insert(0, str(FOLDER))
    try:
        from make import RECIPES
    finally:
        sys.path.remove(str(FOLDER))
    return RECIPES


def test_there_are_tables_and_they_are_small():
    sizes = [(FOLDER / f"{name}.npz").stat().st_size for name in TABLES]
    assert len(TABLES) >= 5
    assert max(sizes) <= 3 * 2**20
    assert sum(sizes) <= 25 * 2**20


@pytest.mark.parametrize("name", TABLES)
def test_a_table_holds_no_targets_and_keys_by_the_present_rule(name, recipes):
    table, recipe = load_table(FOLDER / f"{name}.npz"), recipes[name]
    space = space_of(table)
    assert not table.targets
    assert space.name == recipe.space
    assert {key: space.settings()[key] for key in recipe.settings} == recipe.settings
    assert table.keys == tuple(map(space.canonical_key, table.architectures))
    assert len(set(table.keys)) == len(table) <= recipe.count


@pytest.mark.parametrize("name", TABLES)
def test_published_targets_are_attached(name, recipes, shared):
    table, recipe = load_table(FOLDER / f"{name}.npz"), recipes[name]
    if not recipe.file:
        pytest.skip(f"nobody has published targets of {name} among the shared files")
    space = space_of(table)
    published = read_targets(
        shared / f"{recipe.file}.csv.gz", space, targets=[recipe.target], average=True,
        architecture_column=recipe.column, where=recipe.where,
    )
    joined, _ = attach_targets(table, published, space)
    assert len(joined) == len(table)
    assert joined.target().higher_is_better == (not recipe.target.endswith(":lower"))
