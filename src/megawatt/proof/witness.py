"""The witness (C2SP tlog-witness) as a pure state machine: request, state and time in; answer and new state out.

A witness cosigns only trees that extend the last one it cosigned, so a log that shows two histories cannot have both
cosigned. Whoever serves it must write `Answer.keep` to disk, durably, *before* sending the answer, and must let no
second request of the same origin in between; else two answers could cosign two histories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.cosignature import check_cosignature, cosign
from megawatt.proof.errors import FormatError, VerifyError
from megawatt.proof.evidence import FORK, ROLLBACK, UNPROVEN, Evidence, check_growth
from megawatt.proof.hashes import EMPTY_ROOT
from megawatt.proof.keys import Signer, VerifierKey
from megawatt.proof.note import MAX_NOTE_BYTES, Note, Signature, format_signatures, parse_signatures
from megawatt.proof.numerals import format_base64, format_number, parse_hash, parse_number
from megawatt.proof.policy import VerifiedCheckpoint, single_log_policy
from megawatt.proof.tree import MAX_PROOF_HASHES

TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class Request:
    """Body of `POST <prefix>/add-checkpoint`.

    Attributes:
        old_size: Size that the log believes the witness cosigned last.
        proof: Consistency proof from it; empty from size 0.
        note: The new signed checkpoint.
    """

    old_size: int
    proof: tuple[bytes, ...]
    note: bytes

    def to_bytes(self) -> bytes:
        """The body."""
        lines = [f"old {format_number(self.old_size)}", *(format_base64(sibling) for sibling in self.proof)]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.note

    @classmethod
    def from_bytes(cls, data: bytes) -> "Request":
        """Inverse of `to_bytes`.

        Raises:
            FormatError: The bytes are no such body, or not the one spelling of it.
        """
        head, _, note = data.partition(b"\n\n")
        if len(data) > 2 * MAX_NOTE_BYTES or head.count(b"\n") > MAX_PROOF_HASHES or not head.isascii():
            raise FormatError(
                f"a request of {len(data)} bytes", f"it has at most {MAX_PROOF_HASHES} proof lines", "Send it anew."
            )
        old, *proof = head.decode("ascii").split("\n")
        size = parse_number(old.removeprefix("old "), "old size")
        request = cls(size, tuple(parse_hash(line, "proof hash") for line in proof), note)
        Checkpoint.from_text(Note.from_bytes(note).text)
        if request.to_bytes() != data:
            raise FormatError("a request with bytes out of place", "it begins with 'old <size>'", "Send it anew.")
        return request


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send, what to keep, and what was found out.

    Attributes:
        status: HTTP status.
        body: Cosignature line, size of the last cosigned checkpoint, or a reason.
        content_type: Its type.
        origin: Log concerned; empty when the request could not be read.
        keep: The cosigned checkpoint to write before answering, or None when nothing changes.
        evidence: A contradiction signed by the log, worth a file.
    """

    status: int
    body: bytes
    content_type: str = TEXT
    origin: str = ""
    keep: bytes | None = None
    evidence: Evidence | None = None


def add_checkpoint(
    body: bytes, logs: Mapping[str, Sequence[VerifierKey]], latest: Mapping[str, bytes], signer: Signer, now: int
) -> Answer:
    """Decide on a submitted checkpoint.

    Args:
        body: Request body.
        logs: Trusted keys of each known origin.
        latest: The kept note of each origin cosigned so far.
        signer: The witness's key, of type 0x04.
        now: Seconds since 1970-01-01 UTC.

    Returns:
        200 cosigned; 400 malformed, or an old size above the new; 403 no trusted signature; 404 unknown origin;
        409 another old size than the last cosigned (the body says which), or another root at that size; 422 the
        proof does not hold; 500 the clock stands before the last cosignature.
    """
    try:
        request = Request.from_bytes(body)
        new = Checkpoint.from_text(Note.from_bytes(request.note).text)
    except FormatError as error:
        return _refuse(400, str(error))
    if new.origin not in logs:
        return _refuse(404, f"unknown origin {new.origin}", new.origin)
    try:
        head = single_log_policy(*logs[new.origin]).check(request.note)
    except VerifyError as error:
        return _refuse(403, str(error), new.origin)
    if request.old_size > new.size:
        return _refuse(400, f"old size {request.old_size} is above the checkpoint's {new.size}", new.origin)
    return _decide(request, head, latest.get(new.origin), signer, now)


def _decide(request: Request, head: VerifiedCheckpoint, kept: bytes | None, signer: Signer, now: int) -> Answer:
    new = head.checkpoint
    # Only verified lines of the log are kept, so that nobody can blow up what a witness writes down.
    note = Note.from_bytes(request.note)
    of_log = tuple(s for s in note.signatures if any(key.signed(s) for key in head.log_keys))
    as_signed = Note(note.text, of_log).to_bytes()
    old = Checkpoint.from_text(Note.from_bytes(kept).text) if kept else Checkpoint(new.origin, 0, EMPTY_ROOT)
    if kept and new.size <= old.size and (new.size, new.root) != (old.size, old.root):
        kind = FORK if new.size == old.size else ROLLBACK
        return _conflict(old.size, new.origin, Evidence(kind, now, kept, as_signed))
    if request.old_size != old.size:
        return _conflict(old.size, new.origin)
    try:
        check_growth(old, new, request.proof)
    except VerifyError as error:
        evidence = Evidence(UNPROVEN, now, kept, as_signed, request.proof) if kept else None
        return _refuse(422, str(error), new.origin, evidence)
    if kept and now < _cosigned_at(kept, signer.key):
        return _refuse(500, "the clock of this witness stands before its last cosignature", new.origin)
    line = cosign(signer, note.text, now)
    keep = Note(note.text, (*of_log, line)).to_bytes()
    return Answer(200, format_signatures([line]), TEXT, new.origin, keep)


def _cosigned_at(note_bytes: bytes, key: VerifierKey) -> int:
    note = Note.from_bytes(note_bytes)
    return max((check_cosignature(key, note.text, s) for s in note.signatures if key.signed(s)), default=0)


def _refuse(status: int, reason: str, origin: str = "", evidence: Evidence | None = None) -> Answer:
    return Answer(status, f"{reason}\n".encode("utf-8", "replace"), TEXT, origin, None, evidence)


def _conflict(size: int, origin: str, evidence: Evidence | None = None) -> Answer:
    return Answer(409, f"{format_number(size)}\n".encode(), SIZE, origin, None, evidence)


def merge_cosignatures(note_bytes: bytes, lines: bytes, witness_keys: Sequence[VerifierKey]) -> bytes:
    """Add the cosignatures of known witnesses to a checkpoint; lines of others are left out.

    Args:
        note_bytes: The signed checkpoint that was submitted.
        lines: Bodies of the witnesses' answers, one after another.
        witness_keys: Keys of the witnesses that were asked.

    Raises:
        FormatError: The lines are no signature lines.
        VerifyError: A known witness's line is no cosignature of this checkpoint.
    """
    note = Note.from_bytes(note_bytes)
    merged: list[Signature] = list(note.signatures)
    for signature in parse_signatures(lines):
        known = [key for key in witness_keys if key.signed(signature)]
        for key in known:
            check_cosignature(key, note.text, signature)
        if known and signature not in merged:
            merged.append(signature)
    return Note(note.text, tuple(merged)).to_bytes()
