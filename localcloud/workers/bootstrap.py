"""The program in a worker: receives invocations over a socket, calls the handler, and sends back the response.

It runs as a script in a bare interpreter. It imports nothing of ours and little of the standard library, since every
function pays for these imports. A message is two lengths, a JSON header and a payload:

    parent -> worker   {"op": "init", "code", "handler", "environment", "memory"}
                       {"op": "invoke", "id", "arn", "deadline", "trace"} + event
    worker -> parent   {"op": "started"}
                       {"op": "ready", "files"} | {"op": "init-error", "files"} + error
                       {"op": "result", "id", "error", "files"} + response
                       {"op": "out-of-memory"}

`files` are the source files loaded since the last message, with their stamps: the parent replaces a worker when they
change.
"""

import json
import os
import sys
import time

TYPE_CHECKING = False  # typing takes longer to import than everything else here
if TYPE_CHECKING:
    import socket as socket_module
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, NoReturn

LENGTHS = 8
MAX_RESPONSE = 6 * 1024 * 1024
PYC_TRUST_SECONDS = 2


class Fault(Exception):
    """An error whose type and message come from Lambda's runtime."""

    def __init__(self, error_type: str, message: str, stack: "list[str] | None" = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.stack = stack or []


class LambdaContext:
    """The context object (https://docs.aws.amazon.com/lambda/latest/dg/python-context.html)."""

    def __init__(self, request_id: str, arn: str, deadline: float) -> None:
        environment = os.environ
        self.aws_request_id = request_id
        self.invoked_function_arn = arn
        self.function_name = environment.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = environment.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = environment.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environment.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.identity = None
        self.client_context = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))


def own_sources(code: str) -> "Callable[[str], bool]":
    """Return a test for the sources of `code`, which excludes those of a virtual environment in the same folder."""
    prefix = code.rstrip(os.sep) + os.sep
    packages = os.sep + "site-packages" + os.sep

    def own(path: str) -> bool:
        return path.startswith(prefix) and packages not in path[len(prefix) :]

    return own


class LoadedSources:
    """Which source files of the code folder have been executed, and their stamps at that time."""

    def __init__(self, code: str) -> None:
        self._own = own_sources(code)
        self._new: dict[str, list[int]] = {}
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: "tuple[Any, ...]") -> None:
        if event == "exec":
            name = getattr(arguments[0], "co_filename", "")
            if self._own(name):
                self.note(name)

    def note(self, path: str) -> None:
        try:
            status = os.stat(path)  # noqa: PTH116 - on the path of every call
        except OSError:
            return
        self._new[path] = [status.st_mtime_ns, status.st_size, status.st_ino]

    def take(self) -> "dict[str, list[int]]":
        new, self._new = self._new, {}
        return new


def distrust_young_bytecode(code: str) -> None:
    """Compile sources of `code` again where their bytecode may be stale.

    Python matches a .pyc to its source by size and whole seconds, so it takes two edits of the same length within a
    second for one. Only bytecode that was written well after its source is used.
    """
    from importlib.machinery import SourceFileLoader
    from importlib.util import cache_from_source

    own = own_sources(code)
    path_stats = SourceFileLoader.path_stats

    def checked(self: "SourceFileLoader", path: str) -> "Any":
        if own(path):
            changed = os.stat(path).st_mtime  # noqa: PTH116 - pathlib takes longer to import
            try:
                compiled = os.stat(cache_from_source(path)).st_mtime  # noqa: PTH116
            except OSError:
                compiled = time.time()
            if compiled - changed < PYC_TRUST_SECONDS:
                raise OSError("the bytecode is too young to tell it from that of an earlier source")
        return path_stats(self, path)

    SourceFileLoader.path_stats = checked  # type: ignore[method-assign]


def follow_parent(parent: int) -> None:
    """End with the parent, however it ends."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
    elif hasattr(__import__("select"), "kqueue"):
        import select
        import threading

        def watch() -> None:
            queue = select.kqueue()
            flags = select.KQ_EV_ADD | select.KQ_EV_ONESHOT
            exit_event = select.kevent(parent, select.KQ_FILTER_PROC, flags, select.KQ_NOTE_EXIT)
            try:
                queue.control([exit_event], 1, None)
            finally:
                os._exit(1)

        threading.Thread(target=watch, daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def limit_memory(megabytes: int) -> None:
    """Let allocations beyond the function's memory fail. Only Linux can limit private, writable memory."""
    if sys.platform != "linux":
        return
    import resource

    # Lambda does not count what the interpreter and the stacks of threads reserve and never touch.
    limit = (megabytes + 128) * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


class Connection:
    """Messages over the socket that the process got as its standard input."""

    def __init__(self, socket: "socket_module.socket") -> None:
        self._socket = socket

    def receive(self) -> "tuple[dict[str, Any], bytes]":
        lengths = self._read(LENGTHS)
        header = self._read(int.from_bytes(lengths[:4], "big"))
        return json.loads(header), self._read(int.from_bytes(lengths[4:], "big"))

    def _read(self, size: int) -> bytes:
        buffer = bytearray()
        while len(buffer) < size:
            chunk = self._socket.recv(size - len(buffer))
            if not chunk:
                os._exit(0)  # the parent has ended, or no longer needs this worker
            buffer += chunk
        return bytes(buffer)

    def send(self, header: "dict[str, Any]", payload: bytes = b"") -> None:
        head = json.dumps(header).encode()
        self._socket.sendall(len(head).to_bytes(4, "big") + len(payload).to_bytes(4, "big") + head + payload)


def load_handler(handler: str) -> "Callable[[Any, LambdaContext], Any]":
    """Import `module.function`.

    Raises:
        Fault: The function cannot be loaded, in the words of Lambda's runtime for Python.
    """
    import importlib

    module_name, dot, function_name = handler.rpartition(".")
    if not dot:
        raise Fault(
            "Runtime.MalformedHandlerName", f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)"
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        stack = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        message = f"Syntax error in module '{module_name}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", message, stack) from error
    try:
        return getattr(module, function_name)  # type: ignore[no-any-return]
    except AttributeError:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message) from None


def marshal(response: "Any") -> bytes:
    """Return the response as JSON; bytes are sent as they are.

    Raises:
        Fault: JSON cannot represent the response.
    """

    def default(value: "Any") -> "Any":
        if type(value).__name__ == "Decimal":
            return int(value) if value == value.to_integral_value() else float(value)
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")

    if isinstance(response, bytes):
        return response
    try:
        return json.dumps(response, default=default, ensure_ascii=False).encode()
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def describe(error: BaseException, request_id: str) -> bytes:
    """Return the error document of an error. The parent writes it to the function's log."""
    import traceback

    if isinstance(error, Fault):
        error_type, stack = error.error_type, error.stack
    else:
        error_type, stack = type(error).__name__, traceback.format_list(_own_frames(error.__traceback__))
    document = {"errorMessage": str(error), "errorType": error_type, "requestId": request_id, "stackTrace": stack}
    document |= getattr(error, "lambda_error_document", {})  # of `localcloud.function_sandbox`
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def _own_frames(trace: "TracebackType | None") -> "list[Any]":
    """Return the frames from the first one of the user's code."""
    import traceback

    frames = list(traceback.extract_tb(trace))
    for index, frame in enumerate(frames):
        if frame.filename != __file__ and not frame.filename.startswith("<frozen importlib"):
            if os.sep + "importlib" + os.sep + "__init__.py" in frame.filename:
                continue
            return frames[index:]
    return []


def call(
    handler: "Callable[[Any, LambdaContext], Any]", header: "dict[str, Any]", payload: bytes
) -> "tuple[bool, bytes]":
    """Return whether the invocation failed, and the response or the error document.

    Raises:
        MemoryError: The function needs more than its memory.
    """
    request_id = header["id"]
    os.environ["_X_AMZN_TRACE_ID"] = header["trace"]
    Current.request_id = request_id
    try:
        try:
            event = json.loads(payload)
        except ValueError as error:
            raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error
        response = marshal(handler(event, LambdaContext(request_id, header["arn"], header["deadline"])))
        if len(response) > MAX_RESPONSE:
            message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE} bytes)."
            raise Fault("Function.ResponseSizeTooLarge", message)
        return False, response
    except MemoryError:
        raise
    except Exception as error:
        return True, describe(error, request_id)


class Current:
    """The present invocation."""

    request_id = ""


def configure_logging() -> None:
    """Let `logging` write as it does under Lambda: with level, time and the request's id.

    A record is one entry of the log however many lines it has: a carriage return stands for a break in it.
    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """
    import logging

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            try:
                record.aws_request_id = Current.request_id
                text = self.format(record).replace("\r\n", "\n").replace("\n", "\r")
                sys.stdout.write(text + "\n")
            except Exception:
                self.handleError(record)

    handler = Handler()
    formatter = logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.root.addHandler(handler)


def end_for_memory(connection: Connection) -> "NoReturn":
    """End as Lambda ends a function that needs more than its memory, and tell the parent why."""
    try:  # noqa: SIM105 - contextlib would have to be imported
        connection.send({"op": "out-of-memory"})
    except MemoryError:  # then it ends without a reason
        pass
    os.kill(os.getpid(), 9)
    raise AssertionError


def main() -> None:
    import socket

    follow_parent(int(sys.argv[1]))
    channel = socket.socket(fileno=os.dup(0))  # a duplicate is not inherited by programs the function starts
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    connection = Connection(channel)

    connection.send({"op": "started"})
    configure_logging()  # while it waits for its function
    settings, _ = connection.receive()
    os.environ.update(settings["environment"])
    time.tzset()
    sys.path.insert(0, settings["code"])
    try:
        os.chdir(settings["code"])
    except OSError as error:  # the handler cannot be imported, which is the error to report
        print(error, file=sys.stderr)
    sys.argv[1:] = []
    limit_memory(settings["memory"])
    distrust_young_bytecode(settings["code"])
    sources = LoadedSources(settings["code"])
    try:
        handler = load_handler(settings["handler"])
    except MemoryError:
        end_for_memory(connection)
    except Exception as error:
        connection.send({"op": "init-error", "files": sources.take()}, describe(error, ""))
        return
    connection.send({"op": "ready", "files": sources.take()})
    while True:
        header, payload = connection.receive()
        try:
            failed, response = call(handler, header, payload)
        except MemoryError:
            end_for_memory(connection)
        try:  # noqa: SIM105 - contextlib would have to be imported
            sys.stdout.flush()
        except Exception:  # noqa: S110 - the function may close or replace it  # nosec B110
            pass
        connection.send({"op": "result", "id": header["id"], "error": failed, "files": sources.take()}, response)


if __name__ == "__main__":
    main()
