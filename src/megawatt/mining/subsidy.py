"""What a block pays: 50 BTC, halved every 210,000 blocks, in whole satoshi.

Source: Bitcoin Core ``GetBlockSubsidy`` (validation.cpp): ``50 * COIN >> (height / 210000)``, zero from the 64th
halving on, because a shift by 64 bits is undefined in the consensus language.
"""

from megawatt.core.errors import InputError

SATOSHI_PER_BTC = 100_000_000
HALVING_INTERVAL = 210_000
"""Blocks between two halvings."""
FIRST_SUBSIDY = 50 * SATOSHI_PER_BTC
"""Subsidy of the genesis era [satoshi]."""
LAST_HALVING = 64
"""From this halving on the rule says zero; the shift has reached zero before, at the 33rd."""


def checked_height(height: int) -> int:
    """The height, if it is one: a whole number of blocks from 0.

    Raises:
        InputError: The height is negative or no integer.
    """
    if isinstance(height, bool) or not isinstance(height, int) or height < 0:
        raise InputError(
            f"a block height of {height!r}", "heights are whole numbers from 0", "Write for example 840000."
        )
    return height


def halvings_before(height: int) -> int:
    """Number of halvings that have taken place when the block at ``height`` is mined."""
    return checked_height(height) // HALVING_INTERVAL


def next_halving(height: int) -> int:
    """Height of the first block after ``height`` that pays half of it."""
    return (halvings_before(height) + 1) * HALVING_INTERVAL


def subsidy_sat(height: int) -> int:
    """New coins that the block at ``height`` may create [satoshi].

    Args:
        height: Block height; the genesis block is 0.

    Returns:
        Satoshi, exact: ``subsidy_sat(840_000) == 312_500_000`` is 3.125 BTC.
    """
    halvings = halvings_before(height)
    return 0 if halvings >= LAST_HALVING else FIRST_SUBSIDY >> halvings


def cumulative_supply_sat(height: int) -> int:
    """Sum of the subsidies of the blocks 0 to ``height``, both included [satoshi].

    What the rule allows, not what exists: the genesis coins cannot be spent and some blocks claimed less.
    """
    blocks = checked_height(height) + 1
    eras, rest = divmod(blocks, HALVING_INTERVAL)
    full = sum(HALVING_INTERVAL * (FIRST_SUBSIDY >> era) for era in range(min(eras, LAST_HALVING)))
    return full + (rest * (FIRST_SUBSIDY >> eras) if eras < LAST_HALVING else 0)
