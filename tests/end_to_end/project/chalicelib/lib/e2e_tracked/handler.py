"""Counts its own usage, which the API has counted already."""

from chalicelib.usage import track_usage_middleware


@track_usage_middleware
def handler(event, context):
    return {"tracked": True}
