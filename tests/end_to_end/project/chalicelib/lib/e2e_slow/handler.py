"""Runs longer than its flow lets it."""

import os
import time
from pathlib import Path


def handler(event, context):
    Path(event["pidFile"]).write_text(str(os.getpid()))
    time.sleep(30)
