"""What every executor promises, and how a task can fail."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from evozc._registry import adopt
from evozc.errors import EvozcError

R = TypeVar("R")


@dataclass(frozen=True)
class Failure:
    """A task that gave no result.

    Args:
        reason: As a person should read it.
        kind: ``error`` for one of our own errors, which would come again; ``memory`` for a want of
            memory and ``worker`` for workers that died, either of which may pass.
        attempts: How often the task was tried.
    """

    reason: str
    kind: Literal["error", "memory", "worker"] = "error"
    attempts: int = 1

    @property
    def lasting(self) -> bool:
        """Whether it would come again elsewhere, or with more memory."""
        return self.kind == "error"


@runtime_checkable
class Executor(Protocol):
    """Runs independent tasks, here or elsewhere.

    Nothing but tasks goes out and nothing but outcomes comes back: whoever calls :meth:`map` writes
    them, so that workers need no disk in common with it. A task may be tried more than once, and
    must give the same each time.
    """

    def map(
        self, function: Callable[..., R], tasks: Iterable[tuple[Any, ...]], shared: tuple[Any, ...] = ()
    ) -> Generator[tuple[int, R | Failure], None, None]:
        """Call ``function(*shared, *task)`` for every task.

        Args:
            function: Of a module's top level, so that workers can import it.
            tasks: The arguments of each call; they are drawn as they are needed, so that a
                hundred thousand need not be in memory.
            shared: The first arguments of every call; brought to a worker as seldom as possible.

        Yields:
            A task's number and what it gave, or a :class:`Failure` where it raised an
            :class:`~evozc.errors.EvozcError` or a MemoryError, or where its worker died as often
            as it was tried. The order is that of completion. Closing the generator ends the work:
            no worker stays busy.

        Raises:
            Exception: a task raised an error that is not our own, which ends all of it.
        """
        ...


def equipped(
    plug_ins: Mapping[str, Mapping[str, Any]], function: Callable[..., R], *arguments: Any
) -> R | Failure:
    """:func:`outcome` in a worker that knows what was registered where the task comes from."""
    adopt(plug_ins)
    return outcome(function, *arguments)


def outcome(function: Callable[..., R], *arguments: Any) -> R | Failure:
    """What a task gives, or the failure that it ends in."""
    try:
        return function(*arguments)
    except EvozcError as error:
        return Failure(str(error))
    except MemoryError:
        return Failure("the memory was not enough; run it again with fewer jobs, or on a larger machine",
                       "memory")
