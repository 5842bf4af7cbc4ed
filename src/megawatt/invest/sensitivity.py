"""What moves the value of a block, one assumption at a time: the policy is learned anew at either end, and where the answer flips.

"Flips" is the comparison without an option, signing today against mining on: the value of the assumption at which both are worth
the same on average, everything else as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from megawatt.invest.block_cash import judged
from megawatt.invest.cash_flow import periodic_rate
from megawatt.invest.conversion import Block, conversion, lease_usd_per_mw, mining_usd_per_mw
from megawatt.invest.ranges import turning_point
from megawatt.invest.scenarios import MONTHS, Scenarios

Case = tuple[Block, Scenarios, float]
"""Block, scenarios, yearly discount rate."""
Change = Callable[[Case, float], Case]


@dataclass(frozen=True, slots=True)
class Assumption:
    """One input that may be otherwise.

    Attributes:
        name: In words.
        style: ``percent``, ``factor`` (of what it is), ``months`` or ``usd``.
        change: From the case and a value to the changed case.
        today: From the case to the value in it.
        low: Lowest value tried, from today's.
        high: Highest.
        searched: Between which values a flip is looked for.
        why: Where the two ends come from.
        of_lease: Whether it leaves mining as it is.
    """

    name: str
    style: str
    change: Change
    today: Callable[[Case], float]
    low: Callable[[float], float]
    high: Callable[[float], float]
    searched: tuple[float, float]
    why: str
    of_lease: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """What an assumption does.

    Attributes:
        assumption: Which.
        likely: Its value in the case.
        ends: Low and high value tried.
        policy_usd: Mean value of the best rule at either end, per IT MW.
        flips_at: Value at which signing today equals mining on, on average; None: nowhere within ``searched``.
    """

    assumption: Assumption
    likely: float
    ends: tuple[float, float]
    policy_usd: tuple[float, float]
    flips_at: float | None

    @property
    def width_usd(self) -> float:
        """How far it moves the value."""
        return abs(self.policy_usd[1] - self.policy_usd[0])


def _of_block(field: str) -> tuple[Change, Callable[[Case], float]]:
    def change(case: Case, value: float) -> Case:
        now = getattr(case[0], field)
        changed: dict[str, Any] = {field: round(value) if isinstance(now, int) else value}
        return replace(case[0], **changed), case[1], case[2]

    def today(case: Case) -> float:
        return float(getattr(case[0], field))

    return change, today


def _rent(case: Case, factor: float) -> Case:
    changed = replace(case[1], lease_usd_per_kw_month=case[1].lease_usd_per_kw_month * factor)
    return case[0], changed, case[2]


def _hashprice(case: Case, factor: float) -> Case:
    network = replace(case[1].network, hashprice_usd_per_ph_day=case[1].network.hashprice_usd_per_ph_day * factor)
    return case[0], replace(case[1], network=network), case[2]


def _power(case: Case, factor: float) -> Case:
    return case[0], replace(case[1], power_usd_per_mwh=case[1].power_usd_per_mwh * factor), case[2]


def _rate(case: Case, value: float) -> Case:
    return case[0], case[1], value


def _one(_: Case) -> float:
    return 1.0


def _by(factor: float) -> Callable[[float], float]:
    return lambda value: value * factor


def _plus(step: float, least: float = 0.0, most: float = np.inf) -> Callable[[float], float]:
    return lambda value: min(max(value + step, least), most)


OURS = "20 % either way, as in the other reports; an assumption"
ASSUMPTIONS = (
    Assumption(
        "rents of new leases",
        "factor",
        _rent,
        _one,
        _by(0.85),
        _by(1.15),
        (0.1, 10.0),
        "published leases lie between 116 and 158 USD/kW-month, 15 % around their middle",
        of_lease=True,
    ),
    Assumption("hashprice", "factor", _hashprice, _one, _by(0.8), _by(1.2), (0.0, 5.0), OURS),
    Assumption("power prices", "factor", _power, _one, _by(0.8), _by(1.2), (0.0, 5.0), OURS),
    Assumption(
        "price of a hall per IT MW",
        "usd",
        *_of_block("capex_usd_per_mw"),
        _by(0.8),
        _by(1.2),
        (0.0, 1e8),
        OURS,
        of_lease=True,
    ),
    Assumption(
        "NOI margin of the lease",
        "percent",
        *_of_block("noi_margin"),
        _plus(-0.10),
        _plus(0.05, most=1.0),
        (0.0, 1.0),
        "targets of 75 to 85 %, and one host's experience below them in its first year",
        of_lease=True,
    ),
    Assumption(
        "months of building",
        "months",
        *_of_block("build_months"),
        _plus(-4),
        _plus(12),
        (0.0, 120.0),
        "first halls of published conversions came 7 to 33 months after the signing",
        of_lease=True,
    ),
    Assumption(
        "chance a year that the tenant fails",
        "percent",
        *_of_block("hazard_per_year"),
        _plus(-0.05),
        _plus(0.05),
        (0.0, 0.99),
        "5 % a year stands for a young tenant without a rating; an assumption",
        of_lease=True,
    ),
    Assumption(
        "discount rate",
        "percent",
        _rate,
        lambda case: case[2],
        _plus(-0.02),
        _plus(0.02),
        (0.0, 1.0),
        "two points either way: 8 to 12 % is the span in which such contracts are valued",
    ),
    Assumption(
        "running cost of the mine per MW-year",
        "usd",
        *_of_block("mining_opex_usd_per_mw_year"),
        _by(0.8),
        _by(1.2),
        (0.0, 2e6),
        OURS,
    ),
    Assumption(
        "price of new machines per MW", "usd", *_of_block("machine_usd_per_mw"), _by(0.8), _by(1.2), (0.0, 2e7), OURS
    ),
)
"""What is tried, each with the reason of its ends."""


def moved(block: Block, scenarios: Scenarios, *, rate: float, decide_months: int) -> tuple[Moved, ...]:
    """Try every assumption at both ends; widest first.

    Args:
        block: The block.
        scenarios: Joint paths.
        rate: Yearly discount rate.
        decide_months: Months in which a lease may be signed.
    """
    case = (block, scenarios, rate)
    out = []
    for one in ASSUMPTIONS:
        likely = one.today(case)
        ends = one.low(likely), one.high(likely)
        values = [_policy(one.change(case, end), decide_months) for end in ends]
        gain = _gain_at(one, case)
        out.append(Moved(one, likely, ends, (values[0], values[1]), turning_point(gain, 0.0, *one.searched)))
    return tuple(sorted(out, key=lambda found: -found.width_usd))


def gain_of_signing_usd(case: Case) -> float:
    """Mean value of signing today less that of mining on, per IT MW, on the half of the scenarios that judges [USD]."""
    return _now(case) - _never(case)


def _now(case: Case) -> float:
    block, scenarios, rate = case
    first = scenarios.lease_usd_per_kw_month[len(scenarios.lease_usd_per_kw_month) // 2 :, 0]
    return float(lease_usd_per_mw(block, first, rate).mean())


def _never(case: Case) -> float:
    block, scenarios, rate = case[0], judged(case[1]), case[2]
    mined = mining_usd_per_mw(block, scenarios).mean(axis=0) * block.mining_mw
    return float(mined @ (1 + periodic_rate(rate, MONTHS)) ** -np.arange(1.0, len(mined) + 1))


def _policy(case: Case, decide_months: int) -> float:
    return conversion(case[0], case[1], rate=case[2], decide_months=decide_months).policy_usd.mean


def _gain_at(one: Assumption, case: Case) -> Callable[[float], float]:
    """What signing gains as a function of the assumption; mining is valued once where the assumption leaves it alone."""
    mines_on = _never(case) if one.of_lease else None

    def gain(value: float) -> float:
        changed = one.change(case, value)
        return _now(changed) - (_never(changed) if mines_on is None else mines_on)

    return gain
