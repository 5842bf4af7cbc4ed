"""The HTTP server holds against what strangers send: too much, too slowly, too often, or no HTTP at all."""

import socket
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.live.log.call import UnreachableError, get, post
from megawatt.live.log.door import HEAD_BYTES, Door, Query, Reply
from tests.live.doors import SMALL, address, opened, raw, status


def echo(query: Query) -> Reply:
    if query.path == "/fails":
        raise ValueError(query.path)
    return Reply(200, f"{query.method} {query.path} [{query.token}] ".encode() + query.body)


def test_method_path_token_and_body_reach_the_answer() -> None:
    with opened(echo) as door:
        assert get(f"{door.url}/a?b=1", 100, {"Authorization": "Bearer t0ken"}) == (200, b"GET /a?b=1 [t0ken] ")
        assert post(f"{door.url}/x", b"body", 100) == (200, b"POST /x [] body")
        assert get(f"{door.url}/a", 100, {"Authorization": "Basic t0ken"}).body == b"GET /a [] "


def test_a_door_on_ipv6_says_its_address_as_one_types_it() -> None:
    try:
        door = Door("::1", 0, echo, SMALL)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with door:
        assert door.url.startswith("http://[::1]:")


def test_a_head_is_answered_without_a_body() -> None:
    with opened(echo) as door:
        answer = raw(door.url, b"HEAD /a HTTP/1.0\r\n\r\n")
    assert b"Content-Length: 10\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        (b"POST /x HTTP/1.0\r\nContent-Length: 1001\r\n\r\n", 413),
        (b"POST /x HTTP/1.0\r\nContent-Length: 99999999999999999999\r\n\r\n", 411),
        (b"POST /x HTTP/1.0\r\nContent-Length: -1\r\n\r\n", 411),
        (b"POST /x HTTP/1.0\r\nContent-Length: \xb2\r\n\r\n", 411),
        (b"POST /x HTTP/1.0\r\n\r\nbody", 411),
        (b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 411),
        (b"PUT /x HTTP/1.0\r\nContent-Length: 1\r\n\r\n1", 501),
        (b"GET /fails HTTP/1.0\r\n\r\n", 500),
        (b"GET /" + b"a" * 2 * HEAD_BYTES + b" HTTP/1.0\r\n\r\n", 0),
        (b"GET / HTTP/1.0\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
    ],
    ids=str,
)
def test_what_is_too_much_or_no_request_is_refused(request_bytes: bytes, expected: int) -> None:
    with opened(echo) as door:
        answer = raw(door.url, request_bytes)
        assert status(answer) == expected or (expected == 0 and status(answer) in {0, 400, 414})
        assert get(f"{door.url}/after", 100).status == 200


def test_a_failure_is_told_to_the_owner_and_not_to_the_stranger() -> None:
    with opened(echo) as door:
        told: list[Exception] = []
        door.on_failure = told.append
        assert get(f"{door.url}/fails", 100) == (500, b"internal error\n")
    assert [str(error) for error in told] == ["/fails"]


def test_a_body_that_stops_half_way_is_given_up() -> None:
    with opened(echo) as door:
        assert status(raw(door.url, b"POST /x HTTP/1.0\r\nContent-Length: 50\r\n\r\nhalf")) in {0, 400}


def test_a_byte_now_and_then_does_not_hold_a_connection_for_ever() -> None:
    with opened(echo) as door:
        begun = time.monotonic()
        with socket.create_connection(address(door.url), timeout=5) as slow, suppress(OSError):
            for byte in b"GET /" + b"a" * 100:
                slow.sendall(bytes([byte]))
                time.sleep(0.1)
        assert time.monotonic() - begun < 5 * SMALL.connection_s


def test_more_connections_than_there_are_places_are_told_to_come_back() -> None:
    with opened(echo) as door:
        held = [socket.create_connection(address(door.url), timeout=5) for _ in range(SMALL.connections)]
        time.sleep(0.2)
        assert status(raw(door.url, b"GET / HTTP/1.0\r\n\r\n")) in {503, 0}  # 0: reset before it was read
        for one in held:
            one.close()
        time.sleep(0.3)
        assert get(f"{door.url}/after", 100).status == 200


def test_whatever_bytes_come_the_door_stays_open() -> None:
    with opened(echo) as door:

        @settings(deadline=None, max_examples=80)
        @given(st.binary(max_size=300))
        def send(data: bytes) -> None:
            raw(door.url, data + b"\r\n\r\n")
            assert get(f"{door.url}/after", 100).status == 200

        send()


# --- the client -------------------------------------------------------------------------------------------------------


def test_an_answer_that_is_too_long_is_given_up() -> None:
    with opened(lambda _: Reply(200, bytes(1001))) as door:
        assert len(get(door.url, 1001).body) == 1001
        with pytest.raises(UnreachableError, match="at most 1000 bytes"):
            get(door.url, 1000)


@pytest.mark.parametrize("url", ["ftp://example.com", "file:///etc/passwd", "example.com", "http://", "http://[::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UnreachableError):
        get(url, 100)


def test_a_machine_that_does_not_answer_is_an_error_with_a_remedy() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(UnreachableError, match="try again later"):
            get(f"http://127.0.0.1:{nobody.getsockname()[1]}", 100)


def test_a_redirect_is_not_followed() -> None:
    with opened(lambda _: Reply(302, b"", headers={"Location": "http://elsewhere.example"})) as door:
        assert get(door.url, 100).status == 302
