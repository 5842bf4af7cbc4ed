"""What a whole site should be from month to month: mine, convert and host, stand by, sell its power, or stop; with its rule in words.

Each mode has a monthly cash that comes from the site's own dispatch, machines bought included; `switching` learns when to change on
one half of the scenarios and is judged on the other. A lease is worth what is expected of it on the day of signing, its hall paid.

    mine        all machines run as dispatched, staff paid
    converting  the month of signing, in which the lease's value is booked and machines stop; then host, for good
    stand by    machines run only where the programmes alone pay for their power, staff paid
    sell power  machines off and ready, staff paid: power bought ahead is sold back
    stop        machines off, a fifth of the running costs goes on, and starting again costs three months of them
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.cash_flow import periodic_rate
from megawatt.invest.ranges import Spread
from megawatt.invest.scenarios import MONTHS, Scenarios
from megawatt.invest.stopping import Earned
from megawatt.invest.switching import (
    CONVERTING,
    HOST,
    MINE,
    MODES,
    SELL_POWER,
    STAND_BY,
    STOP,
    Followed,
    Option,
    fixed_value,
    follow,
    known_beforehand,
    learn_rule,
)

STOPPED_SHARE = 0.2
"""Share of the running costs of a mine that goes on while it is stopped: guard, insurance, connection; judgement."""

RESTART_MONTHS = 3.0
"""Months of running costs that starting a stopped mine again costs: staff hired, machines cleaned and tested; judgement."""

LEAST_PRICE = 1.0
"""Power prices of a month are taken as no lower where their logarithm is a state [USD/MWh]."""

GONE = -1
"""Number of what is no mode: machines worn out."""

SELDOM = 0.02
"""Share of the scenarios below which a change of mode is not told."""

SIGN_TODAY = "convert today"
WORN_OUT = "machines worn out"
"""What is left where machines are not replaced: all modes but a hall are the same then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeCash:
    """What each mode brings, money before tax and debt, each array of shape (paths, months) [USD].

    Attributes:
        mine: Mine, staff and new machines paid.
        idle: What the site brings without its machines: halls that stand, power bought ahead; staff and machines not paid.
        host: With the halls in the machines' places, beside their rent; counted from the signing on.
        stand_by: What machines add to ``idle`` where programmes alone decide; None where the site cannot.
        lease: Value of all leases signed that month, on that day, halls paid.
        staff: Running costs of the mine while its machines stand, whether they run or not [USD, at least 0].
        bought: Machines bought [USD, at least 0].
        standing: Share of the machines that have not been given up at the end of their life.
        restart_usd: Cost of starting the stopped mine again.
        cannot: Why a mode is closed, by its name.
    """

    mine: Floats
    idle: Floats
    host: Floats
    stand_by: Floats | None
    lease: Floats
    staff: Floats
    bought: Floats
    standing: Floats
    restart_usd: float
    cannot: Mapping[str, str]

    def option(self, scenarios: Scenarios, *, rate: float, decide_months: int) -> Option:
        """The switching option of the site; a lease is signed in the first ``decide_months`` or never."""
        discount = 1 / (1 + periodic_rate(rate, MONTHS))
        kept = self.idle - self.bought
        rewards = np.empty((*self.mine.shape, len(MODES)))
        rewards[..., MINE] = self.mine
        rewards[..., CONVERTING] = self.host + self.lease / discount
        rewards[:, decide_months:, CONVERTING] = -np.inf
        rewards[..., HOST] = self.host
        rewards[..., STAND_BY] = kept - self.staff + (0.0 if self.stand_by is None else self.stand_by)
        rewards[..., SELL_POWER] = kept - self.staff
        rewards[..., STOP] = kept - STOPPED_SHARE * self.staff
        states = (
            np.log(scenarios.network.hashprice_usd_per_ph_day),
            np.log(scenarios.lease_usd_per_kw_month),
            np.log(np.maximum(scenarios.power_usd_per_mwh, LEAST_PRICE)),
            np.log(np.maximum(scenarios.power_level, 1e-9)),
        )
        closed = [MODES.index(name) for name in self.cannot]
        rewards *= discount  # a month's cash comes at its end; a lease was valued on the day of signing, its beginning
        return Option(rewards, np.stack(states, axis=2), costs(self.restart_usd, closed), discount, MINE)


def costs(restart_usd: float, closed: list[int]) -> Floats:
    """Cost of changing from row to column [USD]: infinite where no way leads."""
    out = np.zeros((len(MODES), len(MODES)))
    out[STOP, :] = restart_usd
    out[STOP, STOP] = out[STOP, CONVERTING] = 0.0
    out[:, HOST] = np.inf
    out[CONVERTING, :] = out[HOST, :] = np.inf
    out[CONVERTING, HOST] = out[HOST, HOST] = 0.0
    out[:, closed] = np.inf
    out[closed, MINE] = 0.0  # a row that nothing leads into still needs a way out
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of mode that the rule makes.

    Attributes:
        begin: Mode before.
        end: And after.
        fraction: Share of the scenarios in which it happens at all.
        hashprice: A quarter, half and three quarters of these changes happen below [USD/PH/day].
        rent: The same of the rent of a new lease [USD/kW-month].
        power: The same of the month's mean price of power [USD/MWh].
    """

    begin: str
    end: str
    fraction: float
    hashprice: tuple[float, float, float]
    rent: tuple[float, float, float]
    power: tuple[float, float, float]

    def words(self) -> str:
        """The change with its trigger."""
        low, middle, high = self.hashprice
        other = f"power costs about {self.power[1]:.0f} USD/MWh"
        if self.end == MODES[CONVERTING]:
            other = f"a lease pays about {self.rent[1]:.0f} USD/kW-month"
        return (
            f"{self.begin} -> {self.end} when hashprice is about {middle:.0f} USD/PH/day and {other} (half of these changes: "
            f"hashprice {low:.0f} to {high:.0f}; in {100 * self.fraction:.0f} % of the scenarios)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteModes:
    """The answer, money of the whole site before tax and debt [USD].

    Attributes:
        rule: What the rule earns on scenarios it had not seen: a lower bound.
        error_usd: Standard error of its mean.
        foresight: The best modes of each path known beforehand: an upper bound, which nobody can reach.
        fixed: The same of modes without a change.
        advice: Name of the fixed mode that did as well on the half that taught; None where the learned rule is the advice.
        months_fraction: Share of all months that the rule spends in each mode, or without machines and halls (`WORN_OUT`).
        changes: What it changes, and when.
        cannot: Why a mode is closed.
    """

    rule: Spread
    error_usd: float
    foresight: Spread
    fixed: Mapping[str, Spread]
    advice: str | None
    months_fraction: Mapping[str, float]
    changes: tuple[Change, ...]
    cannot: Mapping[str, str]

    @property
    def foresight_usd(self) -> float:
        """Mean of the bound."""
        return self.foresight.mean


def site_modes(cash: ModeCash, scenarios: Scenarios, *, rate: float, decide_months: int) -> SiteModes:
    """Learn on the first half of the scenarios, judge on the second.

    Args:
        cash: Monthly cash of each mode on all scenarios.
        scenarios: The same ones.
        rate: Yearly discount rate.
        decide_months: Months during which a lease may be signed.

    Raises:
        InputError: Too few scenarios to learn from.
    """
    paths, months = cash.mine.shape
    if not 1 <= decide_months < months:
        raise InputError(f"{decide_months} months to decide of {months}", "leases end later", "Simulate longer.")
    whole, half = cash.option(scenarios, rate=rate, decide_months=decide_months), paths // 2
    taught, judged = (_part(whole, rows) for rows in (slice(half), slice(half, None)))
    rule = learn_rule(taught)
    before = {name: float(one.mean()) for name, one in _fixed(taught, cash.cannot).items()}
    best = max(before, key=lambda name: before[name])
    learned = follow(rule, taught).mean > before[best]
    fixed = _fixed(judged, cash.cannot)
    earned: Earned = follow(rule, judged) if learned else Earned(values=fixed[best])
    modes = earned.modes if isinstance(earned, Followed) else _modes_of(best, fixed[best].size, months)
    gone = (cash.standing[half:] == 0) & (modes != CONVERTING) & (modes != HOST)
    return SiteModes(
        rule=Spread.of(earned.values),
        error_usd=earned.standard_error,
        foresight=Spread.of(known_beforehand(judged)),
        fixed={name: Spread.of(one) for name, one in fixed.items()},
        advice=None if learned else best,
        months_fraction={name: float(((modes == number) & ~gone).mean()) for number, name in enumerate(MODES)}
        | {WORN_OUT: float(gone.mean())},
        changes=_changes(np.where(gone, GONE, modes), judged.states),
        cannot=cash.cannot,
    )


def _part(one: Option, rows: slice) -> Option:
    return Option(one.rewards[rows], one.states[rows], one.cost, one.discount, one.start)


def _fixed(one: Option, cannot: Mapping[str, str]) -> dict[str, Floats]:
    """Value by path of each mode that is open, taken today and kept."""
    keeps = [MINE, STAND_BY, SELL_POWER, STOP]
    found = {MODES[mode]: fixed_value(one, mode) for mode in keeps if MODES[mode] not in cannot}
    if MODES[CONVERTING] not in cannot:
        later = one.rewards[:, 1:, HOST] @ one.discount ** np.arange(1, one.rewards.shape[1])
        found[SIGN_TODAY] = one.rewards[:, 0, CONVERTING] + later
    return found


def _modes_of(name: str, paths: int, months: int) -> NDArray[np.int64]:
    out = np.full((paths, months), HOST if name == SIGN_TODAY else MODES.index(name))
    if name == SIGN_TODAY:
        out[:, 0] = CONVERTING
    return out


def _changes(modes: NDArray[np.int64], states: Floats) -> tuple[Change, ...]:
    """Changes that happen in more than a few scenarios, the most frequent first; building to hosting is none."""
    before = np.concatenate([np.full((len(modes), 1), MINE), modes[:, :-1]], axis=1)
    out = []
    for begin in (MINE, STAND_BY, SELL_POWER, STOP):
        for end in (MINE, CONVERTING, STAND_BY, SELL_POWER, STOP):
            where = (before == begin) & (modes == end)
            fraction = float(where.any(axis=1).mean())
            if begin != end and fraction >= SELDOM:
                known = np.exp(states[where])
                hashprice, rent, power = (tuple(np.quantile(known[:, i], (0.25, 0.5, 0.75)).tolist()) for i in range(3))
                out.append(
                    Change(
                        begin=MODES[begin],
                        end=MODES[end],
                        fraction=fraction,
                        hashprice=hashprice,
                        rent=rent,
                        power=power,
                    )
                )
    return tuple(sorted(out, key=lambda one: -one.fraction))
