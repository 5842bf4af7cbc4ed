"""Separable sites on many price paths: what each site earns on each path, 64 paths at a time.

Variants of a site are problems on one grid; a path is one real-time price at the loads' settlement point, with all else
as in the problem. Three facts make an ensemble cheap. Equal blocks under one price do the same thing, so a class is one
*unit* whatever its number of blocks. Variants share units: those that differ in numbers only cost nothing more. And all
that never switches - firm loads, positions, fees - is one linear unit, since its money is linear in the price.

The value on a path is that of the plan that `solve` finds for `Ensemble.problem`, which is also the way to the plan
itself.
"""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.dispatch.lanes import LANES, impossible, room, sweep, unit_type
from megawatt.dispatch.problem import ElasticLoad, Floats, MachineClass, Problem

Precision = Literal["float64", "float32"]

_FREE_UNIT = {"switched": 0, "min_up": 1, "run": 1, "rest": 1}


@dataclass(frozen=True, slots=True)
class Unit:
    """What the recursion needs of one block of machines, one segment of work, or all that never switches.

    Attributes:
        traits: Fields of `unit_type`, but those that follow from the rest.
        start_usd: Cost of a start at each border, shape (T + 1,) [USD].
        lost: Share of the income lost in the i-th interval after a start, shape (r,).
        base: Margin at a price of nothing, shape (M, T) [USD].
        slope: What a price of one takes from it, shape (M, T) [MWh].
        income: What ramping takes its share of, shape (M, T) [USD].
    """

    traits: Mapping[str, float]
    start_usd: Floats
    lost: Floats
    base: Floats
    slope: Floats
    income: Floats

    def sha256(self) -> str:
        """The same for units that earn the same on every path."""
        digest = hashlib.sha256(repr(sorted(self.traits.items())).encode())
        for one in (self.start_usd, self.lost, self.base, self.slope, self.income):
            digest.update(repr(one.shape).encode() + np.ascontiguousarray(one, dtype="<f8").tobytes())
        return digest.hexdigest()


def block_unit(machine: MachineClass, problem: Problem) -> Unit:
    """One block of a machine class.

    With one mode, what a start loses to ramping does not depend on the price; where no run can be shorter than the ramp
    it is part of the start's cost.
    """
    h, adders = problem.grid.hours, problem.adder_usd_per_mwh + problem.peak_usd_per_mwh
    on, age, r = machine.initial.on, machine.initial.steps, len(machine.ramp_loss)
    power = np.broadcast_to(machine.power_mw, machine.revenue_usd_per_h.shape)
    income = h * machine.revenue_usd_per_h
    start_usd, known = np.full(problem.T + 1, machine.start_usd), machine.modes == 1 and r <= machine.min_up
    if known:
        start_usd[:-1] += np.convolve(income[0], machine.ramp_loss[::-1])[r - 1 :] if r else 0.0
    traits = {
        "switched": 1,
        "min_up": machine.min_up,
        "run": min(max(machine.min_up, r), problem.T + 1),  # a longer one is cut by the horizon all the same
        "rest": min(machine.min_down, problem.T + 1),
        "ramp": 0 if known else min(r, problem.T),
        "on": int(on),
        "hold": max(0, (machine.min_up if on else machine.min_down) - age),
        "left": max(0, r - age) if on else 0,
        "age": min(age, r),
        "stop": machine.stop_usd,
    }
    return Unit(traits, start_usd, machine.ramp_loss, income - h * power * adders, h * power, income)


def segment_units(hall: ElasticLoad, problem: Problem) -> list[Unit]:
    """Each segment of elastic work: it runs in the intervals in which it earns more than its energy costs."""
    h, own = problem.grid.hours, float(not hall.pass_through)
    units = []
    for mw, reward in zip(hall.segment_mw, hall.segment_usd_per_mwh, strict=True):
        adders = own * problem.adder_usd_per_mwh + problem.peak_usd_per_mwh
        idle = np.zeros(problem.T)
        base, slope = np.stack([idle, h * mw * (reward - adders)]), np.stack([idle, own * h * mw])
        units.append(Unit(_FREE_UNIT, np.zeros(problem.T + 1), np.zeros(0), base, slope, np.zeros_like(base)))
    return units


def constant_unit(problem: Problem) -> Unit:
    """All that never switches: firm loads, floors, positions, fees.

    The basis of a position to the loads' settlement point is as in the problem on every path.
    """
    h, adder, peak = problem.grid.hours, problem.adder_usd_per_mwh, problem.peak_usd_per_mwh
    base, slope = -problem.fixed_usd, np.zeros(problem.T)
    firm = [(load.power_mw, load.rent_usd, load.pass_through) for load in problem.firm]
    floors = [(hall.floor_mw, h * hall.floor_usd_per_h, hall.pass_through) for hall in problem.elastic]
    for mw, income, passed in firm + floors:
        own = float(not passed)
        base = base + income - h * mw * (own * adder + peak)
        slope = slope + own * h * mw
    for block in problem.positions:
        basis = block.price_usd_per_mwh - problem.price_usd_per_mwh
        base = base + h * block.block_mw * (basis - block.fixed_usd_per_mwh)
        slope = slope - h * block.block_mw
    one = np.zeros((1, problem.T))
    return Unit(_FREE_UNIT, np.zeros(problem.T + 1), np.zeros(0), one + base, one + slope, one)


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Variants of a separable site, ready for price paths; make it with `Ensemble.of`.

    Attributes:
        problems: The variants, V problems on one grid; their own prices do not matter.
        precision: Of the recursion; sums over the horizon are in double precision with either.
        blocks: How many of each unit a variant has, shape (V, N).
        fixed_usd: What a variant earns whatever the price is, shape (V,).
        units: The units, shape (N,) of `unit_type`.
        start, lost, base, slope, income: Theirs, as in `lanes.sweep`.
    """

    problems: tuple[Problem, ...]
    precision: Precision
    blocks: Floats
    fixed_usd: Floats
    units: NDArray[np.void]
    start: NDArray[Any]
    lost: NDArray[Any]
    base: NDArray[Any]
    slope: NDArray[Any]
    income: NDArray[Any]

    @classmethod
    def of(cls, problems: Sequence[Problem], precision: Precision = "float64") -> "Ensemble":
        """Collect the units of the variants, each once.

        Raises:
            InputError: There is no variant, their grids differ, or something ties a variant's loads together.
        """
        _check(problems)
        found: dict[str, tuple[int, Unit]] = {}
        counts: list[dict[int, int]] = []
        fixed_usd = np.zeros(len(problems))
        for v, problem in enumerate(problems):
            own: dict[int, int] = {}
            for number, unit in _units(problem):
                if not unit.traits["switched"] and not unit.slope.any():
                    fixed_usd[v] += number * unit.base.max(axis=0).sum()
                    continue
                index, _ = found.setdefault(unit.sha256(), (len(found), unit))
                own[index] = own.get(index, 0) + number
            counts.append(own)
        units = [unit for _, unit in found.values()]
        blocks = np.array([[own.get(n, 0) for n in range(len(units))] for own in counts], dtype=np.float64)
        return cls(tuple(problems), precision, blocks, fixed_usd, *_packed(units, np.dtype(precision), problems[0].T))

    @property
    def T(self) -> int:  # noqa: N802  # the symbol of the mathematics
        """Number of intervals."""
        return self.problems[0].T

    def values_usd(self, price_usd_per_mwh: NDArray[Any], *, threads: int = 1) -> Floats:
        """Net of the optimal plan of every variant on every path.

        Args:
            price_usd_per_mwh: Paths in columns, shape (T, P): at each instant the prices of all paths side by side.
                Columns by the 64 in the ensemble's precision are read in place.
            threads: Threads that share the paths; the values do not depend on it.

        Returns:
            Shape (V, P) [USD].

        Raises:
            InputError: Prices of another length, or a price that is no finite number.
        """
        if price_usd_per_mwh.ndim != 2 or len(price_usd_per_mwh) != self.T:
            raise InputError(
                f"prices of shape {price_usd_per_mwh.shape}",
                f"each path has {self.T} intervals and is a column",
                "Give an array of shape (intervals, paths).",
            )
        paths = price_usd_per_mwh.shape[1]
        firsts = range(0, paths, LANES)
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(lambda first: self._sweep(price_usd_per_mwh[:, first : first + LANES]), firsts))
        units = np.concatenate([np.zeros((len(self.units), 0)), *parts], axis=1)[:, :paths]
        values = np.repeat(self.fixed_usd[:, np.newaxis], paths, axis=1)
        for number, unit in zip(self.blocks.T, units, strict=True):  # a matrix product's order would depend on P
            values += number[:, np.newaxis] * unit
        wrong = np.flatnonzero(~np.isfinite(values).all(axis=0))
        if wrong.size:
            raise InputError(
                f"path {wrong[0]} with a price that is no finite number ({wrong.size} such paths)",
                "a plan needs the price of every interval",
                "Leave the path out, or name a substitute for the gap.",
            )
        return values

    def _sweep(self, price: NDArray[Any]) -> Floats:
        """Values of the units on up to ``LANES`` paths; missing lanes repeat the last one."""
        lanes = np.minimum(np.arange(LANES), price.shape[1] - 1)
        full = price if price.shape[1] == LANES else price[:, lanes]
        flat = np.ascontiguousarray(full, dtype=self.precision).reshape(-1)
        work = np.empty(room(self.units), dtype=self.precision)
        values: Floats = sweep(flat, self.units, self.start, self.lost, self.base, self.slope, self.income, work)
        return values

    def problem(self, variant: int, price_usd_per_mwh: Floats) -> Problem:
        """A variant with the prices of one path, shape (T,): `solve` gives its plan."""
        own = self.problems[variant]
        moved = price_usd_per_mwh - own.price_usd_per_mwh
        positions = tuple(replace(one, price_usd_per_mwh=one.price_usd_per_mwh + moved) for one in own.positions)
        return replace(own, price_usd_per_mwh=price_usd_per_mwh, positions=positions)

    def sha256(self) -> str:
        """Hash of all that the values depend on besides the paths."""
        texts = [self.precision, *(problem.sha256() for problem in self.problems)]
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _check(problems: Sequence[Problem]) -> None:
    """Refuse what has no common path, or no plan block by block."""
    if not problems:
        raise InputError("no variant", "an ensemble has at least one", "Give one problem or more.")
    for number, problem in enumerate(problems):
        if problem.grid != problems[0].grid:
            raise InputError(
                f"variant {number} on another time grid than variant 0",
                "all variants meet the same price paths",
                "Make an ensemble for each grid.",
            )
        if not problem.separable:
            raise InputError(
                f"variant {number}, whose loads share a limit, a charge or an award",
                "an ensemble plans each block alone",
                "Run megawatt.dispatch.solve on each path, for example as the work of megawatt.dispatch.crew.run.",
            )


def _units(problem: Problem) -> list[tuple[int, Unit]]:
    """The units of a variant and how many it has of each."""
    machines = [(machine.blocks, block_unit(machine, problem)) for machine in problem.machines]
    segments = [(1, unit) for hall in problem.elastic for unit in segment_units(hall, problem)]
    return [*machines, *segments, (1, constant_unit(problem))]


def _packed(units: list[Unit], dtype: "np.dtype[Any]", T: int) -> tuple[NDArray[Any], ...]:
    """The arrays of `lanes.sweep`: shorter ramps and fewer modes are followed by what is never read."""
    modes = max((len(unit.base) for unit in units), default=0)
    ramp = max((len(unit.lost) for unit in units), default=0)
    table = np.zeros(len(units), dtype=unit_type(dtype))
    lost = np.zeros((len(units), ramp + 1), dtype=dtype)
    base, slope, income = (np.zeros((len(units), modes, T), dtype=dtype) for _ in range(3))
    start = np.array([unit.start_usd for unit in units], dtype=dtype).reshape(len(units), T + 1)
    for n, unit in enumerate(units):
        m = len(unit.base)
        for name, value in {**unit.traits, "modes": m, "low": impossible(dtype)}.items():
            table[n][name] = value
        lost[n, : len(unit.lost)] = unit.lost
        base[n, :m], slope[n, :m], income[n, :m] = unit.base, unit.slope, unit.income
    return table, start, lost, base, slope, income
