"""What a search remembers, and that it does not remember without end."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evozc.evolution._seen import Seen


@given(st.lists(st.lists(st.integers(0, 40) | st.integers(0, 2**64 - 1), max_size=30)))
def test_it_is_a_set(portions):
    seen, known = Seen(), set()
    for keys in portions:
        new = seen.add(np.array(keys, np.uint64))
        for key, is_new in zip(keys, new.tolist(), strict=True):
            assert is_new == ((key or 1) not in known)  # 0 and 1 are one
            known.add(key or 1)
        assert len(seen) == len(known)
        assert all(key in seen for key in known)
        assert 12345678901234567890 not in seen or 12345678901234567890 in known


def test_the_last_ones_are_remembered_and_memory_is_bounded():
    seen = Seen(limit=10_000)
    keys = np.random.default_rng(0).integers(1, 2**63, 50_000).astype(np.uint64)
    for first in range(0, 50_000, 250):
        assert seen.add(keys[first : first + 250]).all()
        assert len(seen) <= 20_000
        assert all(int(key) in seen for key in keys[max(0, first - 9_700) : first + 250 : 97])
        assert seen.young.nbytes + seen.old.nbytes <= 2 * 32 * 10_000
    assert int(keys[0]) not in seen
    assert not seen.add(keys[-1:]).any()


def test_many_at_once_are_as_many_one_by_one():
    keys = np.random.default_rng(1).integers(1, 3000, 20_000).astype(np.uint64)
    whole, single = Seen(limit=1000), Seen(limit=1000)
    expected = [bool(single.add(keys[k : k + 1])[0]) for k in range(len(keys))]
    assert whole.add(keys).tolist() == expected
    assert len(whole) == len(single)
