"""Tokens are renewed in time, whatever happens to the machine's clock, and a full disk is one line."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud import session as module
from localcloud.session import RENEW_BEFORE, Lifetime, Session
from localcloud.settings import CloudSettings, SetupError, prepare_state_folder, write_private


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize(
    ("passed", "ending"),
    [
        (0, False),
        (3600 - RENEW_BEFORE - 1, False),
        (3600 - RENEW_BEFORE, True),
        (7200, True),
        (-5, False),
        (-7200, True),
    ],
)
def test_a_token_is_renewed_by_the_machines_clock(passed: float, ending: bool) -> None:
    clock = Clock()
    lifetime = Lifetime(3600, clock)
    clock.seconds += passed
    assert lifetime.is_ending is ending


def test_a_session_that_cannot_be_written_is_one_line(
    tmp_path: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = CloudSettings(root=tmp_path)
    settings.session_file.mkdir(parents=True)
    cloud: Any = SimpleNamespace(
        settings=settings, client=None, user_pool=None, store=SimpleNamespace(facts=None), endpoint="http://127.0.0.1:1"
    )
    user, token = SimpleNamespace(email="a@b.c", password="p"), SimpleNamespace(id_token="t", expires_in=3600)
    monkeypatch.setattr(module.seeding, "seed_demo_user", lambda *_: user)
    monkeypatch.setattr(module.seeding, "sign_in", lambda *_: token)
    session = Session(cloud)
    session.open("http://127.0.0.1:2")
    session.close()
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "session.json" in error
    assert [path.name for path in settings.state_folder.iterdir()] == ["session.json"]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Any) -> None:
    settings = CloudSettings(root=tmp_path)
    settings.state_folder.write_text("")
    with pytest.raises(SetupError, match=r"^Cannot write to .* make it writable[^\n]*$"):
        prepare_state_folder(settings)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_leaves_no_half_file(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kept.json"
    file.write_text('{"old": 1}')
    (tmp_path / f".kept.json.{os.getpid()}").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write_private(file, {"new": 1})
    assert file.read_text() == '{"old": 1}'
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
