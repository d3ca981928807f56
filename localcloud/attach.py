"""Lets `chalice local` serve the project without `make run`: gives it a cloud and the same gateway.

`app.py` calls `attach` whenever Chalice's command line imports it. Only `chalice local` is meant; `package` and
`deploy` import the application as well and get nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from localcloud.discovery import running_cloud


def attach(root: Path, arguments: list[str] | None = None) -> None:
    """Point this process at a cloud: the one that is configured, one that runs already, or a new one.

    Does nothing unless the command line (`arguments`, by default this process's) is that of `chalice local`. A new
    cloud runs beside this process, survives its reloads, and ends with it.
    """
    if "local" not in (sys.argv[1:] if arguments is None else arguments):
        return
    from localcloud import chalice_local
    from localcloud.settings import FOREIGN_VARIABLES, CloudSettings, SetupError
    from localcloud.story import open_story
    from plugin_manager.freshness import ensure

    ensure(root, keep_going=True)
    try:
        prefix = CloudSettings.from_environment(root).names.resource("")
        chalice_local.install(open_story(root, prefix, sys.stderr).put)
    except SetupError as error:
        raise SystemExit(str(error)) from None
    if os.environ.get("USER_POOL_ID"):  # the stage has a cloud: AWS, or what AWS_ENDPOINT_URL names
        return
    environment = running_cloud(root)
    if environment is None:
        environment = _start_cloud(root)
    for name in FOREIGN_VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(environment)
    session = root / ".localcloud" / "session.json"
    print(f"AWS endpoint {environment['AWS_ENDPOINT_URL']}; demo user's email, password and token: {session}")


def _start_cloud(root: Path) -> dict[str, str]:
    owner = os.getpid()
    if os.environ.get("CHALICE_WORKER") and os.getppid() != 1:  # 1: it has ended already, and we have no parent
        owner = os.getppid()  # Chalice's reloader, which stays while we come and go
    command = [
        sys.executable,
        "-m",
        "localcloud",
        "--port",
        "0",
        "--parent",
        str(owner),
        "--api-url",
        api_url(sys.argv),
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_CHALICE")}
    process = subprocess.Popen[bytes](
        command, cwd=root, env={**kept, "STAGE": "local"}, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    if not process.stdout.readline():  # it has ended, and said why
        raise SystemExit(process.wait())
    environment = running_cloud(root)
    if environment is None:
        raise SystemExit("localcloud has started and does not answer. Stop it, then try again.")
    return environment


def api_url(arguments: list[str]) -> str:
    """Where `chalice local` serves, by its command line."""
    options = {"--host": "127.0.0.1", "--port": "8000"}
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in options:
            options[name] = value if equals else arguments[index + 1]
    return f"http://{options['--host']}:{options['--port']}"
