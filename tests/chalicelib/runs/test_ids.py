"""Execution ids."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.runs.ids import is_id, lowest_id, new_id


def test_ids_are_uuids_of_version_7_at_this_moment() -> None:
    value = uuid.UUID(new_id())
    assert (value.version, value.variant) == (7, uuid.RFC_4122)
    assert abs((value.int >> 80) / 1000 - time.time()) < 5


def test_ids_of_one_process_ascend() -> None:
    made = [new_id() for _ in range(2000)]
    assert made == sorted(made)


def test_ids_of_threads_are_distinct() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_id(), range(2000)))
    assert len(set(made)) == 2000


@given(st.floats(min_value=0, max_value=4e9), st.floats(min_value=0.001, max_value=1e6))
def test_ids_sort_by_time(moment: float, later: float) -> None:
    assert lowest_id(moment) < lowest_id(moment + later)
    assert is_id(lowest_id(moment))


def test_an_id_lies_above_the_lowest_of_its_moment() -> None:
    before = lowest_id(time.time() - 0.001)
    assert before < new_id() < lowest_id(time.time() + 1)


@given(st.text())
def test_other_texts_are_no_ids(text: str) -> None:
    assert not is_id(text)
