"""Evidence files: two signed checkpoints that do not go together, kept so that a stranger can judge.

The log's own signatures are the evidence; whoever holds its public key can check the file, and need trust nobody.
Three kinds exist, and they weigh differently:

* ``fork``: the log signed two histories. For equal sizes the two roots differ; for different sizes a proof shows that
  the second tree contains, at the first one's size, another root. This convicts: no honest log can be accused so.
* ``unproven``: the log signed a larger tree and the proof that came with it does not lead there. The log clears itself
  with a valid proof; while it gives none, the witness does not cosign.
* ``rollback``: a smaller signed tree was submitted after a larger one was cosigned. Anybody can replay an old
  checkpoint, so this only shows what was refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.errors import FormatError, VerifyError
from megawatt.proof.keys import VerifierKey
from megawatt.proof.note import MAX_NOTE_BYTES, Note
from megawatt.proof.numerals import format_base64, format_number, parse_hash, parse_number
from megawatt.proof.policy import single_log_policy
from megawatt.proof.tiled_tree import TiledTree
from megawatt.proof.tree import MAX_PROOF_HASHES, check_consistency, consistency_roots

_HEADER = "megawatt/evidence/v1"
_PARTS = 5
FORK, UNPROVEN, ROLLBACK = "fork", "unproven", "rollback"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two signed checkpoints of one log that do not go together.

    Attributes:
        kind: `fork`, `unproven` or `rollback`.
        seen: When the finder saw it, seconds since 1970-01-01 UTC; the finder's word, signed by nobody.
        first: The earlier checkpoint, as signed (and cosigned, when a witness keeps it).
        second: The one that does not go with it, as signed.
        proof: Consistency proof that came with, or was made from, the second.
        root: For a fork between two sizes, the root that the second tree has at the first size; else empty.
    """

    kind: str
    seen: int
    first: bytes
    second: bytes
    proof: tuple[bytes, ...] = ()
    root: bytes = b""

    def to_bytes(self) -> bytes:
        """The file: header lines, then both notes, with empty lines between."""
        lines = [_HEADER, f"kind {self.kind}", f"seen {format_number(self.seen)}"]
        if self.root:
            lines.append(f"root {format_base64(self.root)}")
        lines += [f"proof {format_base64(sibling)}" for sibling in self.proof]
        head = "".join(f"{line}\n" for line in lines).encode()
        return head + b"\n" + self.first + b"\n" + self.second

    @classmethod
    def from_bytes(cls, data: bytes) -> "Evidence":
        """Inverse of `to_bytes`.

        Raises:
            FormatError: The bytes are no evidence file, or not the one spelling of it.
        """
        parts = data.split(b"\n\n") if len(data) <= 3 * MAX_NOTE_BYTES else []
        head = parts[0] if parts else b""
        if len(parts) != _PARTS or not head.isascii() or head.count(b"\n") > MAX_PROOF_HASHES + 3:
            raise FormatError(f"evidence in {len(parts)} parts", "it is a header and two checkpoints", "Copy it whole.")
        lines = head.decode("ascii").split("\n")
        kind, seen = (line.partition(" ")[2] for line in (*lines, "", "", "")[1:3])
        roots = [line.removeprefix("root ") for line in lines[3:4] if line.startswith("root ")]
        proof = lines[3 + len(roots) :]
        evidence = cls(
            kind,
            parse_number(seen, "time seen"),
            b"\n\n".join(parts[1:3]) + b"\n",
            b"\n\n".join(parts[3:5]),
            tuple(parse_hash(line.removeprefix("proof "), "proof hash") for line in proof),
            parse_hash(roots[0], "root") if roots else b"",
        )
        if evidence.to_bytes() != data:
            raise FormatError("evidence with bytes out of place", "it has one spelling", "Copy it unchanged.")
        return evidence

    def check(self, *log_keys: VerifierKey) -> str:
        """Check that the file shows what its kind says, and return that as a sentence.

        Args:
            *log_keys: Public keys of the log.

        Raises:
            FormatError: A note is no signed checkpoint.
            VerifyError: The log did not sign both, or they do go together.
        """
        policy = single_log_policy(*log_keys)
        first, second = (policy.check(note).checkpoint for note in (self.first, self.second))
        judge = {FORK: self._is_fork, UNPROVEN: self._is_unproven, ROLLBACK: self._is_rollback}.get(self.kind)
        if judge is None or first.origin != second.origin or not judge(first, second):
            raise VerifyError(
                f"evidence of kind {self.kind!r} for sizes {first.size} and {second.size}",
                "the two checkpoints do not contradict each other in that way",
                "Do not accuse the log on this file.",
            )
        return _SENTENCES[self.kind].format(origin=first.origin, first=first.size, second=second.size)

    def _is_fork(self, first: Checkpoint, second: Checkpoint) -> bool:
        if first.size == second.size:
            return first.root != second.root and not self.proof and not self.root
        if not 1 <= first.size < second.size or not self.root or self.root == first.root:
            return False
        return consistency_roots(first.size, second.size, self.root, self.proof) == (self.root, second.root)

    def _is_unproven(self, first: Checkpoint, second: Checkpoint) -> bool:
        if self.root or second.size < first.size or (second.size == first.size and second.root != first.root):
            return False
        try:
            check_growth(first, second, self.proof)
        except VerifyError:
            return True
        return False

    def _is_rollback(self, first: Checkpoint, second: Checkpoint) -> bool:
        return second.size < first.size and not self.root


_SENTENCES = {
    FORK: "{origin} signed two histories: the trees of size {first} and {second} differ below entry {first}.",
    UNPROVEN: "{origin} signed sizes {first} and {second}; the proof that came with the second leads elsewhere.",
    ROLLBACK: "{origin}'s signed checkpoint of size {second} was submitted after size {first} was cosigned.",
}


def check_growth(first: Checkpoint, second: Checkpoint, proof: Sequence[bytes]) -> None:
    """Check that a log grew from one checkpoint to the next, where size 0 grows to anything by an empty proof.

    Raises:
        VerifyError: It is not shown.
    """
    if first.size == 0 and not proof:
        return
    check_consistency(first.size, second.size, first.root, second.root, proof)


def fork_between(first: bytes, second: bytes, tree: TiledTree, seen: int) -> Evidence | None:
    """Compare a saved checkpoint with a served one, whose tree is at hand.

    Args:
        first: Saved signed checkpoint, not larger than the second; its signature was checked when it was saved.
        second: Served signed checkpoint.
        tree: Tree of the second, whose root was compared with it.
        seen: Now, seconds since 1970-01-01 UTC.

    Returns:
        None when the saved tree is a prefix of the served one, else a file that convicts the log.

    Raises:
        FormatError: The saved checkpoint is larger than the tree.
    """
    old, new = (Checkpoint.from_text(Note.from_bytes(note).text) for note in (first, second))
    if old.size > new.size:
        raise FormatError(
            f"a saved checkpoint of size {old.size}", f"the tree has {new.size}", "Fetch the newest tree."
        )
    root = tree.root(old.size)
    if root == old.root:
        return None
    if old.size == new.size:
        return Evidence(FORK, seen, first, second)
    return Evidence(FORK, seen, first, second, tuple(tree.prove_consistency(old.size)), root)
