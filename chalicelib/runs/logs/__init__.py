"""The log lines of a run's functions.

`cloudwatch` reads CloudWatch Logs, `requests` sorts lines by the invocations that wrote them, `attribution` finds out
which attempt of which task an invocation was, `messages` reads level and message out of a line, and `answer` puts pages
together for the API.
"""
