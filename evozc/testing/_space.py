"""The contract of a search space."""

from __future__ import annotations

import copy
import json
import math
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from evozc.errors import DataError
from evozc.spaces import GraphSpace, ImageInputs, Outputs, SearchSpace, TokenInputs
from evozc.testing._contract import ContractError, only, require, untouched
from evozc.testing._networks import check_networks

#: A text of any length is to be refused, or read, in this time.
_SECONDS = 1.0
_HOSTILE = (
    "", " ", "\n", "\0", "0", "-1", "none", "None", "NaN", "()", "[]", "{}", "(" * 5000, "[" * 5000, "|" * 99,
    "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|x", "64-41414-9_99_999", "a" * 100_000, "1," * 50_000,
    "__import__('os').system('true')", "\u202e\ud7ff\U0001f600", "(1, 2", '{"a": ' * 500, "9" * 5000, "1e999",
    "(0, 1)\r\n", "Genotype()", "\t", "٣-٣", "lambda: 0", "../../etc/passwd", "%s%n", "True",
)


def check_space(
    space: SearchSpace,
    *,
    architectures: Sequence[str] | None = None,
    uniform: bool = True,
    samples: int = 24,
    builds: int = 3,
    enumerate_up_to: int = 5000,
    seed: int = 0,
) -> None:
    """Check that a search space keeps its protocol.

    Args:
        space: An instance; small settings make it quick.
        architectures: Texts to check instead of drawn ones; the space may then refuse to draw,
            build and change architectures.
        uniform: Whether ``sample`` draws all texts alike; False where the space's own docstring
            says otherwise, as one that draws networks, of which each has several texts.
        samples: Architectures to draw.
        builds: Networks to build and run.
        enumerate_up_to: Spaces of at most so many texts are enumerated, by way of their neighbours.
        seed: Of the draws.

    Raises:
        ContractError: it does not; the message says what, and for which architecture.
    """
    _check_identity(space)
    texts = list(architectures) if architectures is not None else _drawn(space, samples, seed)
    for text in texts:
        _check_text(space, text)
    _check_hostile(space, texts, random.Random(seed))
    if architectures is not None and _refused(space, texts[0]):
        return
    for text in texts:
        _check_neighbours(space, text)
    if uniform:
        _check_count(space, texts, enumerate_up_to, seed)
    check_networks(space, texts[:builds])


def _check_identity(space: SearchSpace) -> None:
    name = space.name
    fits = isinstance(name, str) and re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name)
    require(fits, f"name: must be of small letters, digits, - and _, not {name!r}")
    require(
        isinstance(space.inputs, ImageInputs | TokenInputs),
        f"{name}: inputs must be ImageInputs or TokenInputs, not {space.inputs!r}",
    )
    require(isinstance(space.outputs, Outputs), f"{name}: outputs must be Outputs, not {space.outputs!r}")
    count = space.count
    counted = count is None or (isinstance(count, int) and count > 0)
    require(counted, f"{name}: count must be a whole number above 0 or None, not {count!r}")
    kind = type(space)
    found: Any = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        found = getattr(found, part, None)
    require(found is kind, f"{name}: {kind.__qualname__} cannot be found in {kind.__module__} by its name, "
                           "so that no worker can have it")
    settings = dict(space.settings())
    for key, value in settings.items():
        require(isinstance(value, int | float | str | bool), f"{name}: setting {key} is {value!r}")
    require(json.loads(json.dumps(settings)) == settings, f"{name}: settings do not survive JSON: {settings}")
    for again in (kind(**settings), copy.deepcopy(space)):
        require(again.settings() == settings, f"{name}: its settings {settings} give {again.settings()}")
        same = (again.name, again.inputs, again.outputs, again.count) == (
            name, space.inputs, space.outputs, count,
        )
        require(same, f"{name}: its settings {settings} give another space")


def _drawn(space: SearchSpace, samples: int, seed: int) -> list[str]:
    first, second = random.Random(seed), random.Random(seed)
    with untouched(f"{space.name}: sample"):
        texts = [space.sample(first) for _ in range(samples)]
    require(
        texts == [space.sample(second) for _ in range(samples)],
        f"{space.name}: sample gives other architectures for the same seed",
    )
    require(
        len(set(texts)) > 1 or space.count == 1, f"{space.name}: sample gives {texts[0]!r} again and again"
    )
    return list(dict.fromkeys(texts))


def _check_text(space: SearchSpace, text: str) -> None:
    where = f"{space.name}: {text!r}"
    plain = isinstance(text, str) and text == text.strip() and "\n" not in text and text
    require(plain, f"{where}: an architecture must be one line of text without blanks around it")
    key = space.canonical_key(text)
    require(isinstance(key, str) and key, f"{where}: canonical_key gives {key!r}, no text")
    require(space.canonical_key(text) == key, f"{where}: canonical_key gives another key when asked again")
    if isinstance(space, GraphSpace):
        _check_graph(space, text)


def _check_graph(space: GraphSpace, text: str) -> None:
    where, known = f"{space.name}: graph of {text!r}", space.graph_operations
    edges, operations = space.graph(text)
    n = len(operations)
    require(
        isinstance(edges, np.ndarray) and edges.dtype == bool and edges.shape == (n, n),
        f"{where}: must be bool ({n}, {n}), with an operation for each node",
    )
    require(not np.tril(edges).any(), f"{where}: nodes are not in topological order")
    require(set(operations) <= set(known), f"{where}: has operations that graph_operations does not name")
    ends = operations[0] == known[0] and operations[-1] == known[-1]
    inner = not {known[0], known[-1]} & set(operations[1:-1])
    require(ends and inner, f"{where}: must begin with {known[0]!r} and end with {known[-1]!r}, each once")
    again, named = space.graph(text)
    require(np.array_equal(edges, again) and operations == named, f"{where}: differs when asked again")


def _check_hostile(space: SearchSpace, texts: Sequence[str], generator: random.Random) -> None:
    calls: list[Callable[[str], object]] = [space.canonical_key, space.neighbours]
    if isinstance(space, GraphSpace):
        calls.append(space.graph)
    for text in [*_HOSTILE, *_damaged(texts, generator)]:
        for call in calls:
            start = time.perf_counter()
            with only(DataError, what=f"{space.name}: {call.__name__}({text[:80]!r})"):
                call(text)
            seconds = time.perf_counter() - start
            require(seconds < _SECONDS, f"{space.name}: {call.__name__}({text[:80]!r}) took {seconds:.1f} s")
    for text in _HOSTILE[:4]:
        with only(DataError, what=f"{space.name}: build({text!r})"):
            space.build(text)


def _damaged(texts: Sequence[str], generator: random.Random) -> Iterable[str]:
    """Texts with a character missing, doubled, moved or replaced, in halves, and two in one."""
    for text in texts[:12]:
        at = generator.randrange(len(text))
        other = generator.choice(text)
        yield text[:at] + text[at + 1 :]
        yield text[:at] + text[at] + text[at:]
        yield text[:at] + other + text[at + 1 :]
        yield text[:at] + generator.choice("0123456789-,|~([é") + text[at + 1 :]
        yield text[: len(text) // 2]
        yield text + text
        yield f" {text}"
        yield f"{text}\n"
        yield text[::-1]


def _refused(space: SearchSpace, text: str) -> bool:
    """Whether a space of which only texts are known refuses all else."""
    refused = 0
    calls = (
        lambda: space.sample(random.Random(0)), lambda: space.neighbours(text), lambda: space.build(text),
    )
    for call in calls:
        try:
            call()
        except DataError:
            refused += 1
    require(refused in (0, 3), f"{space.name}: refuses some of sample, neighbours and build, but not all")
    return refused == 3


def _check_neighbours(space: SearchSpace, text: str) -> None:
    where = f"{space.name}: neighbours of {text!r}"
    near, own = space.neighbours(text), space.canonical_key(text)
    require(len(set(near)) == len(near) and text not in near, f"{where}: one stands twice, or is it itself")
    require(space.neighbours(text) == near, f"{where}: differ when asked again")
    for other in near[:: max(1, len(near) // 8)]:
        try:
            back = [other, *space.neighbours(other)]
            alike = text in back or own in map(space.canonical_key, back)
        except DataError as error:
            what = f"{where}: {other!r} or a neighbour of it is not of the space"
            raise ContractError(f"{what}: {error}") from error
        require(alike, f"{where}: neither it nor an equal one is a neighbour of {other!r}")


def _check_count(space: SearchSpace, texts: Sequence[str], most: int, seed: int) -> None:
    """The number of texts, and that each is drawn as often as any other."""
    if space.count is None:
        return
    draws = 3000
    generator = random.Random(seed + 1)
    drawn = [space.sample(generator) for _ in range(draws)]
    require(len(set(drawn)) <= space.count, f"{space.name}: count is {space.count}, but more were drawn")
    # How many different ones are to be expected, and the variance (the classical occupancy problem).
    n = space.count
    once = math.exp(draws * math.log1p(-1 / n)) if n > 1 else 0.0
    twice = math.exp(draws * math.log1p(-2 / n)) if n > 2 else 0.0
    expected = n * (1 - once) if n < 1e12 else float(draws)
    variance = n * once + n * (n - 1) * twice - (n * once) ** 2 if n < 1e6 else draws**2 / (2 * n)
    least = expected - 6 * math.sqrt(max(variance, 0.0)) - 1.5
    require(
        len(set(drawn)) >= least,
        f"{space.name}: of {draws} draws {len(set(drawn))} differ, of {n} texts at least {least:.0f} should: "
        "sample does not draw uniformly, or count is too large",
    )
    if n <= most:
        everything = _reachable(space, texts, n)
        require(
            len(everything) == n,
            f"{space.name}: count is {n}, but {len(everything)} texts are reached by way of neighbours",
        )
        _check_uniform(space, sorted(everything), drawn)


def _reachable(space: SearchSpace, texts: Sequence[str], most: int) -> set[str]:
    found, waiting = set(texts), list(texts)
    while waiting and len(found) <= most:
        new = set(space.neighbours(waiting.pop())) - found
        found |= new
        waiting += new
    return found


def _check_uniform(space: SearchSpace, everything: Sequence[str], drawn: Sequence[str]) -> None:
    """Every word at every position is drawn as often as it stands in the space, up to 5 deviations.

    And up to 5 draws more, since what is rare is not drawn normally.
    """
    expected = Counter(part for text in everything for part in _parts(text))
    found = Counter(part for text in drawn for part in _parts(text))
    for part, count in expected.items():
        share = count / len(everything)
        deviation = math.sqrt(share * (1 - share) * len(drawn))
        require(
            abs(found[part] - share * len(drawn)) <= 5 * deviation + 5,
            f"{space.name}: sample does not draw uniformly: {part[1]!r} as word {part[0]} in "
            f"{found[part]} of {len(drawn)} draws, expected {share * len(drawn):.0f}",
        )


def _parts(text: str) -> list[tuple[int, str]]:
    return list(enumerate(re.findall(r"\w+", text)))
