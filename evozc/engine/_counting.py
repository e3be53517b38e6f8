"""The compiled part of Kendall's tau: keys that sort like scores, and pairs counted by bitsets."""

from __future__ import annotations

import numpy as np

from evozc.engine._compiled import compiled, count_bits

_INFINITE = 0x7FF0000000000000
_MAGNITUDE = 0x7FFFFFFFFFFFFFFF
_ROUNDED = 12


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
            keys[i] = bits[columns[i]]
        missing, low, high = 0, np.int64(_INFINITE), np.int64(0)
        for i in range(n):
            magnitude = keys[i] & _MAGNITUDE
            rounded = (magnitude + (1 << (_ROUNDED - 1))) >> _ROUNDED
            finite = magnitude < _INFINITE
            missing += 0 if finite else 1
            low = min(low, rounded if rounded > 0 else np.int64(_INFINITE))
            high = max(high, rounded if finite else 0)
        low -= 1
        span = high - low + 1 if high else np.int64(1)
        differences = 0
        for i in range(n):
            magnitude = keys[i] & _MAGNITUDE
            rounded = (magnitude + (1 << (_ROUNDED - 1))) >> _ROUNDED
            above = rounded - low if rounded > 0 else 0
            key = span + (above if keys[i] >= 0 else -above)
            keys[i] = key if magnitude < _INFINITE else 0
            differences |= keys[i] ^ keys[0]
            packed[row, i] = (np.uint64(keys[i]) << np.uint64(shift)) | np.uint64(i)
        state[row] = missing
        if not differences and not missing:
            state[row] = -1
        elif 2 * span >= np.int64(1) << (63 - shift):
            state[row] = -2


@compiled
def count(packed, shift, last, wanted, total, tied_target, later, before, taus, digests):
    """Tau-b and a digest of the ranking, of rows sorted by score and then by target.

    ``last`` is the place of the last architecture with the same target as each. The
    architectures seen so far are kept as a set of bits, with the number of those in
    ``later`` words for each word: an architecture is discordant with all that rank lower
    but have a better target. ``before`` is 1 in its first half and 0 in its second.
    """
    n = packed.shape[1]
    words = np.uint64(len(later))
    place_mask = (np.uint64(1) << np.uint64(shift)) - np.uint64(1)
    seen = np.empty(words, np.uint64)
    for row in range(len(packed)):
        if not wanted[row]:
            continue
        seen[:] = 0
        later[:] = 0
        discordant = 0
        for i in range(n):
            place = packed[row, i] & place_mask
            end = np.uint64(last[place])
            word = end >> np.uint64(6)
            discordant += later[word] + np.int64(
                count_bits((seen[word] >> (end & np.uint64(63))) >> np.uint64(1)))
            word = place >> np.uint64(6)
            seen[word] |= np.uint64(1) << (place & np.uint64(63))
            for w in range(words):
                later[w] += before[words - word + w]
        tied, tied_both, digest = _ties(packed[row], np.uint64(shift), place_mask, last)
        balance = total - tied - tied_target + tied_both - 2 * discordant
        digests[row] = digest
        if total > tied and total > tied_target:
            tau = balance / np.sqrt(float(total - tied)) / np.sqrt(float(total - tied_target))
            taus[row] = max(-1.0, min(1.0, tau))
        else:
            taus[row] = np.nan


@compiled
def _ties(packed, shift, place_mask, last):
    """Pairs tied in the scores, pairs tied in both, and the digest of the ranking."""
    tied, tied_both, run, run_both = 0, 0, 0, 0
    group = np.uint64(0)
    digest = np.uint64(0)
    key_before, last_before = packed[0] >> shift, -1
    for i in range(len(packed)):
        key, place = packed[i] >> shift, packed[i] & place_mask
        if i and key == key_before:
            run += 1
            tied += run
            run_both = run_both + 1 if last[place] == last_before else 0
            tied_both += run_both
        else:
            run, run_both = 0, 0
            group += np.uint64(1)
        key_before, last_before = key, last[place]
        mixed = (place | (group << np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        digest += mixed ^ (mixed >> np.uint64(32))
    return tied, tied_both, digest
