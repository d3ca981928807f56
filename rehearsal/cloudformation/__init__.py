"""CloudFormation as a deployment needs it, in the place of moto's.

Moto knows 5 of the 26 resource types that this project's stack and CDK's bootstrap are made of well enough to create,
update and delete them; it drops the others without a word, `AWS::Serverless` among them. It updates in the template's
order, deletes first what may still be in use, and stops half way when something fails.

Here a template is expanded (SAM) and evaluated (`template`), its resources are brought about by calls of the AWS APIs
(`providers`), in the order of their dependencies, and what fails is rolled back (`provisioning`). `stacks` puts that
behind the operations of moto's CloudFormation.
"""

from __future__ import annotations


def install(endpoint: str) -> None:
    """Let moto's CloudFormation provision by calls of the AWS APIs at `endpoint`."""
    from rehearsal.cloudformation import stacks

    stacks.install(endpoint)
