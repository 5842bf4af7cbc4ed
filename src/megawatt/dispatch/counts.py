"""The coupled site as a mixed-integer programme on counts: how many blocks of each class run, not which.

Per class c with n equal blocks: N_t in {0..n} running, V_t started, W_t stopped, X_mt of them in mode m > 0 (a block
holds hundreds of machines, so a share of it may be in a mode):

    N_t - N_{t-1} = V_t - W_t
    sum V over the last U intervals <= N_t            a started block still runs
    sum W over the last D intervals <= n - N_t        a stopped block still rests      (Rajan and Takriti on counts)
    sum_m X_mt <= N_t
    p_t = firm + mining + batch + elastic <= limit, and <= billed peak in measured intervals

Counts decompose into blocks first in, first out, because equal blocks are exchangeable. The meter limit is tightened:
while a batch job runs, the other loads cannot pass what then remains, so its coefficient is the power it really
displaces; the linear relaxation is several times tighter for it.

A ramp loss is counted over the intervals that a started block must run anyway, by mode (`dispatch/count_ramps.py`): exact for
ramps within the least run, otherwise never more than the true loss, so the bound stays valid; the plan itself is
settled exactly.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from megawatt.dispatch.count_ramps import CountRamps, running_loss_usd, start_loss_usd
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.problem import FREE, Floats, Ints, MachineClass, Problem
from megawatt.dispatch.rows import INF, Entry, Programme
from megawatt.dispatch.schedule import Schedule, UnitRun

WHOLE = 1e-9
"""Added before rounding down, so that a room of exactly k blocks holds k of them."""


@dataclass(slots=True)
class CountModel:
    """The programme of a problem and the numbers of its columns.

    Attributes:
        problem: The problem it states.
        programme: Columns and rows; the objective is the negative of the money that is not constant.
        constant_usd: Money that no decision changes.
        running: Per class, columns of N, each shape (T,).
        modes: Per class, columns of X for modes 1.., each shape (M - 1, T).
        ramps: Per class, what its ramping blocks do.
        batch: Per job, columns of y, each shape (T,).
        elastic: Per elastic load, columns of its segments, each shape (S, T).
        award: Per programme, columns of the awards, each shape (hours,).
        limit_rows: Rows of the meter limit, shape (T,).
        work_rows: Per job, rows of the work due in its windows, each shape (W,).
    """

    problem: Problem
    programme: Programme = field(default_factory=Programme)
    constant_usd: float = 0.0
    running: list[Ints] = field(default_factory=list)
    modes: list[Ints] = field(default_factory=list)
    ramps: list[CountRamps] = field(default_factory=list)
    batch: list[Ints] = field(default_factory=list)
    elastic: list[Ints] = field(default_factory=list)
    award: list[Ints] = field(default_factory=list)
    limit_rows: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    work_rows: list[Ints] = field(default_factory=list)

    @classmethod
    def of(cls, problem: Problem, *, tight: bool = True) -> "CountModel":
        """State a problem; ``tight=False`` leaves out the rows that only strengthen the relaxation."""
        model = cls(problem)
        model.constant_usd = constant_usd(problem)
        for machine in problem.machines:
            model._machine(machine)
        model._batches()
        model._elastics()
        model._meter_limit(tight=tight)
        model._demand_charges()
        model._unused_blocks()
        model._reserves()
        if not model.programme.columns:
            # of a model without columns HiGHS says 'empty', not whether the firm loads keep the limit
            model.programme.add_columns("nothing to decide", 1, hi=0.0)
        return model

    # power at the meter as entries (column, coefficient); the row is the interval

    def _mining(self, most_mw: float = np.inf, share: float = 1.0) -> list[tuple[Ints, Floats]]:
        """Power of the machines, or the share of it that a block can add to an award of at most ``most_mw``.

        An award is never larger than its most, so no block need count for more: the fraction of a large block that
        covers all of a small award is a fraction that the relaxation would otherwise run. Where only some modes are above
        the most, the power stays: a block that is in two modes by turns adds more than the two cut powers say.
        """
        terms = []
        for machine, n, x in zip(self.problem.machines, self.running, self.modes, strict=True):
            power = share * machine.power_mw
            power = np.where(power.min(axis=0) >= most_mw, most_mw, power)
            terms.append((n, power[0]))
            terms += [(x[m - 1], power[m] - power[0]) for m in range(1, machine.modes)]
        return terms

    def _others(self) -> list[tuple[Ints, Floats]]:
        """Mining and elastic loads: all that gives way to a batch job under the limit."""
        ones = np.ones(self.problem.T)
        return self._mining() + [(segment, ones) for hall in self.elastic for segment in hall]

    def _power(self) -> list[tuple[Ints, Floats]]:
        return self._others() + [(y, job.power_mw) for y, job in zip(self.batch, self.problem.batches, strict=True)]

    def _rows(self, terms: list[tuple[Ints, Floats]], sign: float = 1.0) -> list[Entry]:
        t = np.arange(self.problem.T)
        return [(t, column, sign * value) for column, value in terms]

    # one function per group of constraints

    def _machine(self, c: MachineClass) -> None:
        T, h, cost = self.problem.T, self.problem.grid.hours, self.problem.cost_usd_per_mwh
        add, t = self.programme, np.arange(T)
        worth = h * (c.revenue_usd_per_h - c.power_mw * cost)
        lo, hi = np.zeros(T), np.full(T, float(c.blocks))
        held = max(0, (c.min_up if c.initial.on else c.min_down) - c.initial.steps)
        if c.initial.on:
            lo[:held] = c.blocks
        else:
            hi[:held] = 0
        n = add.add_columns(f"blocks of {c.name}", T, lo=lo, hi=hi, cost=-worth[0], whole=True)
        x = np.zeros((c.modes - 1, T), dtype=np.int64)
        for m in range(1, c.modes):
            x[m - 1] = add.add_columns(f"mode {m} of {c.name}", T, hi=c.blocks, cost=worth[0] - worth[m])
        v = add.add_columns(f"starts of {c.name}", T, hi=c.blocks, cost=c.start_usd + start_loss_usd(c, h, T))
        w = add.add_columns(f"stops of {c.name}", T, hi=c.blocks, cost=c.stop_usd)
        before = np.zeros(T)
        before[0] = c.blocks * c.initial.on
        balance: list[Entry] = [(t, n, 1.0), (t, v, -1.0), (t, w, 1.0), (t[1:], n[:-1], -1.0)]
        add.add_rows(f"switching of {c.name}", T, balance, lo=before, hi=before)
        up, down = min(c.min_up, T), min(c.min_down, T)
        add.add_rows(f"least run of {c.name}", T, [*_window(t, v, up), (t, n, -1.0)], lo=-INF, hi=0.0)
        add.add_rows(f"least rest of {c.name}", T, [*_window(t, w, down), (t, n, 1.0)], lo=-INF, hi=c.blocks)
        if c.modes > 1:
            shares: list[Entry] = [(t, column, 1.0) for column in x]
            add.add_rows(f"modes of {c.name}", T, [*shares, (t, n, -1.0)], lo=-INF, hi=0.0)
        self.running.append(n)
        self.modes.append(x)
        self.ramps.append(CountRamps.add(add, c, h, n, x, v))
        self.constant_usd -= running_loss_usd(c, h, T)

    def _batches(self) -> None:
        problem, add, t = self.problem, self.programme, np.arange(self.problem.T)
        for job in problem.batches:
            cost = problem.cost_usd_per_mwh - job.pass_through * problem.recovered_usd_per_mwh
            worth = problem.grid.hours * (job.fee_usd_per_h - job.power_mw * cost)
            y = add.add_columns(f"work of {job.name}", problem.T, hi=job.power_mw > 0, cost=-worth, whole=True)
            s = add.add_columns(f"restarts of {job.name}", problem.T, hi=1.0, cost=job.restart_usd)
            before = np.zeros(problem.T)
            before[0] = job.initial_on
            add.add_rows(
                f"restart of {job.name}",
                problem.T,
                [(t, y, 1.0), (t, s, -1.0), (t[1:], y[:-1], -1.0)],
                lo=-INF,
                hi=before,
            )
            due = f"work due in {job.name}"
            self.work_rows.append(add.add_rows(due, len(job.need), [(job.window, y, 1.0)], lo=job.need, hi=job.need))
            if job.min_run > 1:
                # a started run may not be stopped by the next intervals: starts in the last R intervals still run
                window = _window(t, s, min(job.min_run, problem.T))
                add.add_rows(f"least run of {job.name}", problem.T, [*window, (t, y, -1.0)], lo=-INF, hi=0.0)
            self.batch.append(y)

    def _elastics(self) -> None:
        problem = self.problem
        for hall in problem.elastic:
            cost = problem.cost_usd_per_mwh - hall.pass_through * problem.recovered_usd_per_mwh
            columns = [
                self.programme.add_columns(
                    f"power of {hall.name}", problem.T, hi=mw, cost=-problem.grid.hours * (price - cost)
                )
                for mw, price in zip(hall.segment_mw, hall.segment_usd_per_mwh, strict=True)
            ]
            self.elastic.append(np.array(columns).reshape(len(columns), problem.T))

    def _meter_limit(self, *, tight: bool) -> None:
        problem = self.problem
        room = problem.limit_mw - problem.firm_mw
        entries = self._rows(self._power())
        self.limit_rows = self.programme.add_rows("meter limit", problem.T, entries, lo=-INF, hi=room)
        if tight and problem.machines:
            self._whole_blocks(room)
            self._displaced(room)

    def _whole_blocks(self, room: Floats) -> None:
        """No more blocks run than whole ones fit: in all, and beside each batch job that runs.

        With s the smallest power of any running block, the sum of counts is at most floor(room / s) without the job
        and floor((room - job) / s) with it: a rounding that the relaxation cannot see, and most of its gap.
        """
        problem = self.problem
        smallest = np.min([c.power_mw.min(axis=0) for c in problem.machines], axis=0)
        smallest = np.where(smallest > 0, smallest, np.inf)  # where nothing is covered nothing is limited
        total = float(sum(c.blocks for c in problem.machines))
        fit = np.clip(np.floor(room / smallest + WHOLE), 0.0, total)
        ones = np.ones(problem.T)
        counts = [(n, ones) for n in self.running]
        none = np.where(np.isfinite(smallest), fit, total)
        if (none < total).any():
            self.programme.add_rows("whole blocks", problem.T, self._rows(counts), lo=-INF, hi=none)
        for y, job in zip(self.batch, problem.batches, strict=True):
            beside = np.clip(np.floor((room - job.power_mw) / smallest + WHOLE), 0.0, total)
            beside = np.where(np.isfinite(smallest), beside, total)
            if (beside < none).any():
                rows = self._rows([*counts, (y, none - beside)])
                self.programme.add_rows(f"whole blocks beside {job.name}", problem.T, rows, lo=-INF, hi=none)

    def _displaced(self, room: Floats) -> None:
        """While a batch job runs the other loads cannot pass what then remains of the limit."""
        problem = self.problem
        batches = sum((job.power_mw for job in problem.batches), np.zeros(problem.T))
        cap = np.minimum(problem.largest_mw - problem.firm_mw - batches, room)
        for y, job in zip(self.batch, problem.batches, strict=True):
            displaced = job.power_mw - (room - cap)
            if (displaced > 0).any() and (displaced < job.power_mw).any():
                rows = self._rows([*self._others(), (y, np.maximum(displaced, 0.0))])
                self.programme.add_rows(f"meter limit beside {job.name}", problem.T, rows, lo=-INF, hi=cap)

    def _demand_charges(self) -> None:
        problem, add = self.problem, self.programme
        for charge in problem.peaks:
            months = len(charge.floor_mw)
            m = np.arange(months)
            peak = add.add_columns(f"peak of {charge.name}", months)
            billed = f"billed peak of {charge.name}"
            bill = add.add_columns(billed, months, lo=charge.floor_mw, cost=charge.usd_per_mw_month)
            add.add_rows(f"billing of {charge.name}", months, [(m, bill, 1.0), (m, peak, -1.0)], lo=0.0, hi=INF)
            for back in range(1, min(12, months)) if charge.ratchet_fraction else ():
                ratchet: list[Entry] = [
                    (m[back:] - back, bill[back:], 1.0),
                    (m[back:] - back, peak[:-back], -charge.ratchet_fraction),
                ]
                add.add_rows(f"ratchet of {charge.name}", months - back, ratchet, lo=0.0, hi=INF)
            t = np.flatnonzero(charge.measured)
            k = np.arange(len(t))
            over: list[Entry] = [(k, column[t], value[t]) for column, value in self._power()]
            over.append((k, peak[charge.month[t]], -1.0))
            add.add_rows(f"measuring of {charge.name}", len(t), over, lo=-INF, hi=-problem.firm_mw[t])

    def _unused_blocks(self) -> None:
        problem, add, t = self.problem, self.programme, np.arange(self.problem.T)
        for block in problem.positions:
            if block.resale == "free":
                continue
            loss = problem.grid.hours * block.unused_loss_usd_per_mwh()
            q = add.add_columns(f"unused energy of {block.name}", problem.T, hi=block.block_mw, cost=loss)
            entries: list[Entry] = [*self._rows(self._power()), (t, q, 1.0)]
            add.add_rows(f"use of {block.name}", problem.T, entries, lo=block.block_mw - problem.firm_mw, hi=INF)
            gain = np.flatnonzero(loss < 0)
            if gain.size:
                self._exactly_unused(block.name, np.broadcast_to(block.block_mw, loss.shape)[gain], q, gain)

    def _exactly_unused(self, name: str, block_mw: Floats, q: Ints, where: Ints) -> None:
        """Where unused energy is a gain, say that it is no more than max(block - import, 0)."""
        problem, add, k = self.problem, self.programme, np.arange(len(where))
        all_used = add.add_columns(f"full use of {name}", len(where), hi=1.0, whole=True)
        entries: list[Entry] = [(k, column[where], value[where]) for column, value in self._power()]
        most = problem.largest_mw[where]
        rows: list[Entry] = [*entries, (k, q[where], np.ones(len(where))), (k, all_used, -most)]
        add.add_rows(f"no more than unused of {name}", len(where), rows, lo=-INF, hi=block_mw - problem.firm_mw[where])
        none: list[Entry] = [(k, q[where], 1.0), (k, all_used, block_mw)]
        add.add_rows(f"nothing unused of {name}", len(where), none, lo=-INF, hi=block_mw)

    def _reserves(self) -> None:
        problem, add = self.problem, self.programme
        if not problem.reserves:
            return
        hour = problem.award_hour
        hours, h = int(hour[-1]) + 1, problem.grid.hours
        length = h * np.bincount(hour, minlength=hours)
        offered: dict[str, Ints] = {}
        for r in problem.reserves:
            worth = (r.price_usd_per_mw_h + r.call_usd_per_mw_h) * length
            award = add.add_columns(f"award of {r.name}", hours, hi=r.max_mw, cost=-worth)
            cover = self._rows([(c, -v) for c, v in self._mining(most_mw=r.max_mw, share=r.share_fraction)])
            sold = (np.arange(problem.T), award[hour], 1.0)
            add.add_rows(f"cover of {r.name}", problem.T, [*cover, sold], lo=-INF, hi=0.0)
            counted = self._rows([(n, np.full(problem.T, -r.max_mw)) for n in self.running])
            add.add_rows(f"blocks to cover {r.name}", problem.T, [*counted, sold], lo=-INF, hi=0.0)
            if r.min_mw > 0 or r.excludes or any(r.name in o.excludes for o in problem.reserves):
                z = add.add_columns(f"offer of {r.name}", hours, hi=1.0, whole=True)
                k = np.arange(hours)
                add.add_rows(f"most of {r.name}", hours, [(k, award, 1.0), (k, z, -r.max_mw)], lo=-INF, hi=0.0)
                add.add_rows(f"least offer of {r.name}", hours, [(k, award, 1.0), (k, z, -r.min_mw)], lo=0.0, hi=INF)
                offered[r.name] = z
            self.award.append(award)
        if len(problem.reserves) > 1:
            entries = self._rows(self._mining(), -1.0)
            entries += [(np.arange(problem.T), award[hour], np.ones(problem.T)) for award in self.award]
            add.add_rows("cover of all programmes", problem.T, entries, lo=-INF, hi=0.0)
        self._exclusions(offered, hours)

    def _exclusions(self, offered: dict[str, Ints], hours: int) -> None:
        k = np.arange(hours)
        for r in self.problem.reserves:
            for other in r.excludes:
                if other in offered:
                    rows: list[Entry] = [(k, offered[r.name], 1.0), (k, offered[other], 1.0)]
                    self.programme.add_rows(f"{r.name} or {other}", hours, rows, lo=-INF, hi=1.0)

    def schedule(self, x: Floats) -> Schedule:
        """Read a solution, shape (columns,), as a schedule of single blocks."""
        problem = self.problem
        units: list[UnitRun] = []
        for number, (machine, n, modes) in enumerate(zip(problem.machines, self.running, self.modes, strict=True)):
            count = np.rint(x[n]).astype(np.int64)
            in_mode = np.clip(x[modes] / np.maximum(count, 1), 0.0, 1.0)
            in_mode /= np.maximum(in_mode.sum(axis=0), 1.0)
            share = np.concatenate([1 - in_mode.sum(axis=0, keepdims=True), in_mode])
            words = first_in_first_out(count, machine)
            units += [UnitRun(number, 1, one) for one in self.ramps[number].shares(x, x[modes], words, share)]
        batch = np.array([np.rint(x[y]) for y in self.batch], dtype=np.int8).reshape(len(self.batch), problem.T)
        elastic = np.array([x[e].sum(axis=0) for e in self.elastic]).reshape(len(self.elastic), problem.T)
        hours = int(problem.award_hour[-1]) + 1 if problem.award_hour.size else 0
        award = np.array([np.maximum(x[a], 0.0) for a in self.award]).reshape(len(self.award), hours)
        return Schedule(tuple(units), batch, elastic, award)


def constant_usd(problem: Problem) -> float:
    """Money that no decision changes: everything off, without what columns of the model count."""
    hours = int(problem.award_hour[-1]) + 1 if problem.award_hour.size else 0
    nothing = Schedule(
        tuple(UnitRun(n, c.blocks, np.zeros((c.modes, problem.T))) for n, c in enumerate(problem.machines)),
        np.zeros((len(problem.batches), problem.T), dtype=np.int8),
        np.zeros((len(problem.elastic), problem.T)),
        np.zeros((len(problem.reserves), hours)),
    )
    counted = ("starts_stops", "demand", "resale_loss")
    lines = settle(problem, nothing).lines
    return float(sum(line.sum() for name, line in lines.items() if not name.endswith(counted)))


def first_in_first_out(count: Ints, machine: MachineClass) -> Floats:
    """On/off words of single blocks from counts, shape (blocks, T): the longest running stops, the longest resting starts."""
    on = np.zeros((machine.blocks, len(count)))
    state = np.full(machine.blocks, machine.initial.on)
    since = np.full(machine.blocks, -min(machine.initial.steps, FREE), dtype=np.int64)
    changed = np.flatnonzero(np.diff(count, prepend=state.sum()))
    on[:, : changed[0] if len(changed) else None] = state[:, np.newaxis]
    for t, end in pairwise((*changed.tolist(), len(count))):
        change = int(count[t]) - int(state.sum())
        candidates = np.flatnonzero(state != (change > 0))
        chosen = candidates[np.argsort(since[candidates], kind="stable")[: abs(change)]]
        state[chosen] = change > 0
        since[chosen] = t
        on[:, t:end] = state[:, np.newaxis]
    return on


def _window(t: Ints, columns: Ints, length: int) -> list[Entry]:
    """Entries of the sum of a column over the last ``length`` intervals."""
    return [(t[i:], columns[: len(t) - i], 1.0) for i in range(length)]
