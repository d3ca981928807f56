"""Reads HTTP/1.1 requests from the bytes of a connection (RFC 9112).

llhttp, the parser of Node.js, reads the syntax (`httptools`): it refuses bare CR, NUL, folded lines, two lengths and
whatever else lets two readers see two different requests. This module bounds what is read, and checks what llhttp
leaves to servers: the host, the version, the transfer coding.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

import httptools

from localcloud.http_messages import Malformed, Request

MAX_TARGET_BYTES = 65_536
MAX_HEADER_BYTES = 131_072
"""Bytes of all headers together."""
MAX_HEADERS = 200
MAX_FRAMING = 8
"""Bytes that the chunks of a body may have around each byte of content, on average: one that is alone has five."""

# uri-host [":" port] (RFC 9110, 7.2): a name, an IPv4 address, or an IPv6 address in brackets. May be empty.
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(?::[0-9]{0,5})?")


_REQUEST_LINE = re.compile(rb"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+) [^ ]+ HTTP/1\.[01]\r\n")


class RequestReader:
    """The requests of one connection, in order. `requests` contains those that are complete and not yet answered.

    Args:
        max_body_bytes: How large a body may be.
        admit: Is given each request before its body is read, and may raise `Malformed`.
    """

    def __init__(self, max_body_bytes: int, admit: Callable[[Request], None] = lambda _: None) -> None:
        self.requests: deque[Request] = deque()
        self._max_body_bytes = max_body_bytes
        self._admit = admit
        self._last = False  # the client has said that it sends nothing more
        self._expects_continue = False
        self._headers_complete = False
        self._framing = b""  # how a body is delimited that the parser is going to skip
        self._body = bytearray()
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    @property
    def begun(self) -> bool:
        """Whether a request has begun and isn't complete."""
        return self._size > 0

    @property
    def in_headers(self) -> bool:
        """Whether the headers of a request that has begun aren't complete."""
        return self.begun and not self._headers_complete

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the connection.

        Args:
            data: What was received, any number of bytes.

        Raises:
            Malformed: They aren't part of an acceptable request. Requests before that are in `requests`.
        """
        while data and not self._last:
            self._size += len(data)
            try:
                self._parser.feed_data(data)
                data = b""
            except httptools.HttpParserUpgrade as upgrade:  # to a protocol that isn't spoken here
                data = data[upgrade.args[0] :]
                self._parser = httptools.HttpRequestParser(self)
                if self._framing:  # the parser has skipped the body
                    self._parser.feed_data(b"POST / HTTP/1.1\r\n" + self._framing + b"\r\n\r\n")
                    self._framing = b""
            except httptools.HttpParserInvalidMethodError:
                line = _REQUEST_LINE.match(data)
                if line and not self.requests:
                    raise Malformed(501, f"The method {line[1].decode()} isn't supported.") from None
                raise Malformed(400, "The first line of the request isn't `METHOD TARGET HTTP/1.1`.") from None
            except httptools.HttpParserError as error:
                if not self._last:  # what follows `Connection: close` is nobody's request (RFC 9112, 9.6)
                    raise _problem(error) from None
            if not self._headers_complete and self._size > MAX_HEADER_BYTES:
                raise self._too_large()
            if self._size > 2 * MAX_HEADER_BYTES + (1 + MAX_FRAMING) * len(self._body):
                raise Malformed(413, "The body's chunks have far more extensions than content.")

    def expects_continue(self) -> bool:
        """Return, once, whether the client waits for `100 Continue` before it sends the body."""
        expected, self._expects_continue = self._expects_continue and self.begun, False
        return expected

    def end(self) -> None:
        """Take note that the connection has ended.

        Raises:
            Malformed: It ended within a request, so nothing of that may be acted on (RFC 9112, 8).
        """
        if self.begun:
            part = "headers" if self.in_headers else "body"
            raise Malformed(400, f"The connection ended within the {part} of the request.")

    # Called by the parser.

    def on_url(self, part: bytes) -> None:
        if self._framing:
            return
        self._url += part
        if len(self._url) > MAX_TARGET_BYTES:
            raise Malformed(414, f"The request's target is longer than {MAX_TARGET_BYTES} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._framing:
            return
        self._header_bytes += len(name) + len(value)
        if len(self._header_list) >= MAX_HEADERS or self._header_bytes > MAX_HEADER_BYTES:
            raise self._too_large()
        self._header_list.append((name.decode("latin-1"), value.decode("latin-1").strip(" \t")))

    def on_headers_complete(self) -> None:
        if self._framing:
            return
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise Malformed(505, "Only HTTP/1.1 and HTTP/1.0 are supported.")
        headers: dict[str, str] = {}
        for name, value in self._header_list:
            lower = name.lower()
            if lower in headers:
                if lower == "host":
                    raise Malformed(400, "The request has more than one Host header.")
                value = f"{headers[lower]}, {value}"
            headers[lower] = value
        if version == "1.1" and "host" not in headers:
            raise Malformed(400, "The request has no Host header.")
        if not _HOST.fullmatch(headers.get("host", "")):
            raise Malformed(400, "The Host header isn't a host with an optional port.")
        method = self._parser.get_method().decode("latin-1")
        target = self._target_of(method, self._url.decode("latin-1"), headers)
        self._request = Request(method, target, f"HTTP/{version}", headers, self._header_list, b"")
        self._headers_complete = True
        self._admit(self._request)
        self._check_body(self._request)

    def on_body(self, part: bytes) -> None:
        self._expects_continue = False
        self._body += part
        self._check_size(len(self._body))

    def on_message_complete(self) -> None:
        if self._framing:
            return
        request = self._request
        request.body = bytes(self._body)
        self._last = not self._parser.should_keep_alive() and "upgrade" not in request.headers
        self._begin()
        self.requests.append(request)

    def _begin(self) -> None:
        self._url = b""
        self._size = 0
        self._header_bytes = 0
        self._header_list: list[tuple[str, str]] = []
        self._headers_complete = False
        self._expects_continue = False
        self._framing = b""
        self._body = bytearray()

    def on_message_begin(self) -> None:
        self._size = max(self._size, 1)  # of several in one read, each begins with its first byte

    def _target_of(self, method: str, url: str, headers: dict[str, str]) -> str:
        """Return path and query of a target in any of its forms (RFC 9112, 3.2)."""
        if url.startswith("/") or (url == "*" and method == "OPTIONS"):
            return url
        if method == "CONNECT":
            raise Malformed(501, "CONNECT isn't supported.")
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.netloc) or not parts.netloc:
            raise Malformed(400, "The request's target is neither a path nor an http address.")
        headers["host"] = parts.netloc  # outranks the header (RFC 9112, 3.2.2)
        self._header_list[:] = [
            (name, parts.netloc if name.lower() == "host" else value) for name, value in self._header_list
        ]
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _check_body(self, request: Request) -> None:
        headers = request.headers
        coding = headers.get("transfer-encoding")
        if coding is not None:
            codings = [item.strip().lower() for item in coding.split(",")]
            if codings[-1] != "chunked":
                raise Malformed(400, "The body's length is unknown: its last transfer coding isn't `chunked`.")
            if len(codings) > 1:
                raise Malformed(501, "The only transfer coding supported is `chunked`.")
            if request.version == "HTTP/1.0":
                raise Malformed(400, "HTTP/1.0 has no transfer codings.")
        length = int(headers.get("content-length") or 0)
        self._check_size(length)
        if self._parser.should_upgrade() and (coding is not None or length > 0):
            self._framing = b"Transfer-Encoding: chunked" if coding is not None else b"Content-Length: %d" % length
        expectation = headers.get("expect")
        if expectation is not None:
            if expectation.lower() != "100-continue":
                raise Malformed(417, "The only expectation supported is `100-continue`.")
            self._expects_continue = request.version == "HTTP/1.1" and (coding is not None or length > 0)

    def _check_size(self, size: int) -> None:
        if size > self._max_body_bytes:
            raise Malformed(413, f"The body is larger than {self._max_body_bytes} bytes.")

    def _too_large(self) -> Malformed:
        if not self._header_list and len(self._url) > MAX_TARGET_BYTES:
            return Malformed(414, f"The request's target is longer than {MAX_TARGET_BYTES} bytes.")
        return Malformed(431, f"The headers have more than {MAX_HEADER_BYTES} bytes or {MAX_HEADERS} fields.")


def _problem(error: httptools.HttpParserError) -> Malformed:
    if isinstance(error.__context__, Malformed):  # raised by one of the methods that the parser calls
        return error.__context__
    if "Content-Length overflow" in str(error):
        return Malformed(413, "The body is larger than any number of bytes that can be read.")
    return Malformed(400, f"The request isn't HTTP/1.1: {str(error) or 'its first line is damaged'}.")
