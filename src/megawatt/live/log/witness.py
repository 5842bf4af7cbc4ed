"""A witness on disk: what it cosigned, for which logs, and the evidence it found.

DIR/key                 its secret key, type 0x04, mode 0600
DIR/logs                vkeys of the logs it knows, one a line; two of one origin during a rotation
DIR/kept/<digest>       for each origin the last checkpoint that it cosigned; the name is SHA-256 of the origin
DIR/evidence/<name>     what did not go together (`megawatt.proof.evidence`), one file each
DIR/lock                held by the one process that answers
"""

import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from megawatt.live.log.door import Limits, Query, Reply
from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.cosignature import check_cosignature
from megawatt.proof.errors import DamageError, FormatError, ProofError, StoreError, VerifyError
from megawatt.proof.evidence import FORK, ROLLBACK, Evidence
from megawatt.proof.keys import COSIGNATURE, ED25519, VerifierKey
from megawatt.proof.note import MAX_NOTE_BYTES, Note
from megawatt.proof.store import System, create_key, read_key, replace_file, take_lock
from megawatt.proof.witness import Answer, add_checkpoint

LIMITS = Limits(body_bytes=2 * MAX_NOTE_BYTES, connections=16)
PATH = "/add-checkpoint"
MAX_REPLAYS = 1_000
"""Evidence that anybody can make by sending old heads again is kept up to this many files; forks always."""

_MODE = 0o600


def create_witness(directory: Path, name: str) -> VerifierKey:
    """Make the directory of a new witness and its key.

    Raises:
        StoreError: There is a key already, or the disk failed.
    """
    for part in (directory, directory / "kept", directory / "evidence"):
        part.mkdir(mode=0o700, exist_ok=True)
    return create_key(directory / "key", name, COSIGNATURE).key


class WitnessDirectory:
    """A witness ready to answer; one process at a time, any number of its threads.

    Args:
        directory: Made by `create_witness`, with vkeys in its file `logs`.
        now: The clock.
        system: Calls to the disk.

    Raises:
        StoreError: Another process answers, or the disk failed.
        FormatError: A line of `logs` is no vkey of a log.
        DamageError: A kept checkpoint is not one that this witness cosigned.
    """

    def __init__(self, directory: Path, now: Callable[[], int], system: System | None = None) -> None:
        self._system = system or System()
        self._now = now
        self._kept, self._evidence = directory / "kept", directory / "evidence"
        self._signer = read_key(directory / "key", self._system)
        self.logs = _read_logs(directory / "logs")
        self._gate = threading.Lock()
        self._lock = take_lock(self._system, directory / "lock")
        try:
            self._latest = dict(map(self._read, sorted(path for path in self._kept.iterdir() if not path.suffix)))
        except BaseException:
            self.close()
            raise

    @property
    def key(self) -> VerifierKey:
        """The witness's public key."""
        return self._signer.key

    def sizes(self) -> dict[str, int]:
        """Size cosigned last, by origin."""
        return {origin: _checkpoint(note).size for origin, note in self._latest.items()}

    def answer(self, query: Query) -> Reply:
        """Answer an HTTP request of the tlog-witness protocol.

        Raises:
            StoreError: The disk failed; nothing was cosigned as far as the log knows.
        """
        if query.path != PATH:
            return Reply(404, b"a checkpoint is posted to /add-checkpoint\n")
        if query.method != "POST":
            return Reply(405, b"a checkpoint is posted\n", headers={"Allow": "POST"})
        answer = self.add_checkpoint(query.body)
        return Reply(answer.status, answer.body, answer.content_type)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Decide, keep what must be kept, then answer: one request at a time.

        Raises:
            StoreError: The disk failed.
        """
        with self._gate:
            answer = add_checkpoint(body, self.logs, self._latest, self._signer, self._now())
            if answer.evidence is not None:
                self._keep_evidence(answer.evidence)
            if answer.keep is not None:
                self._replace(self._kept / _name(answer.origin), answer.keep)
                self._latest[answer.origin] = answer.keep
            return answer

    def close(self) -> None:
        """Give the lock back."""
        self._system.close(self._lock)

    def _read(self, path: Path) -> tuple[str, bytes]:
        """A kept checkpoint with its origin; it must be cosigned by this witness, or memory was lost or forged."""
        data = path.read_bytes()
        try:
            note = Note.from_bytes(data)
            origin = Checkpoint.from_text(note.text).origin
            ours = [check_cosignature(self.key, note.text, s) for s in note.signatures if self.key.signed(s)]
        except ProofError:
            ours = []
        if not ours or path.name != _name(origin):
            raise DamageError(
                f"{path} is no checkpoint that {self.key.name} cosigned",
                "a witness that forgot what it cosigned would cosign a second history",
                "Restore the file from a copy, or make a new witness with a new key.",
            )
        return origin, data

    def _keep_evidence(self, evidence: Evidence) -> None:
        """One file for each contradiction, however often it is sent."""
        texts = [Note.from_bytes(note).text for note in (evidence.first, evidence.second)]
        # Whoever has old heads can send each after every new one: only the old head tells two rollbacks apart.
        told = texts[1:] if evidence.kind == ROLLBACK else texts
        path = self._evidence / f"{evidence.kind}-{sha256(b''.join(told)).hexdigest()[:32]}"
        full = evidence.kind != FORK and sum(1 for _ in self._evidence.iterdir()) >= MAX_REPLAYS
        if not path.exists() and not full:
            self._replace(path, evidence.to_bytes())

    def _replace(self, path: Path, data: bytes) -> None:
        try:
            replace_file(self._system, path, data, _MODE)
        except OSError as error:
            raise StoreError(
                f"writing {path} failed: {error.strerror}", "a witness remembers before it answers", "Repair the disk."
            ) from error


def _name(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()


def _checkpoint(note: bytes) -> Checkpoint:
    return Checkpoint.from_text(Note.from_bytes(note).text)


def _read_logs(path: Path) -> dict[str, list[VerifierKey]]:
    lines = path.read_text("utf-8").split("\n") if path.exists() else []
    logs: dict[str, list[VerifierKey]] = {}
    for line in lines:
        if line and not line.startswith("#"):
            key = VerifierKey.from_text(line)
            if key.kind != ED25519:
                raise FormatError(f"{line} in {path}", "a log has a key of type 0x01", "Ask the log for its vkey.")
            logs.setdefault(key.name, []).append(key)
    if not logs:
        raise VerifyError(f"no log in {path}", "a witness knows its logs by their vkeys, one a line", "Write one.")
    return logs
