"""The table in memory: what it refuses, and what a selection of it holds."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evozc.errors import DataError
from evozc.spaces import NasBench201
from evozc.table import Table, Target
from primitives import NODE_SETS, Statistic, scalar

SPACE = NasBench201()


def make_table(architectures=8, seed=0, train=True):
    """A small ragged table with missing values and an architecture without nodes."""
    draw, generator = np.random.default_rng(seed), random.Random(seed)
    texts = []
    while len(texts) < architectures:
        text = SPACE.sample(generator)
        texts += [text] if text not in texts else []
    offsets, values, statistics = {}, {}, []
    for node_set in NODE_SETS[:2]:
        lengths = draw.integers(0, 5, architectures)
        lengths[: min(1, architectures)] = 0
        offsets[node_set] = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        for name in ("a", "b"):
            statistics.append(Statistic(node_set, name, "a test"))
            column = draw.normal(size=offsets[node_set][-1]) * 1e3
            column[draw.random(len(column)) < 0.2] = np.nan
            values[f"{node_set}.{name}"] = column
    statistics.append(scalar("params"))
    values["network.params"] = draw.random(architectures)
    return Table(
        architectures=tuple(texts),
        keys=tuple(map(SPACE.canonical_key, texts)),
        statistics=tuple(statistics),
        offsets=offsets,
        values=values,
        targets={
            "accuracy": Target("accuracy", draw.random(architectures) * 100, noise_ceiling=0.9),
            "loss": Target("loss", draw.random(architectures), unit="nats", higher_is_better=False),
        },
        train=draw.random(architectures) < 0.5 if train else None,
        provenance={"space": "nasbench201", "seed": seed},
    )


TABLE = make_table()


@given(st.lists(st.integers(0, 7), unique=True, max_size=8))
def test_a_selection_holds_what_a_loop_would_gather(indices):
    chosen = TABLE.select(indices)
    assert chosen.architectures == tuple(TABLE.architectures[k] for k in indices)
    assert chosen.keys == tuple(TABLE.keys[k] for k in indices)
    assert list(chosen.train) == [TABLE.train[k] for k in indices]
    for name, target in TABLE.targets.items():
        assert list(chosen.targets[name].values) == [target.values[k] for k in indices]
        assert {**vars(chosen.targets[name]), "values": 0} == {**vars(target), "values": 0}
    for statistic in TABLE.statistics:
        old, new = TABLE.values[statistic.key], chosen.values[statistic.key]
        for position, k in enumerate(indices):
            if statistic.node_set == "network":
                np.testing.assert_array_equal(new[position], old[k])
            else:
                begin, end = TABLE.offsets[statistic.node_set][k : k + 2]
                first, last = chosen.offsets[statistic.node_set][position : position + 2]
                np.testing.assert_array_equal(new[first:last], old[begin:end])
        if statistic.node_set != "network":
            assert len(new) == chosen.offsets[statistic.node_set][-1]


def test_selecting_an_architecture_twice_or_one_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="different"):
        TABLE.select([1, 1])
    with pytest.raises(IndexError):
        TABLE.select([8])


def test_nothing_of_a_table_can_be_overwritten():
    arrays = [*TABLE.values.values(), *TABLE.offsets.values(), TABLE.train]
    for array in (*arrays, *(t.values for t in TABLE.targets.values())):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_a_target_is_asked_for_by_name_or_is_the_only_one():
    assert TABLE.target("loss").name == "loss"
    with pytest.raises(DataError, match="name the target to rank by; it holds accuracy, loss"):
        TABLE.target()
    with pytest.raises(DataError, match="no target 'speed'"):
        TABLE.target("speed")
    assert TABLE.with_targets([TABLE.target("loss")]).target().name == "loss"
    with pytest.raises(DataError, match="none"):
        TABLE.with_targets([]).target()


def test_merit_ranks_the_better_architecture_higher():
    loss = TABLE.target("loss")
    assert loss.merit.argmax() == loss.values.argmin()
    assert TABLE.target("accuracy").merit.argmax() == TABLE.target("accuracy").values.argmax()


WRONG = {
    "repeated architecture": ({"architectures": (TABLE.architectures[0],) * 8}, "different"),
    "missing key": ({"keys": TABLE.keys[:-1]}, "canonical key"),
    "unknown node set": ({"offsets": {**TABLE.offsets, "cell": TABLE.offsets["layer"]}}, "'cell'"),
    "offsets too short": ({"offsets": {**TABLE.offsets, "layer": TABLE.offsets["layer"][:-1]}}, "'layer'"),
    "offsets falling": ({"offsets": {**TABLE.offsets, "layer": TABLE.offsets["layer"][::-1]}}, "'layer'"),
    "offsets from 1": ({"offsets": {**TABLE.offsets, "layer": TABLE.offsets["layer"] + 1}}, "'layer'"),
    "no offsets": ({"offsets": {}}, "no offsets"),
    "statistic without values": ({"statistics": (*TABLE.statistics, scalar("zen"))}, "statistics declared"),
    "values without statistic": ({"statistics": TABLE.statistics[1:]}, "statistics declared"),
    "statistic twice": ({"statistics": (*TABLE.statistics, TABLE.statistics[0])}, "same name"),
    "values too short": ({"values": {**TABLE.values, "layer.a": np.zeros(1)}}, "layer.a should hold"),
    "target too short": ({"targets": {"t": Target("t", np.zeros(7))}}, "'t' needs 8 finite"),
    "target NaN": ({"targets": {"t": Target("t", np.full(8, np.nan))}}, "'t' needs 8 finite"),
    "target infinite": ({"targets": {"t": Target("t", np.full(8, np.inf))}}, "'t' needs 8 finite"),
    "train too short": ({"train": np.zeros(3, dtype=bool)}, "train split"),
    "train of numbers": ({"train": np.zeros(8)}, "train split"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG.keys())
def test_parts_that_do_not_fit_together_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        replace(TABLE, **change)


CHANGES = {
    "a value": {"values": {**TABLE.values, "network.params": TABLE.values["network.params"] + 1e-12}},
    "the order": {"architectures": TABLE.architectures[::-1]},
    "a key": {"keys": (*TABLE.keys[:-1], "other")},
    "a target": {"targets": {"accuracy": TABLE.target("accuracy")}},
    "a direction": {
        "targets": {**TABLE.targets, "loss": replace(TABLE.target("loss"), higher_is_better=True)}
    },
    "the split": {"train": ~TABLE.train},
    "no split": {"train": None},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_content_hash_changes_with(change):
    assert replace(TABLE, **change).content_hash != TABLE.content_hash


def test_the_content_hash_is_that_of_the_content_alone():
    assert make_table().content_hash == TABLE.content_hash
    assert replace(TABLE, provenance={}).content_hash == TABLE.content_hash
    assert TABLE.select(range(8)).content_hash == TABLE.content_hash
