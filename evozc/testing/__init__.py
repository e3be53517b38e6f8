"""Contract tests: what a plug-in's author runs in one line, and our own tests for what is built in.

Each raises :class:`ContractError`, an ``AssertionError``, where a promise is not kept::

    from evozc.testing import check_space

    def test_my_space():
        check_space(MySpace())

:func:`check_space`, :func:`check_operator`, :func:`check_group`, :func:`check_reader`,
:func:`check_executor`, :func:`check_method`; :func:`inputs_for` the networks of a space.
"""

from evozc.testing._contract import ContractError
from evozc.testing._executor import check_executor
from evozc.testing._group import check_group
from evozc.testing._method import check_method
from evozc.testing._networks import inputs_for
from evozc.testing._operator import check_operator
from evozc.testing._reader import check_reader
from evozc.testing._space import check_space

__all__ = [
    "ContractError", "check_executor", "check_group", "check_method", "check_operator", "check_reader",
    "check_space", "inputs_for",
]
