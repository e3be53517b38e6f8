"""Entropies against scipy, and the null that tells information from small cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evozc.auditing._information import (
    _entropy,
    _given,
    _within,
    information,
    published_bins,
    textbook_bins,
)
from evozc.auditing._verdict import _told

cells = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=60)


def entropy(*columns):
    _, counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    return stats.entropy(counts, base=2)


@given(cells)
def test_entropies_are_scipy_s(rows):
    labels, before, column = (np.array(c) for c in zip(*rows, strict=True))
    assert _entropy(labels) == pytest.approx(entropy(labels), abs=1e-12)
    expected = entropy(before, column, labels) - entropy(before, column)
    assert _given(labels, before, column) == pytest.approx(expected, abs=1e-12)


def test_many_cells_are_numbered_as_few_are():
    draw = np.random.default_rng(0)
    labels, column = draw.integers(0, 9, (2, 500))
    scattered = draw.permutation(10**6)[:500]
    expected = entropy(scattered, column, labels) - entropy(scattered, column)
    assert _given(labels, scattered, column) == pytest.approx(expected, abs=1e-12)


@given(cells)
def test_shuffling_within_cells_keeps_what_each_cell_holds(rows):
    _, before, column = (np.array(c) for c in zip(*rows, strict=True))
    shuffled = _within(column, before, np.random.default_rng(0))
    for cell in set(before.tolist()):
        assert sorted(shuffled[before == cell]) == sorted(column[before == cell])


def test_bins():
    values = np.random.default_rng(0).normal(size=9445)
    assert published_bins(values).max() + 1 <= 31 == round(1 + 3.322 * np.log(9445))
    counts = np.bincount(textbook_bins(values))
    assert len(counts) == 14
    assert counts.max() - counts.min() <= 1  # equal counts
    tied = textbook_bins(np.round(values))
    assert all(len(set(tied[np.round(values) == v])) == 1 for v in set(np.round(values)))


def test_only_what_is_there_is_told():
    """Six scores of which one says something, one repeats it and four are noise."""
    draw = np.random.default_rng(3)
    y = draw.normal(size=1500)
    scores = {f"noise {k}": draw.normal(size=1500) for k in range(4)}
    scores["says"] = y + 0.4 * draw.normal(size=1500)
    scores["repeats"] = 3 * scores["says"]
    for binning in ("published", "textbook"):
        found = information(y, scores, binning, steps=6, permutations=20, seed=0)
        assert found.steps[0].name in ("says", "repeats")
        assert found.telling == 1
        assert found.steps[0].corrected.low > 0.5
        assert all(step.corrected.value < 0.1 for step in found.steps[1:])
        entropies = [found.entropy, *(step.entropy for step in found.steps)]
        assert entropies == sorted(entropies, reverse=True)
        # plug-in entropies fall to next to nothing all the same, as they do on shuffled labels
        assert found.steps[-1].entropy < 0.25 * found.entropy
        assert found.shuffled[-1] < 0.35 * found.entropy


def test_the_same_seed_gives_the_same_figures():
    draw = np.random.default_rng(1)
    y, scores = draw.normal(size=200), {str(k): draw.normal(size=200) for k in range(3)}
    runs = [information(y, scores, "textbook", steps=3, permutations=19, seed=s) for s in (5, 5, 6)]
    assert runs[0] == runs[1] != runs[2]


def test_what_says_little_and_what_cannot_be_seen_is_told_apart():
    """A second proxy worth less than a tenth of a bit; and cells too small to see a second one in."""
    draw = np.random.default_rng(4)
    y = draw.normal(size=6000)
    scores = {"says": y + 0.5 * draw.normal(size=6000), "adds": y + 2.5 * draw.normal(size=6000)}
    line = _told(information(y, scores, "textbook", steps=2, permutations=20, seed=0))
    assert "only the first of 2 steps says something" in line
    assert "adds less than 0.1 each" in line
    assert "would not be seen" not in line
    few = {name: values[:60] for name, values in scores.items()}
    few["noise"] = draw.normal(size=60)
    sparse = _told(information(y[:60], few, "textbook", steps=3, permutations=20, seed=0))
    assert "more would not be seen" in sparse
