"""Checkpoints (C2SP tlog-checkpoint): what a log was at one size, as the text of a signed note.

Three lines: the origin, which names the log; the number of entries; the root hash in base64. Further lines are carried
along and not understood.
"""

from dataclasses import dataclass

from megawatt.proof.errors import FormatError
from megawatt.proof.hashes import EMPTY_ROOT
from megawatt.proof.keys import Signer, sign_text
from megawatt.proof.note import Note, check_text
from megawatt.proof.numerals import format_base64, format_number, parse_hash, parse_number


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Head of a log.

    Attributes:
        origin: Name of the log, e.g. `example.com/site-7`.
        size: Entries in the tree.
        root: Root hash, 32 bytes.
        extensions: Further lines, as they stand.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(not line or "\n" in line for line in (self.origin, *self.extensions)):
            raise FormatError(
                f"a checkpoint of origin {self.origin[:40]!r}", "origin and extension lines are not empty", "Fill them."
            )
        check_text(self.to_text())
        parse_hash(format_base64(self.root), "root")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise FormatError(
                "a tree of size 0 with entries in its root", "its root is SHA-256 of nothing", "Refuse the checkpoint."
            )

    def to_text(self) -> bytes:
        """The note's text."""
        lines = (self.origin, format_number(self.size), format_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")

    @classmethod
    def from_text(cls, text: bytes) -> "Checkpoint":
        """Inverse of `to_text`.

        Raises:
            FormatError: The text is not the one spelling of a checkpoint.
        """
        check_text(text)
        lines = text.decode().split("\n")[:-1]
        if len(lines) < 3:
            raise FormatError(f"a checkpoint of {len(lines)} lines", "it has origin, size and root", "Copy it whole.")
        checkpoint = cls(lines[0], parse_number(lines[1], "tree size"), parse_hash(lines[2], "root"), tuple(lines[3:]))
        if checkpoint.to_text() != text:
            raise FormatError("a checkpoint with bytes out of place", "it has one spelling", "Copy it unchanged.")
        return checkpoint

    def sign(self, *signers: Signer) -> Note:
        """A note signed by each key; two during the overlap of a rotation."""
        text = self.to_text()
        return Note(text, tuple(sign_text(signer, text) for signer in signers))
