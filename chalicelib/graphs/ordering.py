"""Orders the items of each row so that few lines cross, and places them so that long lines are straight."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from chalicelib.graphs.straightening import Links, Rows, straighten

SWEEPS = 8
"""How often all rows are ordered. More make no difference to flows that people write."""
PLACING_SWEEPS = 10


def order(rows: Rows, links: Links) -> Rows:
    """Return the rows with their items in the order that has the fewest crossings among those tried."""
    best, fewest = [list(row) for row in rows], _crossings(rows, links)
    current = [list(row) for row in rows]
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        neighbours = links.above if down else links.below
        numbers = range(1, len(current)) if down else range(len(current) - 2, -1, -1)
        for number in numbers:
            _sort(current[number], current[number - 1 if down else number + 1], neighbours)
        found = _crossings(current, links)
        if found < fewest:
            best, fewest = [list(row) for row in current], found
    return best


def _sort(row: list[str], fixed: list[str], neighbours: Mapping[str, Mapping[str, float]]) -> None:
    place = {item: index for index, item in enumerate(fixed)}
    middle: dict[str, float] = {}
    for index, item in enumerate(row):
        known = [place[other] for other in neighbours.get(item, ()) if other in place]
        middle[item] = sum(known) / len(known) if known else index * max(1, len(fixed)) / max(1, len(row))
    row.sort(key=middle.__getitem__)


def _crossings(rows: Rows, links: Links) -> int:
    """Count the pairs of lines between neighbouring rows that cross."""
    total = 0
    for upper, lower in pairwise(rows):
        place = {item: index for index, item in enumerate(lower)}
        seen: list[int] = []
        for item in upper:
            ends = sorted(place[other] for other in links.below.get(item, ()) if other in place)
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def place(rows: Rows, links: Links, width: Mapping[str, float], gap: Callable[[str, str], float]) -> dict[str, float]:
    """Return the middle of each item, so that items keep their order and distance, and lines are short and straight.

    Args:
        rows: The items in their order.
        links: The lines between them.
        width: The width of each item.
        gap: Returns the space between two items that are next to each other.
    """
    x: dict[str, float] = {}
    distances = []
    for row in rows:
        steps = [(width[one] + width[other]) / 2 + gap(one, other) for one, other in pairwise(row)]
        distances.append(steps)
        at = -sum(steps) / 2
        for item, step in zip(row, [*steps, 0.0], strict=False):
            x[item] = at
            at += step
    for sweep in range(PLACING_SWEEPS):
        down = sweep % 2 == 0
        final = sweep >= PLACING_SWEEPS - 4
        numbers = range(len(rows)) if down else range(len(rows) - 1, -1, -1)
        for number in numbers:
            wanted, weights = _wanted(rows[number], links, x, sides=(down or final, not down or final))
            x.update(zip(rows[number], _nearest(wanted, weights, distances[number]), strict=True))
    straighten(rows, links, distances, x)
    return x


def _wanted(
    row: Sequence[str], links: Links, x: Mapping[str, float], sides: tuple[bool, bool]
) -> tuple[list[float], list[float]]:
    """Return where each item of a row would be best, and how much that matters."""
    wanted, weights = [], []
    for item in row:
        near = [
            *(links.above.get(item, {}).items() if sides[0] else ()),
            *(links.below.get(item, {}).items() if sides[1] else ()),
        ]
        total = sum(weight for _, weight in near)
        wanted.append(sum(x[other] * weight for other, weight in near) / total if total else x[item])
        weights.append(total or 0.1)
    return wanted, weights


def _nearest(wanted: Sequence[float], weights: Sequence[float], distances: Sequence[float]) -> list[float]:
    """Return the positions nearest to the wanted ones (least squares) that keep at least the given distances.

    Positions are shifted by the distances, so that they only have to ascend: isotonic regression, by the algorithm of
    pooled adjacent violators.
    """
    shifts = [0.0]
    for distance in distances:
        shifts.append(shifts[-1] + distance)
    pools: list[tuple[float, float, int]] = []  # mean, weight, number of items
    for want, weight, shift in zip(wanted, weights, shifts, strict=False):
        mean, total, count = want - shift, weight, 1
        while pools and pools[-1][0] > mean:
            other, other_total, other_count = pools.pop()
            mean = (mean * total + other * other_total) / (total + other_total)
            total, count = total + other_total, count + other_count
        pools.append((mean, total, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + shift for mean, shift in zip(means, shifts, strict=False)]
