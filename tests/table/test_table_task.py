"""Tasks: what is labelled, what is held out, and that what searches can see of it."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_tables import small_table

from evozc.errors import DataError
from evozc.table import Table, Target, Task

SMALL = small_table(80)
OTHER = Target("other", np.arange(80.0), "", higher_is_better=False)
TWO = SMALL.with_targets([SMALL.target(), OTHER])


def classes(count):
    """A table whose architectures come in classes of one to four."""
    keys = [f"class {i}" for i in range(count) for _ in range(1 + i % 4)]
    table = small_table(len(keys))
    return replace(table, keys=tuple(keys))


@given(st.integers(4, 20), st.integers(0, 1000), st.booleans())
def test_a_sample_shares_no_class_with_the_rest_and_repeats_with_its_seed(labels, seed, fixed):
    table = classes(30)
    if fixed:
        table = replace(table, train=np.array([int(key.split()[1]) < 22 for key in table.keys]))
    task = Task.draw(table, None, labels, seed)
    labelled, held_out = task.labelled, task.held_out
    assert len(labelled) == labels == len(set(labelled.keys))
    assert not set(labelled.keys) & set(held_out.keys)
    assert Task.draw(table, None, labels, seed).labelled.architectures == labelled.architectures
    if fixed:
        assert labelled.train.all()
        assert not held_out.train.any()
    else:
        assert set(held_out.architectures) == {
            a for a, key in zip(table.architectures, table.keys, strict=True) if key not in labelled.keys
        }


@pytest.mark.parametrize("labels", [0, 3, -1, 61])
def test_too_few_or_too_many_labels_are_refused(labels):
    with pytest.raises(DataError, match="cannot label"):
        Task.draw(small_table(60), None, labels)


def test_a_sample_that_leaves_nothing_is_refused():
    with pytest.raises(DataError, match="only 2 architectures would be held out of 60"):
        Task.draw(small_table(60), None, 58)
    with pytest.raises(DataError, match="no given formula was searched on"):
        Task.draw(SMALL, None, 20, 0, SMALL.keys)


def test_what_was_seen_is_not_held_out():
    seen = set(SMALL.keys[:50])
    task, whole = Task.draw(SMALL, None, 20, 3, seen), Task.draw(SMALL, None, 20, 3)
    assert task.labelled.architectures == whole.labelled.architectures
    assert task.held_out.keys == tuple(key for key in whole.held_out.keys if key not in seen)


def everything(value, seen):
    """All arrays and targets that can be reached from a task."""
    if isinstance(value, Task | Table | Target):
        for field in fields(value):
            everything(getattr(value, field.name), seen)
    elif isinstance(value, dict):
        for inner in value.values():
            everything(inner, seen)
    elif isinstance(value, np.ndarray):
        seen.append(value)


@pytest.mark.parametrize("target", ["accuracy", "other"])
def test_a_blind_task_shows_the_target_of_the_labelled_architectures_and_no_other(target):
    task = Task.draw(TWO, target, 20, 1)
    blind = task.blind
    assert blind.labelled_target.values.tolist() == task.labelled_target.values.tolist()
    assert blind.labelled_target.higher_is_better == (target == "accuracy")
    for table in (blind.table, blind.held_out):
        assert table.targets == {}
        with pytest.raises(DataError, match="no target"):
            table.target(target)
    with pytest.raises(DataError):
        _ = blind.held_out_target
    assert list(blind.labelled.targets) == [target]
    hidden = set(task.held_out_target.values)
    found = []
    everything(blind, found)
    assert len(found) > 5
    assert not any(hidden & set(array.ravel().tolist()) for array in found if array.dtype == float)
    # What there is to see of all architectures is still there.
    assert blind.table.architectures == TWO.architectures
    assert blind.held_out.values.keys() == TWO.values.keys()


def test_nested_samples_lie_within_each_other_and_hold_out_the_same():
    task = Task.draw(SMALL, None, 40, 2)
    found = task.nested((10, 20, 40))
    sets = {budget: set(one.labelled.architectures) for budget, one in found.items()}
    assert {budget: len(s) for budget, s in sets.items()} == {10: 10, 20: 20, 40: 40}
    assert sets[10] < sets[20] < sets[40] == set(task.labelled.architectures)
    assert found[40].labelled.architectures == task.labelled.architectures
    assert all(one.held_out is task.held_out for one in found.values())


def test_a_task_may_have_nothing_to_hold_out():
    task = Task.whole(SMALL)
    assert task.labelled is SMALL
    assert (len(task.held_out), task.target) == (0, "accuracy")
    with pytest.raises(DataError, match="name the target"):
        Task.whole(TWO)
