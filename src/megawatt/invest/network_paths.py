"""Paths of `NetworkModel`, a day at a time, side by side in lanes: the same paths for the same seed on any number of workers.

One pass over a day does, for `LANES` paths at once, what `megawatt.invest.network_model` states line by line; the loop has no
branch, so that the compiler can lay the lanes side by side. What is kept is monthly: a decision of the decade needs no more.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.invest.network_model import DAYS_PER_YEAR, NetworkModel, NetworkState
from megawatt.invest.philox import LANES, ROWS, U0, U1, U2, U3, Z0, Z1, draw
from megawatt.mining.difficulty import BLOCK_SECONDS, CLAMP, EPOCH_BLOCKS
from megawatt.mining.hashprice import HASHES_PER_DIFFICULTY, HASHES_PER_PH_DAY
from megawatt.mining.subsidy import HALVING_INTERVAL

Floats = NDArray[np.float64]

# Rows of the state in the workspace, after those of the random numbers.
_P, _H, _C, _A, _F, _I, _B, _T, _S, _N, _Q, _SUM, _RUN = (row * LANES for row in range(ROWS, ROWS + 13))
_WORDS = (ROWS + 13) * LANES

_BLOCKS_PER_DAY_AND_EH = 1e18 * 86_400 / HASHES_PER_DIFFICULTY
_PH_DAY = HASHES_PER_PH_DAY / HASHES_PER_DIFFICULTY
_EPOCH_DAYS = EPOCH_BLOCKS * BLOCK_SECONDS / 86_400
_SPAN = (EPOCH_BLOCKS - 1) / EPOCH_BLOCKS
"""The rule measures 2,015 intervals of the 2,016."""
_EPOCH, _ERA = float(EPOCH_BLOCKS), float(HALVING_INTERVAL)
_LEAST_SPAN, _LONGEST_SPAN = _EPOCH_DAYS / CLAMP, _EPOCH_DAYS * CLAMP

HASHPRICE, PRICE, DIFFICULTY, HASHRATE = range(4)
"""Rows of the result: mean hashprice of the month, the rest at its end."""


@dataclass(frozen=True, slots=True)
class NetworkPaths:
    """Monthly paths, each of shape (paths, months).

    Attributes:
        hashprice_usd_per_ph_day: Mean of the month's days, before the pool's fee.
        price_usd: At the end of the month.
        difficulty: At the end of the month.
        hashrate_eh_s: Running on its last day.
    """

    hashprice_usd_per_ph_day: Floats
    price_usd: Floats
    difficulty: Floats
    hashrate_eh_s: Floats


def network_paths(
    model: NetworkModel,
    state: NetworkState,
    month_days: Sequence[int],
    *,
    seed: int,
    paths: int,
    first_path: int = 0,
    workers: int = 1,
) -> NetworkPaths:
    """Simulate the network.

    Args:
        model: Parameters.
        state: Day 0.
        month_days: Days of each month to come.
        seed: 0 to 2^64 - 1; path i of a seed is the same whatever else is asked for.
        paths: Number of paths.
        first_path: Number of the first one, to continue an ensemble.
        workers: Threads; they change nothing but the time it takes.
    """
    days = np.asarray(month_days, dtype=np.int64)
    if not (paths >= 1 and first_path >= 0 and workers >= 1 and len(days) and (days > 0).all() and 0 <= seed < 2**64):
        raise InputError(
            f"{paths} paths from {first_path} over {len(days)} months by {workers} workers with seed {seed}",
            "all are at least 1, the first path and the seed at least 0, and a seed has 64 bits",
            "Check the numbers.",
        )
    start, constants = _start(model, state), _constants(model)
    costs = _daily_costs(model, int(days.sum()))
    keys = np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)
    groups = -(-paths // LANES)
    out = np.empty((4, groups * LANES, len(days)))
    edges = np.linspace(0, groups, min(workers, groups) + 1).astype(int)

    def part(i: int) -> None:
        mine = out[:, edges[i] * LANES : edges[i + 1] * LANES]
        _simulate(mine, days, start, constants, costs, np.uint64(first_path + edges[i] * LANES), *keys)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(part, range(len(edges) - 1)))
    return NetworkPaths(*(one[:paths] for one in out))


def month_lengths(first_month: str, months: int) -> list[int]:
    """Days of each calendar month from ``"2024-06"`` on."""
    edges = (np.datetime64(first_month, "M") + np.arange(months + 1)).astype("datetime64[D]")
    return [int(days) for days in np.diff(edges).astype(np.int64)]


def _start(model: NetworkModel, state: NetworkState) -> Floats:
    """The state rows of day 0, in their order."""
    profit = state.hashprice_usd_per_ph_day / model.cost_usd_per_ph_day
    return np.array(
        [
            state.price_usd,
            0.0,
            state.hashrate_eh_s / model.online(profit),
            profit if state.profit is None else state.profit,
            state.fees_btc_per_block,
            1.0 / state.difficulty,
            state.blocks_in_epoch,
            state.days_in_epoch,
            state.subsidy_btc,
            state.blocks_to_halving,
            model.online(profit),
        ]
    )


def _constants(model: NetworkModel) -> tuple[float, ...]:
    """What one day needs, in the order in which it is used; a tuple, because registers hold it and an array could change."""
    phi = math.exp(-1 / model.volatility_memory_days)
    daily = model.volatility / math.sqrt(DAYS_PER_YEAR) * math.exp(-(model.volatility_spread**2) / 4)
    jump = min(model.jumps_per_year / DAYS_PER_YEAR, 1.0)
    keep = math.exp(-1 / model.fees_memory_days)
    return (
        daily,
        phi,
        model.volatility_spread * math.sqrt(1 - phi * phi),
        model.leverage,
        math.sqrt(1 - model.leverage**2),
        jump,
        model.jump_mean - model.jump_width,
        model.jump_width,
        -math.log1p(jump * (model.jump_factor - 1)),
        1 - math.exp(-1 / model.profit_memory_days),
        1 + model.growth_per_year / DAYS_PER_YEAR,
        2 * model.growth_response / DAYS_PER_YEAR,
        keep,
        3 * (1 - keep) * model.fees_btc_per_block,
        1 - math.exp(-1 / model.online_memory_days),
    )


def _daily_costs(model: NetworkModel, days: int) -> Floats:
    """1 / c of each day."""
    fall = (1 - model.cost_fall_per_year) ** (np.arange(days) / DAYS_PER_YEAR)
    out: Floats = 1 / (model.cost_usd_per_ph_day * fall)
    return out


@njit(inline="always")
def exp_lane(x: float) -> float:
    """e^x to a relative 1e-10, 1e-8 and 3e-6 for |x| up to 2, 4 and 8: the series of x / 16, squared four times."""
    y = x * 0.0625
    series = 1 + y * (1 + y * (1 / 2 + y * (1 / 6 + y * (1 / 24 + y * (1 / 120 + y * (1 / 720 + y * (1 / 5040)))))))
    two = series * series
    four = two * two
    eight = four * four
    return eight * eight


@njit(inline="always")
def _price_day(f: Floats, j: int, k: tuple[float, ...]) -> None:
    """Return of one day: diffusion at today's variance, jump, and the drift that makes it a martingale."""
    sigma = k[0] * exp_lane(0.5 * f[_H + j])
    z = k[3] * f[Z1 + j] + k[4] * f[Z0 + j]
    jump = k[6] + k[7] * (f[U1 + j] + f[U2 + j]) if f[U0 + j] < k[5] else 0.0
    f[_P + j] = f[_P + j] * exp_lane(sigma * z - 0.5 * sigma * sigma + jump + k[8])
    f[_H + j] = k[1] * f[_H + j] + k[2] * f[Z1 + j]
    f[_F + j] = k[12] * f[_F + j] + k[13] * f[U3 + j] * f[U3 + j]


@njit(inline="always")
def _network_day(f: Floats, j: int, k: tuple[float, ...], inverse_cost: float) -> None:
    """Hashprice, machines on line, blocks found, retarget, halving."""
    hashprice = _PH_DAY * (f[_S + j] + f[_F + j]) * f[_P + j] * f[_I + j]
    profit = hashprice * inverse_cost
    fourth = (profit * profit) * (profit * profit)
    memory = f[_A + j] + k[9] * (profit - f[_A + j])
    both = 1.0 / ((1.0 + fourth) * (memory + 1.0))  # one division serves the two fractions
    online = f[_Q + j] + k[14] * (fourth * (memory + 1.0) * both - f[_Q + j])
    running = f[_C + j] * online
    growth = k[10] + k[11] * (memory - 1.0) * (1.0 + fourth) * both
    rate = _BLOCKS_PER_DAY_AND_EH * running * f[_I + j]
    blocks, days = f[_B + j] + rate, f[_T + j] + 1.0
    spare = (blocks - _EPOCH) / rate
    span = (days - spare) * _SPAN
    # Selects, not min and max, whose care for NaN is a branch: the loop would take twice as long.
    span = _LEAST_SPAN if span < _LEAST_SPAN else span  # noqa: FURB136
    span = _LONGEST_SPAN if span > _LONGEST_SPAN else span  # noqa: FURB136
    easier = span * (1.0 / _EPOCH_DAYS)
    done = blocks >= _EPOCH
    found = rate - spare * rate * (1.0 - easier) if done else rate
    left = f[_N + j] - found
    f[_SUM + j] = f[_SUM + j] + hashprice
    f[_RUN + j] = running
    f[_Q + j] = online
    f[_A + j] = memory
    f[_C + j] = f[_C + j] * growth
    f[_I + j] = f[_I + j] * easier if done else f[_I + j]
    f[_B + j] = spare * rate * easier if done else blocks
    f[_T + j] = spare if done else days
    f[_S + j] = 0.5 * f[_S + j] if left <= 0.0 else f[_S + j]
    f[_N + j] = left + _ERA if left <= 0.0 else left


@njit(error_model="numpy", fastmath={"contract"}, nogil=True, cache=True)
def _simulate(
    out: Floats,
    month_days: NDArray[np.int64],
    start: Floats,
    constants: tuple[float, ...],
    costs: Floats,
    first_path: np.uint64,
    k0: np.uint64,
    k1: np.uint64,
) -> None:
    words = np.zeros(_WORDS, np.uint64)
    f = words.view(np.float64)
    for group in range(out.shape[1] // LANES):
        for row in range(len(start)):
            f[_P + row * LANES : _P + (row + 1) * LANES] = start[row]
        day = 0
        for month in range(len(month_days)):
            f[_SUM : _SUM + LANES] = 0.0
            for _ in range(month_days[month]):
                draw(words, f, first_path + np.uint64(group * LANES), np.uint64(day), k0, k1)
                inverse_cost = costs[day]
                for j in range(LANES):
                    _network_day(f, j, constants, inverse_cost)
                for j in range(LANES):
                    _price_day(f, j, constants)
                day += 1
            for j in range(LANES):
                path = group * LANES + j
                out[0, path, month] = f[_SUM + j] / month_days[month]
                out[1, path, month] = f[_P + j]
                out[2, path, month] = 1.0 / f[_I + j]
                out[3, path, month] = f[_RUN + j]
