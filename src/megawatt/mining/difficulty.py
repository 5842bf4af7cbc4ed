"""Difficulty: compact bits, targets and the retarget rule, in the exact integers of the consensus.

Sources: Bitcoin Core ``arith_uint256::SetCompact`` and ``GetCompact`` (arith_uint256.cpp), ``CalculateNextWorkRequired``
and ``CheckProofOfWork`` (pow.cpp), ``GetDifficulty`` (rpc/blockchain.cpp).
"""

from dataclasses import dataclass

from megawatt.core.errors import InputError
from megawatt.mining.subsidy import checked_height

EPOCH_BLOCKS = 2_016
"""Blocks between two retargets."""
BLOCK_SECONDS = 600
"""Aimed time between two blocks [s]."""
EPOCH_SECONDS = EPOCH_BLOCKS * BLOCK_SECONDS
"""Aimed time of an epoch, two weeks [s]."""
CLAMP = 4
"""A retarget moves the target by this factor at most, up or down."""
POW_LIMIT = (1 << 224) - 1
"""Highest target of the main network (difficulty 1 is its compact form)."""
DIFFICULTY_1_TARGET = 0xFFFF << 208
"""Target of difficulty 1: bits 0x1d00ffff."""
MAX_BITS = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Compact:
    """A decoded ``nBits``.

    Attributes:
        magnitude: Absolute value of the number; meaningless when ``overflow``.
        negative: The sign bit is set and the number is not zero.
        overflow: The number needs more than 256 bits.
    """

    magnitude: int
    negative: bool
    overflow: bool


def decode_compact(bits: int) -> Compact:
    """Decode base-256 scientific notation: one byte of exponent, one sign bit, 23 bits of mantissa.

    The sign and overflow flags look at the mantissa after the shift of small exponents, as the consensus does:
    ``0x01803456`` is plain zero, not negative zero.
    """
    if not 0 <= bits <= MAX_BITS:
        raise InputError(
            f"compact bits of {bits}", "they are 32 bits", "Write the nBits of the header, such as 0x1d00ffff."
        )
    size, word = bits >> 24, bits & 0x007FFFFF
    if size <= 3:
        word >>= 8 * (3 - size)
        magnitude = word
    else:
        magnitude = word << 8 * (size - 3)
    overflow = word != 0 and (size > 34 or (word > 0xFF and size > 33) or (word > 0xFFFF and size > 32))
    return Compact(magnitude, negative=word != 0 and bool(bits & 0x00800000), overflow=overflow)


def target_of_bits(bits: int) -> int:
    """The target that a header with these bits must hash to or below.

    Raises:
        InputError: The bits are negative, zero, too large for 256 bits, or easier than the network's limit.
    """
    compact = decode_compact(bits)
    if compact.negative or compact.overflow or not 0 < compact.magnitude <= POW_LIMIT:
        raise InputError(
            f"compact bits 0x{bits:08x}",
            "a target is positive and not above the limit 0x1d00ffff",
            "Take the nBits field of a main-network header.",
        )
    return compact.magnitude


def bits_of_target(target: int) -> int:
    """Compact form of a target; it keeps the highest 23 bits and drops the rest towards zero.

    Inverse of ``decode_compact`` for every number that the compact form can hold.
    """
    if not 0 <= target < 1 << 256:
        raise InputError(f"a target of {target:#x}", "targets have 256 bits and no sign", "Pass a value below 2**256.")
    size = (target.bit_length() + 7) // 8
    word = target << 8 * (3 - size) if size <= 3 else target >> 8 * (size - 3)
    if word & 0x00800000:  # the top mantissa bit is the sign: move it out of the way
        word >>= 8
        size += 1
    return size << 24 | word


def difficulty_of_bits(bits: int) -> float:
    """Difficulty = target of difficulty 1 / target; correctly rounded to float64."""
    return DIFFICULTY_1_TARGET / target_of_bits(bits)


def retarget(first_time: int, last_time: int, bits: int) -> int:
    """Bits of the next epoch.

    new target = old target x clamp(last time - first time, two weeks / 4, two weeks x 4) / two weeks, rounded down,
    never above the limit. The span has 2,015 block intervals, not 2,016: an old slip that is now the rule.

    Args:
        first_time: Header time of the epoch's first block, height 2016 k [unix s].
        last_time: Header time of the epoch's last block, height 2016 k + 2015 [unix s].
        bits: Bits of the ending epoch.
    """
    span = min(max(last_time - first_time, EPOCH_SECONDS // CLAMP), EPOCH_SECONDS * CLAMP)
    return bits_of_target(min(target_of_bits(bits) * span // EPOCH_SECONDS, POW_LIMIT))


def epoch_of(height: int) -> int:
    """Number of the difficulty epoch that the block at ``height`` belongs to; the genesis epoch is 0."""
    return checked_height(height) // EPOCH_BLOCKS


def next_retarget(height: int) -> int:
    """Height of the first block after ``height`` that has new bits."""
    return (epoch_of(height) + 1) * EPOCH_BLOCKS
