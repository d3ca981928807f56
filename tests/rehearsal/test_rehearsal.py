"""What is added to moto, and the message when a dependency is not installed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import rehearsal
from localcloud.http_messages import Request
from localcloud.moto_app import MotoApplication


def request(service: str) -> Request:
    scope = f"test/20200101/us-east-1/{service}/aws4_request"
    headers = {
        "host": "127.0.0.1",
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x",
    }
    return Request("GET", "/restapis", "HTTP/1.1", headers, list(headers.items()), b"")


def test_a_module_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def install(service: str, endpoint: str) -> None:
        raise ModuleNotFoundError("No module named 'cfnlint'", name="cfnlint")

    monkeypatch.setattr(rehearsal, "install_for", install)
    response = MotoApplication(1, "123456789012").respond(request("apigateway"))
    assert response.status == 501
    message = json.loads(response.body)["message"]
    assert "cfnlint" in message
    assert "make setup" in message


def test_every_addition_can_be_installed_again() -> None:
    """In a process of its own, as moto's classes are changed for a whole process."""
    code = (
        "from rehearsal import ADDITIONS, install_for\n"
        "for service in (*ADDITIONS, *ADDITIONS, 'sqs'): install_for(service, 'http://127.0.0.1:9')\n"
        "from moto.cloudformation.models import Stack\n"
        "from moto.apigateway.models import APIGatewayBackend\n"
        "print(Stack.update.__module__, APIGatewayBackend.put_rest_api.__module__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "rehearsal.cloudformation.stacks",
        "rehearsal.api_definitions",
    ]


def test_nothing_of_it_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, localcloud.cloud, localcloud.endpoint, localcloud.moto_app\n"
        "late = ('samtranslator', 'cfnlint', 'moto.cloudformation', 'moto.apigateway',"
        " 'rehearsal.apigateway.front', 'rehearsal')\n"
        "print([name for name in late if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
