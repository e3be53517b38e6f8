"""The contract of an operator: what it declares holds, alone and in formulas."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial

import numpy as np

from evozc.engine import reference_quantiles
from evozc.symbols import symbol_set
from evozc.testing._contract import ContractError, require
from evozc.testing._formulas import check_in_formulas, run_kernel
from primitives import Nodes, Operator, Sign, SymbolError, SymbolSet, probe_operator

_SIGNS = tuple(Sign(signs) for signs in range(1, int(Sign.REAL) + 1))
#: Agreement where a result is computed in another way.
_CLOSE = 1e-9


def check_operator(operator: Operator, *, exports: bool = True, samples: int = 40, seed: int = 0) -> None:
    """Check that an operator keeps what it declares, alone and in formulas.

    Args:
        operator: To check; the operators of this installation surround it.
        exports: Whether it is to stand in files of their own, for which its kernel has to be a
            plain function of a module's top level.
        samples: Numbers for each property.
        seed: Of the numbers.

    Raises:
        ContractError: it does not; the message says what, and for which numbers.
    """
    try:
        probe_operator(operator)
    except SymbolError as error:
        raise ContractError(str(error)) from error
    others = symbol_set()
    if operator.name not in others.operators:
        others = others.with_operator(operator)
    require(
        others.operators[operator.name] is operator, f"operator {operator.name!r}: the name is taken"
    )
    checks = _Checks(operator, others, samples, np.random.default_rng(seed))
    checks.declarations()
    checks.signs()
    checks.algebra()
    checks.order()
    checks.references()
    checks.sympy_form()
    check_in_formulas(operator, others, exports, np.random.default_rng(seed + 1))


class _Checks:
    """One operator on random numbers of known signs."""

    def __init__(
        self, operator: Operator, symbols: SymbolSet, samples: int, generator: np.random.Generator
    ) -> None:
        self.operator = operator
        self.symbols = symbols
        self.samples = samples
        self.generator = generator

    def require(self, holds: object, message: str) -> None:
        require(holds, f"operator {self.operator.name!r}: {message}")

    def declarations(self) -> None:
        operator = self.operator
        self.require(operator.definition.strip(), "say what it computes in its definition")
        self.require(operator.precedence in (1, 2, 3), "precedence must be 1, 2 or 3")
        if operator.latex:
            places = [f"<{k}>" for k in range(operator.arity)]
            try:
                text = operator.latex.format(*places, i="<i>")
            except (IndexError, KeyError, ValueError) as error:
                where = f"operator {operator.name!r}"
                raise ContractError(f"{where}: its LaTeX is no template: {error}") from error
            self.require(all(p in text for p in places), "its LaTeX leaves an argument out")
            self.require(text.count("{") == text.count("}"), "the braces of its LaTeX do not match")
        two = ("commutative", "antisymmetric", "neutral", "equal")
        one = ("even", "negates", "keeps_magnitude", "identity_on", "undone_by", "increasing", "decreasing")
        plain = Operator("x", operator.kind, operator.kernel, "")
        for name in one if operator.arity == 2 else two:
            unset = getattr(operator, name) == getattr(plain, name)
            self.require(unset, f"{name} has no meaning with {operator.arity} argument(s)")
        if operator.undone_by is not None:
            known = operator.undone_by in self.symbols.operators
            self.require(known, f"undone_by names {operator.undone_by!r}, which is no operator")

    def numbers(self, sign: Sign) -> np.ndarray:
        """Random numbers of these signs, moderate ones and a few whole ones."""
        size = self.samples
        magnitudes = np.exp(self.generator.uniform(-4, 4, size))
        whole = self.generator.random(size) < 0.2
        magnitudes[whole] = self.generator.integers(1, 4, whole.sum())
        factors = {-1.0: Sign.NEGATIVE, 0.0: Sign.ZERO, 1.0: Sign.POSITIVE}
        return magnitudes * self.generator.choice([f for f, flag in factors.items() if sign & flag], size)

    def run(self, *arrays: np.ndarray, operator: Operator | None = None) -> np.ndarray:
        nodes = Nodes(np.array([0, self.samples // 3, self.samples]))
        return run_kernel(operator or self.operator, arrays, nodes)

    def equal(self, left: np.ndarray, right: np.ndarray, what: str, *arrays: np.ndarray) -> None:
        fits = np.isclose(left, right, rtol=_CLOSE, atol=1e-12, equal_nan=True)
        if not fits.all():
            at = int(np.argmin(fits))
            shown = ", ".join(f"{a[at]:.6g}" for a in arrays if at < len(a))
            self.require(False, f"declared {what}, but {left[at]:.6g} is not {right[at]:.6g} at {shown}")

    def signs(self) -> None:
        """What is finite has one of the declared signs."""
        for signs in itertools.product(_SIGNS, repeat=self.operator.arity):
            arrays = [self.numbers(sign) for sign in signs]
            result = self.run(*arrays)
            declared = self.operator.sign(*signs)
            found = Sign(0)
            for value in result[np.isfinite(result)]:
                found |= Sign.of(value)
            shown = f"for {signs} the sign is declared as {declared!r}, found was {found!r}"
            self.require(found.within(declared), shown)

    def algebra(self) -> None:
        operator = self.operator
        x, y = self.numbers(Sign.REAL), self.numbers(Sign.REAL)
        if operator.arity == 2:
            forward, back = self.run(x, y), self.run(y, x)
            if operator.commutative:
                self.equal(forward, back, "commutative", x, y)
            if operator.antisymmetric:
                self.equal(forward, -back, "antisymmetric", x, y)
            if operator.idempotent:
                self.equal(self.run(x, x), x, "idempotent", x)
            if operator.neutral is not None:
                self.equal(self.run(x, np.full_like(x, operator.neutral)), x, "neutral", x)
            if operator.equal is not None:
                kept = x[x != 0]
                result = run_kernel(operator, (kept, kept), None)
                self.equal(result, np.full_like(kept, operator.equal), "equal", kept)
            return
        result = self.run(x)
        if operator.idempotent:
            self.equal(self.run(result), result, "idempotent", x)
        if operator.even:
            self.equal(self.run(-x), result, "even", x)
        if operator.negates:
            self.equal(result, -x, "negates", x)
        if operator.keeps_magnitude:
            self.equal(np.abs(result), np.abs(x), "keeps_magnitude", x)
        if operator.identity_on:
            inside = self.numbers(operator.identity_on)
            self.equal(self.run(inside), inside, "identity_on", inside)
        if operator.undone_by is not None:
            inside = self.numbers(operator.invertible)
            there = self.run(inside)
            back = self.run(there, operator=self.symbols.operators[operator.undone_by])
            kept = np.isfinite(there) & np.isfinite(back)
            self.equal(back[kept], inside[kept], f"undone_by {operator.undone_by}", inside[kept])

    def order(self) -> None:
        """Where it is declared monotone, larger arguments give larger results, or smaller ones."""
        operator = self.operator
        if operator.arity == 1 and operator.kind in ("elementwise", "candidates"):
            self._monotone(operator.increasing, 1.0, "increasing", self.run)
            self._monotone(operator.decreasing, -1.0, "decreasing", self.run)
        if operator.arity == 2:
            for place, other in itertools.product((0, 1), (-2.5, -1.0, 0.0, 0.5, 3.0)):
                run = partial(self._beside, place, other)
                what = f"monotone beside {other} in argument {2 - place}"
                if Sign.of(other).within(operator.increasing_with[place]):
                    self._monotone(Sign.REAL, 1.0, what, run)
                if Sign.of(other).within(operator.decreasing_with[place]):
                    self._monotone(Sign.REAL, -1.0, what, run)

    def _beside(self, place: int, other: float, x: np.ndarray) -> np.ndarray:
        constant = np.full_like(x, other)
        return self.run(*((x, constant) if place == 0 else (constant, x)))

    def _monotone(
        self, signs: Sign, direction: float, what: str, run: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        if not signs:
            return
        inside = np.unique(self.numbers(signs).clip(-8.0, 8.0))
        inside = inside[np.concatenate([[True], np.diff(inside) > 1e-3])]
        padded = np.resize(inside, self.samples)
        result = run(padded)[: len(inside)]
        kept = np.isfinite(result)
        steps = direction * np.diff(result[kept])
        if (steps <= 0).any():
            at = int(np.argmax(steps <= 0))
            low, high = inside[kept][at : at + 2]
            self.require(False, f"declared {what}, but is not between {low:.6g} and {high:.6g}")

    def references(self) -> None:
        """Among the references themselves, a network gets what the kernel gives it."""
        operator = self.operator
        if operator.against_reference is None:
            return
        x = self.numbers(Sign.REAL)
        x[:2] = x[2], np.nan
        with np.errstate(all="ignore"):
            together = operator.kernel(x)
            alone = np.concatenate(
                [operator.against_reference(x[k : k + 1], reference_quantiles(x)) for k in range(len(x))]
            )
        self.equal(alone, together, "against_reference", x)


    def sympy_form(self) -> None:
        """The sympy form, where there is one, gives the kernel's numbers."""
        import sympy

        operator, length = self.operator, 4
        if operator.sympy is None:
            return
        rows = [self.numbers(Sign.REAL)[:length] for _ in range(operator.arity)]
        kernel = run_kernel(operator, rows, Nodes(np.array([0, length])))
        i, n = (sympy.Symbol(name, integer=True, positive=True) for name in ("i", "n"))
        own, base = sympy.Symbol("own", real=True), sympy.IndexedBase("x", real=True)
        if operator.kind == "elementwise":
            rows = [np.where(row == 0, 0.5, row) for row in rows]  # for sympy raises at 1/0
            kernel = run_kernel(operator, rows, None)
            forms = [operator.sympy(*map(sympy.Float, row)) for row in zip(*rows, strict=True)]
        elif operator.kind == "candidates":
            base = sympy.IndexedBase("candidate", real=True)
            forms = [operator.sympy(own, i, n).subs(n, length).doit()] * length
        else:
            form = operator.sympy(base[i], i, n).subs(n, length)
            nodes = range(1, length + 1) if operator.kind == "vector" else [1]
            forms = [form.subs(i, k).doit() for k in nodes]
        known = {base[k]: sympy.Float(value) for k, value in enumerate(rows[0], 1)}
        for form, x, value in zip(forms, rows[0], kernel, strict=False):
            found = complex(form.subs(own, sympy.Float(x)).subs(known).evalf())
            agrees = abs(found - value) <= 1e-7 * (1 + abs(value)) or not np.isfinite(value)
            self.require(agrees, f"its sympy form gives {found}, the kernel {value}")
