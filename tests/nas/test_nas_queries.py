"""Which architectures to train: the proxy's best first, then what the answers say."""

import math

import numpy as np
import pytest

from evozc.errors import ConfigError
from evozc.nas import Queries

COUNT = 400
KEYS = [f"class {i // 2}" for i in range(COUNT)]  # each architecture has a twin


@pytest.fixture(scope="module")
def pool():
    """Terms of which the first says much, the second nothing, the third the opposite of what is true."""
    generator = np.random.default_rng(0)
    truth = np.repeat(generator.normal(size=COUNT // 2), 2)
    noise = np.repeat(generator.normal(size=(3, COUNT // 2)), 2, axis=1)
    return np.stack([truth + 0.7 * noise[0], noise[1], -truth + 0.7 * noise[2]]), truth


def trained(queries, truth, count):
    asked = []
    for _ in range(count):
        asked.append(queries.ask())
        queries.tell(asked[-1], truth[asked[-1]])
    return asked


def test_the_first_are_the_proxy_s_best_and_no_class_is_asked_for_twice(pool):
    terms, truth = pool
    asked = trained(Queries(terms, KEYS, first=4, score=terms[0]), truth, 30)
    classes = [number // 2 for number in asked]
    assert len(set(classes)) == 30
    order = list(dict.fromkeys((np.argsort(-terms[0], kind="stable") // 2).tolist()))
    assert classes[:4] == order[:4]


def test_a_few_answers_correct_a_proxy_whose_terms_mislead(pool):
    terms, truth = pool
    best = np.sort(truth)[::-1]
    corrected, alone = Queries(terms, KEYS), Queries(terms, KEYS, first=COUNT)
    trained(corrected, truth, 20)
    trained(alone, truth, 20)
    assert truth[corrected.pick()] >= best[8]
    assert truth[corrected.pick()] > truth[alone.pick()]


def test_failures_are_kept_with_their_reason_and_not_asked_for_again(pool):
    terms, truth = pool
    queries = Queries(terms, KEYS, first=2)
    lost = queries.ask()
    queries.tell(lost, math.nan, "the command hung")
    for _ in range(12):
        number = queries.ask()
        assert number // 2 != lost // 2
        queries.tell(number, truth[number])
    assert queries.failed == {lost: "the command hung"}
    assert queries.pick() != lost


def test_the_same_answers_give_the_same_questions_until_none_is_left(pool):
    terms, truth = (array[..., :40] for array in pool)
    asked = trained(Queries(terms, KEYS[:40], seed=1), truth, 20)
    again = Queries(terms, KEYS[:40], seed=1)
    assert trained(again, truth, 20) == asked
    with pytest.raises(StopIteration):
        again.ask()
    assert truth[again.pick()] == truth.max()


def test_what_tells_nothing_apart_is_refused():
    with pytest.raises(ConfigError, match="no term tells"):
        Queries(np.ones((2, 5)), list("abcde"))
    with pytest.raises(ConfigError, match="a key for each"):
        Queries(np.ones((2, 5)), list("abcd"))
