"""What a search remembers, and that it does not remember without end."""

from hypothesis import given
from hypothesis import strategies as st

from evozc.evolution._seen import Seen


@given(st.lists(st.text(max_size=3)))
def test_it_is_a_set(texts):
    seen, known = Seen(), set()
    for text in texts:
        assert (text in seen) == (text in known)
        assert seen.add(text) == (text not in known)
        known.add(text)
        assert len(seen) == len(known)


def test_the_last_ones_are_remembered_and_memory_is_bounded():
    seen = Seen(limit=10_000)
    for number in range(50_000):
        assert seen.add(f"formula {number}")
        assert len(seen) <= 20_000
        assert f"formula {max(0, number - 9_999)}" in seen
    assert "formula 0" not in seen
    assert not seen.add("formula 49999")
