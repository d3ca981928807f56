"""What an entry of config.json means, and that its credentials do not show."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_manager.config import read_config
from plugin_manager.errors import PluginError
from plugin_manager.git import Repository
from plugin_manager.sources import Credentials, FolderSource, GitSource, PackageSource, parse_source

from .projects import write

ENVIRONMENT = {"GITHUB_TOKEN": "t0ken", "ORG": "acme"}


def parse(text: str) -> object:
    return parse_source(text, Path("/srv/project"), ENVIRONMENT)


@pytest.mark.parametrize(
    ("text", "url", "ref"),
    [
        ("git+https://github.com/org/name.git", "https://github.com/org/name.git", None),
        ("git+https://TOKEN@github.com/org/name.git", "https://github.com/org/name.git", None),
        ("git+https://${GITHUB_TOKEN}@github.com/org/name.git@v1", "https://github.com/org/name.git", "v1"),
        ("git+https://u:p@host:8443/a/b@feature/x-1", "https://host:8443/a/b", "feature/x-1"),
        ("git+https://github.com/${ORG}/name.git@1.0", "https://github.com/acme/name.git", "1.0"),
        ("git+ssh://git@github.com/org/name.git@main", "ssh://git@github.com/org/name.git", "main"),
        ("git+ssh://host:22/name", "ssh://host:22/name", None),
        ("git+file:///srv/git/name.git@abc", "file:///srv/git/name.git", "abc"),
        ("git+http://localhost:80/x.git", "http://localhost:80/x.git", None),
        ("git+http://localhost/x.git", "http://localhost/x.git", None),
        ("git+https://host/a/b.git@acme/b@1.0.0", "https://host/a/b.git", "acme/b@1.0.0"),
        ("git+https://host/a/b@vü", "https://host/a/b", "vü"),
        ("git+https://u:t%2Fo@host/a/b.git", "https://host/a/b.git", None),
    ],
)
def test_repositories(text: str, url: str, ref: str | None) -> None:
    source = parse(text)
    assert isinstance(source, GitSource)
    assert (source.url, source.ref) == (url, ref)
    assert source.label == f"git+{url}" + (f"@{ref}" if ref else "")


def test_a_folder_and_a_package() -> None:
    assert parse("../mine") == FolderSource(Path("/srv/mine"), "../mine")
    assert parse("acme-flows") == PackageSource("acme-flows")


def test_a_folder_with_an_at_in_its_path_has_no_ref(tmp_path: Path) -> None:
    (tmp_path / "a@b").mkdir()
    source = parse_source(f"git+file://{tmp_path}/a@b", tmp_path, {})
    assert isinstance(source, GitSource) and source.ref is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("https://SECRET@github.com/a/b.git", "must begin with git"),
        ("git+ftp://SECRET@host/b.git", "is not supported"),
        ("git+https:/SECRET@host/b", "not the address of a repository"),
        ("git+HTTPS://SECRET@host/b", "not the address of a repository"),
        ("https+git://SECRET@host/b", "must begin with git"),
        ("git@SECRET:org/name.git", "write git\\+ssh://git@host/organisation/name\\.git, with a /"),
        ("git+ssh://git@host:org/name.git", "followed by a host"),
        ("git+https://SEC/RET@host/b.git", "write %2F, or take it from the environment"),
        ("git+https://SEC/RET@host/b.git@v1", "write %2F, or take it from the environment"),
        ("git+ext://SECRET@host/b", "is not supported"),
        ("git+https://SECRET@-oProxyCommand=x/b", "followed by a host"),
        ("git+http://SECRET@github.com/a/b.git", "unencrypted"),
        ("git+https://host/a/b.git?token=SECRET", "can't contain spaces, `\\?`"),
        ("git+https://SECRET@host/b.git@--upload-pack=x", "not a valid tag, branch or commit"),
        ("git+https://SECRET@host/b.git@a..b", "not a valid tag, branch or commit"),
        ("git+https://SECRET@host/b.git@a b", "not a valid tag, branch or commit"),
        ("git+https://SECRET@host/b.git@a:b", "not a valid tag, branch or commit"),
        ("git+https://SECRET@host/b.git@+a", "not a valid tag, branch or commit"),
        ("git+https://SECRET@host/b.git@", "not a valid tag, branch or commit"),
        ("git+ssh://SECRET:SECRET@host/b.git", "a user but no password"),
        ("git+file://SECRET@/b.git", "takes no user"),
        ("git+https://${NOTHING}SECRET@${NOTHING}/b.git", "NOTHING is unset or empty"),
        ("a b SECRET", "expected git"),
    ],
)
def test_what_is_none_is_refused_without_being_shown(text: str, message: str) -> None:
    with pytest.raises(PluginError, match=message) as caught:
        parse(text)
    assert "SECRET" not in str(caught.value)


@given(st.text(min_size=1), st.text())
def test_no_entry_shows_what_stands_before_the_at(secret: str, rest: str) -> None:
    secret = "S3CRET" + secret.replace("@", "").replace("/", "")
    try:
        source = parse(f"git+https://{secret}@host/{rest}")
    except PluginError as error:
        assert "S3CRET" not in str(error)
    else:
        assert isinstance(source, GitSource)
        assert "S3CRET" not in repr(source) + source.label + source.address


@pytest.mark.parametrize(
    ("user", "password", "secrets"),
    [
        ("${GITHUB_TOKEN}", "", ("t0ken",)),
        ("oauth2", "${GITHUB_TOKEN}", ("t0ken",)),
        ("ada", "p%40ss", ("p@ss", "ada")),
        ("git", "", ()),
    ],
)
def test_secrets_are_known(user: str, password: str, secrets: tuple[str, ...]) -> None:
    assert Credentials(user, password).secrets(ENVIRONMENT) == secrets


def test_a_token_with_line_breaks_is_no_header() -> None:
    with pytest.raises(PluginError, match="spaces or line breaks"):
        Credentials("${T}", "").resolve({"T": "a\r\nX-Evil: 1"})


def test_what_a_host_says_is_shown_without_secrets_and_escapes(tmp_path: Path) -> None:
    source = GitSource("https://host/x", None, Credentials("${GITHUB_TOKEN}", ""))
    said = "\x1b[31mremote: you sent t0ken, dDBrZW46, or dDBrZW4=\x07"
    assert Repository(source, tmp_path, ENVIRONMENT).redact(said) == "remote: you sent ***, ***, or ***"
    rewritten = "fatal: 'https://my-own-token:x@host/x' and ssh://git@host/x"  # as by `url.insteadOf`
    assert Repository(source, tmp_path, {}).redact(rewritten) == "fatal: 'https://***@host/x' and ssh://git@host/x"


class TestConfig:
    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", r"config\.json is not valid JSON"),
            ("[]", r'expected \{"plugins": \[\.\.\.\]\}'),
            ('{"plugins": {"a": 1}}', "expected"),
            ('{"plugins": ["./a", 7]}', "plugin 2: expected an address"),
            ('{"plugins": [{"source": "./a", "prefx": "a"}]}', "plugin 1: expected an address"),
            ('{"plugins": [{"source": "./a", "prefix": "../"}]}', "plugin 1: a prefix consists of letters"),
            ('{"plugins": ["./a", "./a"]}', r"plugin 2: \./a is listed twice"),
            ('{"plugins": ["git+https://SECRET@h h/a"]}', "plugin 1: git"),
        ],
    )
    def test_mistakes_name_the_entry_by_its_number(self, tmp_path: Path, text: str, message: str) -> None:
        write(tmp_path, {"config.json": text})
        with pytest.raises(PluginError, match=message) as caught:
            read_config(tmp_path, {})
        assert "SECRET" not in str(caught.value)

    def test_a_project_without_one_asks_for_nothing(self, tmp_path: Path) -> None:
        assert read_config(tmp_path, {}) == []
