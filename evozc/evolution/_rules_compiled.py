"""The compiled part of the rules: which candidates are to be scored, and in which form."""

from __future__ import annotations

from evozc._compiling import compiled
from evozc.evolution._seen_compiled import holds
from evozc.formula.pool import layout as at
from evozc.formula.pool.compiled import reduced, shortest

#: The rules, as the places where they count.
STRUCTURE, REDUNDANCY, RANK_INVARIANCE, EQUIVALENCE = range(4)
#: Formulas that simplifying one may make at most.
_ROOM = 2**13


@compiled
def prune(p, young, old, candidates, first, max_size, max_depth, mark, asked, count, removed):
    """Look at candidates until all are done, room is short, or an operator on numbers waits in the pool.

    Those that no rule removes are appended to ``asked`` after the ``count`` that it holds, and
    marked; ``removed`` counts the others by the rule that was first.

    Returns:
        How many candidates are done, and how many ``asked`` holds.
    """
    for k in range(first, len(candidates)):
        if p.head[at.COUNT] + _ROOM > len(p.nodes):
            return k, count
        n = candidates[k]
        if p.nodes[n, at.MARK] == mark or _known(p, young, old, n):
            removed[EQUIVALENCE] += 1
            continue
        node = p.nodes[n]
        sound = node[at.FLAGS] & (at.HAS_STATISTICS | at.REPEATS) == at.HAS_STATISTICS
        if not sound or node[at.SIZE] > max_size or node[at.DEPTH] > max_depth:
            removed[STRUCTURE] += 1
            continue
        plain = reduced(p, n)
        if plain < 0:
            return k, count
        if p.nodes[plain, at.FLAGS] & (at.HAS_STATISTICS | at.DEGENERATE) != at.HAS_STATISTICS:
            removed[REDUNDANCY] += 1
            continue
        form = shortest(p, plain)
        if form < 0:
            return k, count
        if form == n or not _known(p, young, old, form):
            if p.nodes[form, at.MARK] == mark:
                removed[EQUIVALENCE] += 1
            else:
                p.nodes[form, at.MARK] = mark
                asked[count] = form
                count += 1
        elif form != plain:
            removed[RANK_INVARIANCE] += 1
        else:
            removed[EQUIVALENCE if plain == n else REDUNDANCY] += 1
    return len(candidates), count


@compiled
def _known(p, young, old, n):
    key = p.keys[n, at.PRINT]
    return holds(young, key) or holds(old, key)
