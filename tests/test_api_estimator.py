"""The search in scikit-learn's manner."""

import inspect
import json
from dataclasses import fields

import numpy as np
import pytest
from scipy.stats import kendalltau
from small_tables import python, small_table

import evozc
from evozc.table import Task

FAST = {"population": 12, "islands": 2, "generations": 2, "zoo": False}


@pytest.fixture(scope="module")
def data():
    """Columns of which two make the target."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(80, 4))
    return x, x[:, 0] + x[:, 1] ** 2 + 0.1 * draw.normal(size=80)


def test_parameters_are_those_of_the_settings_with_their_defaults():
    parameters = inspect.signature(evozc.ProxySearch).parameters
    for field in fields(evozc.SearchSettings):
        assert parameters[field.name].default == field.default, field.name
    assert set(evozc.ProxySearch().get_params()) == set(parameters)


def test_what_is_fitted_predicts_and_scores(data):
    x, y = data
    search = evozc.ProxySearch(**FAST).fit(x[:50], y[:50])
    scores = search.predict(x[50:])
    assert scores.dtype == np.float64
    assert search.score(x[50:], y[50:]) == pytest.approx(kendalltau(scores, y[50:]).statistic)
    assert search.score(x[50:], y[50:]) > 0.4
    np.testing.assert_array_equal([search.predict(row[None])[0] for row in x[50:]], scores)
    assert search.n_features_in_ == 4
    assert list(search.taus_) == sorted(search.taus_)
    assert search.front_[-1] is search.proxy_
    again = evozc.ProxySearch(**FAST).fit(x[:50].tolist(), list(y[:50]))
    assert again.proxy_.text == search.proxy_.text


def test_a_table_is_fitted_as_the_search_on_it_goes():
    table = small_table()
    task = Task.draw(table, labels=30)
    search = evozc.ProxySearch(**FAST).fit(task.labelled)
    found = evozc.search(table, labels=30, settings=evozc.SearchSettings(**FAST), progress=False)
    assert search.proxy_.text == found.proxy.text
    assert search.score(task.labelled) == pytest.approx(search.taus_[-1], abs=0.02)
    assert not hasattr(search, "n_features_in_")


def test_a_lower_target_can_be_the_better_one(data):
    x, y = data
    up = evozc.ProxySearch(**FAST).fit(x, y)
    down = evozc.ProxySearch(**FAST, higher_is_better=False).fit(x, -y)
    assert down.proxy_.text == up.proxy_.text
    assert down.score(x, -y) == up.score(x, y)


def test_columns_have_the_names_of_a_data_frame(data):
    import pandas as pd

    x, y = data
    frame = pd.DataFrame(x, columns=["synflow", "snip", "zico", "meco"])
    search = evozc.ProxySearch(**FAST).fit(frame, pd.Series(y))
    assert "network.s" in search.proxy_.text
    assert list(search.feature_names_in_) == list(frame.columns)
    np.testing.assert_array_equal(search.predict(frame), search.predict(x))
    with pytest.raises(evozc.EvozcError, match="X has the columns snip"):
        search.predict(frame[["snip", "synflow", "zico", "meco"]])


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([["a", "b"]] * 8, range(8), "X must be real numbers .* not list"),
        ({"a": 1}, range(8), "X must be real numbers .* not dict"),
        (np.zeros(8), range(8), r"X must be real numbers .* not of shape \(8,\)"),
        (np.full((8, 2), np.inf), range(8), "X holds infinite numbers"),
        (np.zeros((8, 2)), range(7), "y must be 8 finite numbers"),
        (np.zeros((8, 2)), [np.nan] * 8, "y must be 8 finite numbers"),
        (np.zeros((8, 2)), None, "nothing to rank by"),
    ],
)
def test_wrong_data_are_told_truly(x, y, message):
    with pytest.raises(evozc.EvozcError, match=message):
        evozc.ProxySearch(**FAST).fit(x, y)


def test_what_is_not_fitted_or_does_not_fit_says_so(data):
    x, y = data
    for use in (lambda s: s.predict(x), lambda s: s.score(x, y), lambda s: s.rank({}, x)):
        with pytest.raises(evozc.EvozcError, match="call fit first"):
            use(evozc.ProxySearch())
    with pytest.raises(evozc.EvozcError, match="X has 3 columns, but 4 were fitted"):
        evozc.ProxySearch(**FAST).fit(x, y).predict(x[:, :3])
    with pytest.raises(evozc.EvozcError, match="has no parameter 'popluation'"):
        evozc.ProxySearch().set_params(popluation=3)
    with pytest.raises(evozc.EvozcError, match="population must be at least 10"):
        evozc.ProxySearch(population=1).fit(x, y)


def test_scikit_learn_clones_searches_and_validates_it(data):
    base = pytest.importorskip("sklearn.base")
    from sklearn.exceptions import NotFittedError
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils.validation import check_is_fitted

    x, y = data
    search = evozc.ProxySearch(**FAST, starters=("network.x0",))
    copy = base.clone(search)
    assert copy is not search
    assert copy.get_params() == search.get_params()
    with pytest.raises(NotFittedError):
        check_is_fitted(copy)
    check_is_fitted(copy.fit(x, y))
    assert base.is_regressor(search)
    assert min(cross_val_score(search, x, y, cv=3)) > 0.3
    grid = GridSearchCV(search, {"terms": [1, 2]}, cv=2).fit(x, y)
    assert set(grid.best_params_) == {"terms"}
    assert make_pipeline(StandardScaler(), search).fit(x, y).score(x, y) > 0.3


def test_scikit_learn_is_not_imported_for_it():
    code = """
import json, sys, numpy as np, evozc
x = np.random.default_rng(0).normal(size=(40, 3))
evozc.ProxySearch(population=10, islands=1, generations=1, zoo=False).fit(x, x[:, 0]).score(x, x[:, 0])
print(json.dumps([name for name in sys.modules if name.partition(".")[0] in ("sklearn", "torch")]))
"""
    assert json.loads(python(code)) == []
