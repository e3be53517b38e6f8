"""Every operator keeps its contract, and one that does not is found out."""

import numpy as np
import pytest
import sympy

from evozc.testing import ContractError, check_operator
from primitives import FULL, Operator, Sign


@pytest.mark.parametrize("operator", FULL.operators.values(), ids=lambda o: o.name)
def test_an_operator_keeps_its_contract(operator):
    check_operator(operator)


def cube(x):
    return x**3


def cube_root(x):
    return np.cbrt(x)


def centre(x):
    return x - x.mean()


def centre_among(x, reference):
    return x - reference[np.isfinite(reference)].mean()


def span(x, nodes):
    return nodes.max(x) - nodes.min(x)


def distance(x, y):
    return np.abs(x - y)


def own(name, kernel, kind="elementwise", **declared):
    return Operator(name, kind, kernel, "of a user", **declared)


CUBE = {
    "sign": lambda x: x | Sign.ZERO, "increasing": Sign.REAL, "sympy": lambda x: x**3, "latex": "{0}^{{3}}",
}
GOOD = {
    "cube": own("cube", cube, **CUBE),
    "cube root": own("cube_root", cube_root, sign=lambda x: x, increasing=Sign.REAL, latex=r"{0}^{{1/3}}"),
    "span": own("span", span, "reduction", sign=lambda x: Sign.NONNEGATIVE, even=True),
    "distance": own(
        "distance", distance, arity=2, commutative=True, equal=0.0, sign=lambda x, y: Sign.NONNEGATIVE,
        latex=r"\left|{0} - {1}\right|", sympy=lambda x, y: sympy.Abs(x - y),
    ),
}
BAD = {
    "even": (own("cube", cube, **{**CUBE, "even": True}), "declared even"),
    "sign": (own("cube", cube, sign=lambda x: Sign.NONNEGATIVE), "the sign is declared as"),
    "increasing": (own("square_", np.square, increasing=Sign.REAL), "increasing, but is not between"),
    "decreasing": (own("cube", cube, decreasing=Sign.REAL), "declared decreasing"),
    "idempotent": (own("cube", cube, idempotent=True), "declared idempotent"),
    "negates": (own("cube", cube, negates=True), "declared negates"),
    "keeps magnitude": (own("cube", cube, keeps_magnitude=True), "declared keeps_magnitude"),
    "identity": (own("cube", cube, identity_on=Sign.POSITIVE), "declared identity_on"),
    "undone by": (own("cube", cube, undone_by="sqrt"), "declared undone_by sqrt"),
    "undone by nothing": (own("cube", cube, undone_by="cube_rot"), "undone_by names 'cube_rot'"),
    "commutative": (own("power", lambda x, y: x - 2 * y, arity=2, commutative=True), "declared commutative"),
    "antisymmetric": (
        own("power", lambda x, y: x - 2 * y, arity=2, antisymmetric=True), "declared antisymmetric"
    ),
    "neutral": (own("power", lambda x, y: x - 2 * y, arity=2, neutral=1.0), "declared neutral"),
    "equal": (own("power", lambda x, y: x - 2 * y, arity=2, equal=0.0), "declared equal"),
    "monotone beside": (
        own("product", lambda x, y: x * y, arity=2, increasing_with=(Sign.REAL, Sign(0))),
        "declared monotone beside -2.5 in argument 2",
    ),
    "of the other arity": (own("cube", cube, commutative=True), "commutative has no meaning with 1 argument"),
    "sympy": (own("cube", cube, sympy=lambda x: x**2), "its sympy form gives"),
    "latex": (own("cube", cube, latex="{0}^{3}"), "its LaTeX is no template"),
    "latex without argument": (own("cube", cube, latex="x^3"), "its LaTeX leaves an argument out"),
    "no definition": (Operator("cube", "elementwise", cube, " "), "say what it computes"),
    "taken name": (own("exp", cube), "the name is taken|declared twice"),
    "kernel": (own("cube", lambda x: x.astype(np.float32)), "float64"),
    "reference": (
        own("centre", centre, "candidates", against_reference=lambda x, reference: x - reference[-1]),
        "declared against_reference",
    ),
    "export": (own("cube", lambda x: x**3), "exports=False"),
    "compiled": (own("cube", cube, compiled=lambda x: x * x * x + 1.0), "the engine computes"),
    "of a simplified one": (
        own("soft", np.sinh, even=True, undone_by="log", invertible=Sign.NONNEGATIVE), "declared even",
    ),
}


@pytest.mark.parametrize("operator", GOOD.values(), ids=GOOD.keys())
def test_an_operator_of_ones_own_passes(operator):
    check_operator(operator)


@pytest.mark.parametrize(("operator", "message"), BAD.values(), ids=BAD.keys())
def test_an_operator_that_breaks_a_promise_is_found_out(operator, message):
    with pytest.raises((ContractError, ValueError), match=message):
        check_operator(operator)


def test_a_comparison_of_ones_own_passes_with_and_without_references():
    check_operator(own("centre", centre, "candidates"))
    # It leaves out what is not finite, which the kernel does not.
    with pytest.raises(ContractError, match="against_reference"):
        check_operator(own("centre", centre, "candidates", against_reference=centre_among))
