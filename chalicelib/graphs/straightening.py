"""Makes the lines of a picture straight, once the items of each row have their order and a first place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from math import inf

Rows = list[list[str]]
SWEEPS = 6
STRAIGHT = 8.0
"""The weight of links that must be straight if possible."""

_Neighbours = dict[str, tuple[str, float]]
"""The item beside each item, and how far away it must be at least."""


class Links:
    """Which items of neighbouring rows are joined by a line, and how much it matters that the line is straight."""

    def __init__(self) -> None:
        self.above: dict[str, dict[str, float]] = defaultdict(dict)
        self.below: dict[str, dict[str, float]] = defaultdict(dict)

    def add(self, upper: str, lower: str, weight: float) -> None:
        """Join two items; lines between the same items count once."""
        self.below[upper][lower] = max(weight, self.below[upper].get(lower, 0.0))
        self.above[lower][upper] = self.below[upper][lower]


def straighten(rows: Rows, links: Links, distances: Sequence[Sequence[float]], x: dict[str, float]) -> None:
    """Move each chain of items below each other into one vertical line.

    Args:
        rows: The items in their order.
        links: The lines between them.
        distances: The least distance between the middles of neighbours, for each row.
        x: The middle of each item, which is changed.
    """
    left: _Neighbours = {}
    right: _Neighbours = {}
    for row, steps in zip(rows, distances, strict=True):
        for (one, other), step in zip(pairwise(row), steps, strict=True):
            right[one], left[other] = (other, step), (one, step)
    chains = sorted(_chains(rows, links), key=len, reverse=True)
    _move(chains, links, left, right, x)
    blocks = _in_order(chains, left, right)
    _align(blocks, right, x)
    _move(blocks, links, left, right, x)


def _move(chains: list[list[str]], links: Links, left: _Neighbours, right: _Neighbours, x: dict[str, float]) -> None:
    """Move chains towards what they lead to, as far as their neighbours leave room."""
    for _ in range(SWEEPS):
        for chain in chains:
            inside = set(chain)
            ends = [
                (other, weight)
                for item, near in ((chain[0], links.above), (chain[-1], links.below))
                for other, weight in near.get(item, {}).items()
                if other not in inside
            ]
            total = sum(weight for _, weight in ends)
            if len(chain) > 1:
                wanted = sum(x[item] for item in chain) / len(chain)
                wanted = (wanted + sum(x[other] * weight for other, weight in ends) / total) / 2 if total else wanted
            elif total:
                wanted = sum(x[other] * weight for other, weight in ends) / total
            else:
                continue
            lowest = max((x[left[item][0]] + left[item][1] for item in chain if item in left), default=-inf)
            highest = min((x[right[item][0]] - right[item][1] for item in chain if item in right), default=inf)
            if lowest <= highest:
                x.update(dict.fromkeys(chain, min(max(wanted, lowest), highest)))


def _align(blocks: list[list[str]], right: _Neighbours, x: dict[str, float]) -> None:
    """Make every chain straight, if need be by moving its neighbours.

    The chains come after those to their left. Pushing them to the right where they are too near gives one solution,
    pushing them to the left another; the mean of both keeps all distances as well.
    """
    number = {item: index for index, block in enumerate(blocks) for item in block}
    near = sorted((number[item], number[other], distance) for item, (other, distance) in right.items())
    wanted = [sum(x[item] for item in block) / len(block) for block in blocks]
    pushed_right, pushed_left = list(wanted), list(wanted)
    for one, other, distance in near:
        pushed_right[other] = max(pushed_right[other], pushed_right[one] + distance)
    for one, other, distance in sorted(near, key=lambda pair: pair[1], reverse=True):
        pushed_left[one] = min(pushed_left[one], pushed_left[other] - distance)
    for block, high, low in zip(blocks, pushed_right, pushed_left, strict=True):
        x.update(dict.fromkeys(block, (high + low) / 2))


def _in_order(chains: list[list[str]], left: _Neighbours, right: _Neighbours) -> list[list[str]]:
    """Return the chains so that each comes after those to its left; of two that cross, one is cut where they do."""
    blocks = list(chains)
    while True:
        number = {item: index for index, block in enumerate(blocks) for item in block}
        after: dict[int, set[int]] = {index: set() for index in range(len(blocks))}
        before: dict[int, set[int]] = {index: set() for index in range(len(blocks))}
        for item, (other, _) in right.items():
            after[number[item]].add(number[other])
            before[number[other]].add(number[item])
        first = _sorted(after, before)
        if len(first) == len(blocks):
            return [blocks[index] for index in first]
        crossing = set(after) - set(first) - set(_sorted(before, after))
        places = _cuts(blocks, sorted(crossing, key=lambda index: len(blocks[index])), number, (left, right))
        blocks = [
            part
            for index, block in enumerate(blocks)
            for part in (block[: places.get(index, 0)], block[places.get(index, 0) :])
            if part
        ]


def _cuts(
    blocks: list[list[str]],
    crossing: list[int],
    number: dict[str, int],
    sides: tuple[_Neighbours, _Neighbours],
) -> dict[int, int]:
    """Return where to cut which of the blocks that cross others: where another one changes from side to side."""
    found: dict[int, int] = {}
    for index in crossing:
        seen: dict[int, int] = {}
        for place, item in enumerate(blocks[index]):
            beside = [(side, number[near[item][0]]) for side, near in enumerate(sides) if item in near]
            crossed = [other for side, other in beside if seen.setdefault(other, side) != side]
            if crossed and not found.keys() & set(crossed):
                found[index] = place
            if crossed:
                break
    if not found:  # more than two cross in a circle
        longer = [index for index in crossing if len(blocks[index]) > 1]
        found = {longer[0]: len(blocks[longer[0]]) // 2}
    return found


def _sorted(after: dict[int, set[int]], before: dict[int, set[int]]) -> list[int]:
    """Return the numbers, each after those before it; those of a cycle, and those after it, are left out."""
    missing = {number: len(others) for number, others in before.items()}
    ready = [number for number, count in missing.items() if count == 0]
    found = []
    while ready:
        number = ready.pop()
        found.append(number)
        for other in after[number]:
            missing[other] -= 1
            if missing[other] == 0:
                ready.append(other)
    return found


def _chains(rows: Rows, links: Links) -> list[list[str]]:
    """Return the items in chains: the lanes of a line, and nodes that have one line between them and no other."""
    chain_of: dict[str, list[str]] = {}
    for row in rows:
        for item in row:
            above = links.above.get(item, {})
            upper = max(above, key=above.__getitem__, default=None)
            joined = upper is not None and (
                above[upper] >= STRAIGHT or (len(above) == 1 and len(links.below[upper]) == 1)
            )
            if upper is not None and joined and chain_of[upper][-1] == upper:
                chain_of[upper].append(item)
                chain_of[item] = chain_of[upper]
            else:
                chain_of[item] = [item]
    return list({id(chain): chain for chain in chain_of.values()}.values())
