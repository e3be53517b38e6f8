"""What stands for a failure is found, and nothing else is taken for one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_tables import small_table

from evozc.auditing._scores import Scores, find_sentinels, score_all
from evozc.errors import ConfigError, FormulaError
from evozc.formula import parse

FAILED = -1e8


@pytest.mark.parametrize(("values", "found"), [
    ([730.1, 782.5, FAILED], (FAILED,)),
    ([730.1, 782.5, FAILED, FAILED, 1e9], (FAILED, 1e9)),
    ([-32.1, -32.2, -100000000.0], (FAILED,)),
    ([0.1, 0.2, -1.0], ()),                      # small: a measurement as well as any
    ([1e8, 2e8, 3e8, -1e8], ()),                 # among others of its size
    ([1.3951e20, 1.0179e36, 4.2e35], ()),        # a heavy tail
    ([5.0, 6.0], ()),
    ([FAILED, FAILED], ()),
    ([np.nan, np.inf, 3.0, 4.0, FAILED], (FAILED,)),
])
def test_sentinels(values, found):
    assert find_sentinels(np.array(values)) == found


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=50))
def test_no_measurement_near_others_is_a_sentinel(values):
    values = np.array([*values, min(values) - 1, max(values) + 1])
    middle = np.median(values)
    assert not np.isin(find_sentinels(values), [middle]).any()


def test_what_failed_ranks_last_either_way_round():
    scores = Scores("x", parse("network.params"), np.array([3.0, 5.0, FAILED, np.nan, 4.0]))
    assert scores.known.tolist() == [True, True, False, False, True]
    assert np.argsort(-scores.ranked, kind="stable").tolist()[:3] == [1, 4, 0]
    assert np.argsort(-scores.turned, kind="stable").tolist()[:3] == [0, 4, 1]
    assert scores.ranked[2] == scores.ranked[3] == -np.inf
    assert scores.published.tolist() == [3.0, 5.0, FAILED, FAILED, 4.0]


def test_columns_known_proxies_and_formulas_go_by_name():
    table = small_table(30)
    scores = score_all(table, ["params", "nwot", "sum(log(layer.grad_l2))"], {}, everything=False)
    assert [s.formula.text for s in scores] == ["network.params", "network.naswot", "sum(log(layer.grad_l2))"]
    everything = score_all(table, ["params"], {}, everything=True)
    assert {"params", "nwot"} <= {s.name for s in everything}
    assert len({s.formula for s in everything}) == len(everything)


def test_a_name_that_is_nothing_says_what_there_is():
    with pytest.raises(ConfigError, match=r"the table offers .*params"):
        score_all(small_table(30), ["parms"], {}, everything=False)
    with pytest.raises(FormulaError):
        score_all(small_table(30), ["sum(layer.nothing)"], {}, everything=False)
