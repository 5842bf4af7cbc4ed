"""What a block should be from date to date when it may change its mode more than once, and pays for it: a switching option.

Modes are numbered; `MODES` names those of a block. On each date the block is in some mode, may change to any mode at a cost, and then earns
the mode's reward of that date:

    V[t, i] = max over j of  reward[t, j] - cost[i, j] + discount x E(V[t + 1, j] | state)

The expectation is learned by least squares on paths (Longstaff and Schwartz 2001; Carmona and Ludkovski 2010 for several modes) and valued
on paths it has not seen: a lower bound, for no rule earns more than the best. The best sequence of each path known beforehand, by
dynamic programming per path, is an upper bound that nobody can reach. A mode that takes a date to pass through (building) is a mode
of its own, from which only one way leads; a way that is closed costs infinity.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.stopping import Earned, basis

MODES = ("mine", "converting", "host", "stand by", "sell power", "stop")
MINE, CONVERTING, HOST, STAND_BY, SELL_POWER, STOP = range(6)


@dataclass(frozen=True, slots=True)
class Option:
    """What the modes pay and what changing costs.

    Attributes:
        rewards: By path, date and mode, shape (paths, dates, modes) [USD]; minus infinity where a mode cannot be taken that day.
        states: What is known on each date, shape (paths, dates, states).
        cost: Of changing from row to column, shape (modes, modes) [USD]; infinite where it is not possible; staying may cost, too.
        discount: Value on a date of one dollar on the next.
        start: Mode before the first date.
    """

    rewards: Floats
    states: Floats
    cost: Floats
    discount: float
    start: int = 0

    def __post_init__(self) -> None:
        paths, dates, modes = self.rewards.shape
        if self.states.shape[:2] != (paths, dates) or self.states.ndim != 3 or self.cost.shape != (modes, modes):
            raise InputError(
                f"rewards {self.rewards.shape}, states {self.states.shape}, costs {self.cost.shape}",
                "they are (paths, dates, modes), (paths, dates, states) and (modes, modes)",
                "Cut all to the same paths, dates and modes.",
            )
        known = np.isfinite(self.rewards) | (self.rewards == -np.inf)
        if not (known.all() and np.isfinite(self.states).all()) or np.isnan(self.cost).any():
            raise InputError("a reward, state or cost is missing", "all are numbers", "Fill or drop those paths.")
        if not np.isfinite(self.cost.min(axis=1)).all() or not 0 <= self.start < modes:
            raise InputError(
                "a mode that nothing leads out of", "each may stay or change", "Give one finite cost a row."
            )


@dataclass(frozen=True, slots=True)
class Rule:
    """Learned values of being in each mode when the next date comes, as polynomials of the state.

    Attributes:
        coefficients: Shape (dates - 1, terms, modes): of the discounted value of the next date on this one's state.
        degree: Of the polynomials.
        centre: What states are shifted by.
        scale: And divided by.
    """

    coefficients: Floats
    degree: int
    centre: Floats
    scale: Floats

    def ahead(self, date: int, states: Floats) -> Floats:
        """Expected discounted value of having chosen each mode, shape (paths, modes) [USD]."""
        out: Floats = basis((states - self.centre) / self.scale, self.degree) @ self.coefficients[date]
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed(Earned):
    """What a rule did.

    Attributes:
        modes: Mode of each path on each date, shape (paths, dates).
    """

    modes: NDArray[np.int64]


def learn_rule(one: Option, *, degree: int = 2) -> Rule:
    """Backward through the dates: regress what each mode went on to bring, under the rule so far, on the states."""
    paths, dates, modes = one.rewards.shape
    flat = one.states.reshape(-1, one.states.shape[2])
    centre, scale = flat.mean(axis=0), np.maximum(flat.std(axis=0), 1e-12)
    terms = basis(np.zeros((1, one.states.shape[2])), degree).shape[1]
    if paths < 2 * terms:
        raise InputError(f"{paths} paths for {terms} terms", "at least two per term are needed", "Simulate more.")
    rule = Rule(np.empty((max(dates - 1, 0), terms, modes)), degree, centre, scale)
    brought = _best(one, dates - 1, np.zeros((paths, modes)), one.rewards[:, -1])
    for date in range(dates - 2, -1, -1):
        x = basis((one.states[:, date] - centre) / scale, degree)
        rule.coefficients[date] = np.linalg.lstsq(x, one.discount * brought)[0]
        brought = _best(one, date, x @ rule.coefficients[date], one.rewards[:, date] + one.discount * brought)
    return rule


def follow(rule: Rule, one: Option) -> Followed:
    """Forward through the dates with a rule."""
    paths, dates, modes = one.rewards.shape
    now = np.full(paths, one.start)
    chosen, values = np.empty((paths, dates), dtype=np.int64), np.zeros(paths)
    rows = np.arange(paths)
    for date in range(dates):
        ahead = rule.ahead(date, one.states[:, date]) if date < dates - 1 else np.zeros((paths, modes))
        to = np.argmax(one.rewards[:, date] + ahead - one.cost[now], axis=1)
        values += one.discount**date * (one.rewards[rows, date, to] - one.cost[now, to])
        chosen[:, date] = now = to
    return Followed(modes=chosen, values=values)


def fixed_value(one: Option, mode: int) -> Floats:
    """Value of changing to a mode on the first date and staying, by path [USD]; infinite loss where that is not possible."""
    dates = one.rewards.shape[1]
    stays = one.cost[mode, mode] * (np.arange(dates) > 0)
    factors = one.discount ** np.arange(dates)
    out: Floats = (one.rewards[:, :, mode] - stays) @ factors - one.cost[one.start, mode]
    return out


def known_beforehand(one: Option) -> Floats:
    """Best sequence of modes of each path known beforehand, by path: an upper bound of the option [USD]."""
    value = np.zeros((len(one.rewards), one.rewards.shape[2]))
    for date in range(one.rewards.shape[1] - 1, -1, -1):
        here = one.rewards[:, date] + one.discount * value
        value = np.max(here[:, None, :] - one.cost[None], axis=2)
    out: Floats = value[:, one.start]
    return out


def _best(one: Option, date: int, ahead: Floats, brought: Floats) -> Floats:
    """What each mode brings when the best next one is chosen on what is expected, and what came of it counts."""
    expected = (one.rewards[:, date] + ahead)[:, None, :] - one.cost[None]
    to = np.argmax(expected, axis=2)
    out: Floats = np.take_along_axis(brought, to, axis=1) - one.cost[np.arange(to.shape[1])[None, :], to]
    return out
