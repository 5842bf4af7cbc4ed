"""Cosignatures (C2SP tlog-cosignature, v1): a witness says "at this second this was the largest tree I saw".

The witness signs two lines, `cosignature/v1` and `time <seconds>`, before the checkpoint's text. In the note the eight
bytes of the time stand before the 64 of the signature.
"""

from megawatt.proof.errors import FormatError, VerifyError
from megawatt.proof.keys import COSIGNATURE, Signer, VerifierKey
from megawatt.proof.note import Signature
from megawatt.proof.numerals import MAX_SIZE, format_number

_TIME_BYTES = 8
_SIGNATURE_BYTES = 64


def cosigned_message(text: bytes, time: int) -> bytes:
    """What the witness signs.

    Args:
        text: Text of the checkpoint's note.
        time: Seconds since 1970-01-01 UTC, without leap seconds.
    """
    return f"cosignature/v1\ntime {format_number(time)}\n".encode() + text


def cosign(signer: Signer, text: bytes, time: int) -> Signature:
    """Cosign a checkpoint's text; whether it may be cosigned is for `witness` to decide."""
    if signer.key.kind != COSIGNATURE:
        raise FormatError(
            f"key {signer.key.name!r} of type {signer.key.kind:#04x}",
            "cosignatures are made by keys of type 0x04",
            "Make a witness key: the type byte keeps notes and cosignatures apart.",
        )
    blob = time.to_bytes(_TIME_BYTES, "big") + signer.sign(cosigned_message(text, time))
    return Signature(signer.key.name, signer.key.key_id, blob)


def check_cosignature(key: VerifierKey, text: bytes, signature: Signature) -> int:
    """Check a cosignature and return its time, seconds since 1970-01-01 UTC.

    Raises:
        VerifyError: It is not this key's cosignature of the text.
    """
    blob = signature.blob
    time = int.from_bytes(blob[:_TIME_BYTES], "big")
    if len(blob) != _TIME_BYTES + _SIGNATURE_BYTES or time > MAX_SIZE or not key.signed(signature):
        valid = False
    else:
        valid = key.verifies(cosigned_message(text, time), blob[_TIME_BYTES:])
    if not valid:
        raise VerifyError(
            f"the cosignature line of {signature.name!r}",
            f"it must be the cosignature of {key.to_text()} over this checkpoint",
            "Refuse the note, and ask the witness which checkpoint it cosigned.",
        )
    return time
