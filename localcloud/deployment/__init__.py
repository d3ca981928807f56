"""What moto lacks for `chalice deploy` and `cdk deploy`, a module a subject.

Each module says what moto does, what AWS does, and changes moto's classes to do the latter by `install(endpoint)`; it
needs nothing else of this project where it can do without, so that it could be offered to moto as it stands. They are
installed when a service is first asked for: who deploys nothing pays for nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

ADDITIONS: Mapping[str, tuple[str, ...]] = {
    "apigateway": ("api_definitions",),
    "cloudformation": ("api_definitions", "cloudformation"),
    "s3": ("deny_conditions",),
}
"""Which modules belong to which of moto's services. CloudFormation uses the back ends of others without asking them."""


def install_for(service: str, endpoint: str) -> None:
    """Add what `service` lacks, before moto loads it; a second time changes nothing. `endpoint` has all services."""
    for name in ADDITIONS.get(service, ()):
        importlib.import_module(f"{__name__}.{name}").install(endpoint)
