"""The audit finds every change of a served file, or the change is of a listed kind and alters nothing verified."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random

import pytest

from megawatt.proof.audit import AuditReport, audit
from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.cosignature import cosign
from megawatt.proof.errors import FormatError, ProofError, VerifyError
from megawatt.proof.note import Note
from megawatt.proof.policy import UNSIGNED, Policy
from megawatt.proof.tiles import ENTRIES, Tile, format_bundle, parse_bundle
from tests.proof.samples import LENDER, LOG_KEY, NOON, ORIGIN, STRANGER, TENANT, oracle_root, served_files

WORDS = [f"{i}".encode() + bytes(i % 5) for i in range(300)]
ANY_WITNESS = Policy.from_text(
    f"log {LOG_KEY.key.to_text()}\nwitness tenant {TENANT.key.to_text()}\n"
    f"witness lender {LENDER.key.to_text()}\ngroup g any tenant lender\nquorum g\n".encode()
)
Files = dict[str, bytes]


def serve() -> Files:
    """A log of 300 entries that had checkpoints at 3 and 200, cosigned by two known witnesses and a stranger."""
    note = Checkpoint(ORIGIN, 300, oracle_root(WORDS)).sign(LOG_KEY)
    lines = [cosign(key, note.text, NOON) for key in (TENANT, LENDER, STRANGER)]
    return served_files(WORDS, 3, 200) | {"checkpoint": Note(note.text, (*note.signatures, *lines)).to_bytes()}


def run(files: Files) -> tuple[AuditReport, list[bytes]]:
    def fetch(path: str) -> bytes:
        if path not in files:
            raise FormatError(f"no file {path}", "the log must serve it", "Fetch it again.")
        return files[path]

    heard: list[bytes] = []
    return audit(ANY_WITNESS, fetch, sorted(files), lambda _, entry: heard.append(entry)), heard


@dataclass
class Change:
    kind: str
    path: str
    files: Files


def always() -> bool:
    return True


def byte_changes(files: Files, kind: str, path: str, keep: Callable[[], bool] = always) -> Iterator[Change]:
    """Every single-bit change, deleted byte, inserted byte, or swap of two neighbours in a file, as far as wanted."""
    data = files[path]
    for at in range(len(data)):
        for bit in range(8 if kind == "bit" else 1):
            if keep():
                new = changed(data, at, kind, bit)
                if new != data:
                    yield Change(kind, path, files | {path: new})


def changed(data: bytes, at: int, kind: str, bit: int) -> bytes:
    head, byte, tail = data[:at], data[at : at + 1], data[at + 1 :]
    return {
        "bit": lambda: head + bytes([byte[0] ^ 1 << bit]) + tail,
        "deletion": lambda: head + tail,
        "insertion": lambda: head + bytes([at * 37 % 256]) + byte + tail,
        "swap": lambda: head + tail[:1] + byte + tail[1:],
    }[kind]()


def entry_changes(files: Files) -> Iterator[Change]:
    """Every entry deleted, doubled, or swapped with the next."""
    for path in [path for path in files if "entries" in path]:
        width = Tile.from_path(path).width
        entries = parse_bundle(files[path], width)
        for at in range(width):
            yield Change("entry deleted", path, files | {path: format_bundle(entries[:at] + entries[at + 1 :])})
            yield Change("entry doubled", path, files | {path: format_bundle(entries[: at + 1] + entries[at:])})
            swapped = entries[:at] + entries[at : at + 2][::-1] + entries[at + 2 :]
            if swapped != entries:
                yield Change("entries swapped", path, files | {path: format_bundle(swapped)})


def file_changes(files: Files) -> Iterator[Change]:
    """Every needed file deleted (a superseded partial one may be), and every two swapped."""
    needed = served_files(WORDS)
    for path in files:
        if path == "checkpoint" or path in needed:
            yield Change("file deleted", path, {name: data for name, data in files.items() if name != path})
        for other in files:
            if path < other and files[path] != files[other]:
                yield Change("files swapped", path, files | {path: files[other], other: files[path]})


def check_found(changes: Iterable[Change], unchanged: tuple[AuditReport, list[bytes]]) -> tuple[int, int]:
    """Count rejected changes and accepted ones; an accepted one must be of a listed kind and change nothing verified."""
    rejected = accepted = 0
    report, words = unchanged
    for change in changes:
        try:
            now, heard = run(change.files)
        except ProofError:
            rejected += 1
            continue
        accepted += 1
        assert listed_kind(change) in UNSIGNED, f"{change.kind} in {change.path}"
        assert (now.head.checkpoint, now.head.log_keys, heard) == (report.head.checkpoint, report.head.log_keys, words)
        assert now.head.cosigned_at.items() <= report.head.cosigned_at.items()
        assert now.files == report.files
    return rejected, accepted


def listed_kind(change: Change) -> str:
    """Decide from the changed bytes alone, not by the verifier, what kind of change was accepted."""
    if change.path != "checkpoint":
        return "a change of signed bytes"
    old, new = (files["checkpoint"].split(b"\n\n")[1].split(b"\n") for files in (serve(), change.files))
    if sorted(old) == sorted(new):
        return "order of signature lines"
    known = [key.key for key in (LOG_KEY, TENANT, LENDER)]
    of_unknown = [
        all(not key.signed(signature) for key in known)
        for line, signature in zip(new, Note.from_bytes(change.files["checkpoint"]).signatures, strict=False)
        if line not in old
    ]
    return "line of an unknown key" if all(of_unknown) else "a line of a known key"


BYTE_KINDS = ("bit", "deletion", "insertion", "swap")


def all_changes(files: Files, keep: Callable[[], bool] = always) -> Iterator[Change]:
    for kind in BYTE_KINDS:
        for path in files:
            yield from byte_changes(files, kind, path, keep)
    for change in (*entry_changes(files), *file_changes(files)):
        if keep():
            yield change


def test_an_unchanged_log_passes_with_all_its_files_compared() -> None:
    files = serve()
    report, heard = run(files)
    assert heard == WORDS
    assert report.files == len(files) - 1
    assert report.unsigned == ()
    assert dict(report.head.cosigned_at) == {"tenant": NOON, "lender": NOON}


def test_at_most_five_kinds_of_bytes_are_unsigned_each_with_its_reason() -> None:
    assert 1 <= len(UNSIGNED) <= 5
    assert all(len(reason) > 20 for reason in UNSIGNED.values())


def test_a_sample_of_changes_of_the_checkpoint_is_found_or_listed() -> None:
    files, rng = serve(), Random(1)  # noqa: S311 - repeatable draws
    changes = [c for kind in BYTE_KINDS for c in byte_changes(files, kind, "checkpoint", lambda: rng.random() < 0.06)]
    rejected, accepted = check_found(changes, run(files))
    assert rejected > 3 * accepted > 0


def test_a_sample_of_all_changes_is_found_or_listed() -> None:
    files, rng = serve(), Random(2)  # noqa: S311 - repeatable draws
    rejected, accepted = check_found(all_changes(files, lambda: rng.random() < 0.004), run(files))
    assert rejected > 500
    assert rejected + accepted > 600


@pytest.mark.full
def test_every_change_is_found_or_listed() -> None:
    files = serve()
    rejected, accepted = check_found(all_changes(files), run(files))
    print(f"changes of a 300-entry log: {rejected} rejected, {accepted} of listed kinds accepted")  # noqa: T201
    assert rejected > 100_000


def test_signature_lines_in_another_order_are_accepted() -> None:
    files = serve()
    note = Note.from_bytes(files["checkpoint"])
    turned = files | {"checkpoint": Note(note.text, note.signatures[::-1]).to_bytes()}
    assert run(turned)[0].head.checkpoint == run(files)[0].head.checkpoint


def test_files_that_the_checkpoint_does_not_cover_are_named() -> None:
    files = serve()
    extra = {
        "tile/0/001.p/45": b"",
        "tile/0/007": b"",
        "policy": b"",
        "tile/2/000.p/1": b"",
        f"tile/{ENTRIES}/000": b"",
    }
    report, _ = run(files | extra)
    assert sorted(report.unsigned) == sorted(extra)


def test_a_root_that_the_entries_do_not_give_is_found() -> None:
    files = serve()
    note = Checkpoint(ORIGIN, 300, bytes(32)).sign(LOG_KEY)
    lie = Note(note.text, (*note.signatures, cosign(TENANT, note.text, NOON))).to_bytes()
    with pytest.raises(VerifyError, match="the log signed"):
        run(files | {"checkpoint": lie})


def test_the_empty_log_passes() -> None:
    note = Checkpoint(ORIGIN, 0, oracle_root([])).sign(LOG_KEY)
    served = {"checkpoint": Note(note.text, (*note.signatures, cosign(TENANT, note.text, NOON))).to_bytes()}
    assert run(served)[0].files == 0
