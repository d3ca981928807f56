"""What went wrong, in Lambda's words (https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html)."""

from __future__ import annotations

import json
import signal

from localcloud.workers.spec import MAX_PAYLOAD_BYTES, InvocationResult

UNHANDLED = "Unhandled"

# As Go, in which Lambda's runtime interface is written, names signals.
_SIGNAL_NAMES: dict[int, str] = {
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception",
    signal.SIGHUP: "hangup",
    signal.SIGILL: "illegal instruction",
    signal.SIGINT: "interrupt",
    signal.SIGKILL: "killed",
    signal.SIGPIPE: "broken pipe",
    signal.SIGQUIT: "quit",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGTERM: "terminated",
}


def _failure(error_type: str, message: str, request_id: str, log: str) -> InvocationResult:
    payload = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    return InvocationResult(payload, UNHANDLED, request_id, log)


def timed_out(request_id: str, timeout: float, log: str) -> InvocationResult:
    """The function did not answer within `timeout` seconds."""
    message = f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds"
    return _failure("Sandbox.Timedout", message, request_id, log)


def exited(request_id: str, return_code: int, log: str) -> InvocationResult:
    """The process ended before it answered. `return_code` is that of `subprocess`: negative for a signal."""
    if return_code == 0:
        reason = "Runtime exited without providing a reason"
    elif return_code > 0:
        reason = f"Runtime exited with error: exit status {return_code}"
    else:
        reason = f"Runtime exited with error: signal: {_SIGNAL_NAMES.get(-return_code, f'signal {-return_code}')}"
    return _failure("Runtime.ExitError", f"RequestId: {request_id} Error: {reason}", request_id, log)


def request_too_large(request_id: str, size: int) -> InvocationResult:
    """The request of `size` bytes is over the limit."""
    message = (
        f"{size} byte payload is too large for the RequestResponse invocation type (limit {MAX_PAYLOAD_BYTES} bytes)"
    )
    return _failure("RequestEntityTooLargeException", message, request_id, "")
