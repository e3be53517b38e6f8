"""Formula text from a stranger: a formula or a FormulaError, at once, and nothing else happens."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import formulas

from evozc.errors import FormulaError
from evozc.formula import Formula, parse
from primitives import FULL, NETWORK

ALPHABET = "().,+-_ \t\n0123456789eE" + "abcdlnosuyr"
WORDS = [*FULL.operators, *FULL.statistics, *"(), 1.\n", "-2.5e3", "1e999", "sum(", "add("]


def check(text):
    """A formula, or a FormulaError with a short message; any other exception fails the test."""
    try:
        formula = parse(text)
    except FormulaError as error:
        if not 0 < len(str(error)) < 400:
            raise
        return
    assert isinstance(formula, Formula)
    assert formula.type == NETWORK
    assert parse(str(formula)) == formula


@settings(max_examples=200)
@given(st.text() | st.text(ALPHABET) | st.lists(st.sampled_from(WORDS), max_size=25).map("".join))
@example("\ud800")
@example("network.params\x00")
@example("\uff11")
@example("network.params\u0660")
def test_any_text_is_a_formula_or_a_formula_error(text):
    check(text)


@settings(max_examples=200)
@given(formulas(FULL, depth=5), st.data())
def test_damaged_text_is_a_formula_or_a_formula_error(formula, data):
    text = str(formula)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        stop = data.draw(st.integers(start, min(len(text), start + 12)))
        slips = st.sampled_from(["", text[start:stop] * 2, text[stop:start:-1]])
        damage = data.draw(slips | st.text(max_size=3))
        text = text[:start] + damage + text[stop:]
    check(text)


@given(formulas(FULL, depth=5), st.data())
def test_a_formula_cut_short_is_refused(formula, data):
    text = str(formula)
    if formula.arguments:
        with pytest.raises(FormulaError):
            parse(text[: data.draw(st.integers(0, len(text) - 1))])


CANARY = "canary"
HOSTILE = [
    f"__import__('os').system('touch {CANARY}')",
    f"sum(__import__('os').system('touch {CANARY}'))",
    f"[open('{CANARY}', 'w') for _ in (1,)]",
    f"add(open('{CANARY}','w'), 1)",
    f"exec(\"open('{CANARY}','w')\")",
    f"lambda: open('{CANARY}', 'w')",
    f"(lambda x: open('{CANARY}','w'))(1)",
    f"network.params; import os; os.mknod('{CANARY}')",
    f"network.params\nimport os\nos.mknod('{CANARY}')",
    f"network.params.__class__.__base__.__subclasses__()[0]('{CANARY}')",
    f"{{open('{CANARY}','w')}}", f"f'{{open(\"{CANARY}\",\"w\")}}'",
    "sum.__globals__", "().__class__.__bases__[0].__subclasses__()", "network.__class__", "layer.__init__",
    "9**9**9", "9^9^9", "sum(layer.numel)**2", "-network.params", "network.params + 1", "1 2", "1,2", "(1)",
    "network.params\x00", "\x00", "\x1b[2J", "net\u200bwork.params", "\u202enetwork.params",
    "n\u0435twork.params", "\uff4eetwork.params", "network.params\xa0", "\ufeffnetwork.params",
    "abs(\u22121)", "\u0663", "\xbd", "1\u0660", "1e999", "-1e999", "nan", "inf", "-inf", "NaN", "Infinity",
    "abs(nan)", "0x10", "1_000", "1j", "1e", ".", "-", "+", "1..2", "--1", "True", "None", "network",
    "network.", ".params", "network.params.params", "network .params", "", " ", "\n", ",", "()", ")", "abs",
    "abs(", "abs()", "abs)", "abs(1", "abs(1))", "abs(1,)", "abs(,1)", "abs 1", "add(1 2)", "add(1,,2)",
    "sum", "sum(layer)", "layer.numel(1)", "abs(network.params)(1)", "ABS(1)", "Network.params",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: ascii(t)[:50])
def test_hostile_text_is_refused_and_nothing_runs(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormulaError):
        parse(text)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000, "abs(" * 100_000, "abs(" * 16_000, ")" * 60_000,
        "neg(" * 100_000 + "1" + ")" * 100_000, "1" * 100_000, "1" * 60_000, "-" * 60_000 + "1",
        "1+" * 30_000 + "1", "abs(" + "1," * 30_000 + "1)", "x" * 1_000_000, "x" * 60_000,
        "abs(" + " " * 60_000, "abs" + " " * 60_000, "a." * 30_000, "_" * 60_000, "\n" * 60_000 + "?",
        "0." + "0" * 60_000 + "?", "1e" + "9" * 60_000, "add(" * 58 + "1" + ",1)" * 57,
        "max(" + "a" * 60_000 + "(", "layer." + "g" * 60_000,
    ],
    ids=lambda t: f"{t[:12]!r} of {len(t)}",
)
def test_huge_text_is_refused_at_once(text):
    start = time.process_time()
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert time.process_time() - start < 0.5
    assert len(str(caught.value)) < 400


def test_a_long_number_is_read_at_once():
    start = time.process_time()
    assert parse("0." + "1" * 60_000).value == pytest.approx(1 / 9)
    assert parse("0" * 60_000 + "7").value == 7
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("thing", [None, 1, b"network.params", ["network.params"], {"a": 1}])
def test_what_is_no_text_is_refused(thing):
    with pytest.raises(FormulaError, match="text"):
        parse(thing)


# --- where and what --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("summ(layer.numel)", 1, 1, "unknown operator 'summ'; did you mean 'sum'?"),
        ("sum(log(layer.grad_l3))", 1, 9, "unknown statistic 'layer.grad_l3'; did you mean 'layer.grad_l"),
        ("add(1,\n  networ.params)", 2, 3, "did you mean 'network.params'?"),
        ("add(1,\r\n\tzzzzzz)", 2, 2, "unknown statistic 'zzzzzz'"),
        ("add(1, 2) $", 1, 11, "unexpected '$'"),
        ("add(1;2)", 1, 6, "unexpected ';'"),
        ("add(1 2)", 1, 7, "expected a comma or a closing bracket before '2'"),
        ("add(\n\n,2)", 3, 1, "expected an argument before ','"),
        ("abs(1))", 1, 7, "')' outside of any bracket"),
        ("add(1, abs(2)", 1, 1, "the bracket of 'add' is never closed"),
        ("add(1, abs(2", 1, 8, "the bracket of 'abs' is never closed"),
        ("mul(2, 1e400)", 1, 8, "the number 1e400 is too large"),
        ("add(1,\n\n abs(1, 2))", 3, 2, "abs takes 1 argument"),
    ],
)
def test_an_error_says_line_column_and_the_nearest_name(text, line, column, reason):
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert str(caught.value).startswith(f"formula, line {line}, column {column}: ")
    assert reason in str(caught.value)


@given(formulas(FULL, depth=5), st.text(" \n", max_size=8), st.data())
def test_an_unknown_name_anywhere_is_found_where_it_stands(formula, lead, data):
    text = lead + str(formula)
    names = [m for m in re.finditer(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)?", text) if not m[0].startswith("e")]
    if names:
        name = data.draw(st.sampled_from(names))
        damaged = text[: name.start()] + "q" + text[name.start() :]
        with pytest.raises(FormulaError) as caught:
            parse(damaged)
        line = text.count("\n", 0, name.start()) + 1
        column = name.start() - text.rfind("\n", 0, name.start())
        assert str(caught.value).startswith(f"formula, line {line}, column {column}: unknown")
        assert f"'q{name[0]}'"[:40] in str(caught.value)
