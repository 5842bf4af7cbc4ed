"""A log on disk with a witness behind a door, and the policy that names it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from megawatt.live.log.witness import LIMITS, WitnessDirectory, create_witness
from megawatt.proof.keys import SecretKey
from megawatt.proof.policy import Member, Policy
from megawatt.proof.store import Log, System, create_log
from tests.live.doors import opened
from tests.proof.faults.failing_system import FailingSystem
from tests.proof.samples import LOG_KEY, NOON, some_entries

HISTORY = some_entries(600)
QUICK = FailingSystem  # the store with its syncs left out: speed for tests that pull no plug


def log_of(directory: Path, count: int, key: SecretKey = LOG_KEY) -> Log:
    """A new log of the first entries of `HISTORY`, signed and published."""
    create_log(directory, key, segment_bytes=1 << 17, system=QUICK())
    log = Log(directory, key, system=QUICK())
    log.append(HISTORY[:count])
    log.publish(log.checkpoint())
    return log


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> int:
        return self.time


def witness_at(directory: Path, now: Clock | None = None, *, sync: bool = False) -> WitnessDirectory:
    """A new witness that knows the test log, or the one that is there."""
    if not directory.exists():
        create_witness(directory, "tenant.example/witness")
        (directory / "logs").write_text(f"# the host\n{LOG_KEY.key.to_text()}\n")
    return WitnessDirectory(directory, now or Clock(), System() if sync else QUICK())


@contextmanager
def served(witness: WitnessDirectory, name: str = "tenant") -> Iterator[Policy]:
    """The witness behind a door, and the policy that asks for it."""
    with opened(witness.answer, LIMITS) as door:
        yield policy_of(Member(name, witness.key, door.url))


def policy_of(*witnesses: Member) -> Policy:
    """The test log, cosigned by the first of these witnesses."""
    return Policy((Member(LOG_KEY.key.name, LOG_KEY.key),), witnesses, (), witnesses[0].name)
