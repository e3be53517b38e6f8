"""The Pareto front."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from evozc.evolution import Entry, HallOfFame
from evozc.formula import call, parse
from primitives import FULL

LEAVES = ("network.params", "network.macs", "network.naswot")


def formula(leaf, size):
    return reduce(lambda inner, _: call(FULL.operators["tanh"], inner), range(size - 1), parse(LEAVES[leaf]))


ENTRIES = st.lists(
    st.builds(
        lambda leaf, size, tau: Entry(formula(leaf, size), tau / 10, f"{leaf} {size}"),
        st.integers(0, 2), st.integers(1, 6), st.integers(-10, 10),
    ),
    min_size=1, max_size=40, unique_by=lambda entry: entry.formula.text,
)


def front_of(entries):
    hall = HallOfFame()
    for entry in entries:
        hall.offer(entry)
    return hall


@given(ENTRIES, st.randoms(use_true_random=False))
def test_the_front_does_not_depend_on_the_order(entries, generator):
    shuffled = list(entries)
    generator.shuffle(shuffled)
    assert list(front_of(entries)) == list(front_of(shuffled))


@given(ENTRIES)
def test_the_front_is_the_pareto_front(entries):
    front = list(front_of(entries))
    points = {(e.tau, e.size) for e in entries}
    best = {
        (tau, size) for tau, size in points
        if not any((t, -s) != (tau, -size) and t >= tau and s <= size for t, s in points)
    }
    assert {(e.tau, e.size) for e in front} == best
    assert len(front) == len(best)
    assert [e.size for e in front] == sorted(e.size for e in front)
    assert [e.tau for e in front] == sorted(e.tau for e in front)
    for held in front:  # among equals, the first text
        equals = [e.formula.text for e in entries if (e.tau, e.size) == (held.tau, held.size)]
        assert held.formula.text == min(equals)


@given(ENTRIES)
def test_the_best_is_never_lost(entries):
    hall, best = HallOfFame(), float("-inf")
    assert hall.best is None
    for entry in entries:
        taken = hall.offer(entry)
        assert taken == (entry in list(hall))
        best = max(best, entry.tau)
        assert hall.best.tau == best
        assert hall.best.size == min(e.size for e in hall if e.tau == best)
