"""The template of a new flow."""

from __future__ import annotations

TEMPLATE = """\
# yaml-language-server: $schema=../docs/flow.schema.json
# All keys: docs/flows.md. Check this file: python -m compiler check flows/{name}.yml
name: {name}
description: What this flow does, in a sentence for its callers.

# The inputs that POST /run/{name} accepts (JSON Schema), and an example.
inputSchema:
  type: object
  properties:
    name: {{ type: string, description: Whom to greet. }}
  examples:
    - {{ name: Ada }}

# Start automatically with a fixed input: cron(minutes hours day-of-month month day-of-week year) or rate(5 minutes).
# schedule:
#   expression: cron(0 12 * * ? *)
#   timezone: Europe/Berlin
# input: {{ name: Ada }}

# Who may run it; every user by default.
# access: {{ groups: [ops] }}

# Functions of chalicelib/lib under the names that the definition uses: ${{<name>Arn}}.
functions:
  - name: FirstFunction
    handler: functions/lib/hello_world/handler.handler
    timeout: 30 # seconds, at most 900
    memory: 256 # MB

# Amazon States Language: https://states-language.net/
definition:
  StartAt: First
  States:
    First:
      Type: Task
      Resource: ${{FirstFunctionArn}}
      Retry: # crashes, timeouts and Lambda's own errors
        - ErrorEquals:
            - Runtime.ExitError
            - Sandbox.Timedout
            - States.Timeout
            - Lambda.ServiceException
            - Lambda.AWSLambdaException
            - Lambda.SdkClientException
            - Lambda.TooManyRequestsException
            - Lambda.Unknown
          IntervalSeconds: 1
          MaxAttempts: 3
          BackoffRate: 2
      End: true

# The same in the short form, instead of `functions` and `definition`:
# steps:
#   - hello_world
"""


def template(name: str) -> str:
    """Return the content of a new flow file, commented and ready to run."""
    return TEMPLATE.format(name=name)
