"""The compiled part of pools of formulas: making them, comparing and writing texts, and simplifying.

The rules are those of ``_simplify``, read from the same declarations; tests hold the two
together. Nothing here knows an operator by name.
"""

from __future__ import annotations

import numpy as np

from evozc._compiling import compiled
from evozc.formula.pool import layout as at

COMMA, SPACE, CLOSING = b", )"
_BEHIND, _BETWEEN = -1, -2


@compiled
def intern(p, symbol, x, y):
    """The number of a formula of known parts; -1 for a part that is not there."""
    of_x = p.keys[x, at.PRINT] if x >= 0 else np.uint64(0)
    of_y = p.keys[y, at.PRINT] if y >= 0 else np.uint64(0)
    key = _mixed(p.prints[symbol], of_x, of_y)
    last = np.uint64(len(p.slots) - 1)
    slot = key & last
    while p.slots[slot]:
        n = p.slots[slot] - 1
        if p.nodes[n, at.SYMBOL] == symbol and p.nodes[n, at.X] == x and p.nodes[n, at.Y] == y:
            return np.int64(n)
        slot = (slot + np.uint64(1)) & last
    n = p.head[at.COUNT]
    if n == len(p.nodes):
        raise MemoryError("the pool of formulas outgrew its room")
    p.head[at.COUNT] += 1
    p.slots[slot] = n + 1
    p.keys[n, at.PRINT] = key
    node, traits = p.nodes[n], p.traits[symbol]
    node[at.SYMBOL], node[at.X], node[at.Y] = symbol, x, y
    node[at.REDUCED], node[at.SHORTEST], node[at.FOLDED] = at.UNKNOWN, at.UNKNOWN, at.UNKNOWN
    node[at.MARK] = 0
    size, depth, flags, within, own = 1, 0, 0, np.uint64(0), np.uint64(0)
    length = traits[at.TEXT_END] - traits[at.TEXT_START] + (x >= 0) + 2 * (y >= 0)
    for argument in (x, y):
        if argument >= 0:
            below = p.nodes[argument]
            size += below[at.SIZE]
            depth = max(depth, below[at.DEPTH])
            length += below[at.LENGTH]
            flags |= below[at.FLAGS]
            within |= p.keys[argument, at.WITHIN]
    kind, unnested = traits[at.KIND], traits[at.UNNESTED]
    if x < 0:
        flags = at.HAS_STATISTICS if kind == at.STATISTIC else 0
        node[at.TYPE], node[at.SIGN] = traits[at.RESULT], p.signs[traits[at.SIGNS]]
    else:
        type_x, sign_x = p.nodes[x, at.TYPE], p.nodes[x, at.SIGN]
        type_y, sign_y = np.int32(at.NETWORK), np.int32(0)
        if y >= 0:
            type_y, sign_y = p.nodes[y, at.TYPE], p.nodes[y, at.SIGN]
        if kind == at.ELEMENTWISE:
            node[at.TYPE] = type_x if type_x != at.NETWORK else type_y
        else:
            node[at.TYPE] = type_x if kind == at.VECTOR else at.NETWORK
        node[at.SIGN] = p.signs[traits[at.SIGNS] + 8 * sign_x + sign_y]
        if traits[at.PROPERTIES] & at.HAS_EQUAL and x == y:
            flags |= at.DEGENERATE
        if unnested >= 0:
            own = np.uint64(1) << np.uint64(unnested)
            if within & own:
                flags |= at.REPEATS
    node[at.SIZE], node[at.DEPTH], node[at.LENGTH], node[at.FLAGS] = size, depth + 1, length, flags
    p.keys[n, at.WITHIN] = within | own
    return np.int64(n)


@compiled
def _mixed(a, b, c):
    h = a ^ (b * np.uint64(0x9E3779B97F4A7C15))
    h = (h ^ (h >> np.uint64(32))) + c * np.uint64(0xC2B2AE3D27D4EB4F)
    h = (h ^ (h >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(32))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


@compiled
def ordered(p, symbol, x, y):
    """As :func:`intern`, the arguments of a commutative operator in the order of their texts."""
    if y >= 0 and p.traits[symbol, at.PROPERTIES] & at.COMMUTATIVE and before(p, y, x):
        x, y = y, x
    return intern(p, symbol, x, y)


@compiled
def before(p, a, b):
    """Whether the text of one formula sorts before that of another."""
    if p.nodes[a, at.SYMBOL] != p.nodes[b, at.SYMBOL]:
        return _sorts_before(p, p.nodes[a, at.SYMBOL], p.nodes[b, at.SYMBOL])
    left, right, height = p.stacks[0], p.stacks[1], 1
    left[0], right[0] = a, b
    while height:
        height -= 1
        a, b = left[height], right[height]
        if a == b:
            continue
        one, other = p.nodes[a, at.SYMBOL], p.nodes[b, at.SYMBOL]
        if one != other:
            return _sorts_before(p, one, other)
        for argument in (at.Y, at.X):
            if p.nodes[a, argument] >= 0:
                left[height], right[height] = p.nodes[a, argument], p.nodes[b, argument]
                height += 1
    return False


@compiled
def _sorts_before(p, one, other):
    """Whether a symbol sorts before another one, as formula text has them: an operator with its bracket."""
    i, j = p.traits[one, at.TEXT_START], p.traits[other, at.TEXT_START]
    while i < p.traits[one, at.TEXT_END] and j < p.traits[other, at.TEXT_END]:
        if p.text[i] != p.text[j]:
            return p.text[i] < p.text[j]
        i += 1
        j += 1
    return j < p.traits[other, at.TEXT_END]  # what follows a symbol sorts before what may go on with one


@compiled
def build(p, symbols):
    """Numbers of formulas that are given by their symbols, one formula after another."""
    stack = np.empty(len(symbols), np.int64)
    height = 0
    for k in range(len(symbols) - 1, -1, -1):
        arity = p.traits[symbols[k], at.ARITY]
        x = stack[height - 1] if arity else np.int64(at.NOTHING)
        y = stack[height - 2] if arity == 2 else np.int64(at.NOTHING)
        height -= arity
        stack[height] = intern(p, symbols[k], x, y)
        height += 1
    return stack[:height][::-1].copy()


@compiled
def write(p, numbers, out):
    """The texts of formulas, one after another."""
    place = 0
    stack = p.stacks[0]
    for number in numbers:
        stack[0], height = number, 1
        while height:
            height -= 1
            n = stack[height]
            if n < 0:  # what stands between and behind arguments
                out[place] = COMMA if n == _BETWEEN else CLOSING
                place += 1
                if n == _BETWEEN:
                    out[place] = SPACE
                    place += 1
                continue
            traits = p.traits[p.nodes[n, at.SYMBOL]]
            for k in range(traits[at.TEXT_START], traits[at.TEXT_END]):
                out[place] = p.text[k]
                place += 1
            if p.nodes[n, at.X] >= 0:
                stack[height] = _BEHIND
                height += 1
                if p.nodes[n, at.Y] >= 0:
                    stack[height], stack[height + 1] = p.nodes[n, at.Y], _BETWEEN
                    height += 2
                stack[height] = p.nodes[n, at.X]
                height += 1


# --- simplification --------------------------------------------------------------------------------


@compiled
def reduced(p, n):
    """The formula without its redundancies; -1 while an operator on numbers waits in ``head[at.PENDING]``."""
    known = p.nodes[n, at.REDUCED]
    if known >= 0:
        return np.int64(known)
    x, y = np.int64(p.nodes[n, at.X]), np.int64(p.nodes[n, at.Y])
    if x < 0:
        return np.int64(n)
    a = reduced(p, x)
    b = reduced(p, y) if y >= 0 else np.int64(at.NOTHING)
    if a < 0 or (b < 0 and y >= 0):
        return np.int64(at.NOTHING)
    rebuilt = np.int64(n) if a == x and b == y else intern(p, p.nodes[n, at.SYMBOL], a, b)
    stepped = _step(p, rebuilt)
    if stepped < 0:
        return np.int64(at.NOTHING)
    result = rebuilt if stepped == rebuilt else reduced(p, stepped)
    if result >= 0:
        p.nodes[result, at.REDUCED] = result
        p.nodes[n, at.REDUCED] = result
    return result


@compiled
def _step(p, n):
    """The formula with its topmost redundancy gone; what is below has none."""
    symbol, x, y = p.nodes[n, at.SYMBOL], np.int64(p.nodes[n, at.X]), np.int64(p.nodes[n, at.Y])
    if x < 0:
        return n
    traits = p.traits[symbol]
    properties = traits[at.PROPERTIES]
    if properties & at.COMMUTATIVE and before(p, y, x):
        x, y = y, x
        n = intern(p, symbol, x, y)
    of_leaves = p.nodes[x, at.X] < 0 and (y < 0 or p.nodes[y, at.X] < 0)
    if of_leaves and not p.nodes[n, at.FLAGS] & at.HAS_STATISTICS and traits[at.KIND] == at.ELEMENTWISE:
        folded = np.int64(p.nodes[n, at.FOLDED])
        if folded == at.UNKNOWN:
            p.head[at.PENDING] = n
            return np.int64(at.NOTHING)
        if folded >= 0:
            return folded
    return _unary(p, n, symbol, x) if y < 0 else _binary(p, n, properties, symbol, x, y)


@compiled
def _unary(p, n, symbol, inner):
    traits = p.traits[symbol]
    properties, identity_on = traits[at.PROPERTIES], traits[at.IDENTITY_ON]
    if identity_on and not p.nodes[inner, at.SIGN] & ~identity_on:
        return inner
    below = p.nodes[inner, at.SYMBOL]
    if properties & at.IDEMPOTENT and below == symbol:
        return inner
    x, y = np.int64(p.nodes[inner, at.X]), np.int64(p.nodes[inner, at.Y])
    if x < 0:
        return n
    of_below = p.traits[below]
    if properties & at.EVEN and (
        of_below[at.PROPERTIES] & at.NEGATES
        or (of_below[at.PROPERTIES] & at.KEEPS_MAGNITUDE and traits[at.KIND] == at.ELEMENTWISE)
    ):
        return intern(p, symbol, x, y)
    if properties & at.NEGATES and of_below[at.PROPERTIES] & at.ANTISYMMETRIC:
        return intern(p, below, y, x)
    if of_below[at.UNDONE_BY] == symbol:
        if not p.nodes[x, at.SIGN] & ~of_below[at.INVERTIBLE]:
            return x
        if of_below[at.PROPERTIES] & at.EVEN and not at.NONNEGATIVE & ~of_below[at.INVERTIBLE]:
            return intern(p, p.head[at.ABS], x, np.int64(at.NOTHING))
    return n


@compiled
def _binary(p, n, properties, symbol, x, y):
    if x == y and properties & at.IDEMPOTENT:
        return x
    if x == y and properties & at.HAS_EQUAL and p.nodes[x, at.TYPE] == at.NETWORK:
        return intern(p, p.traits[symbol, at.EQUAL], np.int64(at.NOTHING), np.int64(at.NOTHING))
    if properties & at.HAS_NEUTRAL:
        neutral = p.values[symbol, at.NEUTRAL]
        if _is_number(p, y, neutral):
            return x
        if properties & at.COMMUTATIVE and _is_number(p, x, neutral):
            return y
    return n


@compiled
def _is_number(p, n, value):
    symbol = p.nodes[n, at.SYMBOL]
    return p.traits[symbol, at.KIND] == at.CONSTANT and p.values[symbol, at.VALUE] == value


@compiled
def shortest(p, n):
    """The shortest form known to rank architectures as the formula does; -1 as :func:`reduced`."""
    known = p.nodes[n, at.SHORTEST]
    if known >= 0:
        return np.int64(known)
    first = reduced(p, n)
    if first < 0:
        return first
    shorter = _stripped(p, first)
    found = np.int64(n) if shorter == n else shortest(p, shorter)
    if found >= 0:
        p.nodes[n, at.SHORTEST] = found
    return found


@compiled
def _stripped(p, n):
    """The formula without the strictly monotone operators at its root."""
    flipped = False
    while p.nodes[n, at.X] >= 0:
        traits, x, y = p.traits[p.nodes[n, at.SYMBOL]], np.int64(p.nodes[n, at.X]), np.int64(p.nodes[n, at.Y])
        inner, decreasing = np.int64(at.NOTHING), False
        if y < 0:
            sign = p.nodes[x, at.SIGN]
            if p.nodes[x, at.TYPE] == at.NETWORK:
                if traits[at.INCREASING] and not sign & ~traits[at.INCREASING]:
                    inner = x
                elif traits[at.DECREASING] and not sign & ~traits[at.DECREASING]:
                    inner, decreasing = x, True
        else:
            for place in range(2):
                kept, other = (x, y) if place == 0 else (y, x)
                if not _is_constant(p, other) or _is_constant(p, kept):
                    continue
                sign = p.nodes[other, at.SIGN]
                if not sign & ~traits[at.INCREASING_X + place]:
                    inner = kept
                elif not sign & ~traits[at.DECREASING_X + place]:
                    inner, decreasing = kept, True
        if inner < 0:
            break
        n, flipped = inner, flipped != decreasing
    return intern(p, p.head[at.NEG], n, np.int64(at.NOTHING)) if flipped else n


@compiled
def _is_constant(p, n):
    return p.traits[p.nodes[n, at.SYMBOL], at.KIND] == at.CONSTANT


# --- room ------------------------------------------------------------------------------------------


@compiled
def fill(slots, keys):
    """Numbers of formulas into an empty hash table."""
    last = np.uint64(len(slots) - 1)
    for n in range(len(keys)):
        slot = keys[n, at.PRINT] & last
        while slots[slot]:
            slot = (slot + np.uint64(1)) & last
        slots[slot] = n + 1


@compiled
def mark_parts(nodes, wanted):
    """Mark the parts of wanted formulas as wanted."""
    for n in range(len(wanted) - 1, -1, -1):
        if wanted[n]:
            for column in (at.X, at.Y):
                if nodes[n, column] >= 0:
                    wanted[nodes[n, column]] = True
