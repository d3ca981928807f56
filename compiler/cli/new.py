"""The template of a new flow."""

from __future__ import annotations

TEMPLATE = """\
# yaml-language-server: $schema=../docs/flow.schema.json
# What every key may say: docs/flows.md. Check: python -m compiler check flows/{name}.yml
name: {name}
description: What this flow does, in a sentence for its callers.

# Inputs that POST /run/{name} accepts (JSON Schema), and one that works.
inputSchema:
  type: object
  properties:
    name: {{ type: string, description: Whom to greet. }}
  examples:
    - {{ name: Ada }}

# Start by itself, with a fixed input: cron(minutes hours day-of-month month day-of-week year) or rate(5 minutes).
# schedule:
#   expression: cron(0 12 * * ? *)
#   timezone: Europe/Berlin
# input: {{ name: Ada }}

# Who may run it; every user when left out.
# access: {{ groups: [ops] }}

# Functions of chalicelib/lib under the names that the definition uses: ${{<name>Arn}}.
functions:
  - name: FirstFunction
    handler: functions/lib/hello_world/handler.handler
    timeout: 30 # seconds, 900 at most
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
    """The text of a new flow's file, commented and ready to run."""
    return TEMPLATE.format(name=name)
