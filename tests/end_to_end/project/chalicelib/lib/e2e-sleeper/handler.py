"""Says which process it runs in, then sleeps: long at the first attempt, not at all at a later one."""

import os
import time
from pathlib import Path


def handler(event, context):
    attempt = event.get("attempt", 0)
    if event.get("pidFile"):
        Path(f"{event['pidFile']}.{attempt}").write_text(str(os.getpid()))
    if attempt == 0:
        time.sleep(event["seconds"])
    return {"pid": os.getpid(), "attempt": attempt, "caller": event.get("__user_id")}
