"""The thread that writes, and the story as a whole."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from localcloud.settings import SetupError
from localcloud.story import LogFormat, Notice, RequestServed, Story, StoryHandler, log_format
from localcloud.story import writer as writer_module
from localcloud.story.story import Budget
from localcloud.story.writer import Writer


def told(path: Path, kind: LogFormat, *what: Any) -> list[str]:
    with path.open("w") as stream:
        story = Story(stream, kind, Path("/project"), "app-local-")
        for one in what:
            story.put(one)
        story.close()
    return path.read_text().splitlines()


GOOD, BAD = (RequestServed(1.0, "GET", f"/{status}", status, 1.0) for status in (200, 500))


def test_plain_json_and_quiet(tmp_path: Path) -> None:
    assert [line.split()[3] for line in told(tmp_path / "a", LogFormat.TEXT, GOOD, BAD)] == ["/200", "/500"]
    assert [json.loads(line)["path"] for line in told(tmp_path / "b", LogFormat.JSON, GOOD, BAD)] == ["/200", "/500"]
    assert [line.split()[3] for line in told(tmp_path / "c", LogFormat.QUIET, GOOD, BAD)] == ["/500"]


def test_a_mistake_in_one_line_does_not_end_the_story(tmp_path: Path) -> None:
    broken: Any = RequestServed(1.0, [], "/", 200, 1.0)  # type: ignore[arg-type]
    lines = told(tmp_path / "a", LogFormat.TEXT, Notice(None, "x"), broken, GOOD)  # type: ignore[arg-type]
    assert "/200" in lines[-1]


def test_unknown_formats_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG", "loud")
    with pytest.raises(SetupError, match="LOG is 'loud': set it to text, json or quiet"):
        log_format()


def test_a_terminal_that_blocks_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "MOST_WAITING", 100)
    dropped: list[int] = []
    begun = threading.Event()

    def tell(items: Iterable[str], missing: int, _last: bool) -> list[str]:
        dropped.append(missing)
        begun.set()
        return list(items)

    ours, theirs = os.pipe()
    writer = Writer(theirs, tell)
    writer.put("x" * 200_000)  # more than a pipe holds
    assert begun.wait(30)
    for _ in range(150):
        writer.put("line")
    read = threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(ours, 65536), b"")])
    read.start()
    writer.close()
    os.close(theirs)
    read.join(30)
    os.close(ours)
    assert sum(dropped) == 50


def test_a_pipe_that_nobody_reads_any_more_ends_the_story() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    writer = Writer(theirs, lambda items, _missing, _last: list(items))
    writer.put("line")
    writer.close()
    os.close(theirs)


def test_there_are_not_more_lines_in_a_second_than_people_can_read() -> None:
    budget = Budget(2)
    budget.next_second()
    assert [budget.spend() for _ in range(5)] == [True, True, False, False, False]
    assert budget.next_second(is_last=True) == 3
    assert all(Budget(None).spend() for _ in range(1000))


def test_log_records_are_notices(tmp_path: Path) -> None:
    notices: list[Notice] = []
    log = logging.getLogger("tests.story")
    log.addHandler(handler := StoryHandler(notices.append, tmp_path))
    own = compile("def f(): raise ValueError('no')", str(tmp_path / "chalicelib" / "lib" / "f.py"), "exec")
    namespace: dict[str, Any] = {}
    exec(own, namespace)
    try:
        log.warning("two\nlines")
        try:
            try:
                namespace["f"]()
            except ValueError as error:
                raise RuntimeError("The function failed") from error
        except RuntimeError:
            log.exception("POST failed")
    finally:
        log.removeHandler(handler)
    assert [(notice.message, notice.level, notice.details[-1]) for notice in notices] == [
        ("two", "warning", "lines"),
        ("POST failed", "error", "ValueError: no"),
    ]
    assert notices[1].details[-2].startswith("chalicelib/lib/f.py:1 in f")
