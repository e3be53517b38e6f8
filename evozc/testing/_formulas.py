"""An operator in formulas: evaluated, simplified and exported, they say what its kernel says."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from evozc.engine import Evaluator, rank_references
from evozc.errors import FormulaError
from evozc.exports import to_python
from evozc.formula import Formula, call, constant, remove_redundancy, simplify, statistic
from evozc.table import Table
from evozc.testing._contract import ContractError, imported_file, require
from primitives import NETWORK, Nodes, Operator, Sign, Statistic, SymbolSet

_OFFSETS = np.array([0, 4, 5, 11, 11, 18])
#: Agreement of a compiled kernel with the one in numpy.
_COMPILED = 1e-12


def check_in_formulas(
    operator: Operator, symbols: SymbolSet, exports: bool, generator: np.random.Generator
) -> None:
    """Check formulas with the operator at the top, in the middle and at the bottom.

    Raises:
        ContractError: one is not what the kernels say.
    """
    formulas = list(dict.fromkeys(_formulas(operator, symbols)))
    table = _table(generator)
    _check_formulas(formulas, table)
    if exports:
        _check_export(formulas[0], table)


def run_kernel(operator: Operator, arrays: Sequence[np.ndarray], nodes: Nodes | None) -> np.ndarray:
    """The kernel's answer, as the engine asks it."""
    extra = [nodes] if operator.kind in ("vector", "reduction") else []
    with np.errstate(all="ignore"):
        return operator.kernel(*arrays, *extra)


def _table(generator: np.random.Generator) -> Table:
    """Two statistics of layers and two of networks, one of any sign and one above zero each."""
    n, nodes = len(_OFFSETS) - 1, int(_OFFSETS[-1])
    sizes = {key: nodes if s.type != NETWORK else n for key, s in _STATISTICS.items()}
    values = {key: generator.normal(size=size) for key, size in sizes.items()}
    for key, declared in _STATISTICS.items():
        if declared.sign == Sign.POSITIVE:
            values[key] = np.exp(values[key])
    names = tuple(str(k) for k in range(n))
    return Table(names, names, tuple(_STATISTICS.values()), {"layer": _OFFSETS}, values, {})


_STATISTICS = {
    s.key: s
    for s in (
        Statistic("layer", "any", "of any sign"), Statistic("layer", "above", "above zero", Sign.POSITIVE),
        Statistic(NETWORK, "any", "of any sign"), Statistic(NETWORK, "above", "above zero", Sign.POSITIVE),
    )
}


def _formulas(operator: Operator, symbols: SymbolSet) -> Iterator[Formula]:
    """Formulas with the operator at the top, in the middle and at the bottom, each of one Scalar."""
    kinds = {"elementwise": ("layer", NETWORK), "candidates": (NETWORK,)}.get(operator.kind, ("layer",))
    for kind in kinds:
        leaves = [statistic(_STATISTICS[f"{kind}.{name}"]) for name in ("any", "above")]
        uses = [call(operator, *arguments) for arguments in itertools.product(leaves, repeat=operator.arity)]
        uses += [use for one in uses for use in _around(operator, one, symbols)]
        for use in uses:
            yield use if use.type == NETWORK else call(symbols.operators["last"], use)


def _around(operator: Operator, use: Formula, symbols: SymbolSet) -> Iterator[Formula]:
    inner = use.arguments
    for other in symbols.operators.values():
        if other.kind != "elementwise":
            continue
        if other.arity == 1:
            yield call(other, use)
            yield call(operator, call(other, inner[0]), *inner[1:])
        else:
            for number in (-1.0, 0.0, 1.0, 2.0):
                yield call(other, use, constant(number))
                yield call(other, constant(number), use)
            yield call(other, use, use)
            yield call(operator, call(other, inner[0], inner[0]), *inner[1:])
    if use.type == inner[0].type:
        yield call(operator, use, *inner[1:])


def _check_formulas(formulas: Sequence[Formula], table: Table) -> None:
    """The engine computes them as the kernels do; simplified they are the same, or rank alike."""
    forms = [(formula, remove_redundancy(formula), simplify(formula)) for formula in formulas]
    scores = Evaluator(table).scores([form for three in forms for form in three])
    for (formula, reduced, shortest), rows in zip(forms, scores.reshape(-1, 3, len(table)), strict=True):
        values: dict[Formula, np.ndarray] = {}
        plain = _evaluate(formula, table, values)
        finite = np.isfinite(plain)
        scale = np.abs(plain[finite]).max(initial=1e-30)
        require(
            np.array_equal(finite, np.isfinite(rows[0]))
            and np.allclose(rows[0][finite], plain[finite], rtol=_COMPILED, atol=1e-13 * scale),
            f"{formula}: the engine computes {rows[0]}, the kernels {plain}",
        )
        kept = _all_finite(values, table)
        if not kept.all() and any(f.operator and f.operator.kind == "candidates" for f in formula.walk()):
            continue
        require(
            np.allclose(rows[1][kept], plain[kept], rtol=1e-7, atol=1e-9 * scale),
            f"{formula} is simplified to {reduced}, which gives {rows[1][kept]}, not {plain[kept]}",
        )
        known, short = (np.subtract.outer(row[kept], row[kept]) for row in (plain, rows[2]))
        turned = (np.abs(known) > 1e-7 * scale) & (np.sign(known) != np.sign(short))
        require(
            not turned.any(),
            f"{formula} is stripped to {shortest}, which ranks otherwise: {rows[2][kept]}, not {plain[kept]}",
        )


def _evaluate(formula: Formula, table: Table, values: dict[Formula, np.ndarray]) -> np.ndarray:
    """The plainest way: kernel by kernel; the values of all parts are kept."""
    if formula in values:
        return values[formula]
    symbol, nodes = formula.symbol, table.nodes["layer"]
    if isinstance(symbol, Statistic):
        found = table.values[symbol.key]
    elif isinstance(symbol, Operator):
        arrays = [_evaluate(argument, table, values) for argument in formula.arguments]
        if symbol.kind == "elementwise" and formula.type != NETWORK:
            arrays = [
                nodes.spread(a) if argument.type == NETWORK else a
                for a, argument in zip(arrays, formula.arguments, strict=True)
            ]
        found = run_kernel(symbol, arrays, nodes)
    else:
        found = np.full(len(table), symbol)
    values[formula] = found
    return found


def _all_finite(values: dict[Formula, np.ndarray], table: Table) -> np.ndarray:
    kept = np.ones(len(table), dtype=bool)
    for formula, found in values.items():
        bad = ~np.isfinite(found)
        if formula.type != NETWORK:
            bad = np.bincount(table.nodes["layer"].owner, weights=bad, minlength=len(table)) > 0
        kept &= ~bad
    return kept


def _check_export(formula: Formula, table: Table) -> None:
    """A file of its own gives each architecture alone the same score."""
    if any(f.operator and f.operator.kind == "candidates" and not f.operator.against_reference
           for f in formula.walk()):
        return
    try:
        source = to_python(formula, rank_references(formula, table))
    except FormulaError as error:
        hint = "if it need not be exported: check_operator(..., exports=False)"
        raise ContractError(f"{error}; {hint}") from error
    expected = Evaluator(table).scores([formula])[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exported.py"
        path.write_text(source, encoding="utf-8")
        score = imported_file(path).score
        for index in np.flatnonzero(np.isfinite(expected)).tolist():
            alone = table.select([index])
            found = score({s.key: alone.values[s.key] for s in formula.statistics()})
            require(
                np.isclose(found, expected[index], rtol=1e-9),
                f"{formula}: its file gives {found}, evozc {expected[index]}",
            )
