"""What Java 17 prints for `new Random(seed).nextInt(bound)` and `nextDouble()`."""

from __future__ import annotations

import pytest

from asl.language.java_random import JavaRandom


@pytest.mark.parametrize(
    ("seed", "bound", "number"),
    [
        (0, 100, 60),
        (0, 999, 672),
        (0, 64, 46),
        (0, 1000000, 741360),
        (0, 2147483647, 1569741360),
        (0, 1073741824, 784870680),
        (0, 3, 0),
        (3, 100, 34),
        (3, 999, 239),
        (42, 999, 125),
        (42, 64, 46),
        (42, 1000000, 431130),
        (42, 2147483647, 1562431130),
        (42, 1073741824, 781215565),
        (42, 3, 2),
        (-7, 100, 62),
        (-7, 999, 175),
        (-7, 64, 17),
    ],
)
def test_integers(seed: int, bound: int, number: int) -> None:
    assert JavaRandom(seed).below(bound) == number


@pytest.mark.parametrize(("seed", "number"), [(0, 0.730967787376657), (42, 0.7275636800328681)])
def test_doubles(seed: int, number: float) -> None:
    assert JavaRandom(seed).double() == number
