"""What a search can be told, and what is refused."""

import math

import pytest

from evozc.errors import ConfigError
from evozc.evolution import SearchSettings


def test_settings_survive_the_way_through_json_values():
    settings = SearchSettings(seed=3, population=50, crossover=0.5, zoo=False, max_seconds=1)
    assert SearchSettings.from_mapping(settings.to_mapping()) == settings


def test_all_values_out_of_range_are_named_at_once():
    with pytest.raises(ConfigError) as caught:
        SearchSettings(
            seed=-1, population=9, generations=-1, crossover=0.9, mutation=0.2, tournament=0, max_size=2,
            max_depth=31, patience=-1, max_seconds=-0.1, max_evaluations=-1, symbols="everything",
        )
    message = str(caught.value)
    for name in (
        "seed", "population", "generations", "crossover and mutation must not exceed 1", "tournament",
        "max_size", "max_depth", "patience", "max_seconds", "max_evaluations", "symbols",
    ):
        assert name in message
    assert "\n" not in message


def test_all_values_of_the_wrong_type_are_named_at_once():
    with pytest.raises(ConfigError) as caught:
        SearchSettings(
            seed=True, population="300", generations=4.0, crossover=math.nan, zoo="False", symbols=3
        )
    message = str(caught.value)
    for problem in (
        "seed must be a whole number, not True",
        "population must be a whole number, not '300'",
        "generations must be a whole number, not 4.0",
        "crossover must be a number, not nan",
        "zoo must be true or false, not 'False'",
        "symbols must be a text, not 3",
    ):
        assert problem in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mutation", math.inf), ("max_seconds", math.nan), ("mutation", -0.1), ("max_seconds", True),
        ("zoo", 1), ("max_depth", None), ("tournament", 301),
    ],
)
def test_one_bad_value_is_refused(name, value):
    with pytest.raises(ConfigError, match=name):
        SearchSettings(**{name: value})


def test_unknown_settings_are_all_named():
    with pytest.raises(ConfigError, match="unknown 'elite', 'generation'"):
        SearchSettings.from_mapping({"generation": 3, "seed": 1, "elite": 2})
