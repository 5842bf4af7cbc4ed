"""The network model in plain numpy, line by line as its page states it; and Philox4x32-10 in plain integers.

Shares no code with `megawatt.invest.network_paths`: it divides where that multiplies, uses numpy's exp and log, and selects with where.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from megawatt.invest.network_model import NetworkModel, NetworkState

Floats = NDArray[np.float64]
Draws = Callable[[int], tuple[Floats, Floats, Floats, Floats, Floats, Floats]]
"""Two normals and four uniforms of a day, one of each per path."""


def philox_integers(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox4x32-10 as the paper states it, on Python's integers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c[0], c[1], c[2], c[3]


def philox_draws(paths: int, seed: int, first_path: int = 0) -> Draws:
    """The draws that the lanes make, from integers, numpy's log and trigonometry."""
    key = seed & 0xFFFFFFFF, seed >> 32

    def of_day(day: int) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
        rows = np.empty((paths, 6))
        for i in range(paths):
            path = first_path + i
            a, b, c, d = philox_integers((path & 0xFFFFFFFF, path >> 32, day, 0), key)
            u = ((a << 20 | b >> 12) + 0.5) / 2**52
            v = (c << 20 | d >> 12) / 2**52
            rows[i, 0] = np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * (v - 1 / 8))
            rows[i, 1] = np.sqrt(-2 * np.log(u)) * np.sin(2 * np.pi * (v - 1 / 8))
            rows[i, 2:] = [(w + 0.5) / 2**32 for w in philox_integers((path & 0xFFFFFFFF, path >> 32, day, 1), key)]
        z, w, *u4 = rows.T
        return z, w, u4[0], u4[1], u4[2], u4[3]

    return of_day


def numpy_draws(paths: int, seed: int) -> Draws:
    """numpy's own generator, for its speed."""
    rng = np.random.default_rng(seed)

    def of_day(_: int) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
        z, w = rng.standard_normal((2, paths))
        a, b, c, d = rng.random((4, paths))
        return z, w, a, b, c, d

    return of_day


def reference_paths(
    model: NetworkModel, state: NetworkState, month_days: Sequence[int], *, draws: Draws, paths: int
) -> Floats:
    """Shape (4, paths, months): mean hashprice; price, difficulty and hash rate at the month's end."""
    spread, phi = model.volatility_spread, np.exp(-1 / model.volatility_memory_days)
    s0 = model.volatility / np.sqrt(365) * np.exp(-(spread**2) / 4)
    lam, keep = model.jumps_per_year / 365, np.exp(-1 / model.fees_memory_days)
    profit0 = state.hashprice_usd_per_ph_day / model.cost_usd_per_ph_day
    price, h = np.full(paths, state.price_usd), np.zeros(paths)
    installed = np.full(paths, state.hashrate_eh_s * (1 + profit0**-4))
    online = np.full(paths, 1 / (1 + profit0**-4))
    lagged = np.full(paths, profit0 if state.profit is None else state.profit)
    fees, difficulty = np.full(paths, state.fees_btc_per_block), np.full(paths, state.difficulty)
    blocks, days = np.full(paths, float(state.height % 2016)), np.full(paths, state.days_in_epoch)
    subsidy, height = np.full(paths, state.subsidy_btc), np.full(paths, float(state.height))
    out, day = np.empty((4, paths, len(month_days))), 0
    for month, length in enumerate(month_days):
        total = np.zeros(paths)
        for _ in range(length):
            z, w, u0, u1, u2, u3 = draws(day)
            cost = model.cost_usd_per_ph_day * (1 - model.cost_fall_per_year) ** (day / 365)
            hashprice = 1e15 * 86400 / (difficulty * 2**32) * (subsidy + fees) * price
            r = hashprice / cost
            online = online + (1 - np.exp(-1 / model.online_memory_days)) * (r**4 / (1 + r**4) - online)
            running = installed * online
            lagged = lagged + (1 - np.exp(-1 / model.profit_memory_days)) * (r - lagged)
            growth = model.growth_per_year + model.growth_response * 2 * (lagged - 1) / (lagged + 1)
            installed = installed * (1 + growth / 365)
            rate = running * 1e18 * 86400 / (difficulty * 2**32)
            blocks, days = blocks + rate, days + 1
            done = blocks >= 2016
            after = np.where(done, (blocks - 2016) / rate, 0.0)  # days of today that belong to the new epoch
            target = np.clip((days - after) * 2015 / 2016, 3.5, 56) / 14
            easier = np.where(done, target, 1.0)
            difficulty = difficulty / easier
            height = height + rate - after * rate + after * rate * easier
            blocks, days = np.where(done, after * rate * easier, blocks), np.where(done, after, days)
            subsidy = 50 / 2.0 ** np.floor(height / 210_000)
            sigma = s0 * np.exp(h / 2)
            jump = np.where(u0 < lam, model.jump_mean + model.jump_width * (u1 + u2 - 1), 0.0)
            normal = model.leverage * w + np.sqrt(1 - model.leverage**2) * z
            drift = -(sigma**2) / 2 - np.log(1 + lam * (model.jump_factor - 1))
            price = price * np.exp(drift + sigma * normal + jump)
            h = phi * h + spread * np.sqrt(1 - phi**2) * w
            fees = keep * fees + (1 - keep) * model.fees_btc_per_block * 3 * u3**2
            total += hashprice
            day += 1
        out[:, :, month] = total / length, price, difficulty, running
    return out
