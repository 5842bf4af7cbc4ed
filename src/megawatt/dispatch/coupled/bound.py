"""The bound of a split site at given prices, with every month's billed peak by pieces.

A demand charge ties all intervals of a month to one number, its peak D. A linear price on it leaves a gap of tenths of
a percent, so the peaks are cut into pieces instead: on a piece [D1, D2] the intervals may draw up to D2 and the charge
is at least that of D1. The prices do not depend on the piece, so the machine recursions are run once, and the first
job's recursion carries the best value of every month into the next: one pass over the horizon covers all combinations.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.certificate import Prices
from megawatt.dispatch.counts import constant_usd
from megawatt.dispatch.coupled.cover import Kinks, Spans, kinks_of, spans_of
from megawatt.dispatch.coupled.hours import Awards, awards_of, hour_caps
from megawatt.dispatch.coupled.interval import NEVER
from megawatt.dispatch.coupled.ramps import Ramps
from megawatt.dispatch.coupled.tables import Tables, tables_of
from megawatt.dispatch.coupled.work import least_done, plan_work
from megawatt.dispatch.kernel import plan_block
from megawatt.dispatch.problem import Floats, Ints, MachineClass, Problem

ROUND_OUT = 1e-9
"""Relative amount by which a bound is moved outwards: the arithmetic of another machine must not fall below it."""


FAVOUR = 0.1
"""Share of what a running block usually earns by which words are favoured: prices of a few steps are that close."""


@dataclass(slots=True)
class Split:
    """A problem prepared for evaluations of its bound.

    Attributes:
        problem: The problem.
        firm_mw: Power that cannot be shed, shape (T,) [MW].
        tables: Its arrays.
        ramps: The same with ramping blocks apart.
        awards: Its reserve programmes.
        kinks: Covers at which their worth bends.
        cap: Cover that the best awards of the hour need, shape (T,) [MW].
        ramp: Per class, least change of the i-th interval after a start, shapes (r, T) [USD], <= 0.
        constant_usd: Money that no decision changes.
        edges: First interval of each month of the first demand charge and the end, shape (M + 1,).
        spans: Award hours, parted at months.
        span_edges: First span of each month and the end, shape (M + 1,).
        least: Per job, work that must be done after each interval, shape (T,) each.
    """

    problem: Problem
    firm_mw: Floats
    tables: Tables
    ramps: Ramps
    awards: Awards
    kinks: Kinks
    cap: Floats
    ramp: list[Floats]
    constant_usd: float
    edges: Ints
    spans: Spans
    span_edges: Ints
    least: tuple[Ints, ...]

    @classmethod
    def of(cls, problem: Problem) -> "Split":
        """Prepare ``problem``."""
        T = problem.T
        month = problem.peaks[0].month if problem.peaks else np.zeros(T, dtype=np.int64)
        edges = np.concatenate((np.searchsorted(month, np.arange(int(month[-1]) + 1)), [T])).astype(np.int64)
        least = tuple(least_done(job.power_mw > 0, job.window, job.need) for job in problem.batches)
        ramp = [least_ramp_usd(m, problem.grid.hours, T) for m in problem.machines]
        awards, tables = awards_of(problem), tables_of(problem)
        spans = spans_of(awards, edges)
        return cls(
            problem,
            problem.firm_mw,
            tables,
            Ramps.of(problem, tables),
            awards,
            kinks_of(awards),
            hour_caps(awards)[0],
            ramp,
            constant_usd(problem) - _other_floors_usd(problem),
            edges,
            spans,
            np.searchsorted(spans.start, edges),
            least,
        )

    def room(self, peak_mw: Floats) -> Floats:
        """Import limit less firm load when every month keeps its peak, shape (T,) [MW]."""
        if not self.problem.peaks:
            return self.tables.room
        charge = self.problem.peaks[0]
        cap = np.where(charge.measured, peak_mw[charge.month], np.inf)
        room: Floats = np.minimum(self.tables.room, cap - self.firm_mw)
        return room

    def month_room(self, m: int, peak_mw: float) -> Floats:
        """The same of the intervals of one month, shape (its length,) [MW]."""
        return self.part_room(int(self.edges[m]), int(self.edges[m + 1]), peak_mw)

    def part_room(self, a: int, b: int, peak_mw: float) -> Floats:
        """The same of the intervals a .. b - 1, whose months keep one peak, shape (b - a,) [MW]."""
        room: Floats = self.tables.room[a:b]
        if self.problem.peaks:
            cap = np.where(self.problem.peaks[0].measured[a:b], peak_mw, np.inf)
            room = np.minimum(room, cap - self.firm_mw[a:b])
        return room

    def blocks_usd(self, prices: Prices) -> tuple[float, list[NDArray[np.int8]]]:
        """Best value of all blocks at their prices [USD], and the word of a block of each class."""
        total, words = 0.0, []
        for c, (m, ramp) in enumerate(zip(self.problem.machines, self.ramp, strict=True)):
            value, word = plan_block(
                np.ascontiguousarray(prices.running[:, c]), ramp, m.start_usd, m.stop_usd, m.min_up, m.min_down,
                m.initial.on, m.initial.steps,
            )  # fmt: skip
            total += m.blocks * value
            words.append(word)
        return total, words

    def words_near(self, prices: Prices, counts: Floats) -> list[NDArray[np.int8]]:
        """Words of all blocks at prices that favour some counts a little, shapes (n, T).

        At good prices many words of a block are worth the same. Block k earns a share more where more than k run and as
        much less elsewhere, and so takes of these words the one that is nearest to the counts.

        Args:
            prices: Prices of the split.
            counts: Running blocks, shape (T, C).
        """
        found = []
        for c, (m, ramp) in enumerate(zip(self.problem.machines, self.ramp, strict=True)):
            favour = FAVOUR * float(np.median(np.abs(self.tables.base_usd[:, c])))
            words = np.zeros((m.blocks, self.problem.T), dtype=np.int8)
            for k in range(m.blocks):
                price = prices.running[:, c] + np.where(counts[:, c] > k, favour, -favour)
                _, words[k] = plan_block(
                    price, ramp, m.start_usd, m.stop_usd, m.min_up, m.min_down, m.initial.on, m.initial.steps
                )
            found.append(words)
        return found

    def jobs_usd(self, prices: Prices) -> tuple[float, NDArray[np.int8]]:
        """Best value of the jobs after the first at their wages [USD], and their words, shape (T, J); 0 for the first."""
        total, words = 0.0, np.zeros((self.problem.T, len(self.problem.batches)), dtype=np.int8)
        for j, job in enumerate(self.problem.batches):
            if j > 0:
                on = np.where(job.power_mw > 0, prices.wage[:, j], NEVER)
                value, words[:, j] = plan_work(
                    np.zeros(len(on)),
                    on,
                    job.window,
                    job.need,
                    self.least[j],
                    job.restart_usd,
                    job.min_run,
                    job.initial_on,
                )
                total += value
        return total, words


def _other_floors_usd(problem: Problem) -> float:
    """What demand charges after the first cost at least [USD]."""
    return float(sum((c.usd_per_mw_month * c.floor_mw).sum() for c in problem.peaks[1:]))


def least_ramp_usd(machine: MachineClass, hours: float, T: int) -> Floats:
    """What the i-th interval after a start loses at least to ramping, shape (r, T), <= 0 [USD]."""
    least = np.maximum(np.broadcast_to(machine.revenue_usd_per_h, (machine.modes, T)).min(axis=0), 0.0)
    lost = np.array([-hours * fraction * least for fraction in machine.ramp_loss])
    return lost.reshape(len(machine.ramp_loss), T)
