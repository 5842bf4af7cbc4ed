"""Prices read off a plan: what one more or one less of everything is worth beside the rest of the plan.

At the optimum of a site without whole blocks these would be its dual prices; with whole blocks they are close to them,
cost one look at every interval and need no iteration.

* A running block's price is what the site would lose without it, at the state of the first job in which that is least:
  priced at the job's present state alone, the intervals would stop blocks to make room for the job.
* Where a whole class runs, less does as well: its blocks need only be paid their start and stop at both ends of the
  time, and the less they are paid between, the less it brings the intervals to stop some under a lower peak.
* A resting block's price is the most that one more could earn in either state of the job; where none fits it is 0.
* A further job's wage is what the interval earns more with it than without it.
* Cover is paid where the machines are just what the award needs, and nowhere else in an hour of several intervals.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.certificate import Prices
from megawatt.dispatch.coupled.hours import Awards, best_award
from megawatt.dispatch.coupled.interval import NEVER, earn
from megawatt.dispatch.coupled.trial import Trial
from megawatt.dispatch.problem import Floats

JUST_MW = 1e-6
"""Power within which the machines are just what an award needs [MW]."""


def plan_prices(trial: Trial) -> Prices:
    """Prices of a trial that has just been valued."""
    cover = _cover_prices(trial)
    return Prices(_least_kept(trial, _block_prices(trial, cover)), cover, _wages(trial, cover))


def _earned(trial: Trial, counts: Floats, work: Floats, paid: Floats) -> Floats:
    usd, mining = np.empty(len(paid)), np.empty(len(paid))
    earn(trial.split.tables, counts, work, paid, trial.cap, trial.room, usd, mining)
    return usd


def _block_prices(trial: Trial, paid: Floats) -> Floats:
    counts, most = trial.counts, trial.split.tables.most
    price = np.zeros_like(counts)
    states = [trial.running.copy() for _ in range(2 if trial.work.size else 1)]
    for state, work in enumerate(states):
        if trial.work.size:
            work[:, 0] = state
    for c in range(counts.shape[1]):
        less, more = counts.copy(), counts.copy()
        less[:, c] = np.maximum(less[:, c] - 1, 0)
        more[:, c] = np.minimum(more[:, c] + 1, most[c])
        on, last, next_one = counts[:, c] > 0, np.full(len(paid), np.inf), np.full(len(paid), -np.inf)
        for work in states:
            here = _earned(trial, counts, work, paid)
            without, beside = _earned(trial, less, work, paid), _earned(trial, more, work, paid)
            fits = here > NEVER / 2
            last = np.where(fits, np.minimum(last, here - without), last)
            next_one = np.where(fits & (beside > NEVER / 2), np.maximum(next_one, beside - here), next_one)
        resting = np.where(np.isfinite(next_one), next_one, 0.0)
        price[:, c] = np.where(on, np.where(np.isfinite(last), last, 0.0), resting)
    return price


def _least_kept(trial: Trial, price: Floats) -> Floats:
    """The prices with what pays a switch at both ends of each time in which a whole class runs, and 0 between, shape (T, C)."""
    least = price.copy()
    for c, machine in enumerate(trial.split.problem.machines):
        full = (trial.counts[:, c] >= machine.blocks) & (price[:, c] > 0)
        switch_usd = machine.start_usd + machine.stop_usd
        # seen from the time's begin and from its end; at the horizon's ends nothing switches
        begun = paid_until(price[:, c].copy(), full, switch_usd)
        ended = paid_until(price[::-1, c].copy(), full[::-1].copy(), switch_usd)[::-1]
        least[full, c] = np.maximum(begun, ended)[full]
    return least


@njit(cache=True)
def paid_until(price: Floats, full: NDArray[np.bool_], switch_usd: float) -> Floats:
    """Prices of each time until they pay a switch, then 0; of a time that begins with the horizon 0, shape (T,)."""
    paid, left = np.zeros(len(price)), 0.0
    for t in range(len(price)):
        if not full[t]:
            left = switch_usd
            continue
        paid[t] = min(price[t], left)
        left -= paid[t]
    return paid


def _wages(trial: Trial, paid: Floats) -> Floats:
    wage = np.zeros((len(paid), len(trial.work)))
    for j in range(1, len(trial.work)):
        off, on = trial.running.copy(), trial.running.copy()
        off[:, j], on[:, j] = 0.0, 1.0
        with_it, without = _earned(trial, trial.counts, on, paid), _earned(trial, trial.counts, off, paid)
        wage[:, j] = np.where((with_it > NEVER / 2) & (without > NEVER / 2), with_it - without, 0.0)
    return wage


def _cover_prices(trial: Trial) -> Floats:
    """What a MW more of cover would bring, in the intervals of each hour that have none to spare, shape (T,)."""
    price = trial.cover.copy()
    if len(trial.split.awards.share):
        _tied_prices(trial.split.awards, trial.mining_mw(), trial.cap, price)
    return price


@njit(cache=True)
def _tied_prices(awards: Awards, mining: Floats, cap: Floats, price: Floats) -> None:
    """Write the prices of cover of the hours of more than one interval.

    In an hour of one interval cover ties nothing together. There it is paid what the best awards bring per MW that they
    need: for a single programme the bound then grants no more than the awards of the mining that is kept, whatever it is.
    """
    sold = np.zeros(len(awards.share))
    for hour in range(len(awards.first) - 1):
        a, b = awards.first[hour], awards.first[hour + 1]
        if b - a == 1:
            continue
        least, short = mining[a], 0
        for t in range(a + 1, b):
            least = min(least, mining[t])
        step = max(cap[a] / 64, 1e-6)
        gain = best_award(awards.worth_usd[hour], awards, least + step, sold)
        gain -= best_award(awards.worth_usd[hour], awards, least, sold)
        for t in range(a, b):
            short += mining[t] <= least + JUST_MW
        for t in range(a, b):
            price[t] = max(gain, 0.0) / step / short if mining[t] <= least + JUST_MW else 0.0
