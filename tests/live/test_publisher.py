"""A served log: the public part for everybody, entries for who has a token, nothing else of the disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from megawatt.core.errors import InputError
from megawatt.live.log.call import UnreachableError, get
from megawatt.live.log.publisher import LIMITS, Publisher, read_tokens
from megawatt.live.log.remote import RemoteLog
from megawatt.proof.audit import audit
from megawatt.proof.errors import FormatError
from megawatt.proof.policy import single_log_policy
from tests.live.doors import opened, raw, status
from tests.live.logs import HISTORY, log_of
from tests.proof.samples import LOG_KEY

TOKEN = "a" * 32


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("served") / "site-7"
    log_of(directory, 600).close()
    (directory / "anchors").mkdir()
    (directory / "anchors/600.checkpoint").write_bytes(b"stamped\n")
    (directory / "log/secret").write_bytes(b"not a tile\n")
    with opened(Publisher(directory, ["b" * 40, TOKEN]).answer, LIMITS) as door:
        yield door.url


def test_an_auditor_with_a_token_audits_the_whole_log_over_http(url: str) -> None:
    entries: list[bytes] = []
    report = audit(
        single_log_policy(LOG_KEY.key), RemoteLog(url, TOKEN).fetch, on_entry=lambda _, one: entries.append(one)
    )
    assert (report.head.checkpoint.size, entries) == (600, HISTORY)


def test_hashes_and_heads_are_public_and_entries_are_not(url: str) -> None:
    public = RemoteLog(url)
    assert public.fetch("checkpoint").startswith(b"example.com/site-7\n600\n")
    assert len(public.fetch("tile/0/000")) == 8192
    for token in ("", "a" * 31, "a" * 33):
        with pytest.raises(UnreachableError, match="Ask the log's owner for a token"):
            RemoteLog(url, token).fetch("tile/entries/000")
    assert status(raw(url, b"GET /tile/entries/000 HTTP/1.0\r\nAuthorization: Bearer \xe4\xff\r\n\r\n")) == 401
    assert get(f"{url}/tile/entries/000", 1000).status == 401
    assert get(f"{url}/tile/entries/999", 1000).status == 401, "whether it exists is not told"


def test_what_never_changes_may_be_cached_and_what_is_private_may_not(url: str) -> None:
    def head(path: str, *lines: str) -> bytes:
        text = "".join(f"{line}\r\n" for line in (f"HEAD {path} HTTP/1.0", *lines))
        return raw(url, f"{text}\r\n".encode())

    assert b"immutable" in head("/tile/0/000")
    assert b"no-cache" in head("/checkpoint")
    assert b"no-store" in head("/tile/entries/000", f"Authorization: Bearer {TOKEN}")
    assert status(head("/tile/entries/000", f"Authorization: bearer {TOKEN}")) == 200


def test_an_anchor_is_served(url: str) -> None:
    assert get(f"{url}/anchors/600.checkpoint", 100) == (200, b"stamped\n")
    assert get(f"{url}/anchors/600.checkpoint.ots", 100).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/", "/checkpoint/", "/checkpoint?x", "/../state/signed", "/log/checkpoint", "/secret", "/tile/0/0",
        "/tile/0/001/../000", "/tile/0/000.p/255", "/tile/%30/000", "/anchors/../../state/signed",
        "/anchors/600.checkpoint/../../x", "/anchors/0600.checkpoint", "/anchors/", "/tile/-1/000", "/state/wal-0",
    ],
)  # fmt: skip
def test_nothing_else_of_the_disk_is_served(url: str, path: str) -> None:
    assert status(raw(url, f"GET {path} HTTP/1.0\r\n\r\n".encode())) == 404


def test_a_missing_file_is_a_missing_file_to_the_auditor(url: str) -> None:
    with pytest.raises(FormatError, match="no file tile/0/999"):
        RemoteLog(url).fetch("tile/0/999")


def test_tokens_stand_in_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"# tenant\n{TOKEN}\n")
    path.chmod(0o600)
    assert read_tokens(path) == [TOKEN]
    for text, mode in ((f"{TOKEN}\n", 0o640), ("short\n", 0o600), ("", 0o600)):
        path.write_text(text)
        path.chmod(mode)
        with pytest.raises(InputError, match="openssl rand"):
            read_tokens(path)
