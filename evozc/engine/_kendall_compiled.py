"""The compiled part of Kendall's tau: keys that sort like scores, and pairs counted in blocks."""

from __future__ import annotations

import numpy as np

from evozc._compiling import add_16, compiled, count_bits

#: The bits of infinity, of a number without its sign, and how many of the lowest are rounded away.
INFINITE = 0x7FF0000000000000
MAGNITUDE = 0x7FFFFFFFFFFFFFFF
ROUNDED = 12
#: Architectures of a word of bits, of a block of 16 words, and of a region of 16 blocks.
_WORD, _BLOCK, _REGION = 6, 10, 14


@compiled
def pack(scores, columns, shift, packed, state):
    """Each score's rank order and place in one uint64, or why there is none.

    ``columns`` are those of the architectures by rising target. Scores are rounded as
    ``rankable`` does. ``state`` becomes the number of scores that are not finite, -1
    where all are finite and alike, or -2 where 64 bits do not suffice.
    """
    n = len(columns)
    keys = np.empty(n, np.int64)
    for row in range(len(scores)):
        bits = scores[row].view(np.int64)
        for i in range(n):
            keys[i] = bits[np.uint32(columns[i])]
        missing, low, high = 0, np.int64(INFINITE), np.int64(0)
        for i in range(n):
            magnitude = keys[i] & MAGNITUDE
            rounded = (magnitude + (1 << (ROUNDED - 1))) >> ROUNDED
            finite = magnitude < INFINITE
            missing += 0 if finite else 1
            low = min(low, rounded if rounded > 0 else np.int64(INFINITE))
            high = max(high, rounded if finite else 0)
        low -= 1
        span = high - low + 1 if high else np.int64(1)
        first = _key(keys[0], low, span)  # apart from the loop, which is vector code
        differences = 0
        for i in range(n):
            key = _key(keys[i], low, span)
            differences |= key ^ first
            packed[row, i] = (np.uint64(key) << np.uint64(shift)) | np.uint64(i)
        state[row] = missing
        if not differences and not missing:
            state[row] = -1
        elif 2 * span >= np.int64(1) << (63 - shift):
            state[row] = -2


@compiled
def _key(bits, low, span):
    magnitude = bits & MAGNITUDE
    rounded = (magnitude + (1 << (ROUNDED - 1))) >> ROUNDED
    above = rounded - low if rounded > 0 else 0
    key = span + (above if bits >= 0 else -above)
    return key if magnitude < INFINITE else 0


@compiled
def count(packed, shift, last, wanted, total, tied_target, before, taus, digests):
    """Tau-b and a digest of the ranking, of rows sorted by score and then by target.

    ``last`` is the place of the last architecture with the same target as each. An
    architecture is discordant with all that rank lower but have a better target: those seen
    before it, at later places. They are kept as bits in words; how many there are in later
    words of the same block, later blocks of the same region and later regions is counted
    beside, 16 counters at once: ``before`` (16, 16) is 1 below its diagonal.
    """
    n = packed.shape[1]
    place_mask = (np.uint64(1) << np.uint64(shift)) - np.uint64(1)
    regions = (n - 1) >> _REGION
    seen = np.empty(((n - 1) >> _WORD) + 1, np.uint64)
    later_words = np.empty(16 * (((n - 1) >> _BLOCK) + 1), np.uint16)
    later_blocks = np.empty(16 * (regions + 1), np.uint16)
    later_regions = np.empty(regions + 1, np.int64)
    words_at, blocks_at, before_at = later_words.ctypes.data, later_blocks.ctypes.data, before.ctypes.data
    for row in range(len(packed)):
        if not wanted[row]:
            continue
        seen[:], later_words[:], later_blocks[:], later_regions[:] = 0, 0, 0, 0
        discordant = tied = tied_both = run = run_both = 0
        digest, group, key_before, end_before = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
        for i in range(n):
            place = packed[row, i] & place_mask
            end = np.uint64(last[place])
            word = end >> np.uint64(_WORD)
            discordant += np.int64(count_bits((seen[word] >> (end & np.uint64(63))) >> np.uint64(1)))
            discordant += np.int64(later_words[word]) + np.int64(later_blocks[word >> np.uint64(4)])
            word = place >> np.uint64(_WORD)
            seen[word] |= np.uint64(1) << (place & np.uint64(63))
            block, region = np.int64(place >> np.uint64(_BLOCK)), np.int64(place >> np.uint64(_REGION))
            add_16(words_at + (block << 5), before_at + (np.int64(word & np.uint64(15)) << 5))
            add_16(blocks_at + (region << 5), before_at + ((block & 15) << 5))
            if regions:
                discordant += later_regions[end >> np.uint64(_REGION)]
                for r in range(region):
                    later_regions[r] += 1
            key = packed[row, i] >> np.uint64(shift)
            if i and key == key_before:
                run += 1
                tied += run
                run_both = run_both + 1 if end == end_before else 0
                tied_both += run_both
            else:
                run, run_both = 0, 0
                group += np.uint64(1)
            key_before, end_before = key, end
            mixed = (place | (group << np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
            mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
            digest += mixed ^ (mixed >> np.uint64(32))
        balance = total - tied - tied_target + tied_both - 2 * discordant
        digests[row] = digest
        if total > tied and total > tied_target:
            tau = balance / np.sqrt(float(total - tied)) / np.sqrt(float(total - tied_target))
            taus[row] = max(-1.0, min(1.0, tau))
        else:
            taus[row] = np.nan


@compiled
def agree(x, y, order):
    """For each of n how many others are concordant with it less those discordant, and untied in x and in y.

    ``x`` and ``y`` are ranks from 0 without gaps, ``order`` sorts by x and then by y. Those
    of lower x are kept in a tree of counts by y (Fenwick, Software: Practice and Experience 1994).
    """
    n = len(order)
    tree, alike = np.zeros(n + 1, np.int64), np.zeros(n, np.int64)
    agreement, untied_x, untied_y = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    for rank in y:
        alike[rank] += 1
    below = np.cumsum(alike) - alike
    start = 0
    while start < n:
        end = start
        while end < n and x[order[end]] == x[order[start]]:
            end += 1
        first = start
        for k in range(start, end):
            a = order[k]
            if y[a] != y[order[first]]:
                first = k
            if k == first:  # those tied with it in both have the same counts
                last = k
                while last < end and y[order[last]] == y[a]:
                    last += 1
                lower, at_most = _sum(tree, y[a]), _sum(tree, y[a] + 1)
                above = n - below[y[a]] - alike[y[a]]
                higher_both = above - (start - at_most) - (end - last)
                higher_lower = below[y[a]] - lower - (first - start)
                found = lower + higher_both - (start - at_most) - higher_lower
            agreement[a], untied_x[a], untied_y[a] = found, n - (end - start), n - alike[y[a]]
        for k in range(start, end):
            node = y[order[k]] + 1
            while node <= n:
                tree[node] += 1
                node += node & -node
        start = end
    return agreement, untied_x, untied_y


@compiled
def _sum(tree, count):
    """What the first so many counts add up to."""
    total = 0
    while count > 0:
        total += tree[count]
        count -= count & -count
    return total


@compiled
def balances(x, y, order, weights):
    """Concordant pairs less discordant ones, for each of several ways to weigh architectures.

    ``weights`` is int64 (n, ways); ``x``, ``y`` and ``order`` are those of :func:`agree`.
    """
    n, ways = weights.shape
    tree = np.zeros((n + 1, ways), np.int64)
    balance, seen, found = np.zeros(ways, np.int64), np.zeros(ways, np.int64), np.empty(ways, np.int64)
    start = 0
    while start < n:
        end = start
        while end < n and x[order[end]] == x[order[start]]:
            a = order[end]
            found[:] = -seen
            for limit in (y[a], y[a] + 1):
                node = limit
                while node > 0:
                    found += tree[node]
                    node -= node & -node
            balance += found * weights[a]
            end += 1
        for k in range(start, end):
            seen += weights[order[k]]
            node = y[order[k]] + 1
            while node <= n:
                tree[node] += weights[order[k]]
                node += node & -node
        start = end
    return balance
