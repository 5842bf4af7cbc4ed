"""The rent of a hosting contract month by month on every path: one tenant that comes late, may fail, and may stay longer.

`megawatt.invest.lease` values the *expected* flows of a contract; this module plays them out on paths, with the same terms: the mean over
many paths is `Lease.flows_usd`. A path draws the month in which its tenant fails from the hazard; the hall then stands empty and
is let again at a share of the rent until the term ends. At the end of the term the tenant may extend, and does so where the market
asks as much as the contract: an option that only the tenant gains by. Without it nothing is earned after the term.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.backstop import payments_usd
from megawatt.invest.lease import MONTHS, Lease

KW_PER_MW = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenancy:
    """A contract and what a path adds to it.

    Attributes:
        lease: Terms; its numbers are single or one per path. ``delay_months`` counts from signing.
        paid_fraction: Share of the rent that is paid: 1 under take-or-pay, else the expected use.
        uptime_credit_fraction: Share of the rent expected to be credited for hours without power.
        extension_years: Longest time by which the tenant may extend; 0: it may not.
        extension_rent_fraction: Rent of the extension / the rent the contract would have had by then.
    """

    lease: Lease
    paid_fraction: float = 1.0
    uptime_credit_fraction: float = 0.0
    extension_years: float = 0.0
    extension_rent_fraction: float = 1.0

    def __post_init__(self) -> None:
        for name in ("paid_fraction", "uptime_credit_fraction"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise InputError(f"{name} of {value}", "it is a fraction from 0 to 1", "Write 0.05 for 5 %.")
        if not (self.extension_years >= 0 and float(self.extension_years * MONTHS).is_integer()):
            raise InputError(
                f"an extension of {self.extension_years} years",
                "it is a whole number of months",
                "Give years such as 5.",
            )


@dataclass(frozen=True, slots=True)
class Rents:
    """What a hall brings by month, each array of shape (paths, months) [USD].

    Attributes:
        rent_usd: Rent paid by tenants.
        backstop_usd: What the guarantor of the first tenant pays.
        credits_usd: Uptime credits and what the tenant takes back of its capex; at most 0.
        opex_usd: Running costs, the lease's (1 - margin) of the rent; at most 0.
        let: Whether a tenant is there.
    """

    rent_usd: Floats
    backstop_usd: Floats
    credits_usd: Floats
    opex_usd: Floats
    let: NDArray[np.bool_]


def rents(one: Tenancy, signed: NDArray[np.int64], uniform: Floats, market_usd_per_kw_month: Floats) -> Rents:
    """Play the contract out.

    Args:
        one: Contract; arrays in it have one value per path.
        signed: Month of signing of each path, counted from 0; the number of months or more: never.
        uniform: One number in (0, 1) per path, which decides when the tenant fails.
        market_usd_per_kw_month: What new leases pay by then, shape (paths, months): the tenant's other choice.
    """
    paths, months = market_usd_per_kw_month.shape
    if signed.shape != (paths,) or uniform.shape != (paths,) or (signed < 0).any():
        raise InputError(
            f"{signed.shape} months of signing and {uniform.shape} draws for {paths} paths",
            "there is one of each per path, and no month before the first",
            "Cut all to the same paths.",
        )
    base = round(one.lease.years * MONTHS)
    whole = replace(one.lease, years=one.lease.years + one.extension_years)
    delay = np.ceil(paths_of(one.lease.delay_months, paths)).astype(np.int64)
    begins = signed + delay
    due = replace(whole, noi_margin=1.0).noi_usd()
    due = np.where(np.arange(due.shape[-1]) < base, due, due * one.extension_rent_fraction)
    rent = _placed(np.broadcast_to(due, (paths, due.shape[-1])), begins, months)
    back = np.pad(one.lease.credits_usd(), [(0, 0)] * (due.ndim - 1) + [(0, due.shape[-1] - base)])
    credit = _placed(np.broadcast_to(back, (paths, back.shape[-1])), begins, months)
    first, second = _there(one.lease, np.arange(1, months + 1) - begins[:, None], uniform)
    wanted = _extended(one, base + begins, due, market_usd_per_kw_month)
    stays = (np.arange(months) < (base + begins)[:, None]) | wanted[:, None]
    relet = paths_of(one.lease.relet_fraction, paths)[:, None]
    paid = rent * stays * (first + relet * second) * one.paid_fraction
    margin = paths_of(one.lease.noi_margin, paths)[:, None]
    # The guarantee is the contract's: it does not run on into an extension.
    missing = rent * margin * (np.arange(months) < (base + begins)[:, None]) * (~first - relet * second)
    return Rents(
        rent_usd=paid,
        backstop_usd=payments_usd(missing * one.paid_fraction, one.lease.backstop_usd),
        credits_usd=-(paid * one.uptime_credit_fraction + credit * first),
        opex_usd=-(1 - margin) * paid,
        let=paid > 0,
    )


def _placed(by_period: Floats, begins: NDArray[np.int64], months: int) -> Floats:
    """Periods of a contract in the months of each path's horizon, shape (paths, months)."""
    period = np.arange(months) - begins[:, None]
    inside = (period >= 0) & (period < by_period.shape[1])
    out: Floats = np.where(
        inside, np.take_along_axis(by_period, np.clip(period, 0, by_period.shape[1] - 1), axis=1), 0.0
    )
    return out


def _there(lease: Lease, period: NDArray[np.int64], uniform: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the first tenant, and whether the second one, is there in each period counted from 1.

    The first one survives k months with probability (1 - hazard)^(k / 12): the last such k of a path is its draw's.
    """
    with np.errstate(divide="ignore"):  # a hazard of 1 fails at once, one of 0 never
        monthly = np.log1p(-np.asarray(lease.hazard_per_year, dtype=np.float64)) / MONTHS
        fails = np.floor(np.log(uniform) / np.where(monthly == 0, -1e-300, monthly)) + 1
    return period < fails[:, None], period >= fails[:, None] + lease.relet_months


def _extended(one: Tenancy, ends: NDArray[np.int64], due: Floats, market: Floats) -> NDArray[np.bool_]:
    """Whether a path's tenant extends: the market asks at least what the extension would pay."""
    base = round(one.lease.years * MONTHS)
    if one.extension_years == 0:
        return np.zeros(len(market), dtype=np.bool_)
    asked = due[..., base] / (one.lease.it.mw * KW_PER_MW)
    known = np.minimum(ends, market.shape[1]) - 1
    out: NDArray[np.bool_] = market[np.arange(len(market)), known] >= asked
    return out


def paths_of(value: ArrayLike, paths: int) -> Floats:
    """One value per path of a number or an array of them."""
    return np.broadcast_to(np.asarray(value, dtype=np.float64), paths)
