"""Webhooks: what a flow's `notify` sends when a run has ended, signed as Standard Webhooks describes.

When a run has ended, `notifying` starts a delivery for each call: an execution of the stage's state machine for
webhooks. That calls the function `webhooks` (`delivering`), waits and repeats after a failure, and sends what it can't
deliver to the dead letter queue. An API destination of EventBridge can't sign a body.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""
