"""The compiled part of breeding: DEAP's operators on numbered formulas, draw for draw.

A formula's tree is walked from its number, parts before what stands behind them; only what is
above a change is made anew. ``p`` are the arrays of a pool, ``g`` those of a grammar,
``state`` is the generator's.
"""

from __future__ import annotations

import numpy as np

from evozc._compiling import compiled
from evozc.evolution._draws_compiled import below, log_normal, uniform
from evozc.formula.pool import layout as at
from evozc.formula.pool.compiled import intern, ordered

# Columns of the uses of operators: which one, what it gives and what it takes.
OPERATOR, RESULT, FIRST, SECOND = range(4)
# Places of ``rates``.
CROSSOVER, MUTATION, TERMINALS, MUTATIONS = range(4)
UNIFORM, REPLACEMENT, INSERTION, SHRINKING, CONSTANT = range(5)
# Places of ``waiting``: a formula and the place in it whose constant is to become another.
FORMULA, PLACE = range(2)
#: Formulas that breeding one may make at most.
_ROOM = 2**10


@compiled
def breed(p, g, state, population, tournament, out, waiting, value):
    """Breed formulas until ``out`` is full, room is short, or a constant waits; how many were bred.

    ``population`` holds numbers, the best first; without any, formulas are drawn at random.
    ``waiting[FORMULA]`` becomes -1, or the parent of a formula whose constant is to become
    ``value[0]``, to three digits: numbers are symbols, which only the pool can add.
    """
    parts, up = np.empty((2, _ROOM), np.int64), np.empty((2, _ROOM), np.int64)
    waiting[FORMULA] = -1
    for k in range(len(out)):
        if p.head[at.COUNT] + _ROOM > len(p.nodes):
            return k
        draw = uniform(state) if len(population) else 2.0
        if draw >= g.rates[CROSSOVER] + g.rates[MUTATION]:
            out[k] = _drawn(p, g, state, 1, 2 + below(state, 4), at.NETWORK)
            continue
        first = population[_winner(state, len(population), tournament)]
        size = walk(p, first, parts[0], up[0])
        if draw < g.rates[CROSSOVER]:
            second = population[_winner(state, len(population), tournament)]
            out[k] = _crossed(p, state, parts, up, size, walk(p, second, parts[1], up[1]))
            continue
        kind, draw = 0, uniform(state) * g.rates[-1]
        while kind < CONSTANT and draw >= g.rates[MUTATIONS + kind]:
            kind += 1
        if kind == UNIFORM:
            out[k] = _with_new_part(p, g, state, parts[0], up[0], size)
        elif kind == REPLACEMENT:
            out[k] = _with_other_symbol(p, g, state, parts[0], up[0], size)
        elif kind == INSERTION:
            out[k] = _with_insertion(p, g, state, parts[0], up[0], size)
        elif kind == SHRINKING:
            out[k] = _shrunk(p, state, parts[0], up[0], size)
        else:
            out[k] = first
            constants = np.int64(0)
            for i in range(size):
                constants += _is_constant(p, parts[0, i])
            if constants:
                place, left = -1, below(state, constants) + 1
                while left:
                    place += 1
                    left -= _is_constant(p, parts[0, place])
                moved = p.values[p.nodes[parts[0, place], at.SYMBOL], at.VALUE] * log_normal(state, 0.7)
                value[0] = -moved if uniform(state) < 0.1 else moved
                waiting[FORMULA], waiting[PLACE] = first, place
                return k
    return len(out)


@compiled
def walk(p, number, parts, up):
    """The parts of a formula, each before those below it, and the place above each; how many there are."""
    stack, above = p.stacks[0], p.stacks[1]
    stack[0], above[0], height, size = number, -1, 1, 0
    while height:
        height -= 1
        n = stack[height]
        parts[size], up[size] = n, above[height]
        for argument in (at.Y, at.X):
            if p.nodes[n, argument] >= 0:
                stack[height], above[height] = p.nodes[n, argument], size
                height += 1
        size += 1
    return size


@compiled
def replaced(p, parts, up, place, part):
    """A formula with another part at a place."""
    while place:
        above = up[place]
        node = p.nodes[parts[above]]
        if place == above + 1:
            part = ordered(p, node[at.SYMBOL], part, np.int64(node[at.Y]))
        else:
            part = ordered(p, node[at.SYMBOL], np.int64(node[at.X]), part)
        place = above
    return part


@compiled
def replaced_at(p, number, place, part):
    """Likewise, of a formula that has not been walked."""
    parts, up = np.empty(_ROOM, np.int64), np.empty(_ROOM, np.int64)
    walk(p, number, parts, up)
    return replaced(p, parts, up, place, part)


@compiled
def _is_constant(p, number):
    return 1 if p.traits[p.nodes[number, at.SYMBOL], at.KIND] == at.CONSTANT else 0


@compiled
def _winner(state, size, tournament):
    """The winner of a tournament: among any of a sorted population, the first."""
    best = size
    for _ in range(tournament):
        best = min(best, np.int64(uniform(state) * size))
    return best


@compiled
def _drawn(p, g, state, lowest, highest, kind):
    """As DEAP's ``genHalfAndHalf``."""
    full = below(state, 2) == 1
    height = lowest + below(state, highest - lowest + 1)
    symbols, types, depths = np.empty(_ROOM, np.int64), np.empty(_ROOM, np.int64), np.empty(_ROOM, np.int64)
    types[0], depths[0], waiting, size = kind, 0, 1, 0
    while waiting:
        waiting -= 1
        kind, depth = types[waiting], depths[waiting]
        leaf = depth == height
        if not leaf and not full and depth >= lowest:
            leaf = uniform(state) < g.rates[TERMINALS]
        if leaf or not g.primitives[kind, 0]:
            symbols[size] = _leaf(g, state, kind)
        else:
            use = g.primitives[kind, 1 + below(state, g.primitives[kind, 0])]
            symbols[size] = g.uses[use, OPERATOR]
            for argument in (SECOND, FIRST):
                if g.uses[use, argument] >= 0:
                    types[waiting], depths[waiting] = g.uses[use, argument], depth + 1
                    waiting += 1
        size += 1
    height = 0
    stack = types
    for k in range(size - 1, -1, -1):
        arity = p.traits[symbols[k], at.ARITY]
        x = stack[height - 1] if arity else np.int64(at.NOTHING)
        y = stack[height - 2] if arity == 2 else np.int64(at.NOTHING)
        height -= arity
        stack[height] = ordered(p, symbols[k], x, y)
        height += 1
    return stack[0]


@compiled
def _leaf(g, state, kind):
    """The symbol of a leaf of some type."""
    return np.int64(g.terminals[kind, 1 + below(state, g.terminals[kind, 0])])


@compiled
def _new_leaf(p, g, state, kind):
    return intern(p, _leaf(g, state, kind), np.int64(at.NOTHING), np.int64(at.NOTHING))


@compiled
def _crossed(p, state, parts, up, size, other_size):
    """The first formula with a part of the second, of the same type, in the place of one of its own.

    One-point crossover as DEAP's, which also makes the other child.
    """
    counts = np.zeros((2, at.NETWORK + 1), np.int64)
    kinds, common = np.empty(at.NETWORK + 1, np.int64), 0
    for side in range(2):
        for i in range(1, size if side == 0 else other_size):
            counts[side, p.nodes[parts[side, i], at.TYPE]] += 1
    seen = 0
    for i in range(1, size):  # in the order in which they appear
        kind = p.nodes[parts[0, i], at.TYPE]
        if not (seen >> kind) & 1 and counts[1, kind]:
            kinds[common] = kind
            common += 1
        seen |= 1 << kind
    if not common:
        return parts[0, 0]
    kind = kinds[below(state, common)]
    place = _nth(p, parts[0], kind, below(state, counts[0, kind]))
    other = _nth(p, parts[1], kind, below(state, counts[1, kind]))
    return replaced(p, parts[0], up[0], place, parts[1, other])


@compiled
def _nth(p, parts, kind, n):
    """The place of the n-th part of a type, below the root."""
    place = 0
    while n >= 0:
        place += 1
        n -= p.nodes[parts[place], at.TYPE] == kind
    return place


@compiled
def _with_new_part(p, g, state, parts, up, size):
    """As DEAP's ``mutUniform``."""
    place = below(state, size)
    return replaced(p, parts, up, place, _drawn(p, g, state, 0, 2, np.int64(p.nodes[parts[place], at.TYPE])))


@compiled
def _with_other_symbol(p, g, state, parts, up, size):
    """As DEAP's ``mutNodeReplacement``."""
    if size < 2:
        return parts[0]
    place = 1 + below(state, size - 1)
    n = parts[place]
    kind, x, y = p.nodes[n, at.TYPE], np.int64(p.nodes[n, at.X]), np.int64(p.nodes[n, at.Y])
    if x < 0:
        return replaced(p, parts, up, place, _new_leaf(p, g, state, kind))
    first, second = p.nodes[x, at.TYPE], p.nodes[y, at.TYPE] if y >= 0 else np.int32(at.NOTHING)
    uses, count = np.empty(g.primitives.shape[1], np.int64), 0
    for k in range(1, 1 + g.primitives[kind, 0]):
        use = g.primitives[kind, k]
        if g.uses[use, FIRST] == first and g.uses[use, SECOND] == second:
            uses[count] = use
            count += 1
    if not count:  # an operator that simplification has brought in
        return parts[0]
    use = uses[below(state, count)]
    return replaced(p, parts, up, place, ordered(p, np.int64(g.uses[use, OPERATOR]), x, y))


@compiled
def _with_insertion(p, g, state, parts, up, size):
    """As DEAP's ``mutInsert``."""
    place = below(state, size)
    n = parts[place]
    kind = p.nodes[n, at.TYPE]
    uses, count = np.empty(g.primitives.shape[1], np.int64), 0
    for k in range(1, 1 + g.primitives[kind, 0]):
        use = g.primitives[kind, k]
        if g.uses[use, FIRST] == kind or g.uses[use, SECOND] == kind:
            uses[count] = use
            count += 1
    if not count:
        return parts[0]
    use = uses[below(state, count)]
    symbol, first, second = np.int64(g.uses[use, OPERATOR]), g.uses[use, FIRST], g.uses[use, SECOND]
    takes_both = first == kind and second == kind
    chosen = below(state, 2 if takes_both else 1)
    if second < 0:
        part = ordered(p, symbol, n, np.int64(at.NOTHING))
    elif second == kind and (chosen == 1 or not takes_both):
        part = ordered(p, symbol, _new_leaf(p, g, state, first), n)
    else:
        part = ordered(p, symbol, n, _new_leaf(p, g, state, second))
    return replaced(p, parts, up, place, part)


@compiled
def _shrunk(p, state, parts, up, size):
    """As DEAP's ``mutShrink``."""
    if size < 3 or p.nodes[parts[0], at.DEPTH] <= 2:
        return parts[0]
    places, count = np.empty(size, np.int64), 0
    for i in range(1, size):
        if _keeps_type(p, parts[i], at.X) or _keeps_type(p, parts[i], at.Y):
            places[count] = i
            count += 1
    if not count:
        return parts[0]
    place = places[below(state, count)]
    n = parts[place]
    in_first, in_second = _keeps_type(p, n, at.X), _keeps_type(p, n, at.Y)
    chosen = below(state, 2 if in_first and in_second else 1)
    column = at.Y if in_second and (chosen == 1 or not in_first) else at.X
    return replaced(p, parts, up, place, np.int64(p.nodes[n, column]))


@compiled
def _keeps_type(p, number, column):
    """Whether a formula has an argument there that is of its own type."""
    argument = p.nodes[number, column]
    return argument >= 0 and p.nodes[argument, at.TYPE] == p.nodes[number, at.TYPE]
