"""The pseudorandom numbers of `java.util.Random`, which AWS gives for a seed.

Source: https://docs.oracle.com/en/java/javase/17/docs/api/java.base/java/util/Random.html
"""

from __future__ import annotations

_MASK = 2**48 - 1
_MULTIPLIER = 0x5DEECE66D


class JavaRandom:
    """A linear congruential generator of 48 bits."""

    def __init__(self, seed: int) -> None:
        self._state = (seed ^ _MULTIPLIER) & _MASK

    def _next(self, bits: int) -> int:
        self._state = (self._state * _MULTIPLIER + 0xB) & _MASK
        return self._state >> (48 - bits)

    def double(self) -> float:
        """Return a number from 0 (included) to 1."""
        return ((self._next(26) << 27) + self._next(27)) / 2**53

    def below(self, bound: int) -> int:
        """Return an integer from 0 (included) to `bound`, which is at most 2^31 - 1."""
        if bound & (bound - 1) == 0:
            return (bound * self._next(31)) >> 31
        while True:
            drawn = self._next(31)
            number = drawn % bound
            if drawn - number + bound - 1 < 2**31:
                return number
