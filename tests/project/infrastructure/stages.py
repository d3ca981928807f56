"""The stages and their settings. Edit this file to change or add a stage: `StageSettings` has all settings."""

from __future__ import annotations

from collections.abc import Mapping

from infrastructure.stage import StageSettings

DEFAULT_STAGE = "dev"

DEV = StageSettings(
    name="dev",
    retain_data=False,
    log_retention_days=14,
    flow_log_level="ALL",
    log_execution_data=True,
    log_level="DEBUG",
    alarms=False,
)

PROD = StageSettings(
    name="prod",
    retain_data=True,
    log_retention_days=180,
    throttle_rate=500.0,
    throttle_burst=1000,
    api_concurrency=200,
)

STAGES: Mapping[str, StageSettings] = {stage.name: stage for stage in (DEV, PROD)}
