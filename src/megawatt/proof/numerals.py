"""Numbers and base64 as the formats spell them: one value has exactly one text.

Each parser writes back what it read and compares. So `007`, `+5`, `1_000`, `²` and base64 with stray bits are refused
without a rule of their own, and no signed byte has a second spelling.
"""

from base64 import b64decode, b64encode

from megawatt.proof.errors import FormatError
from megawatt.proof.hashes import HASH_BYTES

MAX_SIZE = 2**63 - 1
"""Largest tree size or time: what a signed 64-bit reader elsewhere can hold."""


def format_number(number: int) -> str:
    """Decimal digits of a number in [0, 2**63)."""
    if not 0 <= number <= MAX_SIZE:
        raise FormatError(f"number {number}", "sizes, indexes and times lie in [0, 2**63)", "Pass one in that range.")
    return str(number)


def parse_number(text: str, what: str) -> int:
    """Inverse of `format_number`.

    Args:
        text: Digits.
        what: Name of the number, for the message.

    Raises:
        FormatError: The text is not the one spelling of a number in [0, 2**63).
    """
    # 19 digits hold 2**63; the length is checked first because int() of a million digits takes seconds.
    if 0 < len(text) <= 19 and text.isascii() and text.isdigit():
        number = int(text)
        if number <= MAX_SIZE and str(number) == text:
            return number
    raise FormatError(
        f"{what} {text[:40]!r}", "it is a decimal number below 2**63 without sign or leading zeros", "Write e.g. '7'."
    )


def format_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648, section 4)."""
    return b64encode(data).decode("ascii")


def parse_base64(text: str, what: str) -> bytes:
    """Inverse of `format_base64`.

    Raises:
        FormatError: The text is not the one spelling of some bytes.
    """
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        data = None
    if data is None or format_base64(data) != text:
        raise FormatError(
            f"{what} {text[:60]!r}", "it is standard base64 with padding and no stray bits", "Copy it again unchanged."
        )
    return data


def parse_hash(text: str, what: str) -> bytes:
    """Base64 of exactly 32 bytes.

    Raises:
        FormatError: Not base64, or not 32 bytes.
    """
    data = parse_base64(text, what)
    if len(data) != HASH_BYTES:
        raise FormatError(f"{what} of {len(data)} bytes", "a SHA-256 hash has 32", "Copy the whole line.")
    return data
