from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from localcloud.signing_key import KEY_FILE, load_signing_key


def test_it_is_generated_once_and_kept(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first = load_signing_key(folder)
    again = load_signing_key(folder)
    assert first.kid and first.kid == again.kid
    assert first.as_dict(private=True) == again.as_dict(private=True)
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [file.name for file in folder.iterdir()] == [KEY_FILE]


def test_each_machine_has_another(tmp_path: Path) -> None:
    assert load_signing_key(tmp_path / "a").kid != load_signing_key(tmp_path / "b").kid


def test_without_a_folder_it_is_new_each_time() -> None:
    assert load_signing_key(None).kid != load_signing_key(None).kid


def public_half(folder: Path) -> str:
    return json.dumps(load_signing_key(folder).as_dict(private=False))


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"kty": "RSA"}', "public"])
def test_a_damaged_one_is_replaced_and_that_is_said(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = load_signing_key(tmp_path).kid
    (tmp_path / KEY_FILE).write_text(public_half(tmp_path) if content == "public" else content)
    after = load_signing_key(tmp_path)
    assert after.kid != before and after.is_private
    assert str(tmp_path / KEY_FILE) in capsys.readouterr().err
    assert load_signing_key(tmp_path).kid == after.kid
