"""CloudFormation as deployments need it, in place of moto's.

Of the 26 resource types in this project's stack and in CDK's bootstrap, moto can create, update and delete 5. It
silently drops the others, `AWS::Serverless` among them. It updates in the template's order, deletes resources that may
still be in use first, and stops half way when something fails.

Here, `template` expands (SAM) and evaluates templates, `providers` create each resource type by calls of the AWS APIs,
`provisioning` orders these calls by dependency and rolls back on failure, and `stacks` puts all that behind the
operations of moto's CloudFormation. To add a resource type, write a `Provider` in `providers/`.
"""

from __future__ import annotations


def install(endpoint: str) -> None:
    """Have moto's CloudFormation provision by calls of the AWS APIs at `endpoint`."""
    from rehearsal.cloudformation import stacks

    stacks.install(endpoint)
