"""The same cloud with a small project in it as the tests of `localcloud` use, one for all tests of this folder."""

from tests.localcloud.conftest import cloud

__all__ = ["cloud"]
