"""What the console weighs, and that no part of it needs an exception from its policy."""

from __future__ import annotations

import re

import pytest

from .conftest import BUILT, need_built

FIRST_PAGE_KB, ALL_KB = 120, 350


@pytest.fixture(autouse=True)
def built() -> None:
    need_built()


def test_the_first_page_and_everything_stay_within_their_budgets() -> None:
    page = (BUILT / "index.html").read_text()
    compressed = {path.name.removesuffix(".br"): path.stat().st_size for path in (BUILT / "assets").glob("*.br")}
    first = sum(compressed[name] for name in re.findall(r'"\./assets/([^"]+)"', page))
    assert 0 < first + len(page) <= FIRST_PAGE_KB * 1000
    assert sum(compressed.values()) <= ALL_KB * 1000


def test_each_file_has_a_hash_and_both_encodings() -> None:
    files = [path for path in (BUILT / "assets").iterdir() if path.suffix in (".js", ".css", ".svg")]
    assert files
    for path in files:
        assert re.search(r"-[\w-]{8}\.\w+$", path.name)
        assert path.with_name(path.name + ".br").is_file() and path.with_name(path.name + ".gz").is_file()


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere() -> None:
    page = (BUILT / "index.html").read_text()
    assert "<style" not in page and " style=" not in page and not re.search(r"<script[^>]*>[^<]", page)
    assert not re.search(r"""(src|href)=["'](?!\./assets/)""", page)
