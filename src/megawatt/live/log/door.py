"""A bounded HTTP server: what a stranger can send, hold open and make us keep in memory has a limit each.

TLS, names and rate limits belong to a reverse proxy in front; this is the part that must not fall over behind it.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from socket import AF_INET, AF_INET6, SHUT_RDWR, socket
from socketserver import TCPServer
from typing import cast

HEAD_BYTES = 16_384
"""Request line and headers together."""

_BUSY = b"HTTP/1.0 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Query:
    """One request, as far as an answer may depend on it.

    Attributes:
        method: GET or POST (a HEAD is answered as a GET without its body).
        path: As sent, not decoded.
        token: What follows `Authorization: Bearer`, or empty.
        body: Body of a POST.
    """

    method: str
    path: str
    token: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send back."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one stranger may take.

    Attributes:
        body_bytes: Longest body of a POST; 0 where nothing is posted.
        connections: Open at once; further ones are told to come back.
        idle_s: Longest wait for the next bytes.
        connection_s: Longest life of a connection, so that a byte a second holds nothing for ever.
    """

    body_bytes: int = 0
    connections: int = 32
    idle_s: float = 10.0
    connection_s: float = 60.0


class Door(TCPServer):
    """Serves `answer` until `shutdown`; a thread a connection, one request each.

    Args:
        host: Address to listen on, IPv4 or IPv6.
        port: Port; 0 takes a free one, see `url`.
        answer: Makes the reply. What it raises becomes a 500 without words: errors may name paths.
        limits: What a stranger may take.
        on_failure: Told of what `answer` raised.
    """

    allow_reuse_address = True
    request_queue_size = 64

    def __init__(
        self,
        host: str,
        port: int,
        answer: Callable[[Query], Reply],
        limits: Limits,
        on_failure: Callable[[Exception], None] = lambda _error: None,
    ) -> None:
        self.answer = answer
        self.limits = limits
        self.on_failure = on_failure
        self._slots = threading.BoundedSemaphore(limits.connections)
        self._begun: dict[socket, float] = {}
        self.address_family = AF_INET6 if ":" in host else AF_INET
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if self.address_family == AF_INET6 else f"http://{host!s}:{port}"

    def process_request(self, request: socket, client_address: tuple[str, int]) -> None:  # type: ignore[override]
        """Give the connection a thread, or send it away when all are taken."""
        if not self._slots.acquire(blocking=False):
            request.settimeout(0.1)
            with suppress(OSError):  # it did not wait for the answer
                request.sendall(_BUSY)
            self.shutdown_request(request)
            return
        self._begun[request] = time.monotonic()
        threading.Thread(target=self._serve, args=(request, client_address), daemon=True).start()

    def _serve(self, request: socket, client_address: tuple[str, int]) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass  # the stranger went away, or was too slow
        finally:
            self._begun.pop(request, None)
            self.shutdown_request(request)
            self._slots.release()

    def service_actions(self) -> None:
        """End connections that live too long; called about twice a second."""
        oldest = time.monotonic() - self.limits.connection_s
        for request, begun in list(self._begun.items()):
            if begun < oldest:
                with suppress(OSError):  # it has just ended by itself
                    request.shutdown(SHUT_RDWR)


class _Bounded:
    """A stream that ends after so many bytes."""

    def __init__(self, stream: BufferedIOBase, left: int) -> None:
        self._stream = stream
        self._left = left

    def readline(self, limit: int = -1) -> bytes:
        return self._took(self._stream.readline(self._left if limit < 0 else min(limit, self._left)))

    def read(self, count: int) -> bytes:
        return self._took(self._stream.read(min(count, self._left)))

    def close(self) -> None:
        self._stream.close()

    def _took(self, data: bytes) -> bytes:
        self._left -= len(data)
        return data


class _Handler(BaseHTTPRequestHandler):
    """One request and its reply; HTTP/1.0, so that the connection ends with it."""

    server: Door
    server_version = "megawatt"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.request.settimeout(self.server.limits.idle_s)
        self.rfile = cast("BufferedIOBase", _Bounded(self.rfile, HEAD_BYTES + self.server.limits.body_bytes))

    def do_GET(self) -> None:
        self._reply(self._answer(b""))

    do_HEAD = do_GET  # noqa: N815  # the name that http.server looks for

    def do_POST(self) -> None:
        text = self.headers.get("Content-Length", "")
        if not (text.isascii() and text.isdigit() and len(text) < 10) or "Transfer-Encoding" in self.headers:
            self._reply(Reply(411, b"a length is needed\n"))
        elif int(text) > self.server.limits.body_bytes:
            self._reply(Reply(413, f"at most {self.server.limits.body_bytes} bytes\n".encode()))
        else:
            body = self.rfile.read(int(text))
            self._reply(self._answer(body) if len(body) == int(text) else Reply(400, b"the body ends early\n"))

    def _answer(self, body: bytes) -> Reply:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        method = "GET" if self.command == "HEAD" else self.command
        query = Query(method, self.path, token if scheme.lower() == "bearer" else "", body)
        try:
            return self.server.answer(query)
        except Exception as error:  # noqa: BLE001  # one request must not end the server; the owner is told
            self.server.on_failure(error)
            return Reply(500, b"internal error\n")

    def _reply(self, reply: Reply) -> None:
        self.send_response(reply.status)
        headers = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body)), **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the parent's name
        """Nothing: who asked what is not kept."""
