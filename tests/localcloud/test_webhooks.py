"""What flows with webhooks need in the cloud, and what it says of it."""

from __future__ import annotations

import pytest

from localcloud.cloud import Cloud
from tests.localcloud.conftest import client_of
from tests.localcloud.test_project import run, write_flow


def test_a_url_in_a_secret_that_does_not_exist_is_reported_once(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    prefix = cloud.names.secrets_prefix
    client_of(cloud, "ssm").put_parameter(Name=f"{prefix}THERE", Value="https://example.com/", Type="SecureString")
    for name, url in (("toldFlow", "${THERE}"), ("lostFlow", "${MISSING}"), ("lostToo", "${MISSING}")):
        write_flow(cloud, name, 1, f"notify: {{url: '{url}'}}\n")
        run(cloud, name)
    said = [line for line in capsys.readouterr().err.splitlines() if "webhook goes" in line]
    assert said == [
        "flow lostFlow: its webhook goes to the URL in the secret MISSING, which doesn't exist: aws ssm put-parameter "
        f"--type SecureString --name {prefix}MISSING --value https://..."
    ]
