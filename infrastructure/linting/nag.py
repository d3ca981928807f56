"""Runs cdk-nag on templates: `python -m infrastructure.linting.nag TEMPLATES ASSEMBLY`.

cdk-nag looks at CDK's constructs, and most of ours are dictionaries. So this makes an app whose constructs CDK reads
from the synthesised templates; the reports are files in its assembly.
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(templates: Path, assembly: Path) -> None:
    """Check the templates of a stage.

    Args:
        templates: The folder of the templates.
        assembly: The folder for the reports.
    """
    from infrastructure.node import use_installed

    use_installed()
    import aws_cdk as cdk
    from aws_cdk.cloudformation_include import CfnInclude
    from cdk_nag import AwsSolutionsChecks, NagReportFormat, ServerlessChecks

    app = cdk.App(outdir=str(assembly), analytics_reporting=False, builtin_cloud_formation_validation=False)
    for file in sorted(templates.glob("*.json")):
        # the synthesiser that adds nothing to the template
        stack = cdk.Stack(app, file.stem, synthesizer=cdk.LegacyStackSynthesizer())
        CfnInclude(stack, "Template", template_file=str(file))
    for pack in (AwsSolutionsChecks, ServerlessChecks):
        cdk.Aspects.of(app).add(pack(reports=True, report_formats=[NagReportFormat.JSON]))
    app.synth()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
