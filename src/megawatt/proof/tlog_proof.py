"""Offline proofs (C2SP tlog-proof): one file that shows an entry to be in a log, without asking the log.

It holds the entry's index, the inclusion proof and the cosigned checkpoint; the entry itself travels beside it. The
`extra` bytes are not authenticated: they are for context, such as a file name.
"""

from dataclasses import dataclass

from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.errors import FormatError
from megawatt.proof.hashes import leaf_hash
from megawatt.proof.note import MAX_NOTE_BYTES, Note
from megawatt.proof.numerals import format_base64, format_number, parse_base64, parse_hash, parse_number
from megawatt.proof.policy import Policy, VerifiedCheckpoint
from megawatt.proof.tiled_tree import TiledTree
from megawatt.proof.tree import MAX_PROOF_HASHES, check_inclusion

_HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF_BYTES = 2 * MAX_NOTE_BYTES


@dataclass(frozen=True, slots=True)
class TlogProof:
    """Contents of a `.tlog-proof` file, nothing of it verified.

    Attributes:
        index: Entry, counted from 0.
        hashes: Inclusion proof, from the entry's sibling up.
        note: The signed checkpoint, as served.
        extra: Unauthenticated bytes; empty when there are none.
    """

    index: int
    hashes: tuple[bytes, ...]
    note: bytes
    extra: bytes = b""

    def to_bytes(self) -> bytes:
        """The file."""
        lines = [_HEADER]
        if self.extra:
            lines.append(f"extra {format_base64(self.extra)}")
        lines.append(f"index {format_number(self.index)}")
        lines += [format_base64(sibling) for sibling in self.hashes]
        return "".join(f"{line}\n" for line in lines).encode() + b"\n" + self.note

    @classmethod
    def from_bytes(cls, data: bytes) -> "TlogProof":
        """Inverse of `to_bytes`.

        Raises:
            FormatError: The bytes are no tlog-proof, or not the one spelling of it.
        """
        head, _, note = data.partition(b"\n\n")
        if len(data) > MAX_PROOF_BYTES or head.count(b"\n") > MAX_PROOF_HASHES + 2 or not head.isascii():
            raise FormatError(f"a proof of {len(data)} bytes", f"it has at most {MAX_PROOF_BYTES}", "Refuse it.")
        lines = head.decode("ascii").split("\n")
        extra = b""
        if len(lines) > 1 and lines[1].startswith("extra "):
            extra = parse_base64(lines.pop(1).removeprefix("extra "), "extra")
        index_text = lines[1] if len(lines) > 1 else ""
        index = parse_number(index_text.removeprefix("index "), "index")
        proof = cls(index, tuple(parse_hash(line, "proof hash") for line in lines[2:]), note, extra)
        Checkpoint.from_text(Note.from_bytes(note).text)
        if proof.to_bytes() != data:
            raise FormatError("a proof with bytes out of place", f"it begins with {_HEADER}", "Copy it unchanged.")
        return proof


@dataclass(frozen=True, slots=True)
class VerifiedEntry:
    """An entry that stands in a log.

    Attributes:
        index: Its position, counted from 0.
        head: The checkpoint that covers it.
    """

    index: int
    head: VerifiedCheckpoint


def make_proof(tree: TiledTree, index: int, note: bytes, extra: bytes = b"") -> TlogProof:
    """Prove an entry under a signed checkpoint.

    Raises:
        FormatError: The checkpoint is not of this tree's size, or the entry not in it.
    """
    size = Checkpoint.from_text(Note.from_bytes(note).text).size
    if size != tree.size:
        raise FormatError(f"a checkpoint of size {size}", f"the tree has size {tree.size}", "Take the one of its size.")
    return TlogProof(index, tuple(tree.prove_inclusion(index)), note, extra)


def check_proof(policy: Policy, proof_bytes: bytes, entry: bytes) -> VerifiedEntry:
    """Check a `.tlog-proof` file and the entry that came with it.

    Raises:
        FormatError: The bytes are no tlog-proof.
        VerifyError: The checkpoint does not satisfy the policy, or the entry is not in its tree.
    """
    proof = TlogProof.from_bytes(proof_bytes)
    head = policy.check(proof.note)
    checkpoint = head.checkpoint
    check_inclusion(proof.index, checkpoint.size, leaf_hash(entry), checkpoint.root, proof.hashes)
    return VerifiedEntry(proof.index, head)
