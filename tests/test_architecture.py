"""The rules that no single module can keep alone: directions of imports, sizes, words, pins, links."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from chalicelib.settings import PROJECT

PACKAGES = (
    *("asl", "chalicelib", "compiler", "stepfunctions", "localcloud", "rehearsal", "infrastructure", "plugin_manager"),
    *("admin", "benchmarks", "client"),
)
WRITTEN_BY_HAND = (*PACKAGES, "tests", "docs", "flows", ".chalice", ".ci")
TEXT = {".py", ".md", ".yml", ".yaml", ".json", ".toml", ".in", ".txt", ".sh", ""}
LONGEST_FILE = 500
LONGEST_APP = 80

# Words that only make sense to the person who wrote them: notes to oneself, and paths of one machine.
STRAY = re.compile(r"\b(TODO|FIXME|XXX|HACK|WIP|[Ii]ssue #?\d+)\b|(?<![\w.$}/:*-])/(work|root|home|Users)/\w")
# A requirement that anybody can install: name, extras, one version, marker. No address, path or option.
PINNED = re.compile(r"[A-Za-z0-9][\w.-]*(\[[\w,-]+\])?==[\w.+!]+( *; .+)?")


def files(*suffixes: str, folders: tuple[str, ...] = WRITTEN_BY_HAND) -> Iterator[Path]:
    """The project's own files; nothing generated or installed."""
    yield from (
        path for path in PROJECT.iterdir() if path.is_file() and path.suffix in suffixes and path.name != ".git"
    )
    for folder in folders:
        for path in (PROJECT / folder).rglob("*"):
            if path.suffix in suffixes and path.is_file() and not {"deployments", "deployed"} & set(path.parts):
                yield path


def name(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def test_imports_point_one_way(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()  # a root of import-linter must be a package, so it sees app.py as one
    (tmp_path / "app" / "__init__.py").symlink_to(PROJECT / "app.py")
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(lint_imports), "--config", str(PROJECT / "pyproject.toml"), "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{PROJECT}{os.pathsep}{PROJECT / 'client' / 'src'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", done.stdout)


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        name(path)
        for path in files(".py", folders=("chalicelib",))
        if re.search(r"^[^#\"`]*\b(os\.environ|os\.getenv)\b", path.read_text(), flags=re.MULTILINE)
        and path.parts[len(PROJECT.parts) : -2] != ("chalicelib", "lib")  # functions are the users' own
    }
    assert readers == {"chalicelib/settings.py"}


def test_a_file_fits_a_readers_head() -> None:
    long = {
        name(path): lines
        for path in files(".py", folders=(*PACKAGES, "tests"))
        if (lines := path.read_text().count("\n")) > LONGEST_FILE
    }
    assert long == {}


def test_the_app_registers_and_decides_nothing() -> None:
    assert (PROJECT / "app.py").read_text().count("\n") <= LONGEST_APP


def test_no_stray_words() -> None:
    found = [
        f"{name(path)}:{number}: {match.group()}"
        for path in files(*TEXT)
        if path != PROJECT / "tests" / "test_architecture.py" and "__pycache__" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for match in STRAY.finditer(line)
    ]
    assert found == []


@pytest.mark.parametrize("document", sorted(name(path) for path in files(".md")))
def test_links_between_documents_lead_somewhere(document: str) -> None:
    text = re.sub(r"```.*?```", "", (PROJECT / document).read_text(), flags=re.DOTALL)
    targets = re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", text)
    broken = [target for target in targets if not leads_somewhere(PROJECT / document, target)]
    assert broken == []


def leads_somewhere(document: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = document.parent / path if path else document
    if not file.exists() or not anchor:
        return file.exists()
    headings = re.findall(r"^#+ +(.+)$", file.read_text(), flags=re.MULTILINE)
    return anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def targets() -> set[str]:
    return set(re.findall(r"^([\w-]+):(?!=)", (PROJECT / "Makefile").read_text(), flags=re.MULTILINE))


class TestMake:
    def test_help_lists_verbs_that_exist(self, targets: set[str]) -> None:
        shown = subprocess.run(["make", "help"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
        verbs = set(re.findall(r"^ *(?:make )?([a-z][\w-]*) {2,}\S", shown, flags=re.MULTILINE))
        assert {"run", "test", "lint", "typecheck", "format", "bench", "clean", "help"} <= verbs
        assert verbs <= targets

    def test_documents_name_verbs_that_exist(self, targets: set[str]) -> None:
        wrong = [
            f"{name(path)}: make {verb}"
            for path in files(".md")
            for run in re.findall(
                r"(?:`|^\s*|^\$ )(?:\w+=\S+ )*make((?: [a-z][\w-]*)+)", path.read_text(), re.MULTILINE
            )
            for verb in run.split()
            if verb not in targets
        ]
        assert wrong == []


class TestRequirements:
    LOCKS = ("requirements.txt", "requirements-local.txt", "requirements-dev.txt")  # each holds the one before

    @pytest.mark.parametrize("lock", LOCKS)
    def test_every_package_is_pinned_without_an_address(self, lock: str) -> None:
        assert self.lines(lock)
        assert [line for line in self.lines(lock) if not PINNED.fullmatch(line)] == []

    @pytest.mark.parametrize("lock", LOCKS)
    def test_everything_wanted_is_locked(self, lock: str) -> None:
        wanted = {self.package(line) for line in self.lines(lock.replace(".txt", ".in"))}
        assert wanted - {self.package(line) for line in self.lines(lock)} == set()

    @pytest.mark.parametrize(("smaller", "larger"), list(pairwise(LOCKS)))
    def test_what_ships_is_what_is_tested(self, smaller: str, larger: str) -> None:
        shipped, tested = ({self.package(line): line for line in self.lines(lock)} for lock in (smaller, larger))
        assert {package: self.version(tested.get(package, "")) for package in shipped} == {
            package: self.version(line) for package, line in shipped.items()
        }

    @staticmethod
    def lines(file: str) -> list[str]:
        stripped = [line.split("#")[0].strip() for line in (PROJECT / file).read_text().splitlines()]
        return [line for line in stripped if line and not line.startswith("-r ")]

    @staticmethod
    def version(line: str) -> str:
        return line.partition("==")[2]

    @staticmethod
    def package(line: str) -> str:
        return re.sub(r"[-_.]+", "-", re.split(r"[\[=; ]", line)[0]).lower()


def test_the_configuration_files_have_their_shape() -> None:
    plugins = json.loads((PROJECT / "config.json").read_text())["plugins"]
    assert isinstance(plugins, list)
    statements = yaml.safe_load((PROJECT / "lambda-permissions.yml").read_text())["iamRoleStatements"] or []
    assert all({"Effect", "Action", "Resource"} <= set(statement) for statement in statements)


def test_the_deployers_policy_is_scoped_to_the_project() -> None:
    text = (PROJECT / "policy.json").read_text()
    assert set(re.findall(r"\$\{[^}]*\}", text)) == {"${region}", "${account-id}"}
    policy = json.loads(text)
    assert len(json.dumps(policy, separators=(",", ":"))) < 6144, "the most that a managed policy may have"
    for statement in policy["Statement"]:
        resources = [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        assert "*" not in actions
        if resources == ["*"]:
            assert not any(action.endswith("*") for action in actions), statement["Sid"]


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-local.txt", "requirements-dev.txt"])
def test_every_package_is_in_the_list_of_licences(file: str) -> None:
    def normalised(package: str) -> str:
        return re.sub(r"[-_.]+", "-", package).lower()

    listed = {
        normalised(name) for name in re.findall(r"^\| (\S+) \| ", (PROJECT / "docs/licenses.md").read_text(), re.M)
    }
    required = {
        normalised(re.split(r"[\[=]", line)[0]) for line in (PROJECT / file).read_text().splitlines() if "==" in line
    }
    assert required <= listed
