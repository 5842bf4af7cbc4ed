"""A block header: 80 bytes that prove their own work.

Layout (little endian): version int32, hash of the previous block 32 bytes, Merkle root 32 bytes, time uint32, bits
uint32, nonce uint32. Hashes are stored in reverse of how they are printed.
"""

import hashlib
import struct
from dataclasses import dataclass

from megawatt.core.errors import InputError
from megawatt.mining.difficulty import POW_LIMIT, decode_compact

HEADER_BYTES = 80
_LAYOUT = struct.Struct("<i32s32sIII")


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of a block header.

    Attributes:
        version: Version bits.
        previous_hash: Hash of the block before, as printed: 64 hex digits.
        merkle_root: Root over the block's transactions, as printed: 64 hex digits.
        time: Unix seconds as the miner stated them: later than the median of the last 11 blocks and at most two hours
            ahead of the network, so they may run backwards by an hour from block to block.
        bits: Compact target.
        nonce: The number that was searched for.
    """

    version: int
    previous_hash: str
    merkle_root: str
    time: int
    bits: int
    nonce: int

    @classmethod
    def from_bytes(cls, header80: bytes) -> "Header":
        """Read the 80 bytes; inverse of ``to_bytes``.

        Raises:
            InputError: There are not 80 bytes.
        """
        if len(header80) != HEADER_BYTES:
            raise InputError(
                f"a header of {len(header80)} bytes", "a block header has 80", "Cut the block after its first 80 bytes."
            )
        version, previous, root, time, bits, nonce = _LAYOUT.unpack(header80)
        return cls(version, previous[::-1].hex(), root[::-1].hex(), time, bits, nonce)

    def to_bytes(self) -> bytes:
        """The 80 bytes."""
        previous, root = bytes.fromhex(self.previous_hash)[::-1], bytes.fromhex(self.merkle_root)[::-1]
        return _LAYOUT.pack(self.version, previous, root, self.time, self.bits, self.nonce)


def block_hash(header80: bytes) -> str:
    """SHA-256 of the SHA-256 of the header, as printed: 64 hex digits."""
    return hashlib.sha256(hashlib.sha256(header80).digest()).digest()[::-1].hex()


def check_header(header80: bytes, *, max_target: int = POW_LIMIT) -> bool:
    """Whether the bytes are a header that hashes to its own target or below.

    What this proves: somebody spent about difficulty x 2**32 hashes on these bytes. It does not prove that they belong
    to the longest chain; a header of difficulty 1 is found in minutes on one machine. A caller that needs the cost to be
    high passes ``max_target``, the easiest target it accepts.

    Args:
        header80: The header; any other length is refused, not raised, so that hostile bytes get the answer no.
        max_target: Easiest target that is accepted.
    """
    if len(header80) != HEADER_BYTES:
        return False
    compact = decode_compact(int.from_bytes(header80[72:76], "little"))
    if compact.negative or compact.overflow or not 0 < compact.magnitude <= min(max_target, POW_LIMIT):
        return False
    return int(block_hash(header80), 16) <= compact.magnitude
