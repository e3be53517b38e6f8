"""The compiled part of the engine: operators' kernels, and the loop that runs a program.

A kernel is compiled to a C function and called by its address, so that the loop is
compiled once, whatever operators there are.
"""

from __future__ import annotations

import functools
import inspect
import logging
import types as python_types
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.ir as ir
import numpy as np
from numba import types
from numba.extending import intrinsic, overload, register_jitable

from evozc._compiling import c_function, compiled
from primitives import LANES, Operator, _elementwise_compiled, _nodewise_compiled

_INT = types.int64
_NUMBERS = types.CPointer(types.float64)
#: (out, x, step of x from row to row, y, step of y, rows)
_ELEMENTWISE = types.void(_NUMBERS, _NUMBERS, _INT, _NUMBERS, _INT, _INT)
#: (out, x, rows, columns, lengths, scratch)
_NODEWISE = types.void(_NUMBERS, _NUMBERS, _INT, _INT, _NUMBERS, _NUMBERS)
#: Only functions of single numbers may fuse a product and a sum: elsewhere it could avoid an overflow.
_OPTIONS = {"error_model": "numpy"}
_FUSED = {**_OPTIONS, "fastmath": {"contract"}}


# --- what plain Python functions mean to numba -----------------------------------------------------


@intrinsic
def _bits(typingctx, x):
    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(64))

    return types.int64(types.float64), build


@intrinsic
def _from_bits(typingctx, k):
    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.int64), build


@overload(_elementwise_compiled.bits)
def _bits_overload(x):
    return lambda x: _bits(x)  # type: ignore[call-arg] # numba gives the context itself


@overload(_elementwise_compiled.from_bits)
def _from_bits_overload(k):
    return lambda k: _from_bits(k)  # type: ignore[call-arg] # as above


def _is_compilable(function: object) -> bool:
    return isinstance(function, python_types.FunctionType) and function.__module__.startswith("primitives._")


for _module in (_elementwise_compiled, _nodewise_compiled):
    for _function in vars(_module).values():
        _own = _is_compilable(_function) and _function.__module__ == _module.__name__
        if _own and _function not in (_elementwise_compiled.bits, _elementwise_compiled.from_bits):
            register_jitable(**(_FUSED if _module is _elementwise_compiled else _OPTIONS))(_function)


# --- kernels ---------------------------------------------------------------------------------------


def _unary(function: Callable[[float], float], source: int) -> Callable:
    def kernel(out, x, step_x, y, step_y, rows):
        _ = source
        for i in range(LANES * rows):
            out[i] = function(x[i])

    return kernel


def _binary(function: Callable[[float, float], float], source: int) -> Callable:
    def kernel(out, x, step_x, y, step_y, rows):
        _ = source
        if step_x and step_y:
            for i in range(LANES * rows):
                out[i] = function(x[i], y[i])
        else:
            columns = max(step_x, step_y)  # not a constant: numba would write the loop out
            for r in range(rows):
                for c in range(columns):
                    out[columns * r + c] = function(x[step_x * r + c], y[step_y * r + c])

    return kernel


def _nodewise(function: Callable[..., None], source: int) -> Callable:
    def kernel(out, x, rows, columns, lengths, scratch):
        _ = source
        function(out, x, rows, columns, lengths, scratch)

    return kernel


@functools.cache
def compile_kernel(operator: Operator) -> Any:
    """The compiled kernel of an operator that has one; ``address`` is where it starts."""
    function = operator.compiled
    assert function is not None
    if not _is_compilable(function):
        register_jitable(**_OPTIONS)(function)
    elementwise = operator.kind == "elementwise"
    template: Callable[..., Callable] = _nodewise
    if elementwise:
        template = (_unary, _binary)[operator.arity - 1]
    signature, options = (_ELEMENTWISE, _FUSED) if elementwise else (_NODEWISE, _OPTIONS)
    return c_function(signature, template(function, _source_of(function)), options)


_addresses: dict[Operator, int] = {}


def address(operator: Operator) -> int:
    """Where the compiled kernel of an operator that has one starts."""
    if operator not in _addresses:
        kernel = compile_kernel(operator)
        _addresses[operator] = kernel.address
        if not kernel.cache_hits:
            _announce()
    return _addresses[operator]


@functools.cache
def _announce() -> None:
    logging.getLogger("evozc.engine").info("compiling the operators, once on this machine: about 15 s")


@functools.cache
def _source_of(function: Callable) -> int:
    """A checksum of what a function may be made of: numba's cache knows the templates' file alone."""
    together = (function, _elementwise_compiled.bits, _nodewise_compiled.total)
    paths = {path for one in together if (path := inspect.getsourcefile(one))}
    readable = [path for path in map(Path, sorted(paths)) if path.is_file()]
    return zlib.crc32(b"".join(path.read_bytes() for path in readable))


# --- the loop --------------------------------------------------------------------------------------


def _caller(signature):
    """An intrinsic that calls the function of this signature at an address, pointers as integers."""
    width = len(signature.args)

    @intrinsic
    def call(typingctx, address, arguments):
        def build(context, builder, _, values):
            double, integer = ir.DoubleType().as_pointer(), ir.IntType(64)
            kinds = [double if argument == _NUMBERS else integer for argument in signature.args]
            function = ir.FunctionType(ir.VoidType(), kinds)
            pointer = builder.inttoptr(values[0], function.as_pointer())
            given = [builder.extract_value(values[1], i) for i in range(width)]
            cast = [builder.inttoptr(v, k) if k is double else v for v, k in zip(given, kinds, strict=True)]
            builder.call(pointer, cast)
            return context.get_dummy_value()

        return types.void(_INT, types.UniTuple(_INT, width)), build

    return call


_call_elementwise = _caller(_ELEMENTWISE)
_call_nodewise = _caller(_NODEWISE)


@compiled
def run(
    first_bundle, last_bundle, live, kernel, nodewise, shape, out, out_at, x, x_at, x_step, y, y_at, y_step,
    rows, start, lengths, registers, scratch, line,
):
    """Run the live instructions for some bundles of architectures.

    Addresses are base + line * start[kind, bundle], a line being one row in bytes; those of the last kind are
    registers instead, base + registers.
    """
    kinds = len(start)
    shift = np.zeros(kinds + 1, np.int64)
    shift[kinds] = registers
    for bundle in range(first_bundle, last_bundle):
        for kind in range(kinds):
            shift[kind] = line * start[kind, bundle]
        for i in range(len(kernel)):
            if live[i]:
                to, first = out[i] + shift[out_at[i]], x[i] + shift[x_at[i]]
                if nodewise[i]:
                    columns = lengths + line * (shape[i] * rows.shape[1] + bundle)
                    count = rows[shape[i], bundle]
                    _call_nodewise(kernel[i], (to, first, count, line // 8, columns, scratch))
                else:
                    second = y[i] + shift[y_at[i]]
                    _call_elementwise(
                        kernel[i], (to, first, x_step[i], second, y_step[i], rows[shape[i], bundle])
                    )


@compiled
def allocate(values, x, y, register):
    """A register for each value that wants one, free again after its last reader; and how many there are."""
    last = np.full(len(x), -1, np.int64)
    for v in values:
        for argument in (x[v], y[v]):
            if argument >= 0:
                last[argument] = v
    slots, free, count, total = np.full(len(x), -1, np.int64), np.empty(len(x), np.int64), 0, 0
    for v in values:
        if register[v]:  # before its arguments are freed: a kernel never writes where it reads
            if count:
                count -= 1
                slots[v] = free[count]
            else:
                slots[v] = total
                total += 1
        for argument in (x[v], y[v]):
            if argument >= 0 and last[argument] == v and slots[argument] >= 0:
                free[count] = slots[argument]
                count += 1
                last[argument] = -1  # once, where both arguments are the same
    return slots, total


@compiled
def needed(roots, x, y):
    """Which values some root is made of."""
    live = np.zeros(len(x), np.bool_)
    for root in roots:
        live[root] = True
    for v in range(len(x) - 1, -1, -1):
        if live[v]:
            if x[v] >= 0:
                live[x[v]] = True
            if y[v] >= 0:
                live[y[v]] = True
    return live
