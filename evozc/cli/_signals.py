"""What Ctrl-C and SIGTERM do to a command that can go on later."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from evozc._screen import say


@contextmanager
def resumable(
    command: str | Callable[[], str], what: Callable[[], str] = lambda: "what is finished is kept"
) -> Iterator[None]:
    """Ctrl-C, and SIGTERM as a cluster sends it before it preempts a job, end the block and the program.

    The command says so, and how to go on, and exits with 128 and the signal's number. Whatever works
    for it has ended then, since executors stop their workers when they are left.

    Args:
        command: That goes on, or what says it.
        what: Says what has come of it so far.
    """

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(number)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt as stop:
        say()
        say(f"stopped; {what()}")
        say(f"go on: {command if isinstance(command, str) else command()}")
        sys.exit(128 + (stop.args[0] if stop.args else signal.SIGINT))
    finally:
        signal.signal(signal.SIGTERM, before)
