"""plugin.toml: what it may say."""

from __future__ import annotations

import tomllib
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_manager.consent import consent_hash, describe
from plugin_manager.errors import PluginError
from plugin_manager.manifest import Manifest, read_manifest

HEAD = 'name = "acme"\nversion = "1.2.0"\n'
HOOKS = {"hooks/checks.py": b"", "hooks/deep/__init__.py": b""}


def read(text: str) -> Manifest:
    return read_manifest({"plugin.toml": text.encode(), **HOOKS}, "here", "default")


def test_all_of_it() -> None:
    manifest = read(
        HEAD + 'description = "d"\nframework = ">=0.1"\n[[permissions]]\nAction = "s3:Get*"\nResource = "arn:*"\n'
        '[secrets]\nKEY = "k"\n[entry-points.checks]\na-b = "hooks.checks:X"\n'
        '[entry-points.steps]\ngreet = "hooks.deep:f"\n[entry-points.routes]\n"GET /a/{b}" = "hooks.checks:r"\n'
    )
    assert (manifest.name, manifest.version, manifest.framework) == ("acme", "1.2.0", ">=0.1")
    assert manifest.permissions == ({"Action": "s3:Get*", "Resource": "arn:*"},)
    assert (manifest.secrets, manifest.routes) == ({"KEY": "k"}, {"GET /a/{b}": "hooks.checks:r"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "plugin.toml is not valid TOML"),
        ('name = "a"', "version is missing"),
        ('version = "1"', "name is missing"),
        ('name = "../a"\nversion = "1"', r"name '\.\./a'"),
        ('name = "a"\nversion = "one"', "version 'one': expected a version such as"),
        ("name = 1\nversion = 2", "name must be a string"),
        (HEAD + 'framework = "new"', "framework 'new': expected versions"),
        (HEAD + 'permisions = "x"', "unknown key 'permisions'.*permissions"),
        (HEAD + 'permissions = "s3:*"', r"write each statement as a table \[\[permissions\]\]"),
        (HEAD + '[[permissions]]\nAction = "s3:Get"', "permissions, statement 1: exactly one of Resource"),
        (HEAD + '[[permissions]]\nAction = "s3:Get"\nResource = "${Region}"', "unknown \\$\\{Region\\}"),
        (HEAD + '[secrets]\n"A-B" = "x"', "secrets, A-B"),
        (HEAD + '[entry-points.hook]\na = "b"', "entry-points.hook: unknown kind; expected checks, steps, routes"),
        (HEAD + '[entry-points.checks]\nA = "hooks.checks:X"', "lower-case words joined by hyphens"),
        (HEAD + '[entry-points.steps]\ncall = "hooks.checks:X"', "the framework already has a step of that name"),
        (HEAD + '[entry-points.routes]\n"/a" = "hooks.checks:X"', "a method and a path"),
        (HEAD + '[entry-points.routes]\n"GET /../a" = "hooks.checks.x"', 'expected "hooks.module:attribute"'),
        (HEAD + '[entry-points.checks]\na = "os:system"', 'expected "hooks.module:attribute"'),
        (HEAD + '[entry-points.checks]\na = "hooks.gone:X"', "the plugin has no hooks/gone.py"),
        (HEAD + "version = 1.0", "plugin.toml is not valid TOML"),
        (
            HEAD + "[[permissions]]\nAction = 's'\nResource = '*'\nCondition = {a = 1979-05-27}",
            "only strings, numbers",
        ),
        (HEAD + "[[permissions]]\nAction = 's'\nResource = '*'\nCondition = {a = nan}", "only strings, numbers"),
        (HEAD + "permissions = [1]", "permissions, statement 1: expected Effect, Action and Resource"),
        (HEAD + "entry-points = [1]", "entry-points: expected tables"),
        (HEAD + "entry-points.steps = 'x'", "entry-points.steps: expected a table"),
        (HEAD + "secrets = ['A']", "secrets: expected a table"),
        (HEAD + '[entry-points.routes]\n"GET /{a}/{a}" = "hooks.checks:x"', "a variable occurs twice"),
        (
            HEAD + '[entry-points.routes]\n"GET /a/{b}" = "hooks.checks:x"\n"PUT /a/{c}/d" = "hooks.checks:x"',
            r"'GET /a/\{b\}' has \{b\} where this has \{c\}: use one name",
        ),
    ],
)
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(PluginError, match=message) as caught:
        read(text)
    assert str(caught.value).startswith("here: plugin.toml is")


def test_all_mistakes_at_once() -> None:
    with pytest.raises(PluginError) as caught:
        read("names = 1\nversion = 2\n")
    assert len(str(caught.value).splitlines()) == 4


_LEAVES = st.one_of(
    *(st.text(max_size=8), st.integers(), st.booleans(), st.floats(), st.dates()),
    st.sampled_from(["s3:Get", "*", "hooks.checks:X"]),
)
_KEYS = st.sampled_from(["Action", "Resource", "Effect", "Condition", "checks", "steps", "routes", "GET /{a}", "a"])
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner), max_leaves=8)
_ASKED = st.sampled_from(["description", "framework", "permissions", "secrets", "entry-points", "x"])


@given(st.dictionaries(_ASKED, _VALUES))
def test_whatever_it_says_is_refused_or_can_be_agreed_to(said: dict[str, Any]) -> None:
    with patch.object(tomllib, "loads", return_value={"name": "acme", "version": "1", **said}):
        try:
            manifest = read("")
        except PluginError as error:
            assert str(error).startswith("here: plugin.toml is wrong")
            return
    assert all(line.isprintable() for line in describe(manifest))
    assert (consent_hash(manifest) is None) == (not list(describe(manifest)))


class TestConsent:
    def test_what_asks_for_nothing_needs_none(self) -> None:
        assert consent_hash(Manifest("a", "1", secrets={"KEY": "k"})) is None

    def test_every_permission_and_hook_counts(self) -> None:
        hashes = [
            consent_hash(Manifest("a", "1", permissions=({"Action": "s3:Get", "Resource": "a"},))),
            consent_hash(Manifest("a", "1", permissions=({"Action": "s3:Get", "Resource": "b"},))),
            consent_hash(Manifest("a", "1", checks={"a": "hooks.a:b"})),
            consent_hash(Manifest("a", "1", steps={"a": "hooks.a:b"})),
        ]
        assert len(set(hashes)) == 4 and None not in hashes
        assert consent_hash(Manifest("b", "2", checks={"a": "hooks.a:b"})) == hashes[2]

    @pytest.mark.parametrize(
        ("statement", "line"),
        [
            ({"Action": "s3:Get", "Resource": ["a", "b"]}, "Allow s3:Get on a, b"),
            ({"Action": ["s3:*"], "Resource": "a"}, "Allow s3:* on a   <- wide"),
            ({"Action": ["s3:Get"], "Resource": "arn:aws:s3:::*"}, "Allow s3:Get on arn:aws:s3:::*   <- wide"),
            ({"Action": ["s3:G*"], "Resource": "arn:aws:s3:::b/*"}, "Allow s3:G* on arn:aws:s3:::b/*"),
            ({"Action": "s3:Get", "Resource": "*"}, "Allow s3:Get on *   <- wide"),
            ({"NotAction": "s3:Get", "Resource": "a"}, "Allow everything but s3:Get on a   <- wide"),
            ({"Effect": "Deny", "Action": "*", "Resource": "*"}, "Deny * on *"),
        ],
    )
    def test_permissions_in_words(self, statement: dict[str, object], line: str) -> None:
        assert list(describe(Manifest("a", "1", permissions=(statement,))))[1].strip() == line
