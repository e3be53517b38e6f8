"""Operators along the nodes, for 16 architectures side by side, as the engine compiles them.

An architecture is a column: node ``r`` of column ``c`` is ``x[columns * r + c]``. Below its
last node a column holds NaN, which every function leaves as it is. ``lengths`` holds the
number of nodes of each column, ``room`` is for four rows of a function's own. All is done
row by row, so that the columns are computed at once; ``out`` is none of the others. How
many columns there are is an argument, since numba's compiler would otherwise write the inner
loops out instead of turning them into vector instructions.
"""

from __future__ import annotations

import math

from primitives._scalar import exponential, finite, logarithm

#: Architectures side by side.
COLUMNS = 16
_INFINITE, _UNDEFINED = math.inf, math.nan


def total(out, x, rows, columns, lengths, room):
    full = rows
    for c in range(columns):
        full = min(full, int(lengths[c]))
    done = full - full % 4
    for c in range(columns):
        out[c] = 0.0
        room[c] = done
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
            room[c] = 0.0
    for r in range(done, rows):
        for c in range(columns):
            v = x[columns * r + c]
            out[c] += v if finite(v) else 0.0
            room[c] += 1.0 if finite(v) else 0.0
    for c in range(columns):
        out[c] = out[c] if room[c] > 0.0 else _UNDEFINED


def average(out, x, rows, columns, lengths, room):
    total(out, x, rows, columns, lengths, room)
    for c in range(columns):
        out[c] = out[c] / room[c]


def finite_count(out, x, rows, columns, lengths, room):
    total(out, x, rows, columns, lengths, room)
    for c in range(columns):
        out[c] = room[c] if room[c] > 0.0 else _UNDEFINED


def largest(out, x, rows, columns, lengths, room):
    for c in range(columns):
        out[c] = -_INFINITE
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            out[c] = v if finite(v) and v > out[c] else out[c]
    for c in range(columns):
        out[c] = out[c] if out[c] > -_INFINITE else _UNDEFINED


def smallest(out, x, rows, columns, lengths, room):
    for c in range(columns):
        out[c] = _INFINITE
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            out[c] = v if finite(v) and v < out[c] else out[c]
    for c in range(columns):
        out[c] = out[c] if out[c] < _INFINITE else _UNDEFINED


def deviation(out, x, rows, columns, lengths, room):
    smallest(out, x, rows, columns, lengths, room)
    for c in range(columns):
        room[c] = out[c]
        room[columns + c] = 0.0
        room[2 * columns + c] = 0.0
        room[3 * columns + c] = 0.0
        out[c] = 0.0
    for r in range(rows):
        for c in range(columns):
            risen = x[columns * r + c] - room[c]
            room[columns + c] += risen if finite(risen) else 0.0
            room[2 * columns + c] += 1.0 if finite(risen) else 0.0
    for c in range(columns):
        room[columns + c] = room[columns + c] / room[2 * columns + c]
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            centred = (v - room[c]) - room[columns + c]
            out[c] += centred * centred if finite(v) else 0.0
            room[3 * columns + c] += 1.0 if finite(v) else 0.0
    for c in range(columns):
        out[c] = math.sqrt(out[c] / room[3 * columns + c])


def norm(out, x, rows, columns, lengths, room):
    for c in range(columns):
        out[c] = 0.0
        room[c] = 0.0
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            out[c] += v * v if finite(v) else 0.0
            room[c] += 1.0 if finite(v) else 0.0
    for c in range(columns):
        out[c] = math.sqrt(out[c]) if room[c] > 0.0 else _UNDEFINED


def log_sum_exp(out, x, rows, columns, lengths, room):
    largest(out, x, rows, columns, lengths, room)
    for c in range(columns):
        room[c] = 0.0
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            room[c] += exponential(v - out[c]) if finite(v) else 0.0
    for c in range(columns):
        out[c] = out[c] + logarithm(room[c])


def first(out, x, rows, columns, lengths, room):
    for c in range(columns):
        out[c] = _UNDEFINED
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            out[c] = v if finite(v) and not finite(out[c]) else out[c]


def last(out, x, rows, columns, lengths, room):
    for c in range(columns):
        out[c] = _UNDEFINED
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            out[c] = v if finite(v) else out[c]


def slope(out, x, rows, columns, lengths, room):
    smallest(out, x, rows, columns, lengths, room)
    for c in range(columns):
        room[c] = out[c]
        room[columns + c] = 0.0
        room[2 * columns + c] = 0.0
        room[3 * columns + c] = 0.0
        out[c] = 0.0
    for r in range(rows):
        for c in range(columns):
            kept = finite(x[columns * r + c])
            room[columns + c] += r + 1.0 if kept else 0.0
            room[2 * columns + c] += 1.0 if kept else 0.0
    for c in range(columns):
        room[columns + c] = room[columns + c] / room[2 * columns + c]
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            depth = (r + 1.0) - room[columns + c]
            out[c] += depth * (v - room[c]) if finite(v) else 0.0
            room[3 * columns + c] += depth * depth if finite(v) else 0.0
    for c in range(columns):
        out[c] = out[c] / room[3 * columns + c]


def softmax(out, x, rows, columns, lengths, room):
    largest(room, x, rows, columns, lengths, room)
    for c in range(columns):
        room[columns + c] = 0.0
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            raised = exponential(v - room[c]) if finite(v) else _UNDEFINED
            room[columns + c] += raised if finite(v) else 0.0
            out[columns * r + c] = raised
    for r in range(rows):
        for c in range(columns):
            out[columns * r + c] = out[columns * r + c] / room[columns + c]


def minmax(out, x, rows, columns, lengths, room):
    largest(room, x, rows, columns, lengths, room)
    for c in range(columns):
        room[columns + c] = room[c]
    smallest(room, x, rows, columns, lengths, room)
    for c in range(columns):
        room[columns + c] = room[columns + c] - room[c]
    for r in range(rows):
        for c in range(columns):
            out[columns * r + c] = (x[columns * r + c] - room[c]) / room[columns + c]


def zscore(out, x, rows, columns, lengths, room):
    minmax(out, x, rows, columns, lengths, room)
    for c in range(4 * columns):
        room[c] = 0.0
    for r in range(rows):
        for c in range(columns):
            v = out[columns * r + c]
            room[c] += v if finite(v) else 0.0
            room[columns + c] += 1.0 if finite(v) else 0.0
    for c in range(columns):
        room[c] = room[c] / room[columns + c]
    for r in range(rows):
        for c in range(columns):
            centred = out[columns * r + c] - room[c]
            room[2 * columns + c] += centred * centred if finite(centred) else 0.0
            out[columns * r + c] = centred
    for c in range(columns):
        room[3 * columns + c] = math.sqrt(room[2 * columns + c] / room[columns + c])
    for r in range(rows):
        for c in range(columns):
            out[columns * r + c] = out[columns * r + c] / room[3 * columns + c]


def cumulative_sum(out, x, rows, columns, lengths, room):
    for c in range(columns):
        room[c] = 0.0
    for r in range(rows):
        for c in range(columns):
            v = x[columns * r + c]
            room[c] += v if finite(v) else 0.0
            out[columns * r + c] = room[c] if r < lengths[c] else _UNDEFINED


def difference(out, x, rows, columns, lengths, room):
    for c in range(columns):
        out[c] = _UNDEFINED
    for i in range(columns, columns * rows):
        out[i] = x[i] - x[i - columns]


def depth_weight(out, x, rows, columns, lengths, room):
    for r in range(rows):
        for c in range(columns):
            out[columns * r + c] = x[columns * r + c] * (r + 1.0) / lengths[c]
