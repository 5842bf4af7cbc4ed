"""One working day of a log, what it promised on the way, and the check that the promises are kept."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from megawatt.proof.audit import audit
from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.cosignature import cosign
from megawatt.proof.note import Note, format_signatures
from megawatt.proof.policy import single_log_policy
from megawatt.proof.store import Log, ServedDirectory, System, create_log
from megawatt.proof.witness import merge_cosignatures
from tests.proof.faults.failing_system import FailingSystem
from tests.proof.samples import LOG_KEY, NOON, TENANT, oracle_root, some_entries

SIGNED_BEFORE, WAITING_BEFORE = 250, 20
SEGMENT_BYTES = 1 << 16
BEFORE = some_entries(SIGNED_BEFORE + WAITING_BEFORE, "before ")
# 180 and 90 entries cross the full tile at 256 and leave partial ones; the repeated batch must not be kept twice.
BATCHES = [some_entries(n, f"batch {i} ") for i, n in enumerate((3, 180, 1, 90, 7))]


@dataclass(slots=True)
class Promises:
    """What the log let others rely on.

    Attributes:
        acknowledged: Entry by index.
        released: Signed checkpoints that left the process.
        log: Every promise as a line, for a process whose death is watched from outside.
    """

    acknowledged: dict[int, bytes] = field(default_factory=dict)
    released: list[bytes] = field(default_factory=list)
    tell: Callable[[str], None] = lambda _line: None

    def acknowledge(self, indexes: Sequence[int], entries: Sequence[bytes]) -> None:
        self.acknowledged.update(zip(indexes, entries, strict=True))
        self.tell(json.dumps({"indexes": list(indexes), "entries": [entry.hex() for entry in entries]}))

    def release(self, note: bytes) -> None:
        self.released.append(note)
        self.tell(json.dumps({"note": note.hex()}))

    @classmethod
    def heard(cls, lines: Sequence[str]) -> "Promises":
        promises = cls()
        for line in lines:
            told = json.loads(line)
            if "note" in told:
                promises.release(bytes.fromhex(told["note"]))
            else:
                promises.acknowledge(told["indexes"], [bytes.fromhex(entry) for entry in told["entries"]])
        return promises


def prepare(directory: Path) -> Promises:
    """A log with 250 signed entries, and 20 acknowledged ones that wait in the write-ahead file."""
    promises = Promises()
    system = FailingSystem()
    create_log(directory, LOG_KEY, segment_bytes=SEGMENT_BYTES, system=system)
    with Log(directory, LOG_KEY, system=system) as log:
        promises.acknowledge(log.append(BEFORE[:SIGNED_BEFORE]), BEFORE[:SIGNED_BEFORE])
        promises.release(log.checkpoint())
        log.publish(promises.released[-1])
        promises.acknowledge(log.append(BEFORE[SIGNED_BEFORE:]), BEFORE[SIGNED_BEFORE:])
    return promises


def cosigned(note: bytes) -> bytes:
    """The checkpoint with the tenant's cosignature."""
    line = cosign(TENANT, Note.from_bytes(note).text, NOON)
    return merge_cosignatures(note, format_signatures([line]), [TENANT.key])


def work(directory: Path, promises: Promises, system: System) -> None:
    """Open (which recovers), append, sign and publish a few times."""
    with Log(directory, LOG_KEY, system=system) as log:
        promises.release(log.checkpoint())
        for i, batch in enumerate(BATCHES):
            promises.acknowledge(log.append(batch), batch)
            if i % 2:
                note = log.checkpoint()
                promises.release(note)
                log.publish(cosigned(note) if i == 1 else note)
        promises.acknowledge(log.append(BATCHES[1]), BATCHES[1])


@cache
def root_by_definition(entries: tuple[bytes, ...]) -> bytes:
    """The oracle's root, computed once for the same entries."""
    return oracle_root(entries)


def check_kept(directory: Path, promises: Promises) -> None:
    """Open the log as a new process would, and check everything that was promised.

    Raises:
        AssertionError: An acknowledged entry is lost or moved, a signed checkpoint is not of the log's history, a
            smaller tree was signed or served than before, or an entry sent again was kept twice.
        ProofError: The log does not open, or its files fail the audit.
    """
    largest = max((Checkpoint.from_text(Note.from_bytes(note).text).size for note in promises.released), default=0)
    served = ServedDirectory(directory / "log")
    policy = single_log_policy(LOG_KEY.key)
    audit(policy, served.fetch)  # a reader may come before the log is opened again
    with Log(directory, LOG_KEY, system=FailingSystem()) as log:
        assert log.size == log.acknowledged >= largest
        for batch in (BEFORE, *BATCHES):
            log.append(batch)
        log.publish(log.checkpoint())
        assert log.size == len(BEFORE) + sum(len(batch) for batch in BATCHES)
    entries: list[bytes] = []
    audit(policy, served.fetch, (p for p in served.paths() if not p.endswith(".new")), lambda _, e: entries.append(e))
    assert all(entries[index] == entry for index, entry in promises.acknowledged.items())
    for note in promises.released:
        checkpoint = policy.check(note).checkpoint
        assert root_by_definition(tuple(entries[: checkpoint.size])) == checkpoint.root
