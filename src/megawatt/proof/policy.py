"""Trust policy (C2SP tlog-policy): whose signatures make a checkpoint count, and the check of it.

A checkpoint counts when a listed log signed it under its own origin and the quorum of witnesses cosigned it. What a
note contains beyond that is carried along unverified, and only in these ways (`UNSIGNED`): nothing else of a served
checkpoint can change without being refused.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.cosignature import check_cosignature
from megawatt.proof.errors import FormatError, VerifyError
from megawatt.proof.keys import COSIGNATURE, ED25519, VerifierKey
from megawatt.proof.note import Note
from megawatt.proof.numerals import parse_number

UNSIGNED = {
    "line of an unknown key": "signed-note demands that they are ignored: keys rotate and witnesses join by them; a "
    "known line with one bit of its name or id changed is such a line, and is then missing from the quorum",
    "order of signature lines": "each signature stands alone over the same text",
}
"""What may change in a checkpoint that this verifier accepts, each with its reason."""

MAX_POLICY_BYTES = 1_000_000
NONE = "none"


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A checkpoint that its policy accepts.

    Attributes:
        checkpoint: Origin, size and root.
        log_keys: Keys of the log that signed it.
        cosigned_at: Time of each known witness's cosignature, seconds since 1970-01-01 UTC, by its name in the policy.
    """

    checkpoint: Checkpoint
    log_keys: tuple[VerifierKey, ...]
    cosigned_at: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Member:
    """A log or a witness: its name in the policy, key, and where to reach it (may be empty)."""

    name: str
    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Cosigned when at least `threshold` of its members are; members are witnesses or earlier groups."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Logs, witnesses, and which of them must have cosigned.

    Attributes:
        logs: Accepted logs; a log's name is its key's name, that is the origin.
        witnesses: Known witnesses.
        groups: Groups in the order of their definition.
        quorum: Name of a witness or group, or `none`.
    """

    logs: tuple[Member, ...]
    witnesses: tuple[Member, ...]
    groups: tuple[Group, ...]
    quorum: str

    def __post_init__(self) -> None:
        _check_keys(self.logs, ED25519, "log")
        _check_keys(self.witnesses, COSIGNATURE, "witness")
        defined = {NONE}
        for witness in self.witnesses:
            _define(witness.name, defined)
        used: set[str] = set()
        for group in self.groups:
            _check_group(group, defined, used)
            _define(group.name, defined)
        if self.quorum not in defined:
            raise FormatError(f"quorum {self.quorum!r}", "it names a witness, a group, or 'none'", "Define it above.")

    def to_text(self) -> bytes:
        """The policy in its plain form: no comments, one space between words."""
        lines = [_words("log", member.key.to_text(), member.url) for member in self.logs]
        lines += [_words("witness", member.name, member.key.to_text(), member.url) for member in self.witnesses]
        lines += [_words("group", group.name, str(group.threshold), *group.members) for group in self.groups]
        lines.append(_words("quorum", self.quorum))
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")

    @classmethod
    def from_text(cls, text: bytes) -> "Policy":
        """Read a policy file.

        Raises:
            FormatError: A line, name or key is not as tlog-policy says.
        """
        return _Reader().read(text)

    def check(self, note_bytes: bytes) -> VerifiedCheckpoint:
        """Check a signed checkpoint.

        Raises:
            FormatError: The bytes are no signed checkpoint.
            VerifyError: No listed log signed it, a known signature is wrong, or the quorum is missing.
        """
        note = Note.from_bytes(note_bytes)
        checkpoint = Checkpoint.from_text(note.text)
        log_keys = self._log_keys(note, checkpoint.origin)
        cosigned_at = self._cosigned_at(note)
        if not self.has_quorum(cosigned_at):
            raise VerifyError(
                f"a checkpoint cosigned by {', '.join(sorted(cosigned_at)) or 'nobody'}",
                f"the policy asks for quorum {self.quorum!r}",
                "Wait for the cosigned checkpoint; if it never comes, the log may show different histories.",
            )
        return VerifiedCheckpoint(checkpoint, log_keys, cosigned_at)

    def _log_keys(self, note: Note, origin: str) -> tuple[VerifierKey, ...]:
        keys = []
        for member in self.logs:
            for signature in note.signatures:
                if member.key.signed(signature):
                    check_signature(member.key, note.text, signature.blob)
                    if member.key.name == origin and member.key not in keys:
                        keys.append(member.key)
        if not keys:
            raise VerifyError(
                f"a checkpoint of {origin!r} without a signature of a listed key of that name",
                "one listed log key must have signed it under its own name",
                "Check the origin; if the log rotated its key, get the new policy from its owner.",
            )
        return tuple(keys)

    def _cosigned_at(self, note: Note) -> dict[str, int]:
        times: dict[str, int] = {}
        for witness in self.witnesses:
            for signature in note.signatures:
                if witness.key.signed(signature):
                    time = check_cosignature(witness.key, note.text, signature)
                    times[witness.name] = max(time, times.get(witness.name, 0))
        return times

    def has_quorum(self, witnesses: Iterable[str]) -> bool:
        """Whether these witnesses, by their names here, are enough."""
        reached = {NONE, *witnesses}
        # Groups only name what stands above them, so one pass decides all.
        for group in self.groups:
            if len(reached.intersection(group.members)) >= group.threshold:
                reached.add(group.name)
        return self.quorum in reached


def check_signature(key: VerifierKey, text: bytes, signature_bytes: bytes) -> None:
    """Check a log's signature of a note's text.

    Raises:
        VerifyError: It is not this key's.
    """
    if not key.verifies(text, signature_bytes):
        raise VerifyError(
            f"the signature line of {key.name!r}",
            f"it must be the signature of {key.to_text()} over this text",
            "Refuse the note: it was altered, or the line comes from another note.",
        )


def single_log_policy(*log_keys: VerifierKey) -> Policy:
    """The policy that trusts these keys of one log and asks for no witness."""
    return Policy(tuple(Member(key.name, key) for key in log_keys), (), (), NONE)


def _words(*words: str) -> str:
    return " ".join(word for word in words if word)


def _define(name: str, defined: set[str]) -> None:
    if not name or name in defined:
        raise FormatError(
            f"name {name!r}", "each witness and group has its own name, and 'none' is taken", "Rename it."
        )
    defined.add(name)


def _check_keys(members: tuple[Member, ...], kind: int, what: str) -> None:
    seen = set()
    for member in members:
        if member.key.kind != kind or member.key.public in seen:
            raise FormatError(
                f"{what} key {member.key.to_text()}",
                f"a {what} has a key of type {kind:#04x}, and each public key stands once",
                "Ask the party for its own vkey of that type.",
            )
        seen.add(member.key.public)


def _check_group(group: Group, defined: set[str], used: set[str]) -> None:
    unknown = [name for name in group.members if name not in defined or name == NONE]
    if unknown or not 1 <= group.threshold <= len(group.members):
        raise FormatError(
            f"group {group.name!r}: {group.threshold} of {' '.join(group.members)}",
            "its members are defined above it and the threshold lies between 1 and their number",
            f"Define {', '.join(unknown) or 'fewer'} first.",
        )
    if len(set(group.members)) < len(group.members) or used.intersection(group.members):
        raise FormatError(
            f"group {group.name!r} with {' '.join(group.members)}",
            "a name is a member at most once, so that no witness counts twice",
            "Remove the second mention.",
        )
    used.update(group.members)


class _Reader:
    """Collects the lines of a policy file."""

    def __init__(self) -> None:
        self.logs: list[Member] = []
        self.witnesses: list[Member] = []
        self.groups: list[Group] = []
        self.quorums: list[str] = []

    def read(self, text: bytes) -> Policy:
        if len(text) > MAX_POLICY_BYTES or any((byte < 0x20 and byte not in b"\t\n") or byte == 0x7F for byte in text):
            raise FormatError(
                f"a policy of {len(text)} bytes", "it is text of at most 1 MB without control characters", "Check it."
            )
        # Octets above 0x7F are opaque; surrogateescape keeps them one to one.
        for number, line in enumerate(text.decode("utf-8", "surrogateescape").split("\n"), 1):
            words = [word for word in re.split("[ \t]+", line) if word]
            if words and not words[0].startswith("#"):
                self._line(words, number)
        if len(self.quorums) != 1:
            raise FormatError(f"a policy with {len(self.quorums)} quorum lines", "it has one", "Write 'quorum NAME'.")
        return Policy(tuple(self.logs), tuple(self.witnesses), tuple(self.groups), self.quorums[0])

    def _line(self, words: list[str], number: int) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                key = VerifierKey.from_text(vkey)
                self.logs.append(Member(key.name, key, *url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                self._above(name, number)
                self.witnesses.append(Member(name, VerifierKey.from_text(vkey), *url))
            case ["group", name, threshold, *members] if members:
                self._above(name, number, *members)
                self.groups.append(Group(name, _threshold(threshold, len(members)), tuple(members)))
            case ["quorum", name]:
                self._above(NONE, number, name)
                self.quorums.append(name)
            case _:
                raise FormatError(
                    f"policy line {number}: {' '.join(words)[:80]!r}",
                    "lines are log, witness, group or quorum",
                    "See docs/proof/policy.md.",
                )

    def _above(self, name: str, number: int, *members: str) -> None:
        """Names are used only below their definition, and 'none' is never defined."""
        names = {witness.name for witness in self.witnesses} | {group.name for group in self.groups}
        unknown = [member for member in members if member not in names and (member != NONE or name != NONE)]
        if unknown or name in names:
            raise FormatError(
                f"policy line {number} with {name!r} {' '.join(members)}",
                "a name is defined once, above the lines that use it",
                "Move the definition up, or rename it.",
            )


def _threshold(text: str, count: int) -> int:
    if text in {"any", "all"}:
        return 1 if text == "any" else count
    return parse_number(text, "group threshold")
