"""Map states: their processors, readers, batchers and labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from asl.language.checks.base import DEVELOPER_GUIDE, Check, Report, Rules, StateView, advice

if TYPE_CHECKING:
    from asl.language.checks.examples import Example

_PAGE = DEVELOPER_GUIDE + "state-map-distributed.html"
CONFIG = Check(
    "map-processor-config",
    "A distributed Map must have an ExecutionType, and an inline Map can't have one.",
    source=_PAGE,
)
READER = Check("map-item-reader", "An ItemReader must read from Amazon S3 and describe the format.", source=_PAGE)
LABEL = Check(
    "map-label",
    "A Map's label may have at most 40 characters and no special ones.",
    code="INVALID_LABEL_NAME",
    source=_PAGE,
)
INLINE = advice("map-inline-field", "Only a distributed Map can have a reader, batches, a writer or a label.", _PAGE)
EXCLUSIVE = Check("map-exclusive-fields", "A limit must be either a number or a path.", source=_PAGE)

MAX_LABEL = 40
_BAD_LABEL = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]")
_DISTRIBUTED_ONLY = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")
_READERS = re.compile(r"arn:[\w-]+:states:::s3:(?:getObject|listObjectsV2)")
_INPUT_TYPES = ("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET")
_EXCLUSIVE = {
    "ItemBatcher": (
        ("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
        ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
    ),
    "ReaderConfig": (("MaxItems", "MaxItemsPath"),),
}


def check_state(state: StateView, report: Report) -> None:
    """Check the fields that only a Map state has."""
    if state.type != "Map":
        return
    distributed = False
    for field in ("ItemProcessor", "Iterator"):
        processor = state.fields.get(field)
        if isinstance(processor, dict) and "ProcessorConfig" in processor:
            pointer = f"{state.at(field)}/ProcessorConfig"
            distributed = _check_config(processor["ProcessorConfig"], pointer, report) or distributed
    if not distributed:
        for field in _DISTRIBUTED_ONLY:
            if field in state.fields:
                report.add(INLINE, f"The field '{field}' has no effect on an inline Map", state.at(field))
    reader = state.fields.get("ItemReader")
    if isinstance(reader, dict):
        _check_reader(reader, state.at("ItemReader"), report)
    batcher = state.fields.get("ItemBatcher")
    if isinstance(batcher, dict):
        _check_exclusive(batcher, "ItemBatcher", state.at("ItemBatcher"), report)
    label = state.fields.get("Label")
    if isinstance(label, str):
        _check_label(label, state.at("Label"), report)


def _check_config(config: Any, pointer: str, report: Report) -> bool:
    """Check how a processor runs; return whether it is distributed."""
    if not isinstance(config, dict):
        report.add(CONFIG, "Expected value of type [OBJECT]", pointer)
        return False
    mode = config.get("Mode", "INLINE")
    if mode not in ("INLINE", "DISTRIBUTED"):
        report.add(CONFIG, "Value should be one of the following: [INLINE, DISTRIBUTED]", f"{pointer}/Mode")
    if mode == "INLINE" and "ExecutionType" in config:
        report.add(CONFIG, "Field 'ExecutionType' is not supported", f"{pointer}/ExecutionType", at=pointer)
    if mode == "DISTRIBUTED":
        if "ExecutionType" not in config:
            report.add(CONFIG, "These fields are required: [ExecutionType]", pointer)
        elif config["ExecutionType"] not in ("STANDARD", "EXPRESS"):
            report.add(CONFIG, "Value should be one of the following: [STANDARD, EXPRESS]", f"{pointer}/ExecutionType")
    return bool(mode == "DISTRIBUTED")


def _check_reader(reader: dict[str, Any], pointer: str, report: Report) -> None:
    resource = reader.get("Resource")
    if "Resource" not in reader:
        report.add(READER, "These fields are required: [Resource]", pointer)
    elif not isinstance(resource, str) or _READERS.fullmatch(resource) is None:
        report.add(READER, "The field 'Resource' does not match any of the allowed values", f"{pointer}/Resource")
    config = reader.get("ReaderConfig", {})
    pointer = f"{pointer}/ReaderConfig"
    if isinstance(config, dict):
        _check_reader_config(config, pointer, report)
    else:
        report.add(READER, "Expected value of type [OBJECT]", pointer)


def _check_reader_config(config: dict[str, Any], pointer: str, report: Report) -> None:
    kind = config.get("InputType", "JSON")
    if kind not in _INPUT_TYPES:
        report.add(READER, f"Value should be one of the following: [{', '.join(_INPUT_TYPES)}]", f"{pointer}/InputType")
    location = config.get("CSVHeaderLocation")
    if kind == "CSV" and location is None:
        report.add(READER, "The field 'CSVHeaderLocation' is required", pointer)
    elif kind in ("JSON", "JSONL") and location is not None:
        report.add(READER, "Field 'CSVHeaderLocation' is not supported", f"{pointer}/CSVHeaderLocation", at=pointer)
    elif location not in (None, "FIRST_ROW", "GIVEN"):
        report.add(READER, "Value should be one of the following: [FIRST_ROW, GIVEN]", f"{pointer}/CSVHeaderLocation")
    if location == "GIVEN" and "CSVHeaders" not in config:
        report.add(READER, "These fields are required: [CSVHeaders]", pointer)
    headers = config.get("CSVHeaders", [])
    if not isinstance(headers, list) or not all(isinstance(header, str) for header in headers):
        report.add(READER, "Expected value of type [ARRAY]", f"{pointer}/CSVHeaders")
    _check_exclusive(config, "ReaderConfig", pointer, report)


def _check_exclusive(values: dict[str, Any], holder: str, pointer: str, report: Report) -> None:
    for pair in _EXCLUSIVE[holder]:
        if all(name in values for name in pair):
            report.add(EXCLUSIVE, f"There should only be one of the following fields: [{', '.join(pair)}]", pointer)


def _check_label(label: str, pointer: str, report: Report) -> None:
    if len(label) > MAX_LABEL:
        report.add(LABEL, f"Label cannot exceed {MAX_LABEL} characters", pointer)
        return
    bad = _BAD_LABEL.search(label)
    if bad is not None:
        report.add(LABEL, f"Label contains invalid character: {bad.group()!r}", pointer)


def _examples() -> dict[str, Example]:
    from asl.language.checks.examples import DISTRIBUTED_MAP, Example, map_state, reader

    return {
        "map-processor-config": Example(
            map_state({"ProcessorConfig": {"Mode": "DISTRIBUTED"}}),
            "/States/A/ItemProcessor/ProcessorConfig",
            "/States/A/ItemProcessor/ProcessorConfig",
            map_state(DISTRIBUTED_MAP),
        ),
        "map-item-reader": Example(
            reader(ReaderConfig={"InputType": "CSV"}),
            "/States/A/ItemReader/ReaderConfig",
            "/States/A/ItemReader/ReaderConfig",
            reader(ReaderConfig={"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}),
        ),
        "map-label": Example(
            map_state(DISTRIBUTED_MAP, Label="all orders"),
            "/States/A/Label",
            "/States/A/Label",
            map_state(DISTRIBUTED_MAP, Label="orders"),
        ),
        "map-inline-field": Example(
            map_state(ItemBatcher={"MaxItemsPerBatch": 10}),
            "/States/A/ItemBatcher",
            "/States/A/ItemBatcher",
            map_state(DISTRIBUTED_MAP, ItemBatcher={"MaxItemsPerBatch": 10}),
        ),
        "map-exclusive-fields": Example(
            map_state(DISTRIBUTED_MAP, ItemBatcher={"MaxItemsPerBatch": 10, "MaxItemsPerBatchPath": "$.n"}),
            "/States/A/ItemBatcher",
            "/States/A/ItemBatcher",
            map_state(DISTRIBUTED_MAP, ItemBatcher={"MaxItemsPerBatchPath": "$.n"}),
        ),
    }


RULES = Rules(
    order=110,
    checks=(CONFIG, READER, LABEL, INLINE, EXCLUSIVE),
    state=check_state,
    examples=_examples,
)
