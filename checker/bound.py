"""The bound and what must hold of it (section 'Bound' of the page)."""

import math

import numpy as np

from checker.cells import Cells
from checker.interval import Rows, Shop, Site
from checker.plan import Certificate, Cuts, Exclusion, Piece, Prices
from checker.problem import Problem
from checker.reading import Array, Whole
from checker.value import positions_usd
from checker.words import JobState, best_block, best_job

RELATIVE = 1e-9
Pieces = list[list[Piece]]


def constant_usd(problem: Problem) -> float:
    """Part 1: the value of what does not depend on the plan."""
    p = problem.floor_power
    passed = sum((load.power for load in problem.firm if load.passes), start=np.zeros(problem.T))
    passed = sum((load.floor for load in problem.elastic if load.passes), start=passed)
    total = problem.h * float((passed * problem.energy - p * problem.cost).sum())
    total += sum(float(load.rent.sum()) for load in problem.firm)
    total += problem.h * sum(float(load.floor_usd.sum()) for load in problem.elastic)
    total += positions_usd(problem) - float(problem.fixed.sum())
    for peak in problem.peaks[1:]:
        total -= float((peak.usd * peak.floor).sum())
    return total


class Calendar:
    """The months of the first demand charge, or one month without any."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        first = problem.peaks[0] if problem.peaks else None
        self.month: Whole = first.month if first else np.zeros(problem.T, dtype=np.int64)
        self.measured = first.measured if first else np.ones(problem.T, dtype=np.bool_)
        self.months = len(first.usd) if first else 1
        self.intervals = [np.flatnonzero(self.month == m) for m in range(self.months)]

    def highest(self, m: int) -> float:
        """The highest import that the limit and all loads together allow in the measured intervals of a month."""
        problem = self.problem
        everything = problem.floor_power.copy()
        for machine in problem.machines:
            everything += machine.blocks * machine.power.max(axis=0)
        everything += sum((job.power for job in problem.jobs), start=np.zeros(problem.T))
        everything += sum((load.width.sum(axis=0) for load in problem.elastic), start=np.zeros(problem.T))
        chosen = (self.month == m) & self.measured
        return float(np.minimum(everything, problem.limit)[chosen].max(initial=0.0))


class Bound:
    """``B(prices, pieces)`` with the certificate's cuts; all that two calls share is kept.

    What a cell of a cut hour brings (``g_H``) is earned in its first interval, what other hours bring beforehand.
    """

    def __init__(self, problem: Problem, price_sets: list[Prices], cuts: Cuts = ()) -> None:
        self.problem = problem
        self.calendar = Calendar(problem)
        keys = list(dict.fromkeys(prices.key() for prices in price_sets))
        self.number = {key: k for k, key in enumerate(keys)}
        by_key = {prices.key(): prices for prices in price_sets}
        self.prices = [by_key[key] for key in keys]
        self.cells = Cells(problem, cuts)
        month = self.calendar.month[self.cells.t]
        self.columns = [np.flatnonzero(month == m) for m in range(self.calendar.months)]
        self.stretches = [self.cells.stretches(mine) for mine in self.columns]
        self.gain = [self.cells.gain(prices.cover) for prices in self.prices]
        self.site = Site(problem)
        self.shops: dict[int, Shop] = {}
        self.table: dict[tuple[int, int, float], Array] = {}
        self.free: dict[tuple[int, int], tuple[Array, Array]] = {}
        self.prefix: dict[int, list[tuple[tuple[Piece, ...], JobState]]] = {}
        self.constant = constant_usd(problem)
        self.before = np.full(len(self.prices), self.constant)
        for c, machine in enumerate(problem.machines):
            running = np.stack([prices.running[:, c] for prices in self.prices], axis=1)
            self.before += machine.blocks * best_block(machine, running, problem.h)
        for j, job in enumerate(problem.jobs[1:], start=1):
            self.before += best_job(job, np.stack([prices.wage[:, j] for prices in self.prices], axis=1))
        self.before += [float(gain[self.cells.single].sum()) for gain in self.gain]

    def rows(self, columns: Whole, word: Whole, cap: Array) -> Rows:
        """What part 5 is asked for: columns with a word of jobs each and the most import."""
        cells = self.cells
        cell = cells.cell[columns]
        return Rows(cells.t[columns], word, cap, cells.low[cell], cells.high[cell])

    def _free(self, k: int, m: int) -> tuple[Array, Array]:
        """``e_t`` of a month at the limit alone and the import used: words x columns."""
        if (k, m) not in self.free:
            shop = self.shops.setdefault(k, Shop(self.site, self.prices[k]))
            mine, words = self.columns[m], len(self.site.words)
            columns, word = np.tile(mine, words), np.repeat(np.arange(words), len(mine))
            limit = self.problem.limit[self.cells.t[columns]]
            found, used = shop.best(self.rows(columns, word, limit))
            self.free[k, m] = found.reshape(words, -1), used.reshape(words, -1)
        return self.free[k, m]

    def under(self, k: int, m: int, most: Array) -> Array:
        """``e_t`` of a month under some ``most_mw``, without what cells bring: most x words x columns."""
        free, used = self._free(k, m)
        t = self.cells.t[self.columns[m]]
        value = np.repeat(free[None], len(most), axis=0)
        cut = np.isfinite(value) & self.calendar.measured[t] & (used > most[:, None, None])
        if cut.any():
            piece, word, i = np.nonzero(cut)
            cap = np.minimum(most[piece], self.problem.limit[t[i]])
            value[cut] = self.shops[k].best(self.rows(self.columns[m][i], word, cap))[0]
        return value

    def _fill(self, k: int, m: int, pieces: list[Piece]) -> None:
        """Work out ``e_t`` of a month under the ``most_mw`` of all pieces for which it is not known."""
        wanted = {piece.most for piece in pieces if (k, m, piece.most) not in self.table}
        if not wanted:
            return
        most = np.array(sorted(wanted))
        value = self.under(k, m, most)
        mine = self.columns[m]
        first = self.cells.cut[mine] & self.cells.opens[mine]
        value[:, :, first] += self.gain[k][self.cells.cell[mine[first]]]
        states = 2 if self.problem.jobs else 1
        for one, found in zip(most.tolist(), value, strict=True):
            self.table[k, m, one] = found.reshape(states, len(self.site.words) // states, len(mine)).max(axis=1)

    def earned(self, k: int, m: int, most: float) -> Array:
        """``e_t`` of a month under a piece's ``most_mw``, best over the words of the other jobs: 2 (or 1) x columns."""
        if (k, m, most) not in self.table:
            self._fill(k, m, [Piece(0.0, most, 0.0)])
        return self.table[k, m, most]

    def _month(self, k: int, m: int, pieces: list[Piece], state: JobState) -> JobState:
        self._fill(k, m, pieces)
        cheapest: dict[bytes, tuple[float, Array]] = {}
        for piece in pieces:
            earned = self.earned(k, m, piece.most)
            usd, _ = cheapest.get(earned.tobytes(), (math.inf, earned))
            cheapest[earned.tobytes()] = min(usd, piece.usd), earned
        costs = np.array([usd for usd, _ in cheapest.values()])
        lanes = state.spread(len(costs))
        both = np.stack([earned for _, earned in cheapest.values()])
        for a, b, cells in self.stretches[m]:
            through = (
                both[:, :, a:b].reshape(len(costs), 2, cells, -1).swapaxes(1, 2).reshape(len(costs) * cells, 2, -1)
            )
            if cells > 1:
                lanes = lanes.spread(cells)
            lanes.advance(int(self.cells.t[self.columns[m][a]]), through[:, 0], through[:, 1])
            if cells > 1:
                lanes = lanes.best_cell(cells)
        return lanes.joined(costs)

    def _with_job(self, k: int, pieces: Pieces) -> float:
        known = self.prefix.setdefault(k, [])
        state = JobState(self.problem.jobs[0])
        for m, mine in enumerate(pieces):
            if m < len(known) and known[m][0] == tuple(mine):
                state = known[m][1]
                continue
            del known[m:]
            state = self._month(k, m, mine, state)
            known.append((tuple(mine), state))
        return float(state.best()[0])

    def usd(self, prices: Prices, pieces: Pieces) -> float:
        """The sum of the five parts; minus infinity when a month has no piece left."""
        if not all(pieces):
            return -math.inf
        k = self.number[prices.key()]
        if self.problem.jobs:
            return float(self.before[k]) + self._with_job(k, pieces)
        total = float(self.before[k])
        for m, mine in enumerate(pieces):
            self._fill(k, m, mine)
            columns = self.columns[m]
            total += max(self.cells.summed(columns, self.earned(k, m, piece.most)[0]) - piece.usd for piece in mine)
        return total


def premise_faults(problem: Problem) -> list[str]:
    """What part 2, part 4 and the pieces need to be no smaller than any plan's value; the page takes it for granted."""
    wrong = []
    for c, machine in enumerate(problem.machines):
        if (machine.ramp_loss < 0).any() or (len(machine.ramp_loss) and machine.revenue.min() < 0):
            wrong.append(f"class {c}: a revenue or a share lost after a start below 0; the bound does not cover it")
        if machine.power.min() < 0:
            wrong.append(f"class {c}: a power of {machine.power.min():.9g} MW")
    for i, peak in enumerate(problem.peaks):
        if min(peak.usd.min(initial=0.0), peak.floor.min(initial=0.0), peak.ratchet) < 0:
            wrong.append(f"demand charge {i}: a price, floor or ratchet below 0; the bound does not cover it")
    for r, one in enumerate(problem.reserves):
        if min(one.share, one.least, one.most) < 0:
            wrong.append(f"programme {r}: a share or a limit below 0; the bound does not cover it")
    return wrong


def prices_faults(problem: Problem, certificate: Certificate) -> list[str]:
    """Section Prices."""
    wrong = []
    for name, prices in [
        ("certificate", certificate.prices),
        *((f"exclusion {i}", one.prices) for i, one in enumerate(certificate.exclusions)),
    ]:
        if prices.cover.min(initial=0.0) < 0:
            wrong.append(f"{name}: a cover price of {prices.cover.min():.9g}, below 0")
        if problem.jobs and (prices.wage[:, 0] != 0).any():
            wrong.append(f"{name}: a wage of the first job that is not 0")
    return wrong


def all_pieces(certificate: Certificate) -> Pieces:
    """The pieces of the certificate and of all exclusions, month by month."""
    found = [list(month) for month in certificate.pieces]
    for one in certificate.exclusions:
        found[one.month] += one.pieces
    return found


def pieces_faults(problem: Problem, certificate: Certificate) -> list[str]:
    """Section Pieces: what they must cover and may at most cost."""
    wrong = []
    calendar = Calendar(problem)
    if (np.diff(calendar.month) < 0).any():
        wrong.append("the intervals of a month are not consecutive")
    for m, pieces in enumerate(all_pieces(certificate)):
        reached, highest = 0.0, calendar.highest(m)
        gap = not any(piece.least <= 0 for piece in pieces)
        for piece in sorted(pieces, key=lambda one: one.least):
            if piece.most < piece.least:
                wrong.append(f"month {m}: a piece from {piece.least:.9g} to {piece.most:.9g} MW")
            if piece.least > reached:
                break
            reached = max(reached, piece.most)
        if gap or reached < highest - RELATIVE * max(1.0, highest):
            wrong.append(f"month {m}: the pieces cover peaks to {reached:.9g} MW, not to {highest:.9g} MW")
        for piece in pieces:
            first = problem.peaks[0] if problem.peaks else None
            most = float(first.usd[m]) * max(piece.least, float(first.floor[m])) if first else 0.0
            if piece.usd > most + RELATIVE * max(1.0, abs(most)):
                wrong.append(
                    f"month {m}: a piece from {piece.least:.9g} MW costs {piece.usd:.9g}, above {most:.9g} USD"
                )
    if not problem.peaks and [len(month) for month in all_pieces(certificate)] != [1]:
        wrong.append("without a demand charge there is one piece")
    return wrong


def exclusion_faults(bound: Bound, certificate: Certificate, value_usd: float) -> list[str]:
    """Section Exclusions, in order; their bounds against the plan's value."""
    wrong = []
    left = [list(month) for month in certificate.pieces]
    remaining: list[tuple[Exclusion, Pieces]] = []
    for one in reversed(certificate.exclusions):
        remaining.append((one, [list(month) for month in left]))
        left[one.month] += one.pieces
    for i, (one, others) in enumerate(reversed(remaining)):
        others[one.month] = list(one.pieces)
        found = bound.usd(one.prices, others)
        if not found <= value_usd + RELATIVE * max(1.0, abs(value_usd)):
            wrong.append(f"exclusion {i}, month {one.month}: {found - value_usd:.9g} USD above the value")
    return wrong


def bound_faults(certificate: Certificate, found_usd: float, floor_usd: float) -> list[str]:
    """What ``certificate.bound_usd`` must be where the bound of its prices and pieces is ``found_usd``, and F ``floor_usd``."""
    wanted = max(found_usd, floor_usd)
    wanted += 1e-9 * (1 + abs(wanted))
    if not abs(certificate.bound_usd - wanted) <= RELATIVE * max(1.0, abs(wanted)):
        off = certificate.bound_usd - wanted
        return [f"certificate.bound_usd is {certificate.bound_usd!r}, found {wanted!r}: off by {off:.9g} USD"]
    return []
