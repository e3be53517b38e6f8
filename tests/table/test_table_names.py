"""Names at the door of tables: kept as written where every place can hold them, refused everywhere else."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_tables import small_table

from evozc.engine import Evaluator
from evozc.errors import DataError
from evozc.exports import to_python
from evozc.formula import parse, statistic, to_latex, to_sympy
from evozc.table import Table, Target, load_table, save_table
from primitives import FULL, STATISTICS, Sign, name_fault, scalar

NAMES = st.text(min_size=1, max_size=30).filter(lambda name: not name_fault(name))
HOSTILE = {
    "empty": "", "blank": " ", "a comma": "a,b", "a point": "a.b", "markup": "<script>", "a quote": 'a"b',
    "a backslash": "a\\b", "a newline": "a\nb", "an escape": "\x1b[2Jgone", "a surrogate": "a\udcffb",
    "too long": "x" * 100_000, "right to left": "a\u202eb", "nothing": "a\0b", "a blank end": "a ",
}


def named(name, target="accuracy"):
    """A table of one score and one target of these names."""
    texts = small_table(6).architectures
    values = np.arange(6.0)
    score = scalar(name)
    return Table(texts, texts, (score,), {}, {score.key: values}, {target: Target(target, values)})


@pytest.mark.parametrize("case", HOSTILE)
def test_names_that_no_place_could_hold_are_refused_with_the_column(case):
    name = HOSTILE[case]
    for make in (lambda: named(name), lambda: named("score", name)):
        with pytest.raises(DataError, match="rename the column") as caught:
            make()
        message = str(caught.value)
        assert message.isprintable()
        assert len(message) < 250
        assert ascii(name)[:80] in message
    with pytest.raises(DataError, match="architecture"):
        replace(named("score"), keys=tuple("a\nb\0" + name for _ in range(6)))


@pytest.mark.parametrize("change", [
    {"unit": "\x1b[0m"}, {"unit": "a\nb"}, {"unit": "x" * 200}, {"name": "other"},
])
def test_units_and_targets_under_another_name_are_refused(change):
    table = small_table(6)
    with pytest.raises(DataError, match="rename the column"):
        replace(table, targets={"accuracy": replace(table.target(), **change)})


@pytest.mark.parametrize("change", [
    {"definition": "\x1b]0;title\x07"}, {"latex": "a\nb"}, {"source": "x" * 5000}, {"unit": "\udc80"},
    {"definition": " "}, {"node_set": "head"}, {"sign": Sign(0)},
])
def test_statistics_that_say_what_cannot_be_shown_are_refused(change):
    table = named("score")
    changed = replace(table.statistics[0], **change)
    with pytest.raises(DataError, match="rename the column"):
        replace(table, statistics=(changed,), values={changed.key: np.arange(6.0)})


@given(name=NAMES, target=NAMES.filter(lambda name: "rr" not in name))
def test_any_other_name_goes_everywhere_and_comes_back(name, target, tmp_path_factory):
    try:
        table = named(name, target)
    except DataError as error:
        assert "lower" in str(error)  # noqa: PT017 - it looks like a loss, and nobody has said what is better
        return
    path = tmp_path_factory.mktemp("names") / "t.npz"
    save_table(table, path)
    back = load_table(path)
    assert back.content_hash == table.content_hash
    assert (back.statistics[0].name, list(back.targets)) == (name, [target])
    symbols = FULL.with_statistics(back.statistics)
    formula = parse(statistic(back.statistics[0]).text, symbols)
    assert parse(f"add({formula.text}, {formula.text})", symbols).size == 3
    assert json.loads(json.dumps(formula.text)) == formula.text
    assert to_sympy(formula).name.isidentifier()
    assert np.array_equal(Evaluator(back).scores([formula])[0], np.arange(6.0))
    source = to_python(formula, {}, "")
    exported = {}
    exec(compile(source, "proxy.py", "exec"), exported)  # ours, about a stranger's name
    assert exported["score"]({formula.text: 3.5}) == 3.5
    latex = to_latex(formula)
    assert latex.replace(r"\{", "").replace(r"\}", "").count("{") == latex.replace(r"\{", "").replace(
        r"\}", "").count("}")


def test_names_that_differ_stay_apart():
    names = ("fl*ops", "fl ops", "fl_ops", "FL_ops", "λ", "__", "2nd", "score (%)", "a/b")
    keys = {scalar(name).key for name in names}
    identifiers = {scalar(name).identifier for name in names}
    assert len(keys) == len(identifiers) == len(names)
    assert all(identifier.isidentifier() for identifier in identifiers)
    assert scalar("fl*ops").key == 'network."fl*ops"'


def test_csv_columns_keep_their_names(tmp_path, commands):
    texts = small_table(40).architectures
    with open(tmp_path / "scores.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["architecture", "accuracy", "fl*ops", "fl ops", "Params (M)"])
        writer.writerows([text, i, i * i % 7, i % 5, i] for i, text in enumerate(texts))
    assert commands("table", "scores.csv", "scores.npz", cwd=tmp_path).code == 0
    kept = load_table(tmp_path / "scores.npz").statistics
    assert [s.name for s in kept] == ["fl*ops", "fl ops", "Params (M)"]
    done = commands(
        "search", "scores.npz", "--run", "run", "--labels", 15, "--population", 20, "--generations", 2,
        "--symbols", "scalar", "--seed-proxy", 'network."Params (M)"', cwd=tmp_path,
    )
    assert (done.code, done.err) == (0, "")
    assert 'network."Params (M)"' in done.out
    for style in ("text", "latex", "sympy", "json", "python"):
        assert commands("export", "run", "--format", style, cwd=tmp_path).code == 0
    with open(tmp_path / "run" / "front.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    symbols = FULL.with_statistics(kept)
    assert all(parse(row["formula"], symbols).size == int(row["size"]) for row in rows)


@pytest.mark.parametrize("header", ["a\x1b[31mb", "a<b>", "a.b", "a" * 500])
def test_a_column_with_a_hostile_name_is_one_line_without_its_effect(tmp_path, commands, header):
    texts = small_table(8).architectures
    lines = [f"architecture,accuracy,{header}", *(f"{text},{i},{i}" for i, text in enumerate(texts))]
    (tmp_path / "scores.csv").write_text("\n".join(lines))
    done = commands("table", "scores.csv", "scores.npz", cwd=tmp_path)
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)
    assert done.err.strip().isprintable()
    assert "rename the column" in done.err


SYMBOLS = [
    r"\write18{rm -rf /}", r"\input{/etc/passwd}", r"\mathrm{x}}\input{y}{", "a}b{", r"^^5cinput x", "$x$",
    "%", r"\mathrmx{y}", r"\catcode`\@=11", r"\\", "{" * 50, "a" * 300, r"\def\x{\x\x}\x", "&", "~",
]


@pytest.mark.parametrize("latex", SYMBOLS)
def test_a_symbol_outside_the_grammar_gives_way_to_the_name(latex):
    symbol = replace(scalar("my_score"), latex=latex)
    assert to_latex(statistic(symbol)) == r"\mathrm{my score}"


def test_every_symbol_of_the_catalogue_is_within_the_grammar():
    for symbol in STATISTICS:
        assert symbol.latex in to_latex(statistic(symbol)) if symbol.type == "network" else True
        if symbol.type == "network":
            continue
        assert f"{{{symbol.latex}}}" in to_latex(parse(f"sum({symbol.key})")), symbol.key


def test_a_name_in_latex_is_escaped():
    assert to_latex(statistic(scalar("a$b%c#d&e{f}g^h~i_j"))) == (
        r"\mathrm{a\$b\%c\#d\&e\{f\}g\wedge h\sim i j}"
    )
