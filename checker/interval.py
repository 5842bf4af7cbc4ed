"""The best of one interval (section 'Bound', part 5): ``e_t(y, q, k)`` for many intervals at once.

For given counts of blocks the best continuous powers are found by filling the segments in the order of their slopes. Of
the counts only those are tried whose Lagrangian upper bound lies above the best that was found, so that none is lost.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from checker.plan import Prices
from checker.problem import Machine, Problem
from checker.reading import Array, Flags, MalformedError, Whole

SLACK = 1e-9
"""MW by which a power may pass a limit: the noise of sums in another order."""
ROWS = 40_000


def hull(machine: Machine, problem: Problem) -> tuple[Array, Array, Array, Array]:
    """Base power and worth (T), widths and slopes of the concave hull's steps (T x modes - 1)."""
    power, worth = machine.power, problem.h * (machine.revenue - machine.power * problem.cost)
    modes, T = power.shape
    t = np.arange(T)
    base = power.min(axis=0)
    at_base = np.where(power == base, worth, -np.inf)
    now_power, now_worth = base.copy(), at_base.max(axis=0)
    widths, slopes = np.zeros((T, modes - 1)), np.zeros((T, modes - 1))
    for step in range(modes - 1):
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(power > now_power, (worth - now_worth) / (power - now_power), -np.inf)
        steepest = slope.max(axis=0)
        reach = np.where(slope == steepest, power, -np.inf)
        chosen = reach.argmax(axis=0)
        more = np.isfinite(steepest)
        widths[:, step] = np.where(more, power[chosen, t] - now_power, 0.0)
        slopes[:, step] = np.where(more, steepest, 0.0)
        now_power = np.where(more, power[chosen, t], now_power)
        now_worth = np.where(more, worth[chosen, t], now_worth)
    return base, at_base.max(axis=0), widths, slopes


@dataclass(frozen=True)
class Rows:
    """What ``e_t`` is asked for, row by row: interval, word, most import, and the cell ``[low, high]`` of the mining power."""

    t: Whole
    word: Whole
    cap: Array
    low: Array
    high: Array

    def __getitem__(self, chosen: Whole | slice) -> "Rows":
        return Rows(self.t[chosen], self.word[chosen], self.cap[chosen], self.low[chosen], self.high[chosen])

    def __len__(self) -> int:
        return len(self.t)


class Site:
    """What part 5 needs of the problem whatever the prices are. First axis: intervals."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        T, h = problem.T, problem.h
        hulls = [hull(machine, problem) for machine in problem.machines]
        self.base_power = _columns([one[0] for one in hulls], T)
        self.base_worth = _columns([one[1] for one in hulls], T)
        self.width = np.concatenate([one[2] for one in hulls] or [np.zeros((T, 0))], axis=1)
        self.slope = np.concatenate([one[3] for one in hulls] or [np.zeros((T, 0))], axis=1)
        self.owner = np.repeat(np.arange(len(hulls)), [one[2].shape[1] for one in hulls])
        self.most_power = _columns([one[0] + one[2].sum(axis=1) for one in hulls], T)
        self.blocks = np.array([machine.blocks for machine in problem.machines], dtype=np.float64)
        self.counts = np.array(list(product(*(range(m.blocks + 1) for m in problem.machines))), dtype=np.float64)
        self.elastic_width = _columns([row for load in problem.elastic for row in load.width], T)
        gained = [
            h * (row - problem.cost + load.passes * problem.energy) for load in problem.elastic for row in load.worth
        ]
        self.elastic_slope = _columns(gained, T)
        self.words = np.array(list(product((0, 1), repeat=len(problem.jobs))), dtype=np.int64)
        power = _columns([job.power for job in problem.jobs], T)
        work = _columns(
            [h * (job.fee - job.power * (problem.cost - job.passes * problem.energy)) for job in problem.jobs], T
        )
        self.word_power = problem.floor_power[:, None] + power @ self.words.T
        self.word_work = work @ self.words.T
        self.able: Flags = ~((power == 0).astype(np.int64) @ self.words.T).astype(bool)
        restricted = [one for one in problem.positions if one.resale != "free"]
        if len(restricted) > 1:
            raise MalformedError("problem.positions: the bound of the page knows one position with restricted resale")
        self.block = restricted[0].block if restricted else np.zeros(T)
        loss = h * restricted[0].loss if restricted else np.zeros(T)
        self.loss, self.granted = np.maximum(loss, 0.0), np.maximum(-loss, 0.0)


def _columns(rows: list[Array], T: int) -> Array:
    return np.array(rows, dtype=np.float64).reshape(len(rows), T).T.copy()


class Shop:
    """Part 5 at one set of prices."""

    def __init__(self, site: Site, prices: Prices) -> None:
        self.site = site
        self.worth = site.base_worth - prices.running
        self.cover = prices.cover
        self.work = site.word_work - (prices.wage[:, 1:] @ site.words[:, 1:].T if site.words.shape[1] > 1 else 0.0)
        order = np.argsort(-site.slope, axis=1, kind="stable")
        self.owner = site.owner[order] if order.shape[1] else order
        self.width = np.take_along_axis(site.width, order, axis=1)
        self.slope = slope = np.take_along_axis(site.slope, order, axis=1)
        self.split = bool((self.cover > 0).any())
        parts = [slope + self.cover[:, None], slope] if self.split else [slope]
        merged = np.concatenate([*parts, site.elastic_slope], axis=1)
        self.order = np.argsort(-merged, axis=1, kind="stable")
        self.merged = np.take_along_axis(merged, self.order, axis=1)
        # worth and power of one block at each corner of its hull, less the price of running: T x corners
        self.corner_owner, corners = self._corners()
        self.corner_worth, self.corner_power = corners

    def _corners(self) -> tuple[Whole, tuple[Array, Array]]:
        site = self.site
        owner, worth, power = [], [], []
        for c in range(len(site.blocks)):
            mine = site.owner == c
            steps = np.concatenate([np.zeros((site.problem.T, 1)), site.width[:, mine]], axis=1)
            gains = np.concatenate([np.zeros((site.problem.T, 1)), site.width[:, mine] * site.slope[:, mine]], axis=1)
            power.append(site.base_power[:, c : c + 1] + steps.cumsum(axis=1))
            worth.append(self.worth[:, c : c + 1] + gains.cumsum(axis=1))
            owner += [c] * steps.shape[1]
        empty = np.zeros((site.problem.T, 0))
        return np.array(owner, dtype=np.int64), (
            np.concatenate([empty, *worth], axis=1),
            np.concatenate([empty, *power], axis=1),
        )

    def filled(self, rows: Rows, counts: Array) -> tuple[Array, Array]:
        """Best value and its import for given counts of blocks (rows x classes).

        Of the machines' segments, steepest first, what lies below the cell is filled whatever it brings.
        """
        site, t, word, cap = self.site, rows.t, rows.word, rows.cap
        base_power = (counts * site.base_power[t]).sum(axis=1)
        start = site.word_power[t, word] + base_power
        value = self.work[t, word] + (counts * self.worth[t]).sum(axis=1)
        value += site.granted[t] * np.maximum(site.block[t] - start, 0.0)
        widths = np.take_along_axis(counts, self.owner[t], axis=1) * self.width[t]
        at = base_power[:, None] + widths.cumsum(axis=1) - widths
        forced = np.clip(rows.low[:, None] - at, 0.0, widths)
        least = base_power + forced.sum(axis=1)
        value += (forced * self.slope[t]).sum(axis=1) + self.cover[t] * np.minimum(least, rows.high)
        start += least - base_power
        parts = [widths - forced]
        if self.split:
            below = np.clip(rows.high[:, None] - at - forced, 0.0, widths - forced)
            parts = [below, widths - forced - below]
        merged = np.concatenate([*parts, site.elastic_width[t]], axis=1)
        merged = np.take_along_axis(merged, self.order[t], axis=1)
        slope, loss = self.merged[t], site.loss[t]
        until = np.where(slope + loss[:, None] > 0, np.minimum(cap, site.block[t])[:, None], -np.inf)
        until = np.where(slope > 0, cap[:, None], until)
        used = np.clip(until - (start[:, None] + merged.cumsum(axis=1) - merged), 0.0, merged)
        end = start + used.sum(axis=1)
        value += (used * slope).sum(axis=1) + loss * np.minimum(end - site.block[t], 0.0)
        possible = (start <= cap + SLACK) & (least >= rows.low - SLACK) & site.able[t, word]
        return np.where(possible, value, -np.inf), end

    def _dual(self, rows: Rows, theta: Array, pi: Array) -> tuple[Array, Array]:
        """Constant and worth of each class of the upper bound at prices ``theta`` of import, ``pi`` of mining power.

        ``cover x min(mining, high) <= pi x mining + (cover - pi) x c`` for mining in the cell, with c its high end when
        ``pi <= cover`` and its low end otherwise.
        """
        site, t, word, cap = self.site, rows.t, rows.word, rows.cap
        loss, block = site.loss[t], site.block[t]
        theta = np.minimum(theta, loss)
        theta = np.where(np.isinf(cap), np.maximum(theta, 0.0), theta)
        reach = np.where(np.isinf(cap), 0.0, cap)
        with np.errstate(divide="ignore", invalid="ignore"):
            least = np.where(loss > 0, np.maximum(theta, 0.0), 0.0)
        eta = np.where(np.isinf(cap) | (cap >= block), least, loss)
        constant = self.work[t, word] + theta * site.word_power[t, word] - eta * block + (eta - theta) * reach
        short = self.cover[t] - pi
        constant += short * np.where(short < 0, rows.low, np.where(short > 0, rows.high, 0.0))
        if site.elastic_slope.shape[1]:
            gain = np.maximum(site.elastic_slope[t] + theta[:, None], 0.0)
            constant += (gain * site.elastic_width[t]).sum(axis=1)
        net = (pi + theta)[:, None] * self.corner_power[t] + self.corner_worth[t]
        classes = [net[:, self.corner_owner == c].max(axis=1) for c in range(len(site.blocks))]
        return constant, np.stack(classes, axis=1) if classes else np.zeros((len(t), 0))

    def _prices(self, rows: Rows) -> tuple[Array, Array]:
        """Prices ``theta`` and ``pi`` at which the upper bound is low."""
        site, t = self.site, rows.t
        none, cover = np.zeros(len(t)), self.cover[t]
        best, theta, pi = np.full(len(t), np.inf), none, cover

        def attempt(one: Array, other: Array) -> None:
            nonlocal best, theta, pi
            constant, worth = self._dual(rows, one, other)
            total = constant + (np.maximum(worth, 0.0) * site.blocks).sum(axis=1)
            better = total < best
            best = np.where(better, total, best)
            theta, pi = np.where(better, one, theta), np.where(better, other, pi)

        with np.errstate(divide="ignore", invalid="ignore"):
            even = np.where(self.corner_power[t] > 0, -self.corner_worth[t] / self.corner_power[t], 0.0)
        even = np.concatenate([even, -site.slope[t]], axis=1)
        for level in (cover, none) if self.split else (none,):
            for one in [none, site.loss[t], *(even - level[:, None]).T, *(-site.elastic_slope[t]).T]:
                attempt(one, level)
        # within a cell that begins at 0 a MW of mining is worth at most its cover, in others as much as its low end costs
        least = rows.low > 0
        most = np.where(least, np.inf, cover)[:, None]
        if self.split or least.any():
            for other in np.clip(even - theta[:, None], 0.0, most).T:
                attempt(theta, other)
        if least.any():
            for one in (even - pi[:, None]).T:
                attempt(one, pi)
        return theta, pi

    def _best(self, rows: Rows) -> tuple[Array, Array]:
        """Best value over the counts and its import, for a few rows."""
        site, t, word, cap = self.site, rows.t, rows.word, rows.cap
        constant, worth = self._dual(rows, *self._prices(rows))
        upper = constant[:, None] + worth @ site.counts.T
        start = site.word_power[t, word][:, None] + site.base_power[t] @ site.counts.T
        if (site.granted[t] > 0).any():
            upper += site.granted[t][:, None] * np.maximum(site.block[t][:, None] - start, 0.0)
        upper[start > cap[:, None] + 2 * SLACK] = -np.inf
        upper[~site.able[t, word]] = -np.inf
        if (rows.low > 0).any():
            upper[site.most_power[t] @ site.counts.T < rows.low[:, None] - 2 * SLACK] = -np.inf
        best, used = np.full(len(t), -np.inf), np.zeros(len(t))
        scale = 1e-13 * (1 + np.abs(constant) + (np.abs(worth) * site.blocks).sum(axis=1))
        active = np.arange(len(t))
        while len(active):
            chosen = upper.argmax(axis=1)
            places = np.arange(len(active))
            keep = upper[places, chosen] > best[active] + scale[active]
            if not keep.all():
                active, upper, chosen = active[keep], upper[keep], chosen[keep]
                places = np.arange(len(active))
            value, end = self.filled(rows[active], site.counts[chosen])
            better = value > best[active]
            best[active] = np.where(better, value, best[active])
            used[active] = np.where(better, end, used[active])
            upper[places, chosen] = -np.inf
        return best, used

    def best(self, rows: Rows) -> tuple[Array, Array]:
        """``e_t`` of all rows, and the import at which it is reached."""
        found, used = np.empty(len(rows)), np.empty(len(rows))
        step = max(64, ROWS * 64 // max(64, len(self.site.counts)))
        for a in range(0, len(rows), step):
            part = slice(a, a + step)
            found[part], used[part] = self._best(rows[part])
        return found, used
