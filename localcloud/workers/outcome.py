"""Failed invocations, in Lambda's words (https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html)."""

from __future__ import annotations

import json
import signal

from localcloud.workers.spec import MAX_PAYLOAD_BYTES, InvocationResult, Refusal

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


def timeout_reason(timeout: float) -> str:
    """Return what Lambda says of a function that did not answer within `timeout` seconds."""
    return f"Task timed out after {timeout:.2f} seconds"


def exit_reason(return_code: int) -> str:
    """Return what Lambda says of a process that ended with a return code (negative for a signal)."""
    if return_code == 0:
        return "Runtime exited without providing a reason"
    if return_code > 0:
        return f"Runtime exited with error: exit status {return_code}"
    return f"Runtime exited with error: signal: {_SIGNAL_NAMES.get(-return_code, f'signal {-return_code}')}"


def timed_out(request_id: str, timeout: float, log: str) -> InvocationResult:
    """Return the result of a function that did not answer within `timeout` seconds."""
    message = f"RequestId: {request_id} Error: {timeout_reason(timeout)}"
    return _failure("Sandbox.Timedout", message, request_id, log)


def exited(request_id: str, return_code: int, log: str) -> InvocationResult:
    """Return the result of a function whose process ended before it answered.

    Args:
        request_id: The invocation's id.
        return_code: The process's return code as `subprocess` gives it: negative for a signal.
        log: What the function printed.
    """
    message = f"RequestId: {request_id} Error: {exit_reason(return_code)}"
    return _failure("Runtime.ExitError", message, request_id, log)


def request_too_large(request_id: str, size: int) -> InvocationResult:
    """Return the result of a request whose payload of `size` bytes exceeds the limit."""
    message = (
        f"{size} byte payload is too large for the RequestResponse invocation type (limit {MAX_PAYLOAD_BYTES} bytes)"
    )
    return _failure("RequestEntityTooLargeException", message, request_id, "")


def refused(request_id: str, refusal: Refusal) -> InvocationResult:
    """Return the result of a function that Invoke refuses. A state machine sees the error with its service's prefix."""
    return _failure(f"Lambda.{refusal.error}", refusal.message, request_id, "")


def not_started(request_id: str, reason: str) -> InvocationResult:
    """Return the result of an invocation for which this machine could not start a process."""
    return refused(request_id, Refusal("ServiceException", f"Could not start a process for the function: {reason}"))
