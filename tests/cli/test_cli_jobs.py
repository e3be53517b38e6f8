"""--jobs means the same to every command that has it."""

import pytest
from typer import Context

from evozc.cli._main import COMMANDS, _imported
from evozc.executors import count_jobs

MADE = {name: _imported(name) for name in COMMANDS}
TAKING_JOBS = {n: option for n, command in MADE.items() for option in command.params if option.name == "jobs"}


def test_what_takes_long_takes_jobs():
    assert {"search", "extract", "compare", "transfer", "nas"} <= set(TAKING_JOBS)


@pytest.mark.parametrize("name", TAKING_JOBS)
def test_minus_one_is_one_a_core_and_zero_is_refused(name):
    context, option = Context(MADE[name]), TAKING_JOBS[name]
    assert option.process_value(context, "-1") == count_jobs(-1)
    with pytest.raises(Exception, match="at least 1"):
        option.process_value(context, "0")
