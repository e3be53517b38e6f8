"""What Ctrl-C and SIGTERM do to a command."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from evozc._screen import say


@contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C, and SIGTERM as a cluster sends it before it preempts a job, end the block and the program.

    It exits with 128 and the signal's number, and says so. Whatever works for it has ended then, since
    executors stop their workers when they are left.
    """

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(number)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt as stop:
        _end(stop, "stopped")
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def resumable(
    command: str | Callable[[], str], what: Callable[[], str] = lambda: "what is finished is kept"
) -> Iterator[None]:
    """Likewise, for a block that can go on later: it says how.

    Args:
        command: That goes on, or what says it.
        what: Says what has come of it so far.
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        _end(stop, f"stopped; {what()}", f"go on: {command if isinstance(command, str) else command()}")


def _end(stop: KeyboardInterrupt, *lines: str) -> NoReturn:
    for line in ("", *lines):
        say(line)
    raise SystemExit(128 + (stop.args[0] if stop.args else signal.SIGINT))
