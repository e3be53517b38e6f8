"""What all contract tests have in common."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from evozc.errors import EvozcError


class ContractError(AssertionError):
    """Something does not keep the promises of its kind; the message says which, and where."""


def require(holds: object, message: str) -> None:
    """Stop where a promise is not kept.

    Raises:
        ContractError: it does not hold.
    """
    if not holds:
        raise ContractError(message)


@contextmanager
def only(*allowed: type[EvozcError], what: str) -> Iterator[None]:
    """A block that may raise these errors of evozc, each with a message, and no others."""
    try:
        yield
    except allowed as error:
        require(str(error).strip(), f"{what}: raised {type(error).__name__} without a message")
    except ContractError:
        raise
    except Exception as error:
        names = " or ".join(kind.__name__ for kind in allowed) or "nothing"
        raise ContractError(
            f"{what}: raised {type(error).__name__}: {str(error)[:200]}; only {names} may come out"
        ) from error


@contextmanager
def untouched(what: str) -> Iterator[None]:
    """A block after which the random states of everybody else are what they were."""
    before = random.getstate(), _state()
    yield
    same = random.getstate() == before[0] and _state() == before[1]
    require(same, f"{what}: draws from a random state that is not its own")


def imported_file(path: Path) -> Any:
    """The module that an exported file is."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ContractError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _state() -> tuple[Any, ...]:
    state = np.random.get_state(legacy=False)  # noqa: NPY002 - to see that nobody draws from it
    return tuple(map(str, state["state"].values())), str(state["gauss"])
