"""Documents as entries: a plan, a forecast, an order or a reading, held to its exact bytes.

A party signs what it planned, expected, ordered or read; the log's witnesses say when at the latest. A year later the
document is compared with its entry, and the certificate or score in it is computed again from the same inputs.

Body of such an entry, for all four types alike:

* ``sha256``: of the document's bytes, 64 hexadecimal digits
* ``bytes``: how many
* ``text``: the document itself, when it is UTF-8 and the entry has room for it; else null, and the party keeps it
"""

from hashlib import sha256

from megawatt.proof.canonical import Json
from megawatt.proof.entry import Entry
from megawatt.proof.errors import FormatError, VerifyError
from megawatt.proof.keys import Signer
from megawatt.proof.tiles import MAX_ENTRY_BYTES

TYPES = ("plan", "forecast", "order", "reading")
_BODY = {"sha256", "bytes", "text"}
_SALT_DOMAIN = b"megawatt/salt/v1\n"


def log_document(kind: str, data: bytes, signer: Signer) -> Entry:
    """The signed entry of a document.

    The salt comes from a signature that is never published: nobody else can compute it, and the same document gives the
    same entry, so that one sent twice keeps its first index.

    Args:
        kind: One of `TYPES`.
        data: The document, byte for byte.
        signer: Key of the party, of type 0x01.

    Raises:
        FormatError: The type is none of them.
    """
    if kind not in TYPES:
        raise FormatError(f"a document of type {kind!r}", f"it is one of {', '.join(TYPES)}", "Name one of them.")
    digest = sha256(data).hexdigest()
    salt = sha256(signer.sign(_SALT_DOMAIN + f"{kind} {digest}\n".encode())).hexdigest()[:32]
    body: dict[str, Json] = {"sha256": digest, "bytes": len(data), "text": None}
    bare = Entry(kind, 1, salt, body, {}).sign(signer)
    text = _as_text(data)
    if text is None:
        return bare
    try:
        whole = Entry(kind, 1, salt, {**body, "text": text}, {}).sign(signer)
        whole.to_bytes()
    except FormatError:  # too long as JSON
        return bare
    return whole


def check_document(entry: Entry, data: bytes) -> None:
    """Check that these bytes are the document of an entry.

    Raises:
        FormatError: The entry is of no document, or its members contradict each other.
        VerifyError: The bytes are others.
    """
    body = entry.body
    text = body.get("text")
    inside = text.encode() if isinstance(text, str) else None
    if entry.type not in TYPES or entry.version != 1 or set(body) != _BODY:
        raise FormatError(f"an entry of type {entry.type!r}", "it is of no document", "See docs/proof/document.md.")
    if inside is not None and (sha256(inside).hexdigest(), len(inside)) != (body["sha256"], body["bytes"]):
        raise FormatError(f"a {entry.type} with another text than its hash says", "both agree", "Ask its signer.")
    if (sha256(data).hexdigest(), len(data)) != (body["sha256"], body["bytes"]):
        raise VerifyError(
            f"a document of {len(data)} bytes with SHA-256 {sha256(data).hexdigest()}",
            f"the logged {entry.type} has {body['bytes']} bytes with SHA-256 {body['sha256']}",
            "Compare with the text in the entry, if it has one: this document was altered, or is another one.",
        )


def _as_text(data: bytes) -> str | None:
    if len(data) > MAX_ENTRY_BYTES:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
