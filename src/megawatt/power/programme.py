"""Reserve and demand-response programmes: what a megawatt that can stand by is paid.

One MW awarded for one hour is worth, in expectation,

    capacity price - call x failure x (claw-back x capacity price + penalty x 1 h)        [USD/MW per h]

with ``call`` the share of awarded hours (or MWh) that is deployed and ``failure`` the share of deployments that the
site does not deliver. What a deployment itself brings is left to dispatch, where it belongs: a load that is called off
neither pays the energy price nor earns its running value, so in the objective the call is an adder on the reserve
price (`deployment_adder_usd_per_mw_h`), computed from the same price and running value as every other decision.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError

Floats = NDArray[np.float64]


class Direction(StrEnum):
    """What the grid asks of the load."""

    UP = "up"
    """Draw less: worth as much to the grid as generation up."""
    DOWN = "down"
    """Draw more."""


@dataclass(frozen=True, slots=True)
class Programme:
    """One row: a product a load may sell.

    Attributes:
        name: Name in the ledger.
        product: Series of the capacity price, for example ``"as/rrs"`` [USD/MW per h].
        direction: up = the load is taken off, down = it is put on.
        min_offer_mw: Smallest award [MW].
        share_fraction: Share of the flexible load that may be offered, 0 to 1.
        response_minutes: Time within which a call must be met.
        call_probability: Expected share of awarded MWh that is called, 0 to 1.
        penalty_usd_per_mwh: Charge per MWh called and not delivered [USD/MWh].
        clawback_fraction: Share of the interval's capacity payment lost when a call is not met; above 1 where the
            rule takes back more than the interval paid.
        excludes: Names of programmes in which the same megawatt may not stand at the same time.
    """

    name: str
    product: str
    direction: Direction = Direction.UP
    min_offer_mw: float = 0.1
    share_fraction: float = 1.0
    response_minutes: float = 10.0
    call_probability: float = 0.0
    penalty_usd_per_mwh: float = 0.0
    clawback_fraction: float = 0.0
    excludes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for what, value in (("share_fraction", self.share_fraction), ("call_probability", self.call_probability)):
            if not 0 <= value <= 1:
                raise InputError(
                    f"programme {self.name!r} has {what} = {value}", "it is a share, 0 to 1", "Write 0.05 for 5 %."
                )
        for what, value in (
            ("min_offer_mw", self.min_offer_mw),
            ("response_minutes", self.response_minutes),
            ("penalty_usd_per_mwh", self.penalty_usd_per_mwh),
            ("clawback_fraction", self.clawback_fraction),
        ):
            if not value >= 0:
                raise InputError(
                    f"programme {self.name!r} has {what} = {value}", "it is not negative", "Write 0 or more."
                )


def disqualified(programme: Programme, *, response_minutes: float, flexible_mw: float) -> list[str]:
    """Why a load may not stand in the programme, in words; empty when it may.

    Args:
        programme: The row.
        response_minutes: Time the load needs to follow a call.
        flexible_mw: Power that it can move in the programme's direction [MW].
    """
    reasons = []
    if response_minutes > programme.response_minutes:
        reasons.append(
            f"the load needs {response_minutes:g} minutes to respond, but {programme.name!r} allows "
            f"{programme.response_minutes:g}"
        )
    offer = programme.share_fraction * flexible_mw
    if offer < programme.min_offer_mw:
        reasons.append(
            f"{offer:g} MW may be offered, but {programme.name!r} takes {programme.min_offer_mw:g} MW at least"
        )
    return reasons


def offerable_mw(
    programme: Programme, flexible_mw: Floats, *, response_minutes: float, award_intervals: int = 1
) -> Floats:
    """Power that can be offered in every award period [MW], shape (T / award_intervals,).

    An award is constant over its period (an hour in ERCOT), so the least flexible interval of the period limits it.
    An offer below the smallest award is none.

    Args:
        programme: The row.
        flexible_mw: Power that can be moved in the programme's direction, shape (T,) [MW].
        response_minutes: Time the load needs to follow a call.
        award_intervals: Intervals per award period.
    """
    least = flexible_mw.reshape(-1, award_intervals).min(axis=1)
    offer = programme.share_fraction * least
    fast = response_minutes <= programme.response_minutes
    offered: Floats = np.where((offer >= programme.min_offer_mw) & fast, offer, 0.0)
    return offered


def award_value_usd_per_mw_h(
    programme: Programme, capacity_price: Floats, *, failure_probability: float = 0.0
) -> Floats:
    """Expected worth of 1 MW awarded for 1 h, without what the deployment itself brings, shape (T,) [USD/MW per h].

    Args:
        programme: The row.
        capacity_price: Price of the award, shape (T,) [USD/MW per h].
        failure_probability: Share of calls that the load does not meet, 0 to 1: the operator's own figure.
    """
    lost = programme.clawback_fraction * capacity_price + programme.penalty_usd_per_mwh
    value: Floats = capacity_price - programme.call_probability * failure_probability * lost
    return value


def deployment_adder_usd_per_mw_h(
    programme: Programme, price_usd_per_mwh: Floats, running_value_usd_per_mwh: Floats | float
) -> Floats:
    """What expected deployments bring per MW awarded and hour, shape (T,) [USD/MW per h].

    up: call x (price - running value): the energy price is saved, the running value forgone. down: the opposite.

    Args:
        programme: The row.
        price_usd_per_mwh: Price that the load pays for energy, adders included, shape (T,) [USD/MWh].
        running_value_usd_per_mwh: What a MWh earns when the load runs, before energy [USD/MWh].
    """
    sign = 1.0 if programme.direction is Direction.UP else -1.0
    adder: Floats = sign * programme.call_probability * (price_usd_per_mwh - running_value_usd_per_mwh)
    return adder


def exclusions_broken(programmes: Iterable[Programme]) -> list[tuple[str, str]]:
    """Pairs of programmes that may not hold the same megawatt; an exclusion named by one side binds both."""
    rows = list(programmes)
    return [
        (a.name, b.name)
        for number, a in enumerate(rows)
        for b in rows[number + 1 :]
        if b.name in a.excludes or a.name in b.excludes
    ]


def standing_offer_usd_per_mw(capacity_price: Floats, hours: float, offered: NDArray[np.bool_] | None = None) -> float:
    """Capacity payment of 1 MW that stands by whenever ``offered`` (always by default) [USD/MW].

    Intervals without a price (NaN) pay nothing and are not extrapolated: state the hours covered beside the figure.
    """
    paid = np.isfinite(capacity_price) if offered is None else np.isfinite(capacity_price) & offered
    return float(capacity_price[paid].sum() * hours)
