"""The key that signs the tokens of the local user pool.

Moto signs with a key that is published with it, so anybody could forge a token of any user. This key is generated on
each machine and kept with the state, so that tokens stay valid when the cloud starts again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from joserfc import jwk

from localcloud.notices import notice
from localcloud.settings import write_private

KEY_FILE = "signing-key.json"
BITS = 2048


def load_signing_key(folder: Path | None) -> jwk.RSAKey:
    """Return the key kept in `folder`, generated at the first call; a new one if `folder` is None.

    A file that isn't a key is replaced, with a line in the log: tokens that it signed become invalid.

    Raises:
        OSError: The folder cannot be written to.
    """
    if folder is None:
        return _generate()
    path = folder / KEY_FILE
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = _read(path)
    if kept is not None:
        return kept
    key = _generate()
    write_private(path, dict(key.as_dict(private=True)), durable=True)
    return key


def sign_with(key: jwk.RSAKey) -> None:
    """Let moto's user pools sign with `key` and publish its public half, for the whole process."""
    from moto.cognitoidp import models, responses

    models.jwt = _Signer(key)  # type: ignore[assignment, attr-defined]
    document = json.dumps({"keys": [key.as_dict(private=False)]}).encode()
    responses.CognitoIdpJsonWebKeyResponse.json_web_key = document


class _Signer:
    """Stands in for `joserfc.jwt`, as far as moto's user pools use it."""

    def __init__(self, key: jwk.RSAKey) -> None:
        self._key = key

    def encode(self, header: dict[str, Any], claims: dict[str, Any], _published_key: Any) -> str:
        from joserfc import jwt

        if claims.get("token_use") == "id" and "email" in claims:  # moto leaves it out, or has the string
            claims = {**claims, "email_verified": claims.get("email_verified") == "true"}
        return jwt.encode({**header, "kid": self._key.kid}, claims, self._key)


def _generate() -> jwk.RSAKey:
    key = jwk.RSAKey.generate_key(BITS, {"use": "sig", "alg": "RS256"}, private=True)
    key.ensure_kid()
    return key


def _read(path: Path) -> jwk.RSAKey | None:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        document = {}
    try:
        key = jwk.RSAKey.import_key(document)
        if key.is_private and key.kid:
            return key
    except Exception:  # noqa: S110 - whatever is wrong with it, it isn't a key  # nosec B110
        pass
    notice(f"{path} is damaged: a new key is used, and earlier tokens are invalid.")
    return None
