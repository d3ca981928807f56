"""Commits that are durable, shared, in order, and never claimed where they failed."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from localcloud.state.database import Database, NewerSchema, NotDurable, Statement

TABLES = [["CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT)"]]


def insert(key: int, value: str = "x") -> Statement:
    return "INSERT OR REPLACE INTO t VALUES (?, ?)", (key, value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def open_with_table(path: Path) -> Database:
    database = Database(path)
    database.prepare("test", TABLES)
    return database


def keys(path: Path) -> list[int]:
    """What another process would find now."""
    connection = sqlite3.connect(path)
    try:
        return [key for (key,) in connection.execute("SELECT k FROM t ORDER BY k")]
    finally:
        connection.close()


def test_what_is_committed_is_there_for_others(path: Path) -> None:
    database = open_with_table(path)
    database.commit([insert(1), insert(2)])
    assert keys(path) == [1, 2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    database.close()
    assert [file.name for file in path.parent.iterdir()] == ["state.db"]


def test_it_asks_for_durable_commits(path: Path) -> None:
    database = open_with_table(path)
    assert database.read("PRAGMA journal_mode") == [("wal",)]
    assert database.read("PRAGMA synchronous") == [(2,)]  # FULL


def test_many_commit_together(path: Path) -> None:
    database = open_with_table(path)
    tickets = [database.enqueue([insert(number)]) for number in range(100)]
    version = database.read("PRAGMA data_version")
    database.wait(tickets[:1])
    assert all(ticket.settled for ticket in tickets)
    assert keys(path) == list(range(100))
    assert database.read("PRAGMA data_version") == version  # nobody else has written
    database.close()


def test_many_threads_commit(path: Path) -> None:
    database = open_with_table(path)

    def commit_twenty(base: int) -> None:
        for one in range(20):
            database.commit([insert(base + one)])

    threads = [threading.Thread(target=commit_twenty, args=(base,)) for base in range(0, 200, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keys(path) == list(range(200))


def test_the_last_enqueued_wins(path: Path) -> None:
    database = open_with_table(path)
    tickets = [database.enqueue([insert(1, str(number))]) for number in range(10)]
    database.wait(reversed(tickets))
    assert database.read("SELECT v FROM t") == [("9",)]


def test_tables_are_migrated_once(path: Path) -> None:
    open_with_table(path).close()
    further = [*TABLES, ["ALTER TABLE t ADD COLUMN w TEXT DEFAULT 'new'"]]
    for _ in range(2):
        database = Database(path)
        database.prepare("test", further)
        database.prepare("other", [["CREATE TABLE IF NOT EXISTS u (k)"]])
        database.commit([("INSERT OR IGNORE INTO t (k) VALUES (1)", ())])
        assert database.read("SELECT w FROM t") == [("new",)]
        database.close()
    with pytest.raises(NewerSchema, match="newer version"):
        Database(path).prepare("test", TABLES)


@pytest.mark.parametrize("damage", ["not a database", "a torn page"])
def test_a_damaged_file_is_set_aside(path: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    database = open_with_table(path)
    database.commit([insert(number, "x" * 500) for number in range(500)])
    database.close()
    content = bytearray(path.read_bytes())
    if damage == "not a database":
        content[:100] = b"?" * 100
    else:
        content[4096 * 3 : 4096 * 12] = os.urandom(4096 * 9)
    path.write_bytes(content)

    database = open_with_table(path)
    database.commit([insert(1)])
    assert keys(path) == [1]
    (aside,) = path.parent.glob("state.db.damaged-*")
    assert aside.read_bytes() == content
    (line,) = capsys.readouterr().err.splitlines()
    assert "is damaged" in line and aside.name in line
    database.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(path: Path) -> None:
    path.parent.chmod(0o500)
    with pytest.raises(NotDurable):
        Database(path)


# A file that may not grow fails as a full disk does, and leaves the disk of the machine alone.
FULL_DISK = """
import resource, sys
from pathlib import Path
from localcloud.state.database import Database, NotDurable
path = Path(sys.argv[1])
database = Database(path)
database.prepare("test", [["CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT)"]])
put = lambda key: ("INSERT INTO t VALUES (?, ?)", (key, "x" * 1000))
database.commit([put(0)])
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
acknowledged, refused = [0], []
for key in range(1, 400):
    try:
        database.commit([put(key)])
        acknowledged.append(key)
    except NotDurable as error:
        assert str(error)
        refused.append(key)
assert acknowledged and len(refused) > 50, (len(acknowledged), len(refused))
on_disk = {key for (key,) in database.read("SELECT k FROM t")}
assert on_disk == set(acknowledged), "what was refused is not there, and what was acknowledged is"
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
database.commit([put(1000)])
on_disk = {key for (key,) in database.read("SELECT k FROM t")}
assert on_disk == {*range(400), 1000}, "what was refused comes before what builds on it"
"""


def test_a_full_disk_acknowledges_nothing_false(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 2, lines
    assert "changes can't be kept (" in lines[0]
    assert lines[1].endswith("changes are kept again.")


@pytest.mark.parametrize("value", ["\ud800", 1 << 70])
def test_a_value_that_cannot_be_written_fails_its_own_commit_only(path: Path, value: object) -> None:
    database = open_with_table(path)
    before, bad, after = (
        database.enqueue([insert(1)]),
        database.enqueue([("INSERT INTO t VALUES (2, ?)", (value,))]),
        database.enqueue([insert(3)]),
    )
    database.wait([before, after])
    with pytest.raises(NotDurable):
        database.wait([bad])
    database.commit([insert(4)])
    assert keys(path) == [1, 3, 4]
    database.close()
