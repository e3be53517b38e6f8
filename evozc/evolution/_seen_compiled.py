"""The compiled part of what a search has met: sets of 64 bits, by open addressing."""

from __future__ import annotations

import numpy as np

from evozc._compiling import compiled


@compiled
def _slot(slots, key):
    """Where a key is, or would be."""
    last = np.uint64(len(slots) - 1)
    slot = key & last
    while slots[slot] and slots[slot] != key:
        slot = (slot + np.uint64(1)) & last
    return slot


@compiled
def holds(slots, key):
    """Whether a key, other than 0, is among them."""
    return slots[_slot(slots, key)] != 0


@compiled
def add(young, old, keys, new, first, most):
    """Add keys to the younger set but for those that the older one holds, ``most`` new ones at most.

    Returns:
        How many keys were looked at, and how many were new.
    """
    added = 0
    for k in range(first, len(keys)):
        key = keys[k] if keys[k] else np.uint64(1)
        new[k] = False
        if not holds(old, key):
            slot = _slot(young, key)
            if not young[slot]:
                young[slot] = key
                new[k] = True
                added += 1
                if added == most:
                    return k + 1, added
    return len(keys), added


@compiled
def move(slots, larger):
    """Put all keys into an empty set."""
    for key in slots:
        if key:
            larger[_slot(larger, key)] = key
