"""Rows of packed scores are sorted, whatever their distribution, by either sort."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evozc.engine._sorting import by_numpy, by_radix, fastest_sort

KINDS = {
    "smooth": lambda draw, n: draw.normal(2.0**40, 2.0**35, n),
    "wide": lambda draw, n: 2.0 ** draw.uniform(0, 45, n),
    "tied": lambda draw, n: draw.integers(0, 5, n) * 2.0**38,
    "crowded": lambda draw, n: draw.integers(1, 5, n) * 2.0**40 + draw.integers(0, 2**16, n),
    "one far off": lambda draw, n: np.where(np.arange(n) == n // 3, 1, 2.0**44 + draw.integers(0, 2**20, n)),
    "some far off": lambda draw, n: np.where(draw.random(n) < 0.01, 1, 2.0**44 + 99 * draw.random(n)),
    "falling": lambda draw, n: 2.0**30 * np.arange(n, 0, -1),
    "alike": lambda draw, n: np.ones(n),
}


def packed(kind, rows, n):
    draw, shift = np.random.default_rng(n), max(1, (n - 1).bit_length())
    keys = np.array([KINDS[kind](draw, n) for _ in range(rows)]).astype(np.uint64)
    return keys << np.uint64(shift) | np.arange(n, dtype=np.uint64), shift


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [1, 2, 16, 31, 200, 1000, 20_000])
def test_rows_are_sorted(kind, n):
    rows, shift = packed(kind, 3, n)
    expected = np.sort(rows, axis=1)
    for sort in (by_numpy, by_radix):
        found = rows.copy()
        sort(found, shift)
        np.testing.assert_array_equal(found, expected)


@given(st.lists(st.integers(0, 2**58 - 1), min_size=1, max_size=60))
def test_any_numbers_are_sorted(keys):
    rows = np.array([keys], np.uint64) << np.uint64(6) | np.arange(len(keys), dtype=np.uint64)
    expected = np.sort(rows, axis=1)
    by_radix(rows, 6)
    np.testing.assert_array_equal(rows, expected)


def test_the_faster_sort_is_chosen_once():
    assert fastest_sort(5000) in (by_numpy, by_radix)
    assert fastest_sort(5000) is fastest_sort(5000)
