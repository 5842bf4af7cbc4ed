"""Keys of logs and witnesses in the text forms of signed-note, and signing with them.

A *vkey*, `<name>+<key id in hex>+<base64 of type byte and public key>`, is what a party hands out. The secret form,
`PRIVATE+KEY+<name>+<key id>+<base64 of type byte and seed>`, is what the Go tools write too. A signer may live
elsewhere (a hardware token, another process): anything with the three members of `Signer` will do.

Two types of Ed25519 key exist, told apart by the type byte: 0x01 signs the note's text, 0x04 cosigns a checkpoint with
a time (see `cosignature`).
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from megawatt.proof.errors import FormatError
from megawatt.proof.note import KEY_ID_BYTES, Signature, check_key_name
from megawatt.proof.numerals import format_base64, parse_base64

ED25519 = 0x01
COSIGNATURE = 0x04
KEY_BYTES = 32
_KIND_NAMES = {ED25519: "Ed25519 note key (0x01)", COSIGNATURE: "Ed25519 witness key (0x04)"}
_PRIVATE = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Public key with its name.

    Attributes:
        name: Name in the signature line; for a log its origin.
        kind: `ED25519` or `COSIGNATURE`.
        public: 32 bytes.
    """

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if self.kind not in _KIND_NAMES or len(self.public) != KEY_BYTES:
            raise FormatError(
                f"key {self.name!r} of type {self.kind:#04x} with {len(self.public)} bytes",
                "known are " + " and ".join(_KIND_NAMES.values()) + " of 32 bytes",
                "Ask the party for such a vkey; other algorithms are not verified here.",
            )

    @property
    def key_id(self) -> bytes:
        """SHA-256(name || newline || type byte || public key), first four bytes."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:KEY_ID_BYTES]

    def to_text(self) -> str:
        """The vkey."""
        return f"{self.name}+{self.key_id.hex()}+{format_base64(bytes([self.kind]) + self.public)}"

    @classmethod
    def from_text(cls, vkey: str) -> "VerifierKey":
        """Inverse of `to_text`.

        Raises:
            FormatError: The text is no vkey, or its key id is not that of name and key.
        """
        name, _, rest = vkey.partition("+")
        _, _, key_text = rest.partition("+")
        material = parse_base64(key_text, "public key")
        key = cls(name, material[0] if material else 0, material[1:])
        if key.to_text() != vkey:
            raise FormatError(f"vkey {vkey[:80]!r}", f"its key id is {key.key_id.hex()}", "Ask for the vkey again.")
        return key

    def signed(self, signature: Signature) -> bool:
        """Whether this key's name and id stand in the line; says nothing about the signature."""
        return signature.name == self.name and signature.key_id == self.key_id

    def verifies(self, message: bytes, signature_bytes: bytes) -> bool:
        """Whether 64 bytes are this key's Ed25519 signature of the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature_bytes, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer(Protocol):
    """What the log needs of a key: its public half, and signatures."""

    @property
    def key(self) -> VerifierKey:
        """Public half."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature of the message, 64 bytes."""
        ...


class SecretKey:
    """An Ed25519 key held in this process.

    Args:
        name: Name in the signature line.
        seed: 32 secret bytes.
        kind: `ED25519` or `COSIGNATURE`.
    """

    __slots__ = ("_private", "_seed", "key")

    def __init__(self, name: str, seed: bytes, kind: int = ED25519) -> None:
        if len(seed) != KEY_BYTES:
            raise FormatError(f"a seed of {len(seed)} bytes", "it has 32", "Make one with a secure random generator.")
        self._seed = seed
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = VerifierKey(name, kind, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature of the message, 64 bytes; the same message has always the same one."""
        return self._private.sign(message)

    def to_text(self) -> str:
        """The secret form; keep it in a file that only its owner can read."""
        return f"{_PRIVATE}{self.key.name}+{self.key.key_id.hex()}+{format_base64(bytes([self.key.kind]) + self._seed)}"

    @classmethod
    def from_text(cls, text: str) -> "SecretKey":
        """Inverse of `to_text`. Messages never show the key.

        Raises:
            FormatError: The text is no secret key, or its key id is not that of name and key.
        """
        wrong = FormatError(
            "a secret key that does not parse", f"it reads {_PRIVATE}<name>+<id>+<base64>", "Restore it."
        )
        name, _, rest = text.removeprefix(_PRIVATE).partition("+")
        _, _, key_text = rest.partition("+")
        try:
            material = parse_base64(key_text, "secret key")
        except FormatError:
            raise wrong from None
        if len(material) != 1 + KEY_BYTES:
            raise wrong
        secret = cls(name, material[1:], material[0])
        if secret.to_text() != text:
            raise wrong
        return secret


def sign_text(signer: Signer, text: bytes) -> Signature:
    """Sign the text of a note with a key of type 0x01."""
    if signer.key.kind != ED25519:
        raise FormatError(
            f"key {signer.key.name!r} is a {_KIND_NAMES[signer.key.kind]}",
            "a note's text is signed by a type 0x01 key",
            "Use `cosignature.cosign` with witness keys.",
        )
    return Signature(signer.key.name, signer.key.key_id, signer.sign(text))
