"""When to stop: least-squares Monte Carlo (Longstaff and Schwartz 2001, Review of Financial Studies 14, 113-147).

A policy is learned on one set of paths and valued on another: what it earns there is a lower bound of the option, because no rule
can earn more than the best one. The best date of each path, known beforehand, is an upper bound, and labelled so: nobody had it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats

LAST = -1
"""Index of the last date, on which whatever is left is taken."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Continuation values by date: stop where the reward is at least as much.

    Attributes:
        coefficients: Of the basis, shape (dates, terms); NaN on dates without enough paths to learn from: never stop there.
        degree: Degree of the polynomial basis.
        centre: What the states are shifted by, shape (states,).
        scale: What they are divided by.
        positive_only: Only paths with a positive reward are learned from, and may stop.
    """

    coefficients: Floats
    degree: int
    centre: Floats
    scale: Floats
    positive_only: bool

    def continuation(self, date: int, states: Floats) -> Floats:
        """Expected discounted reward of going on, as of the date; states of shape (paths, states)."""
        out: Floats = basis((states - self.centre) / self.scale, self.degree) @ self.coefficients[date]
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """What a rule earned on paths it had not seen.

    Attributes:
        values: Value today by path [USD].
    """

    values: Floats

    @property
    def mean(self) -> float:
        """Lower bound of the option."""
        return float(self.values.mean())

    @property
    def standard_error(self) -> float:
        """Of the mean."""
        return float(self.values.std(ddof=1) / np.sqrt(len(self.values)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Earned):
    """What a policy did.

    Attributes:
        dates: Date on which each path stopped.
    """

    dates: NDArray[np.int64]


def basis(x: Floats, degree: int) -> Floats:
    """All products of powers of the states up to a total degree, constant first: shape (paths, terms)."""
    columns = [np.ones(len(x))]
    level = [(columns[0], 0)]
    for _ in range(degree):
        level = [(column * x[:, j], j) for column, first in level for j in range(first, x.shape[1])]
        columns += [column for column, _ in level]
    return np.stack(columns, axis=1)


def learn(
    rewards: Floats,
    states: Floats,
    discount: float,
    *,
    income: Floats | None = None,
    degree: int = 3,
    positive_only: bool = True,
    scaled: bool = True,
) -> Policy:
    """Backward through the dates: regress what going on brought on the states.

    Args:
        rewards: What stopping on a date pays then, shape (paths, dates).
        states: What is known then, shape (paths, dates, states) or (paths, dates).
        discount: Value on a date of one dollar on the next.
        income: What going on from a date pays on the next one, shape (paths, dates - 1); None: nothing.
        degree: Degree of the polynomials.
        positive_only: Options: learn only where the reward is positive. Projects, whose last date pays whatever it pays: False.
        scaled: Shift and scale the states, which regressions of high degree need; False gives coefficients in the states' units.
    """
    states = _three(rewards, states)
    flat = states.reshape(-1, states.shape[2])
    centre, scale = (flat.mean(axis=0), np.maximum(flat.std(axis=0), 1e-12)) if scaled else (np.zeros(1), np.ones(1))
    dates = rewards.shape[1]
    terms = basis(np.zeros((1, states.shape[2])), degree).shape[1]
    policy = Policy(np.full((dates, terms), np.nan), degree, centre, scale, positive_only)
    brought = rewards[:, LAST].copy()
    for date in range(dates - 2, -1, -1):
        brought = discount * (brought if income is None else brought + income[:, date])
        reward = rewards[:, date]
        learned = np.flatnonzero(reward > 0) if positive_only else np.arange(len(reward))
        if len(learned) < terms:
            continue
        x = basis((states[learned, date] - centre) / scale, degree)
        policy.coefficients[date] = np.linalg.lstsq(x, brought[learned])[0]
        stop = learned[reward[learned] >= x @ policy.coefficients[date]]
        brought[stop] = reward[stop]
    return policy


def apply(policy: Policy, rewards: Floats, states: Floats, discount: float, *, income: Floats | None = None) -> Stopped:
    """Forward through the dates with a policy: the first date on which it says stop, the last one for the rest.

    The first date is now; its reward is not discounted. Arguments as for ``learn``.
    """
    states = _three(rewards, states)
    dates = np.full(len(rewards), rewards.shape[1] - 1)
    for date in range(rewards.shape[1] - 2, -1, -1):
        if np.isnan(policy.coefficients[date]).any():
            continue
        reward = rewards[:, date]
        stop = reward >= policy.continuation(date, states[:, date])
        dates[stop & ((reward > 0) | (not policy.positive_only))] = date
    return Stopped(dates=dates, values=stopping_values(rewards, discount, income)[np.arange(len(rewards)), dates])


def stopping_values(rewards: Floats, discount: float, income: Floats | None = None) -> Floats:
    """Value today of stopping on each date, income until then included, shape (paths, dates)."""
    factors = discount ** np.arange(rewards.shape[1])
    values: Floats = rewards * factors
    if income is not None:
        values[:, 1:] += np.cumsum(income * factors[1:], axis=1)
    return values


def foresight(rewards: Floats, discount: float, income: Floats | None = None) -> Floats:
    """Best date of each path known beforehand, as of today: an upper bound of the option, shape (paths,)."""
    out: Floats = stopping_values(rewards, discount, income).max(axis=1)
    return out


def _three(rewards: Floats, states: Floats) -> Floats:
    states = states[..., None] if states.ndim == 2 else states
    if rewards.ndim != 2 or states.ndim != 3 or states.shape[:2] != rewards.shape or rewards.shape[1] < 2:
        raise InputError(
            f"rewards of shape {rewards.shape} with states of shape {states.shape}",
            "both have a row per path and a column per date, at least two",
            "Cut both to the same dates.",
        )
    if not (np.isfinite(rewards).all() and np.isfinite(states).all()):
        raise InputError("a reward or state is missing", "all are finite numbers", "Fill or drop those paths.")
    return states
