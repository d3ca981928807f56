"""Strategies for JSON values and definitions."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

names = st.text(alphabet="abcxyz_", min_size=1, max_size=3)
numbers = st.integers(-1000, 1000) | st.floats(-1000, 1000, allow_nan=False, width=32)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=8)
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(names, json_values, min_size=1, max_size=4)
