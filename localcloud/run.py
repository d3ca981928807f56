"""`make run`: the cloud, the project in it, and the API, until Ctrl-C."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.aws_json import AwsError
from localcloud.api import Api, ApiError
from localcloud.instance import Instance
from localcloud.interrupted_make import follow_make
from localcloud.notices import INFO, handled_by, notice
from localcloud.packages import PackageWatch
from localcloud.settings import HOST, CloudSettings, SetupError
from localcloud.sockets import listen, wait_readable
from localcloud.state.database import NotDurable
from localcloud.stopping import Stop
from localcloud.story import LogFormat, Story, StoryHandler, log_format, open_story
from plugin_manager.freshness import ensure

if TYPE_CHECKING:
    from localcloud.cloud import Cloud
    from localcloud.session import Session

DEFAULT_PORT = 8000


def run(root: Path) -> int:
    """Serve until SIGINT or SIGTERM, and return the exit code.

    Raises:
        SetupError: A port is taken, the state cannot be written, or the application cannot be served.
    """
    began = time.monotonic()
    ensure(root, keep_going=True)
    port = port_from("PORT", DEFAULT_PORT)
    endpoint_port = port_from("AWS_PORT", port + 1 if port else 0)
    stop = Stop()
    follow_make(stop)
    log_format()  # refuses what it does not know before anything starts
    with ExitStack() as stack:
        settings = stack.enter_context(closing(Instance(CloudSettings.from_environment(root)))).settings
        listener = stack.enter_context(listen(port, "PORT"))
        endpoint_listener = stack.enter_context(listen(endpoint_port, "AWS_PORT"))
        api_url = f"http://{HOST}:{listener.getsockname()[1]}"
        story = stack.enter_context(closing(open_story(root, settings.names.resource(""))))
        stack.enter_context(handled_by(StoryHandler(story.put, root)))
        api = Api(root, listener)
        stack.callback(api.close)
        try:
            with _failures_in_one_line():
                settings = replace(settings, api_url=api_url)
                cloud, session = _start(settings, endpoint_listener, api, story, stack)
        except ApiError as error:
            raise SetupError(str(error)) from None
        if not stop.is_set():
            session.open(api_url)
            stack.callback(session.close)
            stack.callback(PackageWatch(root, lambda text: notice(text, INFO)).close)
            file = settings.session_file.relative_to(root)
            _announce(session.document(), str(file), time.monotonic() - began)
            api.serve()
            cloud.warm_up()
            stop.wait()
        sys.stderr.write("Stopping.\n")
    return 0


def run_cloud(root: Path, port: int, api_url: str, parent: int | None) -> int:
    """Serve only the cloud until SIGINT or SIGTERM, or until the process `parent` ends; return the exit code.

    The session file names `api_url`, where `chalice local` is to serve the API.
    """
    stop = Stop()
    if parent is not None:
        threading.Thread(target=wait_for_end, args=(parent, stop), name="parent", daemon=True).start()
    from localcloud.cloud import build
    from localcloud.foundation import Foundation
    from localcloud.session import Session

    with ExitStack() as stack:
        settings = CloudSettings.from_environment(root, api_url=api_url)
        settings = stack.enter_context(closing(Instance(settings))).settings
        foundation = Foundation(settings, listen(port, "AWS_PORT"))
        # Programs that start it read the first line of standard output, and may read no further.
        story = stack.enter_context(closing(open_story(root, settings.names.resource(""), sys.stderr)))
        stack.enter_context(handled_by(StoryHandler(story.put, root)))
        with _failures_in_one_line():
            cloud = stack.enter_context(closing(build(foundation, listener=story.put, observer=story.put)))
            session = stack.enter_context(closing(Session(cloud)))
        session.open(api_url)
        stack.callback(PackageWatch(root, lambda text: notice(text, INFO)).close)
        print(f"AWS endpoint {cloud.endpoint}, session {cloud.settings.session_file}", flush=True)
        cloud.warm_up()
        stop.wait()
    return 0


@contextmanager
def _failures_in_one_line() -> Iterator[None]:
    """Say what a service answered at the start, such as that the disk is full. Raises SetupError."""
    try:
        yield
    except (AwsError, NotDurable) as error:
        raise SetupError(f"The local cloud can't start: {error}") from None


def wait_for_end(process_id: int, stop: Stop) -> None:
    """Wait until a process that is not ours to wait for has ended, then tell `stop`."""
    try:
        if hasattr(os, "pidfd_open"):
            wait_readable(os.pidfd_open(process_id))
        else:
            while True:
                os.kill(process_id, 0)
                time.sleep(1)
    except ProcessLookupError:
        pass
    stop.set()


def _start(
    settings: CloudSettings, endpoint_listener: socket.socket, api: Api, story: Story, stack: ExitStack
) -> tuple[Cloud, Session]:
    """Bring everything up; the API's process imports the application while the flows are compiled."""
    # Imported only now, which takes a while: the API's process has begun to import as well.
    from localcloud.cloud import build
    from localcloud.foundation import Foundation
    from localcloud.session import Session

    foundation = Foundation(settings, endpoint_listener)
    failures: list[BaseException] = []

    def start_api() -> None:
        try:
            api.start({**foundation.environment, **foundation.application_credentials})
        except BaseException as error:
            failures.append(error)

    starting = threading.Thread(target=start_api, name="api-start")
    starting.start()
    try:
        cloud = build(foundation, listener=story.put, observer=story.put)
        stack.callback(cloud.close)
        session = Session(cloud)
    finally:
        starting.join()
    if failures:
        raise failures[0]
    return cloud, session


def port_from(variable: str, default: int) -> int:
    """The port that an environment variable names. Raises SetupError if it names none."""
    text = os.environ.get(variable) or str(default)
    if not text.isdigit() or int(text) > 65535:
        raise SetupError(f"{variable} is {text!r}: set it to a port number from 1 to 65535, or 0 for any free one.")
    return int(text)


def _announce(session: dict[str, str], file: str, seconds: float) -> None:
    """Say where everything is. The token is not shown: it fills the terminal, and belongs in no log."""
    ready = f"Ready in {seconds:.1f} s. Ctrl-C stops."
    if log_format() is LogFormat.JSON:
        known = {name: value for name, value in session.items() if name not in ("password", "idToken")}
        print(json.dumps({"event": "ready", **known, "sessionFile": file, "message": ready}), flush=True)
        return
    read_token = f"import json; print(json.load(open('{file}'))['idToken'])"
    lines = [
        f"API           {session['apiUrl']}",
        f"Console       {session['consoleUrl']}",
        f"AWS endpoint  {session['awsEndpoint']}",
        f"User          {session['email']}",
        f"Password      {session['password']}",
        f"Token         {file} (idToken)",
        f'              TOKEN=$(python3 -c "{read_token}")',
        ready,
    ]
    print("\n".join(lines), flush=True)
