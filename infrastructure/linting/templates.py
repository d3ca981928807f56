"""The templates of the stages, as CloudFormation gets them after it has expanded SAM."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compiler import Project


def write_templates(folder: Path, stages: Iterable[str] | None = None, flows: Project | None = None) -> list[Path]:
    """Synthesise stages, and write their templates.

    Args:
        folder: Where they are written: `templates/<stage>/<stack>.json`.
        stages: The names of the stages; all if None.
        flows: The project's flows if they are compiled already.

    Returns:
        The folders of the stages.

    Raises:
        DeploymentError: A stage cannot be synthesised.
    """
    from infrastructure.stages import STAGES
    from infrastructure.synthesis import compiled_flows, new_app, synthesise

    flows = compiled_flows() if flows is None else flows
    folders = []
    for name in STAGES if stages is None else stages:
        stage = STAGES[name]
        assembly = Path(synthesise(new_app(str(folder / "assemblies" / name)), stage, flows=flows))
        target = folder / "templates" / name
        target.mkdir(parents=True)
        for file in sorted(assembly.glob("*.template.json")):
            template = json.loads(file.read_text(encoding="utf-8"))
            expanded = expand(template) if "Transform" in template else template
            (target / f"{file.name.split('.')[0]}.json").write_text(json.dumps(expanded, indent=1), encoding="utf-8")
        folders.append(target)
    return folders


def expand(template: dict[str, Any]) -> dict[str, Any]:
    """Return a SAM template as CloudFormation expands it."""
    import boto3
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    session = boto3.Session(region_name="us-east-1")
    with _region("us-east-1"):
        expanded: dict[str, Any] = Translator({}, Parser(), boto_session=session).translate(
            json.loads(json.dumps(template)), {}
        )
    expanded.pop("Transform", None)
    return expanded


@contextmanager
def _region(name: str) -> Iterator[None]:
    """Set a region, which SAM's translator wants to know although the template does not depend on it."""
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = before or name
    try:
        yield
    finally:
        if before is None:
            del os.environ["AWS_DEFAULT_REGION"]
