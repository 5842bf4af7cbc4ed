"""Keys over a log's life: added, rotated and revoked by entries of the log itself.

A root key, kept offline and known to the parties from the contract, signs every change. Bodies:

* ``key.add``: ``role``, ``vkey``. Valid from the next size on; signed by the root key and by the new key.
* ``key.rotate``: ``role``, ``old``, ``new``, ``overlap``. The old key stays valid for `overlap` more entries, so that
  checkpoints can carry both signatures while parties change their policy; signed by root, old and new.
* ``key.revoke``: ``role``, ``vkey``, ``after``. Signatures for sizes above `after` are void, for a stolen key also in
  the past; signed by the root key alone, as the thief has the other.

A key counts for the sizes in (since, until]: an entry at index i speaks of sizes from i + 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from megawatt.proof.canonical import Json
from megawatt.proof.entry import Entry
from megawatt.proof.errors import FormatError, VerifyError
from megawatt.proof.keys import ED25519, VerifierKey
from megawatt.proof.numerals import MAX_SIZE

ADD, ROTATE, REVOKE = "key.add", "key.rotate", "key.revoke"
_BODIES = {ADD: {"role", "vkey"}, ROTATE: {"role", "old", "new", "overlap"}, REVOKE: {"role", "vkey", "after"}}


@dataclass(frozen=True, slots=True)
class Tenure:
    """A key and the sizes it counts for: since < size <= until."""

    role: str
    key: VerifierKey
    since: int
    until: int = MAX_SIZE


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """All keys that a log's entries have named.

    Attributes:
        root: The key that signs every change.
        tenures: In the order of the entries.
    """

    root: VerifierKey
    tenures: tuple[Tenure, ...] = ()

    def keys_at(self, role: str, size: int) -> tuple[VerifierKey, ...]:
        """Keys that count for this role at a tree size."""
        return tuple(t.key for t in self.tenures if t.role == role and t.since < size <= t.until)

    def after(self, index: int, entry: Entry) -> "KeyHistory":
        """The history with one more entry; entries of other types change nothing.

        Args:
            index: The entry's index in the log.
            entry: The entry.

        Raises:
            FormatError: Its body is not as the type says.
            VerifyError: A signature is missing, or it names a key that is not in use.
        """
        if entry.type not in _BODIES:
            return self
        if set(entry.body) != _BODIES[entry.type] or entry.version != 1:
            raise FormatError(
                f"a {entry.type} v{entry.version} with {', '.join(sorted(entry.body))}",
                f"version 1 has {', '.join(sorted(_BODIES[entry.type]))}",
                "See docs/proof/entry.md.",
            )
        entry.check_signed(self.root)
        role = _text(entry.body, "role")
        change = {ADD: self._added, ROTATE: self._rotated, REVOKE: self._revoked}[entry.type]
        return replace(self, tenures=change(index + 1, role, entry))

    def _added(self, size: int, role: str, entry: Entry) -> tuple[Tenure, ...]:
        key = VerifierKey.from_text(_text(entry.body, "vkey"))
        _check_proven(key, entry)
        self._check_new(key)
        return (*self.tenures, Tenure(role, key, size - 1))

    def _rotated(self, size: int, role: str, entry: Entry) -> tuple[Tenure, ...]:
        old = self._in_use(role, _text(entry.body, "old"), size)
        new = VerifierKey.from_text(_text(entry.body, "new"))
        for key in (old.key, new):
            _check_proven(key, entry)
        self._check_new(new)
        until = min(old.until, size + _count(entry.body, "overlap"))
        return (*self._with(old, until), Tenure(role, new, size - 1))

    def _revoked(self, _size: int, role: str, entry: Entry) -> tuple[Tenure, ...]:
        old = self._named(role, _text(entry.body, "vkey"))
        return self._with(old, min(old.until, _count(entry.body, "after")))

    def _with(self, old: Tenure, until: int) -> tuple[Tenure, ...]:
        return tuple(replace(t, until=until) if t is old else t for t in self.tenures)

    def _check_new(self, key: VerifierKey) -> None:
        if any(t.key.public == key.public for t in self.tenures) or key.public == self.root.public:
            raise VerifyError(f"key {key.to_text()}", "a key is never added twice or reused", "Make a new key.")

    def _in_use(self, role: str, vkey: str, size: int) -> Tenure:
        tenure = self._named(role, vkey)
        if size > tenure.until:
            raise VerifyError(f"key {vkey[:80]!r}", f"it is not in use at size {size}", "Name a present one.")
        return tenure

    def _named(self, role: str, vkey: str) -> Tenure:
        for tenure in self.tenures:
            if tenure.role == role and tenure.key.to_text() == vkey:
                return tenure
        raise VerifyError(f"key {vkey[:80]!r}", f"no {role} key of that vkey was added", "Name an added one.")


def _check_proven(key: VerifierKey, entry: Entry) -> None:
    """The key itself signs, so that nobody enters another's key as its own.

    A witness key (type 0x04) must not sign entries; its owner's word is its cosignatures, so the root key suffices.
    """
    if key.kind == ED25519:
        entry.check_signed(key)


def _text(body: Mapping[str, Json], name: str) -> str:
    value = body[name]
    if not isinstance(value, str) or not value:
        raise FormatError(f"{name} {value!r}", "it is a text that is not empty", "See docs/proof/entry.md.")
    return value


def _count(body: Mapping[str, Json], name: str) -> int:
    value = body[name]
    if type(value) is not int or value < 0:
        raise FormatError(f"{name} {value!r}", "it is a whole number from 0", "See docs/proof/entry.md.")
    return value
