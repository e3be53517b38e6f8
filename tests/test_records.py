"""Records in JSON and back: the same, or a message with a path."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evozc._records import from_json, parse, to_json
from evozc.errors import DataError


@dataclass(frozen=True)
class Inner:
    value: float | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class Outer:
    title: str
    count: int
    sure: bool
    kind: Literal["a", "b"]
    pair: tuple[int, str]
    inner: Inner | None
    by_name: Mapping[str, Inner]


texts = st.text(st.characters(exclude_categories=["Cs"]))
inners = st.builds(
    Inner, st.none() | st.floats(allow_nan=False, allow_infinity=False), st.lists(texts).map(tuple)
)
outers = st.builds(
    Outer, texts, st.integers(), st.booleans(), st.sampled_from(["a", "b"]),
    st.tuples(st.integers(), texts), st.none() | inners, st.dictionaries(texts, inners),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["title", "count", "sure", "kind", "pair", "inner", "by_name", "value", "x"]), inner
    ),
)


@given(outers)
def test_what_is_written_is_read(record):
    assert from_json(Outer, json.loads(json.dumps(to_json(record), allow_nan=False))) == record


@given(json_values)
def test_any_json_is_a_record_or_an_error_of_ours(value):
    try:
        found = from_json(Outer, value)
    except DataError as refused:
        message = str(refused)
    else:
        message = "$" if isinstance(found, Outer) else ""
    assert message.startswith("$")


@pytest.mark.parametrize(("change", "message"), [
    ({"count": 1.0}, r"\$\.count: must be a whole number"),
    ({"count": True}, r"\$\.count: must be a whole number"),
    ({"sure": 1}, r"\$\.sure: must be true or false"),
    ({"kind": "c"}, r"\$\.kind: must be 'a' or 'b'"),
    ({"pair": [1]}, r"\$\.pair: must be a list of 2"),
    ({"inner": {"value": "x", "names": []}}, r"\$\.inner\.value: must be a number"),
    ({"inner": {"value": float("nan"), "names": []}}, r"\$\.inner\.value: must be a number"),
    ({"by_name": {"k": {"value": 1, "names": [2]}}}, r"\$\.by_name\.k\.names\[0\]: must be a text"),
    ({"more": 1}, r"\$: unknown entry 'more'"),
    ({"title": "\ud800"}, r"\$\.title: must be a text, not '\\ud800'"),
])
def test_what_does_not_fit_is_named(change, message):
    good = to_json(Outer("t", 1, True, "a", (1, "x"), None, {}))
    with pytest.raises(DataError, match=message):
        from_json(Outer, {**good, **change})


def test_a_missing_entry_is_named():
    with pytest.raises(DataError, match="'names' is missing"):
        from_json(Inner, {"value": 1})


@pytest.mark.parametrize("text", [
    b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1, "a": 2}', b"[" * 10**5, b"\xff\xfe", b"", b"{", "1" * 5000,
])
def test_text_that_is_no_strict_json_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - of json or of ours
        parse(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", object(), {1, 2}])
def test_what_json_has_no_form_for_is_refused(value):
    with pytest.raises(ValueError, match="no form in JSON"):
        to_json({"x": value})
