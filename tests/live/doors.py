"""Doors on a free port of this machine, and requests made by hand."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from megawatt.live.log.door import Door, Limits, Query, Reply

SMALL = Limits(body_bytes=1000, connections=4, idle_s=0.5, connection_s=1.0)


@contextmanager
def opened(answer: Callable[[Query], Reply], limits: Limits = SMALL) -> Iterator[Door]:
    """A door that is served by a thread."""
    failures: list[Exception] = []
    door = Door("127.0.0.1", 0, answer, limits, failures.append)
    thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield door
    finally:
        door.shutdown()
        door.server_close()
        thread.join()


def address(url: str) -> tuple[str, int]:
    """Host and port of a door."""
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)


def raw(url: str, sent: bytes) -> bytes:
    """What comes back for these very bytes; a reset connection gives what came before it."""
    got = b""
    with socket.create_connection(address(url), timeout=5) as connection:
        try:
            connection.sendall(sent)
            while part := connection.recv(65_536):
                got += part
        except (ConnectionResetError, BrokenPipeError):
            pass
    return got


def status(answer: bytes) -> int:
    """The status of a raw answer; 0 for none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0
