"""The compiled part of programs: which parts formulas have, and in which order they can be computed."""

from __future__ import annotations

import numpy as np

from evozc._compiling import compiled
from evozc.formula.pool import layout as at


@compiled
def arrange(p, roots):
    """The distinct parts of formulas, each after its arguments.

    Returns:
        Numbers of the parts in the pool; places of each one's arguments among them, -1 for none;
        and its stage, the first at whose beginning everything is there that it needs from outside.
    """
    places = np.full(p.head[at.COUNT], -1, np.int32)
    numbers = np.empty(len(roots) + 64, np.int64)
    stack, count = np.empty(4 * 256, np.int64), 0
    for root in roots:
        height = 1
        stack[0] = root
        while height:
            n = stack[height - 1]
            x, y = p.nodes[n, at.X], p.nodes[n, at.Y]
            if places[n] >= 0:
                height -= 1
            elif x >= 0 and places[x] < 0:
                stack[height] = x
                height += 1
            elif y >= 0 and places[y] < 0:
                stack[height] = y
                height += 1
            else:
                height -= 1
                if count == len(numbers):
                    longer = np.empty(2 * count, np.int64)
                    longer[:count] = numbers
                    numbers = longer
                places[n], numbers[count] = count, n
                count += 1
    numbers = numbers[:count].copy()
    first, second = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    stage = np.zeros(count, np.int64)
    for v in range(count):
        n = numbers[v]
        for column, argument in ((at.X, first), (at.Y, second)):
            if p.nodes[n, column] >= 0:
                a = places[p.nodes[n, column]]
                argument[v] = a
                is_leaf = p.nodes[numbers[a], at.X] < 0
                inside = is_leaf or p.traits[p.nodes[numbers[a], at.SYMBOL], at.COMPILED]
                ready = stage[a] + (0 if inside else 1)
                stage[v] = max(stage[v], ready)
    return numbers, first, second, stage, places[roots]
