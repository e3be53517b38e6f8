"""How NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022) writes architectures."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from evozc.spaces import NasBench201, SearchSpace

#: NASLib's numbers of NAS-Bench-201's operations, and the order in which its keys name the edges.
_OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))

_TUPLE = re.compile(r"[\[(] *[0-9]+(?: *, *[0-9]+)* *,? *[\])]", re.ASCII)
_NESTED = re.compile(r"[0-9, ()\[\]]+", re.ASCII)
_LONGEST = 2000


def in_the_words_of(space: SearchSpace, key: str) -> str:
    """An architecture's text as the space writes it.

    Args:
        space: Where it comes from.
        key: A tuple or list of numbers in Python's notation, as ``(4, 0, 3, 1, 4, 3)``, of a space for
            which it is known what they mean; anything else is given back as it is.
    """
    text = key.strip()
    write = _WRITERS.get(space.name)
    if write is None or len(text) > _LONGEST:
        return key
    return write(text) or key


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall("[0-9]+", text)] if _TUPLE.fullmatch(text) else []


def _nasbench201(text: str) -> str:
    numbers = _numbers(text)
    if len(numbers) != len(_EDGES) or max(numbers) >= len(_OPERATIONS):
        return ""
    by_edge = {edge: _OPERATIONS[number] for edge, number in zip(_EDGES, numbers, strict=True)}
    return NasBench201.format(tuple(by_edge[edge] for edge in sorted(by_edge, key=lambda edge: edge[::-1])))


def _transnas_micro(text: str) -> str:
    """Digits in TransNAS-Bench-101's own order and meaning, not NASLib's."""
    numbers = _numbers(text)
    if len(numbers) != 6 or max(numbers) > 3:
        return ""
    return "64-41414-{}_{}{}_{}{}{}".format(*numbers)


def _transnas_macro(text: str) -> str:
    """Digits, padded by zeros."""
    numbers = _numbers(text)
    digits = "".join(map(str, numbers)).rstrip("0")
    return f"64-{digits}-basic" if digits and max(numbers) < 10 else ""


def _nasbench101(text: str) -> str:
    numbers = _numbers(text)
    return f"({', '.join(map(str, numbers))})" if numbers else ""


def _darts(text: str) -> str:
    """Pairs (node, operation), in brackets or parentheses."""
    if not _NESTED.fullmatch(text):
        return ""
    try:
        cells = json.loads(text.translate(str.maketrans("()", "[]")))
        return str([[tuple(pair) for pair in cell] for cell in cells])
    except (ValueError, TypeError, RecursionError):
        return ""


_WRITERS: Mapping[str, Callable[[str], str]] = MappingProxyType({
    "nasbench201": _nasbench201,
    "transnas-micro": _transnas_micro,
    "transnas-macro": _transnas_macro,
    "nasbench101": _nasbench101,
    "darts": _darts,
})
