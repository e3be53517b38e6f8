"""Contract tests: what a plug-in's author runs in one line, and our own tests for what is built in.

Each raises :class:`ContractError`, an ``AssertionError``, where a promise is not kept::

    from evozc.testing import check_space

    def test_my_space():
        check_space(MySpace())

:func:`check_space`, :func:`check_reader`.
"""

from evozc.testing._contract import ContractError
from evozc.testing._reader import check_reader
from evozc.testing._space import check_space, inputs_for

__all__ = ["ContractError", "check_reader", "check_space", "inputs_for"]
