"""Definitions gathered into one file: whole, in order, and told apart."""

import ast
import importlib
import sys

import pytest

from evozc.exports._bundle import Bundle, BundleError

SHARED = '''
from __future__ import annotations

import math
import math as m
import os.path
from collections import OrderedDict as Kept
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pieces.other import SIZE, helper as other_helper

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Said of the constant.
#: On two lines.
FIRST, SECOND = 1, SIZE


def helper(x: Sequence) -> float:
    return len(x) + SECOND


def decorate(function):
    return function


class Pair(NamedTuple):
    left: float
    right: float = SECOND


@decorate
def uses_all(x):
    helper_result = other_helper(helper(x))
    return Pair(helper_result, m.floor(math.pi) + np.abs(-FIRST) + len(Kept()) + len(os.path.sep))


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def shadowed(x):
    helper = 3
    return other(x) + helper


def other(x):
    return other_helper(x)


def sees_scipy(x):
    return special.erf(x)


def undefined(x):
    return nothing_of_the_kind(x)


def late(x):
    import json
    return json.dumps(x)


def whole_module(x):
    return pieces.other.helper(x)


def of_sibling(x):
    return relative(x)


import pieces.other
from scipy import special
from .other import helper as relative
'''
OTHER = '''
SIZE = 40


def helper(x):
    return x * 100
'''


@pytest.fixture(scope="module")
def pieces(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    (folder / "pieces").mkdir()
    (folder / "pieces" / "__init__.py").write_text("")
    (folder / "pieces" / "shared.py").write_text(SHARED)
    (folder / "pieces" / "other.py").write_text(OTHER)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("pieces.shared")
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == "pieces"]:
        del sys.modules[name]


def executed(bundle):
    text = "\n".join(bundle.imports) + "\n\n" + bundle.text
    names = {"__name__": "alone"}
    exec(compile(text, "alone", "exec"), names)
    return names


def test_everything_that_is_needed_comes_along_under_one_name_each(pieces):
    bundle = Bundle(["numpy"])
    assert bundle.text == ""
    name = bundle.add(pieces.uses_all)
    assert name == "uses_all"
    assert executed(bundle)[name]([1, 2]) == pieces.uses_all([1, 2])
    assert pieces.uses_all([1, 2])[0] == 4200
    defined = [n.name for n in ast.parse(bundle.text).body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    assert sorted(defined) == ["Pair", "decorate", "helper", "helper_of_shared", "uses_all"]
    assert "#: Said of the constant.\n#: On two lines.\nFIRST, SECOND = 1, SIZE" in bundle.text
    assert "even" not in bundle.text
    assert bundle.add(pieces.uses_all) == name
    assert bundle.text.count("def uses_all") == 1


def test_functions_that_call_each_other_come_together(pieces):
    bundle = Bundle([])
    bundle.add(pieces.even)
    assert [executed(bundle)["even"](n) for n in range(5)] == [True, False, True, False, True]


def test_reserved_names_are_avoided_wherever_they_are_used(pieces):
    bundle = Bundle(["numpy"], reserved={"helper", "FIRST", "np", "uses_all", "Pair", "math", "odd"})
    name = bundle.add(pieces.uses_all)
    assert name == "uses_all_of_shared"
    bundle.add(pieces.even)
    names = executed(bundle)
    assert not {"helper", "FIRST", "np", "uses_all", "Pair", "math", "odd"} & set(names)
    assert names[name]([1, 2]) == pieces.uses_all([1, 2])
    assert names["even"](4)


def test_a_relative_import_is_followed(pieces):
    bundle = Bundle([])
    name = bundle.add(pieces.of_sibling)
    assert executed(bundle)[name](2) == 200


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sees_scipy", "needs scipy, which the file may not import"),
        ("undefined", "nothing_of_the_kind is not defined at the top level"),
        ("late", "late imports something where it is used"),
        ("whole_module", "imports pieces.other as a module; import names from it"),
    ],
)
def test_what_cannot_stand_alone_is_refused_with_the_reason(pieces, name, message):
    with pytest.raises(BundleError, match=message):
        Bundle(["numpy"]).add(getattr(pieces, name))


def test_a_name_that_would_be_two_things_is_refused(pieces):
    shadowed = Bundle([], reserved={"helper"})
    shadowed.add(pieces.shadowed)
    assert executed(shadowed)["shadowed"](2) == 203  # a variable of its own may have any name
    with pytest.raises(BundleError, match="helper names two things"):
        Bundle([], reserved={"helper"}).add(clash)


def helper(x):
    return x


def clash(x):
    def inner(helper):
        return helper
    return inner(helper(x))


def test_only_functions_and_classes_of_a_top_level_are_taken(pieces):
    def inner(x):
        return x

    for thing in (inner, lambda x: x, 3.0, pieces.Pair(1.0), len):
        with pytest.raises(BundleError, match="only a plain function"):
            Bundle([]).add(thing)
