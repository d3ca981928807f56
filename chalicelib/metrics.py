"""Metrics in CloudWatch, written to the log in its embedded metric format, which needs no call:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import sys
import time

from chalicelib.settings import settings


def count(name: str, value: int, **dimensions: str) -> None:
    """Add to a metric of the stage, in the namespace of the application.

    Args:
        name: The metric's name.
        value: What to add.
        dimensions: Further dimensions. With any, the metric is kept for the stage as a whole, too.
    """
    sets = [["Stage"], ["Stage", *dimensions]] if dimensions else [["Stage"]]
    directive = {"Namespace": settings.names.app, "Dimensions": sets, "Metrics": [{"Name": name, "Unit": "Count"}]}
    record = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]},
        "Stage": settings.stage,
        **dimensions,
        name: value,
    }
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()
