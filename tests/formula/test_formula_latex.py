"""The LaTeX form: balanced, free of Python's names, brackets where reading needs them."""

import re

import pytest
from hypothesis import given, settings
from matplotlib.mathtext import MathTextParser
from strategies import formulas

from evozc.formula import call, constant, parse, statistic, to_latex
from primitives import FULL, NETWORK, Operator, Statistic

MATHTEXT = MathTextParser("path")


def check(latex):
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", latex):
        depth += 1 if brace == "{" else -1
        assert depth >= 0, latex
    assert depth == 0, latex
    assert len(re.findall(r"\\left(?![a-z])", latex)) == len(re.findall(r"\\right(?![a-z])", latex))
    bare = re.sub(r"\\mathrm\{[^{}]*\}", " ", latex)
    assert "_" not in "".join(re.findall(r"\\mathrm\{([^{}]*)\}", latex)).replace(r"\_", "")
    words = re.findall(r"[A-Za-z]{3,}", re.sub(r"\\[A-Za-z]+", " ", bare))
    assert words == [], latex
    assert not set(re.findall(r"\w+", latex)) & {n for n in FULL.operators if "_" in n}
    # matplotlib knows neither these two commands nor \textstyle; the rest it has to read
    MATHTEXT.parse("$" + re.sub(r"\\[lr]Vert", r"\\Vert", latex).replace(r"\textstyle", "") + "$")


@pytest.mark.parametrize("symbol", FULL.statistics.values(), ids=lambda s: s.key)
def test_every_statistic_can_be_typeset(symbol):
    latex = to_latex(statistic(symbol))
    check(latex)
    assert latex.endswith(f"^{{({symbol.type[0]})}}}}") == (symbol.type != NETWORK)


@pytest.mark.parametrize("operator", FULL.operators.values(), ids=lambda o: o.name)
def test_every_operator_can_be_typeset_around_anything(operator):
    vector, scalar = statistic(FULL.statistics["layer.numel"]), statistic(FULL.statistics["network.naswot"])
    for leaf in (vector, scalar):
        if (operator.kind in ("vector", "reduction")) != (leaf is vector) and operator.kind != "elementwise":
            continue
        for name in ("neg", "square", "add", "mul", "div", "exp", "sqrt"):
            inner = FULL.operators[name]
            below = call(inner, *[leaf] * inner.arity)
            check(to_latex(call(operator, *[below] * operator.arity)))


@settings(max_examples=60)
@given(formulas(FULL, depth=6))
def test_every_formula_can_be_typeset(formula):
    check(to_latex(formula))


def test_different_formulas_are_typeset_differently():
    texts = [
        "sub(network.naswot, sub(network.naswot, 1))", "sub(sub(network.naswot, network.naswot), 1)",
        "square(neg(network.naswot))", "neg(square(network.naswot))", "mul(2, add(network.naswot, 1))",
        "add(mul(2, network.naswot), 1)", "square(square(network.naswot))", "div(1, div(2, network.naswot))",
        "div(div(1, 2), network.naswot)", "sum(add(layer.numel, 1))", "add(sum(layer.numel), 1)",
        "square(sum(layer.numel))", "sum(square(layer.numel))", "neg(add(network.naswot, 1))",
        "add(neg(network.naswot), 1)", "sum(depth_weight(add(layer.numel, 1)))",
        "sum(add(depth_weight(layer.numel), 1))",
        "square(-2)", "neg(square(2))", "square(1e300)", "sub(network.naswot, -2)", "sum(neg(layer.numel))",
    ]
    assert len({to_latex(parse(text)) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("sub(network.params, neg(network.macs))", r"\mathrm{params} - \left(-\mathrm{MACs}\right)"),
        ("mul(add(network.params, 1), 2)", r"\left(\mathrm{params} + 1\right) \cdot 2"),
        ("square(add(network.params, 1))", r"\left(\mathrm{params} + 1\right)^{2}"),
        ("div(add(network.params, 1), 2)", r"\frac{\mathrm{params} + 1}{2}"),
        ("sum(mul(2, layer.c_in))", r"\sum_{l} 2 \cdot {{c^{\mathrm{in}}}^{(l)}}"),
    ],
)
def test_brackets_stand_where_reading_needs_them_and_only_there(text, latex):
    assert to_latex(parse(text)) == latex


@pytest.mark.parametrize(
    ("number", "latex"),
    [(2.0, "2"), (-2.5, "-2.5"), (1e300, r"1 \cdot 10^{300}"), (-1.5e-7, r"-1.5 \cdot 10^{-7}"), (0.0, "0")],
)
def test_numbers_are_written_as_on_paper(number, latex):
    assert to_latex(constant(number)) == latex


def test_symbols_without_a_latex_form_get_their_name_upright():
    own = Operator("twice_it", "elementwise", lambda x: 2 * x, "2 x")
    latex = to_latex(call(own, statistic(Statistic(NETWORK, "my_score", "own"))))
    assert latex == r"\mathrm{twice\_it}\left(\mathrm{my score}\right)"
    check(latex)
