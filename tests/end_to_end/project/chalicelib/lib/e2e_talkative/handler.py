"""Says what it is asked to say, in every way in which functions do."""

import json
import logging
import os


class Unlucky(Exception):
    """Comes with the first attempt of every tenth item."""


def handler(event, context):
    mark = f"{event['item']}/{event['attempt']}"
    print(f"print {mark}")
    logging.getLogger("talkative").warning("logging %s", mark)
    print(json.dumps({"level": "DEBUG", "message": f"json {mark}", "timestamp": "2026-01-01 00:00:00"}))
    if event.get("trace"):
        try:
            raise ValueError("first line\nsecond line")
        except ValueError:
            logging.exception("with a traceback")
        trace = os.environ["_X_AMZN_TRACE_ID"]
        return {"requestId": context.aws_request_id, "trace": trace}
    if event["item"] % 10 == 3 and not event["attempt"]:
        raise Unlucky(mark)
    return event["item"]
