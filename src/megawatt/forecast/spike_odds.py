"""Odds that the coming interval's price passes a break-even: one weighed logistic regression for all break-evens.

A half-year holds few spikes above any one break-even. What makes a price pass 100 USD/MWh makes another pass 60, so every
past interval is a case at each of `LEVELS_USD`, with prices told by their distance from that level, on the scale
asinh(price / 20): seven times the cases for the same number of coefficients. Each case counts by what a wrong decision
there costs in units of the level, |price - level| / level, up to `MOST_COUNTED`. The penalty is on standardised columns.

The regression sees few things: the last prices and their direction, the day-ahead price and its slope, how high the
price was in the last hour, two hours and day, the hour and the quarter of it, each also apart for when the last price
was above the level: a turn off and a turn on are different questions.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from megawatt.core.errors import InputError
from megawatt.core.series import Floats

SCALE_USD = 20.0
"""Prices enter as asinh(price / 20): about linear up to 20 USD/MWh, logarithmic in a spike."""

LAST, BEFORE, THIRD, FOURTH, EIGHTH = 0, 1, 2, 3, 4
YESTERDAY = (5, 6, 7)
HIGHEST_2H, HIGHEST_DAY, MEAN_1H = 8, 9, 10
AHEAD, AHEAD_1H_AGO, AHEAD_IN_1H = 11, 12, 13
QUARTER_OF_DAY = 14
"""Columns of `real_time.features`; prices squeezed."""

LEVELS_USD = (30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 130.0)
MIDDLE_USD = 60.0
"""The level whose columns give the mean and spread by which those of every level are standardised."""
MOST_COUNTED = 5.0
LEAST_COUNTED = 0.02
LEAST_INTERVALS = 28 * 96
PENALTY = 1.0
NEAR = (-1.5, 2.5)
"""Distances from the level are cut here: farther away nothing is decided."""
WIDTHS = (0.1, 0.3)
"""How near the level the last price must be to be no answer: 10 and 30 %."""
PARTS_OF_DAY = ((5, 8), (8, 12), (12, 16), (16, 18), (18, 19), (19, 20), (20, 21), (21, 22), (22, 24))
"""Hours of the local day that have a constant of their own; the night is what is left."""
MOST_STEPS = 25


def squeezed(price: Floats) -> Floats:
    """asinh(price / 20)."""
    out: Floats = np.arcsinh(price / SCALE_USD)
    return out


def design(X: Floats, level_usd: float) -> Floats:
    """The regression's columns at one level, the first of them constant, shape (n, columns); what is missing counts as at the level, or as no move.

    Args:
        X: Rows of `real_time.features`.
        level_usd: The break-even [USD/MWh].
    """
    z = squeezed(np.array(level_usd))

    def above(column: int) -> Floats:
        out: Floats = np.clip(np.nan_to_num(X[:, column] - z), *NEAR)
        return out

    def step(column: int, other: int) -> Floats:
        out: Floats = np.clip(np.nan_to_num(X[:, column] - X[:, other]), -2.0, 2.0)
        return out

    last, ahead, hour_mean, high = above(LAST), above(AHEAD), above(MEAN_1H), above(HIGHEST_2H)
    on = (np.nan_to_num(X[:, LAST], nan=-np.inf) > z).astype(np.float64)
    move, slope = step(LAST, BEFORE), step(AHEAD, AHEAD_1H_AGO)
    quarter, hour = X[:, QUARTER_OF_DAY] % 4, X[:, QUARTER_OF_DAY] // 4
    columns = [np.ones(len(X)), on, last, np.maximum(last, 0), ahead, np.maximum(ahead, 0)]
    columns += [above(AHEAD_IN_1H) - ahead, slope, move, step(BEFORE, THIRD)]
    columns += [hour_mean, np.maximum(hour_mean, 0), high, above(HIGHEST_DAY)]
    columns += [above(column) for column in (THIRD, FOURTH, EIGHTH, *YESTERDAY)]
    columns += [last**2, last * ahead, np.maximum(above(AHEAD_IN_1H), 0), last * on * (quarter == 0)]
    for width in WIDTHS:
        close = np.exp(-np.abs(last) / width)
        columns += [close, on * close]
    columns += [on * move, on * ahead, on * hour_mean, on * high]
    for k in range(4):
        here = quarter == k
        columns += [here.astype(np.float64), here * on, here * slope]
    for begin, end in PARTS_OF_DAY:
        here = (begin <= hour) & (hour < end)
        columns += [here.astype(np.float64), here * on]
    return np.column_stack(columns)


@dataclass(frozen=True, slots=True, eq=False)
class SpikeOdds:
    """A fitted regression.

    Attributes:
        mean: Of the columns on the intervals it was fitted on, 0 for the constant.
        spread: Their standard deviations, 1 for the constant.
        weight: Coefficients of the standardised columns.
    """

    mean: Floats
    spread: Floats
    weight: Floats

    @classmethod
    def fit(cls, X: Floats, price: Floats, before: "SpikeOdds | None" = None) -> "SpikeOdds":
        """Fit on intervals whose price is known.

        Args:
            X: Rows of `real_time.features`, shape (n, features).
            price: Their settled prices, shape (n,) [USD/MWh].
            before: An earlier fit to begin the search from, which makes it shorter.

        Raises:
            InputError: Fewer than 28 days of 15-minute intervals.
        """
        there = np.isfinite(price)
        if there.sum() < LEAST_INTERVALS:
            raise InputError(
                f"{int(there.sum())} intervals with a price",
                f"the odds of a spike need {LEAST_INTERVALS}",
                "Hand in at least 28 days.",
            )
        X, price = X[there], price[there]
        middle = design(X, MIDDLE_USD)
        mean, spread = middle.mean(axis=0), middle.std(axis=0) + 1e-9
        mean[0], spread[0] = 0.0, 1.0
        A = np.vstack([(design(X, level) - mean) / spread for level in LEVELS_USD])
        passed = np.concatenate([(price > level).astype(np.float64) for level in LEVELS_USD])
        cost = np.concatenate([np.abs(price - level) / level for level in LEVELS_USD])
        counted = (np.minimum(cost, MOST_COUNTED) + LEAST_COUNTED) / len(LEVELS_USD)
        start = np.zeros(A.shape[1]) if before is None else before.weight
        return cls(mean, spread, logistic(A, passed, counted, PENALTY, start))

    def probability(self, X: Floats, break_even_usd_per_mwh: float) -> Floats:
        """Value-weighted chance of a price above a break-even within `LEVELS_USD`, shape (n,); beyond them it extrapolates."""
        score = ((design(X, break_even_usd_per_mwh) - self.mean) / self.spread) @ self.weight
        chance: Floats = expit(score)
        return chance


def logistic(A: Floats, y: Floats, weight: Floats, penalty: float, start: Floats) -> Floats:
    """Coefficients that minimise the weighed logistic loss plus penalty / 2 times their squares, by damped Newton steps.

    Args:
        A: Rows, shape (n, k).
        y: 0 or 1, shape (n,).
        weight: What each row counts, shape (n,).
        penalty: Above 0, so that the minimum exists and is one.
        start: Where the search begins, shape (k,).
    """
    beta = start
    loss = _loss(A @ beta, y, weight, penalty, beta)
    for _ in range(MOST_STEPS):
        chance = expit(A @ beta)
        gradient = A.T @ (weight * (chance - y)) + penalty * beta
        hessian = (A * (weight * chance * (1 - chance))[:, np.newaxis]).T @ A + penalty * np.eye(len(beta))
        step, length = np.linalg.solve(hessian, gradient), 1.0
        while (new := _loss(A @ (beta - length * step), y, weight, penalty, beta - length * step)) > loss:
            length /= 2
            if length < 1e-6:
                return beta
        beta, gained, loss = beta - length * step, loss - new, new
        if gained <= 1e-9 * loss:
            break
    return beta


def _loss(score: Floats, y: Floats, weight: Floats, penalty: float, beta: Floats) -> float:
    return float(weight @ (np.logaddexp(0.0, score) - y * score) + penalty / 2 * beta @ beta)
