"""Signed entries: what the parties put into the log, as canonical JSON with signatures inside.

An entry is an object of `type`, `v`, `salt`, `body` and `signatures`. Each signature is over
`megawatt/<type>/v<version>` and a newline, then the canonical bytes of the other four members. The first line keeps
entries of different types, and entries and notes, apart; the salt keeps a guessable reading from being found by trying.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from megawatt.proof.canonical import Json, format_json, parse_json
from megawatt.proof.errors import FormatError, VerifyError
from megawatt.proof.keys import ED25519, Signer, VerifierKey
from megawatt.proof.numerals import format_base64, parse_base64
from megawatt.proof.tiles import check_entry_length

_TYPE = re.compile(r"[a-z]+(\.[a-z_]+)*")
_SALT = re.compile(r"[0-9a-f]{32}")
_MEMBERS = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """One signed entry.

    Attributes:
        type: For example `meter.batch` or `key.rotate`.
        version: Version of the type, from 1.
        salt: 128 random bits as 32 hexadecimal digits.
        body: Content, by the rules of the type.
        signatures: Ed25519 signature of 64 bytes by the signer's vkey.
    """

    type: str
    version: int
    salt: str
    body: Mapping[str, Json]
    signatures: Mapping[str, bytes]

    def __post_init__(self) -> None:
        if not _TYPE.fullmatch(self.type) or not _SALT.fullmatch(self.salt) or self.version < 1:
            raise FormatError(
                f"entry {self.type[:40]!r} v{self.version} with salt {self.salt[:40]!r}",
                "a type is lower-case words with dots, a version is 1 or more, a salt is 32 hexadecimal digits",
                "Take the salt from a secure random generator.",
            )

    @property
    def message(self) -> bytes:
        """What each party signs."""
        core: dict[str, Json] = {"type": self.type, "v": self.version, "salt": self.salt, "body": self.body}
        return f"megawatt/{self.type}/v{self.version}\n".encode() + format_json(core)

    def sign(self, *signers: Signer) -> "Entry":
        """The same entry with further signatures."""
        message = self.message
        new = {signer.key.to_text(): signer.sign(message) for signer in signers}
        return replace(self, signatures={**self.signatures, **new})

    def check_signed(self, key: VerifierKey) -> None:
        """Check that this key signed the entry.

        Raises:
            VerifyError: It did not.
        """
        signature = self.signatures.get(key.to_text(), b"")
        if key.kind != ED25519 or not key.verifies(self.message, signature):
            raise VerifyError(
                f"a {self.type} entry", f"it must be signed by {key.to_text()}", "Refuse the entry; ask the signer."
            )

    def to_bytes(self) -> bytes:
        """The entry as it stands in the log.

        Raises:
            FormatError: It is longer than a log takes.
        """
        signatures: dict[str, Json] = {vkey: format_base64(blob) for vkey, blob in self.signatures.items()}
        data = format_json(
            {"type": self.type, "v": self.version, "salt": self.salt, "body": self.body, "signatures": signatures}
        )
        check_entry_length(data)
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> "Entry":
        """Inverse of `to_bytes`.

        Raises:
            FormatError: The bytes are no such entry, or not the one spelling of it.
        """
        check_entry_length(data)
        value = parse_json(data)
        match value:
            case {
                "type": str(kind),
                "v": int(version),
                "salt": str(salt),
                "body": dict(body),
                "signatures": dict(sigs),
            }:
                known = isinstance(value, dict) and len(value) == _MEMBERS and type(version) is int
            case _:
                known = False
        if not known:
            raise FormatError(
                f"entry {data[:60]!r}", "it has exactly type, v, salt, body and signatures", "See docs/proof/entry.md."
            )
        return cls(kind, version, salt, body, {key: _signature(text) for key, text in sigs.items()})


def _signature(text: Json) -> bytes:
    return parse_base64(text if isinstance(text, str) else "=", "signature")
