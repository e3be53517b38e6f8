"""Operators along the nodes, for 16 architectures side by side, as the engine compiles them.

An architecture is a column: node ``r`` of column ``c`` is ``x[columns * r + c]``. Below its
last node a column holds NaN, which every function leaves as it is. ``lengths`` holds the
number of nodes of each column, ``scratch`` is for four rows of a function's own. All is done
row by row, so that the columns are computed at once; ``out`` is none of the others. How
many columns there are is an argument, since numba's compiler would otherwise write the inner
loops out instead of turning them into vector instructions.
"""

from __future__ import annotations

import math

from primitives._elementwise_compiled import exponential, finite, logarithm

#: Architectures side by side.
LANES = 16
_INFINITE, _UNDEFINED = math.inf, math.nan


def total(out, x, rows, columns, lengths, scratch):
    full = rows
    for c in range(columns):
        full = min(full, int(lengths[c]))
    done = full - full % 4
    for c in range(columns):
        out[c] = 0.0
        scratch[c] = done
    for r in range(0, done, 4):  # first as if all nodes were finite
        for c in range(columns):
            i = columns * r + c
            pair, other = x[i] + x[i + columns], x[i + 2 * columns] + x[i + 3 * columns]
            out[c] += pair + other
    spoilt = 0.0
    for c in range(columns):
        spoilt += out[c] - out[c]
    if not finite(spoilt):
        done = 0
        for c in range(columns):
            out[c] = 0.0
            scratch[c] = 0.0
    for r in range(done, rows):
        for c in range(columns):
            v = x[columns * r + c]
            out[c] += v if finite(v) else 0.0
            scratch[c] += 1.0 if finite(v) else 0.0
    for c in range(columns):
        out[c] = out[c] if scratch[c] > 0.0 else _UNDEFINED


def average(out, x, rows, columns, lengths, scratch):
    total(out, x, rows, columns, lengths, scratch)
    for c in range(columns):
        out[c] = out[c] / scratch[c]


def finite_count(out, x, rows, columns, lengths, scratch):
    total(out, x, rows, columns, lengths, scratch)
    for c in range(columns):
        out[c] = scratch[c] if scratch[c] > 0.0 else _UNDEFINED


def largest(out, x, rows, columns, lengths, scratch):
    for c in range(columns):
        out[c] = -_INFINITE
    fours = rows - rows % 4
    for r in range(0, fours, 4):
        for c in range(columns):
            i = columns * r + c
            v, w = x[i], x[i + columns]
            v, w = v if finite(v) else -_INFINITE, w if finite(w) else -_INFINITE
            best = w if w > v else v
            v, w = x[i + 2 * columns], x[i + 3 * columns]
            v, w = v if finite(v) else -_INFINITE, w if finite(w) else -_INFINITE
            best = v if v > best else best
            best = w if w > best else best
            out[c] = best if best > out[c] else out[c]
    for r in range(fours, rows):
        for c in range(columns):
            v = x[columns * r + c]
            v = v if finite(v) else -_INFINITE
            out[c] = v if v > out[c] else out[c]
    for c in range(columns):
        out[c] = out[c] if out[c] > -_INFINITE else _UNDEFINED


def smallest(out, x, rows, columns, lengths, scratch):
    for c in range(columns):
        out[c] = _INFINITE
    fours = rows - rows % 4
    for r in range(0, fours, 4):
        for c in range(columns):
            i = columns * r + c
            v, w = x[i], x[i + columns]
            v, w = v if finite(v) else _INFINITE, w if finite(w) else _INFINITE
            best = w if w < v else v
            v, w = x[i + 2 * columns], x[i + 3 * columns]
            v, w = v if finite(v) else _INFINITE, w if finite(w) else _INFINITE
            best = v if v < best else best
            best = w if w < best else best
            out[c] = best if best < out[c] else out[c]
    for r in range(fours, rows):
        for c in range(columns):
            v = x[columns * r + c]
            v = v if finite(v) else _INFINITE
            out[c] = v if v < out[c] else out[c]
    for c in range(columns):
        out[c] = out[c] if out[c] < _INFINITE else _UNDEFINED


def deviation(out, x, rows, columns, lengths, scratch):
    smallest(out, x, rows, columns, lengths, scratch)
    for c in range(columns):
        scratch[c] = out[c]
        scratch[columns + c] = 0.0
        scratch[2 * columns + c] = 0.0
        scratch[3 * columns + c] = 0.0
        out[c] = 0.0
    for r in range(rows):
        for c in range(columns):
            risen = x[columns * r + c] - scratch[c]
            scratch[columns + c] += risen if finite(risen) else 0.0
            scratch[2 * columns + c] += 1.0 if finite(risen) else 0.0
    for c in range(columns):
        scratch[columns + c] = scratch[columns + c] / scratch[2 * columns + c]
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            centred = (v - scratch[c]) - scratch[columns + c]
            out[c] += centred * centred if finite(v) else 0.0
            scratch[3 * columns + c] += 1.0 if finite(v) else 0.0
    for c in range(columns):
        out[c] = math.sqrt(out[c] / scratch[3 * columns + c])


def norm(out, x, rows, columns, lengths, scratch):
    for c in range(columns):
        out[c] = 0.0
        scratch[c] = 0.0
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            out[c] += v * v if finite(v) else 0.0
            scratch[c] += 1.0 if finite(v) else 0.0
    for c in range(columns):
        out[c] = math.sqrt(out[c]) if scratch[c] > 0.0 else _UNDEFINED


def log_sum_exp(out, x, rows, columns, lengths, scratch):
    largest(out, x, rows, columns, lengths, scratch)
    for c in range(columns):
        scratch[c] = 0.0
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            scratch[c] += exponential(v - out[c]) if finite(v) else 0.0
    for c in range(columns):
        out[c] = out[c] + logarithm(scratch[c])


def first(out, x, rows, columns, lengths, scratch):
    for c in range(columns):
        out[c] = _UNDEFINED
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            out[c] = v if finite(v) and not finite(out[c]) else out[c]


def last(out, x, rows, columns, lengths, scratch):
    for c in range(columns):
        out[c] = _UNDEFINED
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            out[c] = v if finite(v) else out[c]


def slope(out, x, rows, columns, lengths, scratch):
    smallest(out, x, rows, columns, lengths, scratch)
    for c in range(columns):
        scratch[c] = out[c]
        scratch[columns + c] = 0.0
        scratch[2 * columns + c] = 0.0
        scratch[3 * columns + c] = 0.0
        out[c] = 0.0
    for r in range(rows):
        for c in range(columns):
            kept = finite(x[columns * r + c])
            scratch[columns + c] += r + 1.0 if kept else 0.0
            scratch[2 * columns + c] += 1.0 if kept else 0.0
    for c in range(columns):
        scratch[columns + c] = scratch[columns + c] / scratch[2 * columns + c]
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            depth = (r + 1.0) - scratch[columns + c]
            out[c] += depth * (v - scratch[c]) if finite(v) else 0.0
            scratch[3 * columns + c] += depth * depth if finite(v) else 0.0
    for c in range(columns):
        out[c] = out[c] / scratch[3 * columns + c]


def softmax(out, x, rows, columns, lengths, scratch):
    largest(scratch, x, rows, columns, lengths, scratch)
    for c in range(columns):
        scratch[columns + c] = 0.0
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            raised = exponential(v - scratch[c]) if finite(v) else _UNDEFINED
            scratch[columns + c] += raised if finite(v) else 0.0
            out[columns * r + c] = raised
    for r in range(rows):
        for c in range(columns):
            out[columns * r + c] = out[columns * r + c] / scratch[columns + c]


def minmax(out, x, rows, columns, lengths, scratch):
    largest(scratch, x, rows, columns, lengths, scratch)
    for c in range(columns):
        scratch[columns + c] = scratch[c]
    smallest(scratch, x, rows, columns, lengths, scratch)
    for c in range(columns):
        scratch[columns + c] = scratch[columns + c] - scratch[c]
    for r in range(rows):
        for c in range(columns):
            out[columns * r + c] = (x[columns * r + c] - scratch[c]) / scratch[columns + c]


def zscore(out, x, rows, columns, lengths, scratch):
    minmax(out, x, rows, columns, lengths, scratch)
    for c in range(4 * columns):
        scratch[c] = 0.0
    for r in range(rows):
        for c in range(columns):
            v = out[columns * r + c]
            scratch[c] += v if finite(v) else 0.0
            scratch[columns + c] += 1.0 if finite(v) else 0.0
    for c in range(columns):
        scratch[c] = scratch[c] / scratch[columns + c]
    for r in range(rows):
        for c in range(columns):
            centred = out[columns * r + c] - scratch[c]
            scratch[2 * columns + c] += centred * centred if finite(centred) else 0.0
            out[columns * r + c] = centred
    for c in range(columns):
        scratch[3 * columns + c] = math.sqrt(scratch[2 * columns + c] / scratch[columns + c])
    for r in range(rows):
        for c in range(columns):
            out[columns * r + c] = out[columns * r + c] / scratch[3 * columns + c]


def cumulative_sum(out, x, rows, columns, lengths, scratch):
    for c in range(columns):
        scratch[c] = 0.0
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            scratch[c] += v if finite(v) else 0.0
            out[columns * r + c] = scratch[c] if r < lengths[c] else _UNDEFINED


def difference(out, x, rows, columns, lengths, scratch):
    for c in range(columns):
        out[c] = _UNDEFINED
    for i in range(columns, columns * rows):
        out[i] = x[i] - x[i - columns]


def depth_weight(out, x, rows, columns, lengths, scratch):
    for r in range(rows):
        for c in range(columns):
            out[columns * r + c] = x[columns * r + c] * (r + 1.0) / lengths[c]
