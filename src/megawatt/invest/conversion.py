"""When to turn a block of machines over to AI: a real option on joint scenarios, with its trigger in words.

Each month the operator of one block may sign a lease at the market's rent of that month. The machines stop, months pass without
income while the hall is built, then the rent of the month of signing is paid for the term. Not signing keeps the mine, which earns
what its margin is and stops where it pays nothing; machines lose hash rate with age and are replaced when they are worn out, at the
price of the file. Signing cannot be undone: that is what waiting is worth.

    signing in month t:  mining until t  +  value of the lease at rent(t) - capex
    never signing:       mining to the end of the scenarios

Machines are replaced only where the margin of the year before would pay for the new ones over their life; otherwise mining ends.

Bounds: the policy learned on one half of the scenarios and valued on the other is a lower bound; the best month of each path known
beforehand an upper one. Beside both stand the two rules without an option, sign today and never; where one of them did better on
the half that taught, it is the advice.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.units import HOURS_PER_YEAR
from megawatt.invest.cash_flow import annuity_factor, periodic_rate
from megawatt.invest.machines import Machines
from megawatt.invest.ranges import Spread
from megawatt.invest.scenarios import MONTHS, Scenarios
from megawatt.invest.stopping import Policy, Stopped, apply, learn, stopping_values
from megawatt.mining.hashprice import break_even_usd_per_mwh

_KW_PER_MW = 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of machines and the hall that could stand in its place; money per critical IT MW of the hall.

    Attributes:
        efficiency_j_per_th: Of the machines when new.
        degradation_per_year: Share of the hash rate they lose a year.
        age_years: Of the machines today.
        machine_life_years: After which they are replaced by equal ones, new.
        machine_usd_per_mw: Price of the machines of one MW.
        mining_opex_usd_per_mw_year: Running cost of the mine.
        pool_fee_fraction: Share the pool keeps.
        pue: Of the mine: power at the meter / power at the plugs.
        adder_usd_per_mwh: Paid on top of the power price.
        mining_mw: IT power of machines that one IT MW of hall displaces: more than 1 where the hall needs more cooling.
        lease_years: Term.
        noi_margin: Net operating income / rent.
        capex_usd_per_mw: What the host builds per IT MW.
        build_months: Months without income.
        hazard_per_year: Probability a year that the tenant fails; nobody follows.
    """

    efficiency_j_per_th: float
    capex_usd_per_mw: float
    degradation_per_year: float = 0.03
    age_years: float = 0.0
    machine_life_years: float = 5.0
    machine_usd_per_mw: float = 0.0
    mining_opex_usd_per_mw_year: float = 60_000.0
    pool_fee_fraction: float = 0.0
    pue: float = 1.0
    adder_usd_per_mwh: float = 0.0
    mining_mw: float = 1.0
    lease_years: float = 12.0
    noi_margin: float = 0.775
    build_months: int = 12
    hazard_per_year: float = 0.0


@dataclass(frozen=True, slots=True)
class Conversion:
    """The answer for one block, values today per IT MW of hall [USD].

    Attributes:
        policy_usd: What the learned policy earns on scenarios it had not seen: a lower bound.
        policy_error_usd: Standard error of its mean.
        foresight: The best month of each path known beforehand: an upper bound, which nobody can reach.
        now_usd: Signing today.
        never_usd: Mining on.
        converted_fraction: Share of the scenarios in which the policy signs at all.
        months_waited: Months until it does, where it does.
        trigger: The rule in words.
        signed_month: Month in which the policy signs on each scenario of the second half; ``decide_months``: never.
        decide_months: Months during which it may.
        policy: The learned policy; None where a rule without an option is the advice.
    """

    policy_usd: Spread
    policy_error_usd: float
    foresight: Spread
    now_usd: Spread
    never_usd: Spread
    converted_fraction: float
    months_waited: Spread | None
    trigger: str
    signed_month: NDArray[np.int64]
    decide_months: int
    policy: Policy | None

    @property
    def foresight_usd(self) -> float:
        """Mean of the bound."""
        return self.foresight.mean

    @property
    def option_usd(self) -> float:
        """What being able to wait is worth over the better of the two rules without it."""
        return self.policy_usd.mean - max(self.now_usd.mean, self.never_usd.mean)


def conversion(block: Block, scenarios: Scenarios, *, rate: float, decide_months: int) -> Conversion:
    """Solve it on one set of scenarios: the first half teaches, the second half judges.

    Args:
        block: The block.
        scenarios: Joint paths, at least 200 and longer than ``decide_months``.
        rate: Yearly discount rate.
        decide_months: Months during which a lease may be signed; afterwards the mine runs to the scenarios' end.

    Raises:
        InputError: The scenarios are too few or too short.
    """
    paths, months = scenarios.power_usd_per_mwh.shape
    if paths < 200 or not 1 <= decide_months < months:
        raise InputError(
            f"{paths} scenarios of {months} months for decisions in {decide_months}",
            "at least 200 are needed, longer than the decisions run",
            "Simulate more, or longer ones.",
        )
    discount = 1 / (1 + periodic_rate(rate, MONTHS))
    rewards, income = _rewards(block, scenarios, rate, decide_months)
    states = _states(scenarios, decide_months)
    half = paths // 2
    policy = learn(rewards[:half], states[:half], discount, income=income[:half], degree=2, positive_only=False)
    taught = apply(policy, rewards[:half], states[:half], discount, income=income[:half])
    stopped = apply(policy, rewards[half:], states[half:], discount, income=income[half:])
    simple, judged = (
        stopping_values(rewards[part], discount, income[part]) for part in (slice(half), slice(half, None))
    )
    means = {0: float(simple[:, 0].mean()), decide_months: float(simple[:, -1].mean())}
    best = max(means, key=lambda date: means[date])
    simpler = means[best] >= taught.mean
    if simpler:
        stopped = Stopped(dates=np.full(len(judged), best), values=judged[:, best])
    signed = stopped.dates < decide_months
    return Conversion(
        policy_usd=Spread.of(stopped.values),
        policy_error_usd=stopped.standard_error,
        foresight=Spread.of(judged.max(axis=1)),
        now_usd=Spread.of(judged[:, 0]),
        never_usd=Spread.of(judged[:, -1]),
        converted_fraction=float(signed.mean()),
        months_waited=Spread.of(stopped.dates[signed].astype(np.float64)) if signed.any() else None,
        trigger=_trigger(stopped, states[half:]),
        signed_month=stopped.dates,
        decide_months=decide_months,
        policy=None if simpler else policy,
    )


def mining_usd_per_mw(block: Block, scenarios: Scenarios) -> Floats:
    """What one IT MW of machines earns in each month, replacements paid, shape (paths, months) [USD]."""
    machines = machines_of(block, 1.0)
    paid = scenarios.network.hashprice_usd_per_ph_day * (1 - block.pool_fee_fraction)
    fresh = machines.hash_factor(paid.shape[1])
    worth = break_even_usd_per_mwh(paid * fresh, block.efficiency_j_per_th)
    power = block.pue * (scenarios.power_usd_per_mwh + block.adder_usd_per_mwh)
    margin = (worth - power) * HOURS_PER_YEAR - block.mining_opex_usd_per_mw_year
    earned: Floats = np.maximum(margin, 0.0) / MONTHS
    stand, bought = machines.renewed(earned)
    return earned * stand - bought


def machines_of(block: Block, mw: float) -> Machines:
    """The machines of ``mw`` IT MW of a block."""
    return Machines(
        price_usd=block.machine_usd_per_mw * mw,
        life_years=block.machine_life_years,
        age_years=block.age_years,
        degradation_per_year=block.degradation_per_year,
    )


def lease_usd_per_mw(block: Block, rent_usd_per_kw_month: Floats, rate: float) -> Floats:
    """Value, on the day of signing, of one IT MW let at a rent, its capex paid, the shape of the rent [USD]."""
    monthly = (1 + periodic_rate(rate, MONTHS)) / (1 - block.hazard_per_year) ** (1 / MONTHS) - 1
    wait = (1 + periodic_rate(rate, MONTHS)) ** -block.build_months
    factor = annuity_factor(monthly, round(block.lease_years * MONTHS)) * wait
    out: Floats = rent_usd_per_kw_month * _KW_PER_MW * block.noi_margin * factor - block.capex_usd_per_mw
    return out


def _rewards(block: Block, scenarios: Scenarios, rate: float, decide_months: int) -> tuple[Floats, Floats]:
    """What signing in each month pays then, what is left when nobody signs, and what mining pays meanwhile."""
    mined = mining_usd_per_mw(block, scenarios) * block.mining_mw
    after = mined[:, decide_months:]
    factors = (1 + periodic_rate(rate, MONTHS)) ** -np.arange(1.0, after.shape[1] + 1)
    let = lease_usd_per_mw(block, scenarios.lease_usd_per_kw_month[:, :decide_months], rate)
    return np.concatenate([let, (after @ factors)[:, None]], axis=1), mined[:, :decide_months]


def _states(scenarios: Scenarios, decide_months: int) -> Floats:
    """What is known when a month's decision falls: hashprice, rent and power, in logs, shape (paths, decide_months + 1, 3).

    The last column is never asked.
    """
    known = (
        np.log(scenarios.network.hashprice_usd_per_ph_day),
        np.log(scenarios.lease_usd_per_kw_month),
        np.log(np.maximum(scenarios.power_level, 1e-9)),
    )
    return np.stack([one[:, : decide_months + 1] for one in known], axis=2)


def _trigger(stopped: Stopped, states: Floats) -> str:
    """The rule in words: at which rent and hashprice the policy signs."""
    decide = states.shape[1] - 1
    signed = stopped.dates < decide
    if not signed.any():
        return "Mine on: nothing else did better on the scenarios that taught."
    if (stopped.dates == 0).all():
        return "Sign today: waiting did not do better on the scenarios that taught."
    rows, at = np.flatnonzero(signed), stopped.dates[signed]
    hashprice, rent = (np.quantile(np.exp(states[rows, at, which]), (0.25, 0.5, 0.75)) for which in (0, 1))
    return (
        f"Sign when a lease pays about {rent[1]:.0f} USD/kW-month and hashprice is about {hashprice[1]:.0f} USD/PH/day: half of the "
        f"signings fell between {rent[0]:.0f} and {rent[2]:.0f}, and between {hashprice[0]:.0f} and {hashprice[2]:.0f}."
    )
