"""Deploys and removes a stage in portions if one operation would change too many resources:
`python -m infrastructure.portions --stage prod` (`make deploy` and `make destroy` run it).

CloudFormation changes at most 2,500 resources in an operation, those in nested stacks included. A stage with more than
some 350 flows is therefore brought near its new state by operations on a few nested stacks each: the others stay as
they are deployed, or do not exist yet. The `cdk deploy` that follows does the rest. For a smaller stage this does
nothing. When it is interrupted, the next attempt continues where it stopped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib import APP_NAME
from chalicelib.settings import PROJECT
from infrastructure.cloud import Cloud
from infrastructure.errors import DeploymentError
from infrastructure.limits import MAX_OPERATION

MARGIN = 500
"""Resources of an operation that are left free: a nested stack may also delete what is no longer in its template."""
NESTED = "AWS::CloudFormation::Stack"

Template = dict[str, Any]


@dataclass(frozen=True)
class Portion:
    """A step on the way: a template of the stage's stack, and the nested stacks that it changes."""

    template: Template
    stacks: tuple[str, ...]
    resources: int


def main(argv: Sequence[str] | None = None) -> int:
    """Deploy all portions except the last, or remove all except the last; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.portions", description="Deploy in portions.")
    parser.add_argument("--stage", required=True)
    parser.add_argument("--api", default="cdk")
    parser.add_argument("--removing", action="store_true", help="remove nested stacks, before `cdk destroy`")
    parser.add_argument("options", nargs="*", help="further options for cdk deploy, after --")
    arguments = parser.parse_args(argv)
    try:
        sizes = Cloud().nested_sizes(arguments.stage) if arguments.removing else expected_sizes(arguments.stage)
        if sum(sizes.values()) <= MAX_OPERATION - MARGIN:
            return 0
        with tempfile.TemporaryDirectory() as folder:
            assembly = Assembly(Path(folder, "cdk.out"), arguments.stage, arguments.api)
            deployed = Cloud().template(arguments.stage)
            if arguments.removing:
                portions = removing(deployed, sizes)
            else:
                portions = adding(assembly.template, deployed, assembly.sizes())
            for number, portion in enumerate(portions, 1):
                shown = f"{', '.join(portion.stacks)} ({portion.resources:,} resources)"
                print(f"portion {number} of {len(portions) + 1}: {shown}", file=sys.stderr, flush=True)
                assembly.deploy(portion.template, arguments.options)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def adding(wanted: Template, deployed: Template, sizes: Mapping[str, int]) -> list[Portion]:
    """Return the steps from the deployed template to the wanted one, without the last.

    Args:
        wanted: The template of the stage's stack.
        deployed: The deployed one; without resources if there is none.
        sizes: The number of resources in each nested stack of `wanted`.
    """
    before = deployed.get("Resources", {})
    changed = [name for name in _nested(wanted) if wanted["Resources"][name] != before.get(name)]
    changed.sort(key=lambda name: not name.startswith("Functions"))  # functions exist before flows call them
    own = len(wanted["Resources"])
    steps = []
    waiting = list(changed)
    for group in list(_groups(changed, sizes, MAX_OPERATION - MARGIN - own))[:-1]:
        waiting = [name for name in waiting if name not in group]
        kept = {name: before[name] for name in _nested(deployed) if name in waiting or name not in wanted["Resources"]}
        template = _with(wanted, {name: kept.get(name) for name in (*waiting, *kept)})
        steps.append(Portion(template, tuple(group), sum(sizes[name] for name in group)))
    return steps


def removing(deployed: Template, sizes: Mapping[str, int]) -> list[Portion]:
    """Return the steps that remove nested stacks until the rest of the stage can be deleted at once.

    Args:
        deployed: The deployed template of the stage's stack.
        sizes: The number of resources in each of its nested stacks.
    """
    ordered = sorted(_nested(deployed), key=lambda name: name.startswith("Functions"))  # flows call functions
    own = len(deployed.get("Resources", {}))
    steps = []
    removed: list[str] = []
    for group in list(_groups(ordered, sizes, MAX_OPERATION - MARGIN - own))[:-1]:
        removed += group
        template = _with(deployed, dict.fromkeys(removed))
        steps.append(Portion(template, tuple(group), sum(sizes[name] for name in group)))
    return steps


def _groups(names: Sequence[str], sizes: Mapping[str, int], room: int) -> Iterator[list[str]]:
    group: list[str] = []
    for name in names:
        if group and sum(sizes[member] for member in (*group, name)) > room:
            yield group
            group = []
        group.append(name)
    if group:
        yield group


def _nested(template: Template) -> list[str]:
    return [name for name, resource in template.get("Resources", {}).items() if resource["Type"] == NESTED]


def _with(template: Template, replaced: Mapping[str, Any]) -> Template:
    """Return a template with other resources; None leaves one out, also of what depends on it."""
    resources = {**template["Resources"], **replaced}
    present = {name: resource for name, resource in resources.items() if resource is not None}
    for name, resource in present.items():
        dependencies = resource.get("DependsOn")
        if isinstance(dependencies, list):
            present[name] = {**resource, "DependsOn": [other for other in dependencies if other in present]}
    return {**template, "Resources": present}


def expected_sizes(stage_name: str, project: Path = PROJECT) -> dict[str, int]:
    """Return about how many resources flows and functions of a stage have together, without synthesising it.

    Raises:
        DeploymentError: The stage does not exist, or flows have errors.
    """
    from infrastructure.flow_resources import flow_resources
    from infrastructure.synthesis import checked_flows, checked_stage

    stage = checked_stage(stage_name)
    flows = checked_flows(stage, project)
    return {
        "flows": sum(len(flow_resources(flow, stage).resources) for flow in flows.flows.values()),
        "functions": 2 * len(flows.settings),
    }


class Assembly:
    """The synthesised stage, of which other versions of its stack's template can be deployed.

    Args:
        folder: Where to synthesise it.
        stage: The stage's name.
        api: What deploys the API and the functions.

    Raises:
        DeploymentError: The stage cannot be synthesised.
    """

    def __init__(self, folder: Path, stage: str, api: str) -> None:
        self._folder = folder
        self._stack = f"{APP_NAME}-{stage}"
        self._run(["synth", "--quiet", "-c", f"stage={stage}", "-c", f"api={api}", "--output", str(folder)])
        self._file = folder / f"{self._stack}.template.json"
        self.template: Template = json.loads(self._file.read_text(encoding="utf-8"))

    def sizes(self) -> dict[str, int]:
        """Return the number of resources in each nested stack."""
        files = self._folder.glob("*.nested.template.json")
        return {f.name.split(".")[0]: len(json.loads(f.read_text(encoding="utf-8"))["Resources"]) for f in files}

    def deploy(self, template: Template, options: Sequence[str]) -> None:
        """Deploy another version of the stack's template.

        Raises:
            DeploymentError: It failed.
        """
        after = json.dumps(template, ensure_ascii=False)
        self._file.write_text(after, encoding="utf-8")
        assets = self._folder / f"{self._stack}.assets.json"
        files = json.loads(assets.read_text(encoding="utf-8"))["files"]
        former = next(key for key, entry in files.items() if entry["source"]["path"] == self._file.name)
        # The hash of the template is its key in the bucket. CDK uploads nothing to a key that exists.
        digest = hashlib.sha256(after.encode()).hexdigest()
        for file in (assets, self._folder / "manifest.json"):
            text = file.read_text(encoding="utf-8").replace(former, digest)
            # `make destroy` has lifted the protection, and `make deploy` ends with the original assembly.
            file.write_text(text.replace('"terminationProtection": true', '"terminationProtection": false'))
        self._run(["deploy", "--app", str(self._folder), *options])

    def import_resources(self, template: Template, mapping: Path) -> None:
        """Create the stack from resources that exist.

        Args:
            template: A template of nothing but these resources.
            mapping: The file with their identifiers.

        Raises:
            DeploymentError: It failed.
        """
        self._file.write_text(json.dumps(template, ensure_ascii=False), encoding="utf-8")
        self._run(["import", "--app", str(self._folder), "--resource-mapping", str(mapping)])

    def destroy(self) -> None:
        """Delete the stack.

        Raises:
            DeploymentError: It failed.
        """
        self._run(["destroy", "--app", str(self._folder), "--force"])

    def _run(self, arguments: Sequence[str]) -> None:
        # As in the Makefile: the project's own Python comes first.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        command = [str(PROJECT / "node_modules" / ".bin" / "cdk"), *arguments]
        done = subprocess.run(command, cwd=PROJECT, env={**os.environ, "PATH": path}, check=False)  # noqa: S603
        if done.returncode:
            raise DeploymentError(f"cdk {arguments[0]} failed: fix what it reports, and repeat the command")


if __name__ == "__main__":
    sys.exit(main())
