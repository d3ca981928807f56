"""`python -m localcloud` of a small project, in a process that can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 180.0  # on a busy machine

_MAIN = """
import resource, sys
from pathlib import Path
from localcloud import run
from localcloud.settings import SetupError
limit = int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    sys.exit(run.run_cloud(Path(sys.argv[1]), 0, "http://127.0.0.1:1", None))
except SetupError as error:
    sys.exit(str(error))
"""


class CloudProcess:
    """A cloud in a process of its own, up and answering once constructed.

    `file_limit` is the size in bytes that no file of it may exceed, as on a full disk.
    """

    def __init__(self, project: Path, file_limit: int = 0, **variables: str) -> None:
        self.project = project
        self.log_file = project / "cloud.log"
        self.process = subprocess.Popen(
            [sys.executable, "-c", _MAIN, str(project), str(file_limit)],
            cwd=ROOT,
            env={**os.environ, "STATE": "disk", **variables},
            stdout=subprocess.PIPE,
            stderr=self.log_file.open("w"),
            start_new_session=True,
        )
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            self.process.wait(60)

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.project / ".localcloud" / "cloud.json").read_text())
        return found

    @property
    def session(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.project / ".localcloud" / "session.json").read_text())
        return found

    @property
    def environment(self) -> dict[str, str]:
        found: dict[str, str] = self.document["environment"]
        return found

    def client(self, service: str) -> Any:
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.document["endpoint"],
            region_name="us-east-1",
            config=Config(
                retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30, s3={"addressing_style": "path"}
            ),
        )

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(60)

    def __enter__(self) -> CloudProcess:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop(signal.SIGKILL)
        assert self.process.stdout is not None
        self.process.stdout.close()


def state_files(project: Path) -> list[str]:
    return sorted(entry.name for entry in (project / ".localcloud" / "state").iterdir())
