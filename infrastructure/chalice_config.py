"""Configures `chalice deploy` for a stage, from the outputs of its stack and from the flows.

    make cdk ARGS="deploy -c stage=prod -c api=chalice"
    python -m infrastructure.chalice_config --stage prod
    chalice deploy --stage prod

This writes the stage's section of `.chalice/config.json`; other stages are not changed. If the stage was deployed from
another folder, it also restores Chalice's records, which `chalice deploy` reads when it starts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chalicelib import APP_NAME
from chalicelib.files import read_text
from chalicelib.settings import PROJECT
from compiler import Project
from infrastructure.chalice_records import take_over
from infrastructure.errors import DeploymentError
from infrastructure.function_resources import (
    API_STAGE,
    OPTIONAL_VARIABLES,
    OWN_FUNCTIONS,
    environment,
)
from infrastructure.resources import tags
from infrastructure.stage import StageSettings

CONFIG = Path(".chalice", "config.json")
OUTPUTS = ("AccountId", "FunctionRoleArn", "UserPoolClientId", "UserPoolId")


def main(argv: Sequence[str] | None = None) -> int:
    """Write the stage's section, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m infrastructure.chalice_config",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", required=True)
    arguments = parser.parse_args(argv)
    from infrastructure.cloud import Cloud
    from infrastructure.synthesis import checked_flows, checked_stage

    try:
        stage = checked_stage(arguments.stage)
        flows = checked_flows(stage)
        cloud = Cloud()
        section = stage_section(stage, cloud.stack_outputs(stage.name), flows)
        write_section(PROJECT / CONFIG, stage.name, section)
        if taken := take_over(cloud, stage.name, PROJECT):
            print(taken)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{CONFIG}: stage {stage.name} with {len(section['lambda_functions'])} functions; "
          f"next: chalice deploy --stage {stage.name}")  # fmt: skip
    return 0


def stage_section(stage: StageSettings, outputs: Mapping[str, str], flows: Project) -> dict[str, Any]:
    """Return a stage's section of Chalice's configuration.

    Args:
        stage: The stage's settings.
        outputs: The outputs of its stack.
        flows: The compiled flows.

    Raises:
        DeploymentError: The stack lacks an output.
    """
    missing = [key for key in OUTPUTS if key not in outputs]
    if missing:
        raise DeploymentError(
            f"the stack of stage {stage.name} has no output {', '.join(missing)}: deploy it again with "
            f"make cdk ARGS='deploy -c stage={stage.name} -c api=chalice'"
        )
    functions: dict[str, dict[str, int | None]] = {
        name: {"lambda_timeout": use.timeout, "lambda_memory_size": use.memory} for name, use in flows.settings.items()
    }
    for name, (timeout, memory) in OWN_FUNCTIONS.items():
        functions[name] = {"lambda_timeout": timeout, "lambda_memory_size": memory}
    # None lets Chalice remove a reservation of an earlier deployment.
    functions["api_handler"] = {"reserved_concurrency": stage.api_concurrency}
    return {
        "api_gateway_stage": API_STAGE,
        "api_gateway_endpoint_type": "REGIONAL",
        "autogen_policy": False,
        "manage_iam_role": False,
        "iam_role_arn": outputs["FunctionRoleArn"],
        "lambda_architecture": stage.architecture,
        "lambda_timeout": stage.api_timeout,
        "lambda_memory_size": stage.api_memory,
        "xray": stage.tracing,
        "tags": tags(stage),
        "environment_variables": environment(
            stage, outputs["AccountId"], outputs["UserPoolId"], outputs["UserPoolClientId"]
        ),
        "lambda_functions": dict(sorted(functions.items())),
    }


def write_section(file: Path, stage: str, section: Mapping[str, Any]) -> None:
    """Write a stage's section into Chalice's configuration file.

    What the file also has for the stage (a VPC, layers, further environment variables) is kept.

    Args:
        file: Chalice's configuration file, which need not exist.
        stage: The stage's name.
        section: What `stage_section` returned.

    Raises:
        DeploymentError: The file is not a Chalice configuration.
    """
    try:
        document = json.loads(read_text(file))
        stages = document.setdefault("stages", {})
        if not isinstance(stages, dict):
            raise ValueError("`stages` is not an object")
    except FileNotFoundError:
        document = {"version": "2.0", "app_name": APP_NAME, "stages": {}}
        stages = document["stages"]
        file.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise DeploymentError(f"{file} can't be read: {error}") from None
    except (ValueError, AttributeError, RecursionError) as error:
        raise DeploymentError(f"{file} is not a Chalice configuration: {error}") from None
    former = stages.get(stage, {})
    functions = former.get("lambda_functions", {})
    variables = {  # what a setting allowed before must not stay allowed
        name: value for name, value in former.get("environment_variables", {}).items() if name not in OPTIONAL_VARIABLES
    }
    stages[stage] = {
        **former,
        **section,
        "environment_variables": {**variables, **section["environment_variables"]},
        "lambda_functions": {
            name: {**functions.get(name, {}), **settings} for name, settings in section["lambda_functions"].items()
        },
    }
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
