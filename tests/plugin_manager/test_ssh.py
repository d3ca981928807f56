"""git+ssh://, with OpenSSH's own server and keys made for the test."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from chalicelib.plugins import installed
from plugin_manager.errors import PluginError

from .conftest import MakeRemote, Project, Remote
from .projects import write

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
PRIVILEGES = Path("/run/sshd")
"""Where sshd, started by root, locks up the part of it that talks to strangers."""

USER = pwd.getpwuid(os.getuid())


def why_not() -> str:
    """Why nobody can log in here, empty if somebody can."""
    if SSHD is None or shutil.which("ssh") is None:
        return "OpenSSH is missing: install openssh-server and openssh-client"
    if Path(USER.pw_shell).name in ("nologin", "false"):
        return f"{USER.pw_name} has no shell to log in to"
    with suppress(OSError):  # root alone may read it
        for line in Path("/etc/shadow").read_text().splitlines():
            if line.startswith(f"{USER.pw_name}:!"):
                return f"the account {USER.pw_name} is locked"
    return ""


pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")


@dataclass
class SshServer:
    """Serves this machine to those who have the key; a connection is a process of its own, one after the other."""

    folder: Path
    port: int

    def url(self, remote: Remote, host: str = "127.0.0.1") -> str:
        return f"git+ssh://{USER.pw_name}@{host}:{self.port}{remote.bare}"

    def command(self, *, key: str = "user", known: str = "known_hosts") -> str:
        """What `GIT_SSH_COMMAND` or `core.sshCommand` says: ssh with a key, and nothing of the user's own."""
        options = f"-F none -o IdentitiesOnly=yes -o UserKnownHostsFile={self.folder / known}"
        return f"ssh -i {self.folder / key} {options} -o GlobalKnownHostsFile=none -o BatchMode=yes"


@pytest.fixture
def ssh_server(tmp_path: Path) -> Iterator[SshServer]:
    folder = tmp_path / "ssh"
    folder.mkdir()
    for name in ("host", "user", "stranger"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)], check=True
        )
    config = {
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "user.pub",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "PidFile": "none",
    }
    write(folder, {"sshd_config": "".join(f"{key} {value}\n" for key, value in config.items()), "nobody": ""})
    if os.getuid() == 0:
        PRIVILEGES.mkdir(exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = SshServer(folder, listener.getsockname()[1])
        key = (folder / "host.pub").read_text()
        write(folder, {"known_hosts": f"[127.0.0.1]:{server.port} {key}"})
        threading.Thread(target=_serve, args=(listener, folder / "sshd_config"), daemon=True).start()
        yield server


def _serve(listener: socket.socket, config: Path) -> None:
    assert SSHD is not None
    with suppress(OSError):  # the test has ended
        while True:
            connection, _ = listener.accept()
            with connection:
                subprocess.run([SSHD, "-i", "-f", str(config)], stdin=connection, stdout=connection, check=False)


@pytest.fixture
def remote(make_remote: MakeRemote) -> Remote:
    return make_remote()


def test_a_key_opens_the_repository(project: Project, remote: Remote, ssh_server: SshServer) -> None:
    commit = remote.commit({}, tag="release/1.0")
    remote.commit({"lib/later/handler.py": "x = 1\n"})
    project.environment["GIT_SSH_COMMAND"] = ssh_server.command()
    project.asks_for(ssh_server.url(remote) + "@release/1.0").install()
    assert [plugin.name for plugin in installed(project.root)] == ["greetings"]
    assert project.lock[0]["commit"] == commit
    assert project.lock[0]["source"] == ssh_server.url(remote)


def test_the_ssh_that_git_is_configured_with_is_used(project: Project, remote: Remote, ssh_server: SshServer) -> None:
    config = ssh_server.folder / "gitconfig"
    config.write_text(f'[core]\n\tsshCommand = "{ssh_server.command()}"\n')
    project.environment["GIT_CONFIG_GLOBAL"] = str(config)
    project.asks_for(ssh_server.url(remote)).install()
    assert [plugin.name for plugin in installed(project.root)] == ["greetings"]


@pytest.mark.parametrize(
    ("key", "known", "message"),
    [
        ("stranger", "known_hosts", r"127\.0\.0\.1 rejected the ssh key: check that it is loaded"),
        ("user", "nobody", r"the key of 127\.0\.0\.1 is unknown: connect once with `ssh -p \d+ 127\.0\.0\.1`"),
    ],
)
def test_what_ssh_refuses_is_a_line(
    project: Project, remote: Remote, ssh_server: SshServer, key: str, known: str, message: str
) -> None:
    project.environment["GIT_SSH_COMMAND"] = ssh_server.command(key=key, known=known)
    with pytest.raises(PluginError, match=message) as caught:
        project.asks_for(ssh_server.url(remote)).install()
    assert "\n" not in str(caught.value)


def test_a_repository_that_is_not_there(project: Project, ssh_server: SshServer, tmp_path: Path) -> None:
    project.environment["GIT_SSH_COMMAND"] = ssh_server.command()
    with pytest.raises(PluginError, match=r"the repository does not exist, or you may not read it: '/.*/gone'") as caught:
        project.asks_for(ssh_server.url(Remote(tmp_path / "gone", tmp_path))).install()
    assert "\n" not in str(caught.value)


def test_a_host_that_is_not_there(project: Project, remote: Remote, ssh_server: SshServer) -> None:
    with pytest.raises(PluginError, match=r"the host nowhere\.invalid could not be found: check its name"):
        project.asks_for(ssh_server.url(remote, "nowhere.invalid")).install()
