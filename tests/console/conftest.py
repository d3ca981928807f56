"""A browser, and the built console in the project of the end-to-end tests' server."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from ..end_to_end.conftest import aws, locked, make_user, server, user  # noqa: F401  (fixtures)
from ..end_to_end.server import Server
from ..isolation import REPOSITORY

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BUILT = REPOSITORY / "chalicelib" / "console"
CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)
AXE = REPOSITORY / "console" / "node_modules" / "axe-core" / "axe.min.js"
TIMEOUT = 60_000  # milliseconds, on a busy machine


def need_built() -> None:
    if not (BUILT / "index.html").is_file():
        pytest.skip("the console is not built: run `make console`")


# Not for longer than the package: while Playwright is open, its event loop runs in this thread, and nothing else can
# run one.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is missing: install Debian's package chromium, or set CHROMIUM")
    need_built()
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(server: Server) -> Server:  # noqa: F811
    """The server, with the console."""
    need_built()
    target = server.project / "chalicelib" / "console"
    with locked(server.project.parent / "console-copy"):
        if not target.exists():
            shutil.copytree(BUILT, target)
    return server


@dataclass
class Console:
    """The console in a page of its own, as a visitor sees it. Everything that the browser complains about is kept."""

    page: Page
    url: str
    email: str
    password: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def sign_in(self, email: str = "", password: str = "") -> None:
        self.page.get_by_label("Email").fill(email or self.email)
        self.page.get_by_label("Password").fill(password or self.password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def use_token(self, token: str) -> None:
        """Be signed in as the owner of an id token, from the next page on."""
        session = {"idToken": token, "accessToken": "", "expiresAt": (time.time() + 3000) * 1000}
        self.page.add_init_script(
            f"sessionStorage.length || sessionStorage.setItem('session', {json.dumps(json.dumps(session))})"
        )

    def fits(self) -> None:
        """Assert that nothing is cut off at the right: the page itself never scrolls sideways."""
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), self.page.url

    def heading(self, name: str) -> None:
        """Wait for the page with this heading."""
        self.page.get_by_role("heading", level=1, name=name, exact=True).wait_for()

    def check_accessible(self) -> None:
        """Assert that axe finds nothing serious or critical (WCAG 2.2 A and AA)."""
        if not AXE.is_file():
            pytest.skip("axe-core is not installed: run `make console`")
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        self.page.evaluate("scrollTo(0, 0)")  # half of a button under the sticky bar would be too small a target
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = self.page.evaluate("tags => axe.run(document, {runOnly: tags})", rules)["violations"]
        serious = [
            f"{item['id']}: {node['html'][:150]} {node['failureSummary']}"
            for item in found
            if item["impact"] in ("serious", "critical")
            for node in item["nodes"][:3]
        ]
        assert not serious, "\n".join(serious)


@pytest.fixture
def console(browser: Browser, served: Server) -> Iterator[Console]:
    """The console; the test fails if the browser refuses anything by the policy, or a script fails."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    session = served.session
    opened = Console(page, session["apiUrl"] + "/console", session["email"], session["password"])
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    page.on("console", lambda line: opened.complaints.append(line.text) if _counts(line) else None)
    yield opened
    context.close()
    assert not opened.complaints


def _counts(line: Any) -> bool:
    """Return whether a line of the browser's console is a fault: refused requests are logged as well."""
    text = str(line.text)
    return (
        "Content Security Policy" in text
        or "Trusted" in text
        or (line.type == "error" and "Failed to load resource" not in text)
    )


@pytest.fixture
def signed_in(console: Console) -> Console:
    console.open("/flows")
    console.sign_in()
    console.heading("Flows")
    return console


@pytest.fixture
def start_run(served: Server) -> Callable[..., dict[str, Any]]:
    """Starts a flow as the demo user, and returns the finished run."""

    def start(flow: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {served.session['idToken']}"}
        url = f"{served.session['apiUrl']}/run/{flow}?wait=20"
        answer: dict[str, Any] = requests.post(url, json=body, headers=headers, timeout=30).json()
        return answer

    return start
