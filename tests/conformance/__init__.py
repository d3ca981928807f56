"""Runs recorded cases, which are answers of AWS Step Functions, through this project's engine and service API.

`python -m tests.conformance RECORDED.jsonl RESULTS.jsonl` reads one case a line and writes one raw result a line.
"""
