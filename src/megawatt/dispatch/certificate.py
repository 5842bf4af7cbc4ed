"""What proves that no plan is worth more than a bound: prices, and pieces of the peak. Data only.

`docs/plan-format.md` says what the bound is at given prices and pieces; `megawatt.dispatch.coupled` finds good ones.
"""

from dataclasses import dataclass

from megawatt.dispatch.problem import Floats


@dataclass(frozen=True, slots=True)
class Prices:
    """Multipliers of the split.

    Attributes:
        running: Price of a running block, shape (T, C) [USD].
        cover: Price of a MW of cover, shape (T,) [USD/MW], >= 0.
        wage: Price of a running job, shape (T, J); the first job's is 0 [USD].
    """

    running: Floats
    cover: Floats
    wage: Floats


@dataclass(frozen=True, slots=True)
class Piece:
    """Peaks between two values.

    Attributes:
        least_mw: Smallest peak of the piece [MW].
        most_mw: Largest [MW].
        usd: Demand charge of the smallest, with what it makes other months pay [USD].
    """

    least_mw: float
    most_mw: float
    usd: float


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Pieces that hold no better plan, by the prices that show it.

    Attributes:
        prices: The prices.
        month: Month of the pieces.
        pieces: The pieces.
    """

    prices: Prices
    month: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What proves a bound.

    Attributes:
        prices: Prices of the split.
        pieces: Pieces of each month's peak that these prices bound, from high to low.
        exclusions: All other pieces, with the prices at which their bound is no more than the plan's value.
        cuts: Per award hour, the rising covers at which its cells meet [MW]; empty: no hour is cut.
        bound_usd: No schedule is worth more [USD].
        steps: Evaluations of the bound that it took.
        together: Whether the bound is that of all blocks and jobs together, or of each at its prices.
        floor_usd: Worth up to which words of all together were not looked at: the bound is no less. None: the plan's value [USD].
    """

    prices: Prices
    pieces: tuple[tuple[Piece, ...], ...]
    exclusions: tuple[Exclusion, ...]
    cuts: tuple[Floats, ...]
    bound_usd: float
    steps: int
    together: bool = False
    floor_usd: float | None = None
