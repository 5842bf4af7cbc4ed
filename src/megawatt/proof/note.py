"""Signed notes (C2SP signed-note): text, an empty line, and one line for each signature.

A signature line is an em dash, a space, the key's name, a space, and base64 of the four-byte key id and the signature.
Lines of unknown keys are carried along and mean nothing; that is what lets keys rotate and witnesses join.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from megawatt.proof.errors import FormatError
from megawatt.proof.numerals import format_base64, parse_base64

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
KEY_ID_BYTES = 4
_DASH = "\u2014 "
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line.

    Attributes:
        name: Name of the key: not empty, without spaces and plus.
        key_id: Four bytes that, with the name, tell which key is meant.
        blob: What the key's algorithm made.
    """

    name: str
    key_id: bytes
    blob: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.key_id) != KEY_ID_BYTES or not self.blob:
            raise FormatError(
                f"a signature of {self.name!r} with {len(self.key_id)} + {len(self.blob)} bytes",
                "it is a key id of 4 bytes and at least one byte more",
                "Copy the whole signature line.",
            )

    @property
    def line(self) -> str:
        """The line, without its newline."""
        return f"{_DASH}{self.name} {format_base64(self.key_id + self.blob)}"

    @classmethod
    def from_line(cls, line: str) -> "Signature":
        """Inverse of `line`.

        Raises:
            FormatError: The text is not the one spelling of a signature line.
        """
        name, _, blob_text = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH):
            raise FormatError(
                f"line {line[:60]!r}", "a signature line begins with '\u2014 '", "Copy the note unchanged."
            )
        blob = parse_base64(blob_text, "signature")
        return cls(name, blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:])


@dataclass(frozen=True, slots=True)
class Note:
    """Text and its signatures, nothing of it verified.

    Attributes:
        text: UTF-8 that ends with a newline and has no control character but newlines.
        signatures: In the order of their lines, at least one.
    """

    text: bytes
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        check_text(self.text)
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise FormatError(
                f"a note with {len(self.signatures)} signatures",
                f"it has 1 to {MAX_SIGNATURES}",
                "Sign it, or drop lines of keys that nobody knows.",
            )

    def to_bytes(self) -> bytes:
        """The note as it is served."""
        return self.text + b"\n" + format_signatures(self.signatures)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Note":
        """Inverse of `to_bytes`.

        Raises:
            FormatError: The bytes are no signed note, or not the one spelling of it.
        """
        if len(data) > MAX_NOTE_BYTES:
            raise FormatError(f"a note of {len(data)} bytes", f"{MAX_NOTE_BYTES} is the limit here", "Refuse it.")
        text, blank, lines = data.rpartition(b"\n\n")
        if not blank:
            raise FormatError(
                "a note without an empty line", "one stands before the signatures", "Copy the whole note."
            )
        note = cls(text + b"\n", parse_signatures(lines))
        if note.to_bytes() != data:
            raise FormatError("a note with bytes out of place", "it has one spelling", "Copy the note unchanged.")
        return note


def format_signatures(signatures: Iterable[Signature]) -> bytes:
    """Signature lines, each with its newline."""
    return "".join(f"{signature.line}\n" for signature in signatures).encode()


def parse_signatures(lines: bytes) -> tuple[Signature, ...]:
    """Inverse of `format_signatures`.

    Raises:
        FormatError: Not signature lines, or more than 100 of them.
    """
    if len(lines) > MAX_NOTE_BYTES or lines.count(b"\n") > MAX_SIGNATURES:
        raise FormatError(
            f"{lines.count(10)} signature lines in {len(lines)} bytes",
            f"the limit here is {MAX_SIGNATURES} lines",
            "Drop lines of keys that nobody knows.",
        )
    if not lines.endswith(b"\n"):
        raise FormatError("signature lines without a last newline", "every line ends with one", "Copy the whole note.")
    return tuple(Signature.from_line(line) for line in _decode(lines)[:-1].split("\n"))


def check_text(text: bytes) -> None:
    """Refuse text that cannot be signed: it is UTF-8, ends with a newline and has no other control character."""
    if not text.endswith(b"\n") or _CONTROL.search(text):
        raise FormatError(
            f"note text {text[:40]!r}",
            "it ends with a newline and has no control character but newlines",
            "Remove carriage returns and tabs; end the last line.",
        )
    _decode(text)


def check_key_name(name: str) -> None:
    """Refuse names that would make a line ambiguous: empty, or with spaces, plus, or control characters."""
    if not name or "+" in name or any(char.isspace() or char < " " for char in name) or not _encodes(name):
        raise FormatError(
            f"key name {name[:60]!r}", "a name is not empty and has no space and no plus", "Use e.g. 'example.com/log'."
        )


def _encodes(name: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in name)


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise FormatError(
            f"byte {data[error.start]:#04x} in a note", "a note is UTF-8", "Copy it unchanged."
        ) from error
