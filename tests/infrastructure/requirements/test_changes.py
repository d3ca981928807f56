"""`make add` and `make remove`, with pip itself and an index of the tests' own."""

from __future__ import annotations

import pytest

from tests.infrastructure.requirements.conftest import LOCK, SHIPPED_LOCK, VERSIONS, Project


def test_a_package_is_required_pinned_and_installed_and_taken_out_again(project: Project) -> None:
    before = project.texts()
    assert project.command("add", "plain") == (0, "Added plain 1.1, helper 2.0.\n")
    after = project.texts()
    assert after["requirements.in"] == "# mine\npydantic\nplain\n"
    assert after["requirements.txt"] == SHIPPED_LOCK.replace("pydantic", "helper==2.0\nplain==1.1\npydantic")
    assert after["requirements-local.txt"] == LOCK.replace("pydantic", "helper==2.0\nplain==1.1\npydantic")
    assert after["requirements-dev.txt"].endswith("\n\n# The following packages are unsafe:\npip==26.2.1\n")
    assert project.installed("plain") and project.installed("helper")
    assert "://" not in "".join(after.values())

    assert project.command("add", "plain") == (0, "plain is in requirements.in already, pinned to 1.1.\n")
    assert project.command("add", "Plain>=1") == (
        1,
        "error: plain is in requirements.in already, as `plain`: to change it, edit that line and run `make lock`.\n",
    )
    assert project.texts() == after

    assert project.command("remove", "PLAIN") == (0, "Removed helper, plain.\n")
    assert project.texts() == before


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("nowhere", "there is no package 'nowhere' on the index for Python 3."),
        ("helper plain==9", "there is no version plain==9; the newest are 1.1, 1.0"),
        ("clash", f"conflict: clash 1.0 depends on pydantic<2; the project pins pydantic=={VERSIONS['pydantic']}"),
        ("native", "native 1.0 has no wheel for Lambda (Python 3."),
    ],
)
def test_what_cannot_be_added_is_one_line_and_changes_nothing(project: Project, asked: str, message: str) -> None:
    before = project.texts()
    code, printed = project.command("add", asked)
    assert code == 1
    assert printed.startswith("error: ") and printed.count("\n") == 1
    assert message in printed
    assert project.texts() == before
    assert not project.installed("helper")


def test_versions_and_several_packages_are_understood_as_they_are_written(project: Project) -> None:
    assert project.command("add", "plain >= 1.0, <1.1 helper") == (0, "Added plain 1.0, helper 2.0.\n")
    assert project.texts()["requirements.in"].endswith("plain<1.1,>=1.0\nhelper\n")
    # What another package still needs stays.
    assert project.command("remove", "helper") == (0, "Removed helper.\n")
    assert "helper==2.0" in project.texts()["requirements.txt"]


def test_a_package_near_the_limit_is_added_with_a_warning(project: Project) -> None:
    code, printed = project.command("add", "large")
    assert code == 0
    assert "Warning: the deployed package nears Lambda's limits:" in printed
    assert "`make remove PACKAGE=NAME` takes a package out." in printed


def test_only_what_is_required_can_be_removed(project: Project) -> None:
    before = project.texts()
    assert project.command("remove", "annotated-types") == (
        1,
        "error: annotated-types is not in requirements.in: it is pinned because another package needs it.\n",
    )
    assert project.texts() == before


def test_a_line_written_by_hand_is_pinned_and_installed(project: Project) -> None:
    wanted = project.root / "requirements.in"
    wanted.write_text(wanted.read_text() + "plain<1.1\n--no-index\n")
    assert project.command("install") == (0, "Added plain 1.0, helper 2.0.\n")
    assert "plain==1.0\n" in project.texts()["requirements.txt"]
    assert project.command("install") == (0, "")
    for lock in project.root.glob("requirements*.txt"):
        lock.write_text(lock.read_text().replace("plain==1.0", "plain==1.1"))
    wanted.write_text(wanted.read_text().replace("plain<1.1", "plain<1.2"))
    assert project.command("install")[1].startswith("Installed plain 1.1.\nThe local cloud itself uses the new plain")
    wanted.write_text(wanted.read_text().replace("plain<1.2", "plain<1.0"))
    code, printed = project.command("install")
    assert code == 1
    assert "requirements.in has `plain<1.0`, and requirements.txt pins 1.1: run `make lock` to move it" in printed
