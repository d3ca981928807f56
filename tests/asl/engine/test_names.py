from __future__ import annotations

from uuid import UUID

from asl.engine.names import new_name


def test_names_are_uuids_of_version_4() -> None:
    names = {new_name() for _ in range(500)}
    assert len(names) == 500
    for name in names:
        parsed = UUID(name)
        assert (str(parsed), parsed.version, parsed.variant) == (name, 4, "specified in RFC 4122")
