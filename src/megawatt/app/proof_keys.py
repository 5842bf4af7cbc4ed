"""``megawatt proof key``: the keys of a log and its parties over the years, as entries of the log."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from megawatt.app.files import write_bytes
from megawatt.app.proof_answer import as_input, print_answer, print_no
from megawatt.proof.audit import CHECKPOINT, audit, entries_of
from megawatt.proof.canonical import Json
from megawatt.proof.entry import Entry
from megawatt.proof.errors import FormatError, ProofError, VerifyError
from megawatt.proof.key_history import ADD, REVOKE, ROTATE, KeyHistory, Tenure
from megawatt.proof.keys import SecretKey, VerifierKey
from megawatt.proof.note import Note
from megawatt.proof.numerals import MAX_SIZE
from megawatt.proof.policy import Policy
from megawatt.proof.store import Log, ServedDirectory, create_key, read_key

_LOG_ROLE = "log"
_SALT_BYTES = 16


def new_key(path: Path, name: str, *, as_json: bool) -> None:
    """Make a key; one that exists is never written over."""
    with as_input(path):
        vkey = create_key(path, name).key.to_text()
    lines = [f"Made the key of {name} in {path}.", f"Its public half, to hand out: {vkey}"]
    print_answer("key new", {"ok": True, "vkey": vkey}, lines, as_json=as_json)


def change_keys(
    directory: Path,
    kind: str,
    body: Mapping[str, Json],
    root: str,
    signers: list[Path],
    to: Path | None,
    key: Path | None,
    *,
    as_json: bool,
) -> None:
    """Sign a new change, and keep it or write it down."""
    entry = Entry(kind, 1, secrets.token_hex(_SALT_BYTES), body, {})
    _pass_on(directory, entry, root, signers, to, key, as_json=as_json)


def sign_change(
    directory: Path, change: Path, root: str, signers: list[Path], to: Path | None, key: Path | None, *, as_json: bool
) -> None:
    """Sign a change that another party wrote down, and keep it or write it down again."""
    with as_input(change):
        entry = Entry.from_bytes(change.read_bytes())
        if entry.type not in {ADD, ROTATE, REVOKE}:
            raise FormatError(f"an entry of type {entry.type!r}", "it changes a key", "Name what --to has written.")
    _pass_on(directory, entry, root, signers, to, key, as_json=as_json)


def _pass_on(
    directory: Path,
    entry: Entry,
    root: str,
    signers: list[Path],
    to: Path | None,
    key: Path | None,
    *,
    as_json: bool,
) -> None:
    with as_input(directory):
        top = VerifierKey.from_text(root)
        entry = entry.sign(*(read_key(path) for path in signers))
        verb = entry.type.replace(".", " ")
        answer: dict[str, object] = {"ok": True, "type": entry.type, "signed_by": list(entry.signatures)}
        if to:
            write_bytes(to, entry.to_bytes(), replace=False)
            lines = [f"Wrote {to}, signed by {', '.join(entry.signatures)}.", "Next: megawatt proof key sign"]
            print_answer(verb, answer | {"file": str(to)}, lines, as_json=as_json)
            return
        own = read_key(key or directory / "keys" / "log.key")
        index = _keep(directory, own, top, entry)
    lines = [f"Kept {entry.type}: entry {index}.", "Next: megawatt proof checkpoint"]
    print_answer(verb, answer | {"index": index}, lines, as_json=as_json)


def _keep(directory: Path, own: SecretKey, root: VerifierKey, entry: Entry) -> int:
    """Append a change that counts after all that the log holds; no other is kept.

    Raises:
        VerifyError: A signature is missing, or the change names a key that is not in use.
        FormatError: It is no change of keys.
    """
    with Log(directory, own) as log:
        before, _ = _read(root, entries_of(log.size, ServedDirectory(directory / "log").fetch))
        if before.after(log.size, entry) == before:
            raise FormatError(
                f"an entry of type {entry.type!r} that changes no key",
                "it adds, rotates or revokes one",
                "Name a key that is in use, or a smaller size after which it is void.",
            )
        (index,) = log.append([entry.to_bytes()])
        return index


def _read(root: VerifierKey, entries: Iterable[bytes]) -> tuple[KeyHistory, dict[int, str]]:
    """The history that the entries give; and which of them count for nothing, and why.

    Who may append may append a change that nobody signed: it has no effect, or anybody could end a log by one.
    """
    history, ignored = KeyHistory(root), {}
    for index, data in enumerate(entries):
        try:
            entry = Entry.from_bytes(data)
        except FormatError:
            continue  # a log holds any bytes
        try:
            history = history.after(index, entry)
        except ProofError as error:
            ignored[index] = f"{error.value}: {error.rule}"
    return history, ignored


def list_history(directory: Path, root: str, policy: Path | None, *, as_json: bool) -> int:
    """All keys with the sizes they count for; 1 if the log is not what it signed, or none of its keys signed its head."""
    path = policy or directory / "policy"
    with as_input(path):
        rules = Policy.from_text(path.read_bytes())
    with as_input(directory):
        top = VerifierKey.from_text(root)
        served = ServedDirectory(directory / "log")
        note = served.fetch(CHECKPOINT)
    entries: list[bytes] = []
    try:
        head = audit(rules, served.fetch, served.paths(), lambda _, entry: entries.append(entry)).head.checkpoint
        history, ignored = _read(top, entries)
        _refuse_void_head(rules, history, note, head.size)
    except ProofError as error:
        return print_no("key list", error, as_json=as_json)
    keys = [asdict(one) | {"key": one.key.to_text()} for one in history.tenures]
    lines = [_sentence(one) for one in history.tenures] or ["No key was ever added: the policy alone says which count."]
    lines += [f"entry {index} counts for nothing: {reason}" for index, reason in ignored.items()]
    answer = {"ok": True, "origin": head.origin, "size": head.size, "keys": keys}
    print_answer("key list", answer | {"ignored": {str(k): v for k, v in ignored.items()}}, lines, as_json=as_json)
    return 0


def _sentence(one: Tenure) -> str:
    end = "on" if one.until == MAX_SIZE else f"to {one.until}"
    return f"{one.role}: {one.key.to_text()} counts for sizes from {one.since + 1} {end}"


def _refuse_void_head(rules: Policy, history: KeyHistory, note: bytes, size: int) -> None:
    """Refuse a head whose signer the history knows and does not count at this size, such as a thief's."""
    known = [one.key for one in history.tenures if one.role == _LOG_ROLE]
    if not known:
        return
    signatures = Note.from_bytes(note).signatures
    counted = [key for key in history.keys_at(_LOG_ROLE, size) if any(map(key.signed, signatures))]
    accepted = {member.key.to_text() for member in rules.logs}
    if not any(key.to_text() in accepted for key in counted):
        raise VerifyError(
            f"a head of size {size} that no key signed which counts at that size",
            "the log's entries say which of its keys count, from which size to which",
            "Do not trust this head: ask the owner for one of a present key, and put its vkey into the policy.",
        )
