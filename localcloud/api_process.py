"""The process of the API: the project's `app.py` behind the gateway, on a socket that its parent listens on.

    python -m localcloud.api_process LISTENER_FD READY_FD HANDOVER_FD SUCCESSOR_FD PARENT_PID

It reads its environment (a line of JSON) from standard input once the cloud is up, having imported meanwhile what takes
time. It writes a line to READY_FD when it has imported the application, and serves after the next line of standard
input: what clients need to know is written before they get an answer. It ends when its parent does. On SIGTERM it
answers the requests that it has, sends its kept connections over SUCCESSOR_FD, and ends; those of its predecessor
arrive on HANDOVER_FD.
"""

from __future__ import annotations

import gc
import importlib
import json
import logging
import os
import signal
import socket
import sys
import threading
import traceback
from types import FrameType
from typing import Any

from chalicelib.flows.catalog import use_source
from chalicelib.functions import FunctionError
from chalicelib.settings import PROJECT
from compiler.live_project import LiveProject
from localcloud.memory import share_one_heap
from localcloud.settings import CloudSettings
from localcloud.story import Story, StoryHandler, open_story
from localcloud.workers.bootstrap import distrust_young_bytecode, follow_parent

DRAIN_SECONDS = 30.0  # as long as API Gateway lets a request take
# Imported while the cloud starts; what the application imports at its first call anyway.
WARM_UP = ("chalice.local", "jose.jwt", "jose.backends.cryptography_backend", "boto3", "pydantic", "yaml")


def main() -> int:
    """Serve until a signal ends the process, and return the exit code."""
    listener_fd, ready_fd, handover_fd, successor_fd, parent = (int(text) for text in sys.argv[1:6])
    share_one_heap()
    follow_parent(parent)
    distrust_young_bytecode(str(PROJECT))
    for module in WARM_UP:
        importlib.import_module(module)
    line = sys.stdin.readline()
    if not line:
        return 1
    os.environ.clear()
    os.environ.update(json.loads(line))
    sys.path.insert(0, str(PROJECT))
    try:
        names = CloudSettings.from_environment(PROJECT).names
        story = open_story(PROJECT, names.resource(""))
        logging.getLogger("chalicelib").addHandler(StoryHandler(story.put, PROJECT))
        server = make_server(socket.socket(fileno=listener_fd), story).server
    except FunctionError as error:  # says all there is to say
        print(error, file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc()
        return 1

    def drain() -> None:
        server.drain(DRAIN_SECONDS, successor)
        story.close()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # In a thread: `drain` waits for the loop that this handler interrupts.
        threading.Thread(target=drain, daemon=False).start()

    successor = socket.socket(fileno=successor_fd)
    server.handover.receive(socket.socket(fileno=handover_fd))
    gc.freeze()  # what is loaded stays: looking through it again and again would hold up requests
    os.write(ready_fd, b"ready\n")
    os.close(ready_fd)
    if sys.stdin.readline():
        signal.signal(signal.SIGTERM, stop)  # only now is there something to finish
        server.serve_forever(0.05)
    return 0


def make_server(listener: socket.socket, story: Story) -> Any:
    """The project's application on `listener`, which tells its requests in `story`."""
    from chalice import local
    from chalice.config import Config

    from localcloud import chalice_local

    application = importlib.import_module("app").app  # the user's room, above this one

    use_source(LiveProject(PROJECT).catalog)
    chalice_local.install(story.put, listener)
    host, port = listener.getsockname()
    config = Config.create(project_dir=str(PROJECT), app_name=application.app_name, chalice_app=application)
    return local.create_local_server(application, config, host, port)


if __name__ == "__main__":
    sys.exit(main())
