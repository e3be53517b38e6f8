"""The generator of Python's module ``random``, compiled: the same numbers from the same state.

The state is int64 (625,), what ``random.Random.getstate`` holds: 624 words of 32 bits, and
how many of them have been used (Matsumoto and Nishimura, ACM TOMACS 1998).
"""

from __future__ import annotations

import math

from evozc._compiling import compiled

_WORDS, _AHEAD = 624, 397
_KINDERMAN_MONAHAN = 4 * math.exp(-0.5) / math.sqrt(2.0)


@compiled
def _word(state):
    """The next 32 bits."""
    at = state[_WORDS]
    if at >= _WORDS:
        for k in range(_WORDS):
            y = (state[k] & 0x80000000) | (state[(k + 1) % _WORDS] & 0x7FFFFFFF)
            state[k] = state[(k + _AHEAD) % _WORDS] ^ (y >> 1) ^ (0x9908B0DF if y & 1 else 0)
        at = 0
    y = state[at]
    state[_WORDS] = at + 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9D2C5680
    y ^= (y << 15) & 0xEFC60000
    return y ^ (y >> 18)


@compiled
def uniform(state):
    """As ``random()``."""
    high, low = _word(state) >> 5, _word(state) >> 6
    return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0)


@compiled
def below(state, n):
    """As ``randrange(n)``, for 0 < n < 2**32."""
    bits = 0
    while n >> bits:
        bits += 1
    drawn = _word(state) >> (32 - bits)
    while drawn >= n:
        drawn = _word(state) >> (32 - bits)
    return drawn


@compiled
def log_normal(state, sigma):
    """As ``lognormvariate(0, sigma)``."""
    while True:
        first = uniform(state)
        second = 1.0 - uniform(state)
        z = _KINDERMAN_MONAHAN * (first - 0.5) / second
        if z * z / 4.0 <= -math.log(second):
            return math.exp(0.0 + z * sigma)
