"""Keys of cells and graphs, against every renumbering of their vertices."""

import itertools
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evozc.spaces._keys import NOTHING, PASS, cell_key, smallest_form


@st.composite
def graphs(draw):
    """Labels of up to five vertices, and for each those before it that feed it."""
    size = draw(st.integers(1, 5))
    labels = draw(st.lists(st.sampled_from("ab"), min_size=size, max_size=size))
    sources = [
        draw(st.lists(st.integers(0, vertex - 1), max_size=3)) if vertex else [] for vertex in range(size)
    ]
    return labels, sources


def renumbered(labels, sources, order):
    """The same graph, vertex ``order[i]`` as the ith."""
    places = {vertex: place for place, vertex in enumerate(order)}
    return [labels[v] for v in order], [[places[s] for s in sources[v]] for v in order]


def all_numberings(labels, sources):
    return {
        (tuple(new), tuple(tuple(sorted(feeding)) for feeding in feeders))
        for order in itertools.permutations(range(len(labels)))
        for new, feeders in [renumbered(labels, sources, order)]
    }


@given(graphs(), graphs(), st.randoms(use_true_random=False))
def test_two_graphs_share_a_form_exactly_if_one_is_the_other_renumbered(first, second, generator):
    order = list(range(len(first[0])))
    generator.shuffle(order)
    assert smallest_form(*renumbered(*first, order)) == smallest_form(*first)
    same = bool(all_numberings(*first) & all_numberings(*second))
    assert (smallest_form(*first) == smallest_form(*second)) == same


def test_all_graphs_of_four_vertices_fall_into_as_many_forms_as_classes():
    """Both are counted over all 2 x 2^6 x 2^4 labelled graphs, the classes by brute force."""
    forms, classes = set(), set()
    pairs = list(itertools.combinations(range(4), 2))
    for labels in itertools.product("ab", repeat=4):
        for bits in itertools.product((0, 1), repeat=len(pairs)):
            edges = list(itertools.compress(pairs, bits))
            sources = [[a for a, b in edges if b == vertex] for vertex in range(4)]
            forms.add(smallest_form(labels, sources))
            classes.add(min(all_numberings(labels, sources)))
    assert len(forms) == len(classes) > 100


@pytest.mark.parametrize("pairs", [5, 10])
def test_many_like_vertices_are_numbered_at_once(pairs):
    """Without leaving out numberings like one seen, these would take pairs! texts."""
    labels = ["in", *["op"] * (2 * pairs), *["sum"] * pairs]
    sources = [[], *[[0]] * (2 * pairs), *[[2 * k + 1, 2 * k + 2] for k in range(pairs)]]
    started = time.process_time()
    form = smallest_form(labels, sources)
    order = random.Random(0).sample(range(len(labels)), len(labels))
    assert smallest_form(*renumbered(labels, sources, order)) == form
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        # What is passed on is what the node holds.
        ([(0, 1, "a"), (1, 2, PASS)], [(0, 1, NOTHING), (0, 2, "a")], True),
        # Two operations with weights are two, whatever they are fed.
        ([(0, 1, "a"), (1, 2, PASS), (1, 2, PASS)], [(0, 2, "a"), (0, 2, "a")], False),
        # Those without weights are one.
        ([(0, 1, "pool"), (1, 2, PASS), (1, 2, PASS)], [(0, 2, "pool"), (0, 2, "pool")], True),
        # What is not fed, or reaches no output, does not count.
        ([(0, 2, "a"), (1, 2, "a")], [(0, 1, "a"), (0, 2, "a")], True),
        # The sum of sums is a sum.
        ([(0, 1, PASS), (0, 1, "a"), (0, 2, "b"), (1, 2, PASS)],
         [(0, 1, "b"), (0, 1, "a"), (0, 2, PASS), (1, 2, PASS)], True),
        ([(0, 2, "a")], [(0, 2, "b")], False),
        ([(0, 2, PASS)], [(0, 2, PASS), (0, 2, PASS)], False),
    ],
)
def test_what_cells_have_in_common(first, second, same):
    keys = [cell_key(edges, inputs=1, outputs=[2], fixed=["pool"]) for edges in (first, second)]
    assert (keys[0] == keys[1]) == same


@pytest.mark.parametrize("edges", [[], [(0, 1, "a")], [(0, 2, NOTHING)], [(1, 2, "a")], [(1, 2, PASS)]])
def test_the_key_of_a_cell_without_a_path_is_dead(edges):
    assert cell_key(edges, inputs=1, outputs=[2]) == "dead"


def test_inputs_are_told_apart_and_outputs_are_not():
    one = cell_key([(0, 2, "a"), (1, 3, "b")], inputs=2, outputs=[2, 3])
    assert cell_key([(0, 2, "a"), (1, 3, "b")], inputs=2, outputs=[3, 2]) == one
    assert cell_key([(1, 2, "b"), (0, 3, "a")], inputs=2, outputs=[2, 3]) == one
    assert cell_key([(1, 2, "a"), (0, 3, "b")], inputs=2, outputs=[2, 3]) != one
