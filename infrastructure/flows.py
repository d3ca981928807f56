"""The flows' state machines, in nested stacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import CfnResource, FileAssetPackaging, Stack
from aws_cdk import Stage as CdkStage

from chalicelib.names import EXPRESS
from compiler import CompiledFlow
from infrastructure.flow_resources import DefinitionFile, flow_resources
from infrastructure.nested_stacks import ASSET_BUCKET, NestedTemplate, flow_templates
from infrastructure.resources import tag_list
from infrastructure.stage import StageSettings


@dataclass(frozen=True)
class Uploaded:
    """The location of a file that is uploaded before the deployment. `bucket` and `url` are CloudFormation tokens."""

    bucket: str
    key: str
    url: str


class Uploads:
    """The files in a stack's cloud assembly that CDK uploads to the bootstrap bucket."""

    def __init__(self, stack: Stack) -> None:
        assembly = CdkStage.of(stack)
        assert assembly is not None
        # Read these once: each access is a call into CDK's process.
        self.stack = stack
        self._folder = Path(assembly.outdir)
        self._synthesizer = stack.synthesizer

    def add(self, file: str, text: str, digest: str) -> Uploaded:
        """Add a file to the assembly.

        Args:
            file: The file's name.
            text: Its content.
            digest: The hash of the content, which becomes its key in the bucket.
        """
        (self._folder / file).write_text(text, encoding="utf-8")
        location = self._synthesizer.add_file_asset(
            source_hash=digest, file_name=file, packaging=FileAssetPackaging.FILE, display_name=file
        )
        return Uploaded(location.bucket_name, location.object_key, location.http_url)


def add_flows(
    uploads: Uploads, stage: StageSettings, flows: Sequence[CompiledFlow], parameters: Mapping[str, Any]
) -> list[CfnResource]:
    """Add the flows to the stage's stack.

    Args:
        uploads: The uploads of that stack.
        stage: The stage's settings.
        flows: The compiled flows.
        parameters: The values of `flow_resources.PARAMETERS`.

    Returns:
        The nested stacks of the flows.

    Raises:
        StackFullError: The stage's `flow_stacks` is too small.
    """
    buckets: dict[str, str] = {}

    def upload(definition: DefinitionFile) -> str:
        uploaded = uploads.add(f"{definition.digest}.asl.json", definition.text, definition.digest)
        buckets[ASSET_BUCKET] = uploaded.bucket
        return uploaded.key

    express = [flow.name for flow in flows if flow.type == EXPRESS]
    templates = flow_templates((flow_resources(flow, stage, express) for flow in flows), stage.flow_stacks, upload)
    return [nest(uploads, stage, template, {**parameters, **buckets}) for template in templates]


def nest(uploads: Uploads, stage: StageSettings, template: NestedTemplate, values: Mapping[str, Any]) -> CfnResource:
    """Add a nested stack with a finished template. This takes a few calls into CDK, whatever the template's size.

    Args:
        uploads: The uploads of the stage's stack.
        stage: The stage's settings.
        template: The template.
        values: The values of the template's parameters; others are ignored.
    """
    file = f"{template.name}.nested.template.json"
    uploaded = uploads.add(file, template.text, template.digest)
    properties: dict[str, Any] = {"TemplateURL": uploaded.url, "Tags": tag_list(stage)}
    if template.parameters:
        properties["Parameters"] = {name: values[name] for name in template.parameters}
    nested = CfnResource(uploads.stack, template.name, type="AWS::CloudFormation::Stack", properties=properties)
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):  # what is kept says so itself
        nested.add_override(policy, "Delete")
    # With these `cdk diff` finds the template and shows the changes inside.
    nested.add_override("Metadata", {"aws:asset:path": file, "aws:asset:property": "TemplateURL"})
    return nested
