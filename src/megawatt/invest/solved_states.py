"""A month solved in a few states of (level, hashprice), and what that says of all the others.

Let V be the month's optimum and x_k the plan found at state k, with money m_k(level, hashprice), which is affine:

    max over k of m_k  <=  V  <=  straight between the solved states around        (V is convex, `priced_month`)

Left stands the best of the plans that were found, carried out at that state: a feasible plan with all its lines, energy and
coins. It is the answer. Right less left is what solving the state itself could add at most, and the states to be solved next are
those where that is largest. The right side holds for plans that are optimal where they were found; where loads share something,
the fast search stands for the optimum (`dispatch.coupled`), and the gap between both comes on top.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.dispatch.coupled.fast import fits, searched
from megawatt.dispatch.ledger import Ledger, settle
from megawatt.dispatch.problem import Problem
from megawatt.dispatch.schedule import Schedule
from megawatt.dispatch.separable import plan_separable
from megawatt.invest.priced_month import PricedMonth

LINES = ("mining_usd", "energy_usd", "tenant_usd", "grid_usd", "peak_usd", "switching_usd", "energy_mwh", "demand_usd")
"""Lines of a plan in the order of the rows below. The first six are money and add up; the demand charge is a part of the peaks."""
MONEY = LINES.index("energy_mwh")

LINE_OF = {
    "network/hash_revenue": "mining_usd",
    "network/energy": "energy_usd",
    "network/starts_stops": "switching_usd",
    "tenant/hosted_mining": "tenant_usd",
    "tenant/hosted_energy": "energy_usd",
    "tenant/hosted_starts_stops": "switching_usd",
    "tenant/rent": "tenant_usd",
    "tenant/fees": "tenant_usd",
    "tenant/recovered": "tenant_usd",
    "tenant/energy": "energy_usd",
    "tenant/restarts": "switching_usd",
    "grid/position": "energy_usd",
    "grid/resale_loss": "energy_usd",
    "grid/capacity": "grid_usd",
    "grid/calls": "grid_usd",
    "shared/demand": "peak_usd",
    "shared/coincident": "peak_usd",
    "shared/fixed": "energy_usd",
}
"""Where each line of the ledger goes."""

NEIGHBOURS = 3
"""Different peaks of known plans, those of the best at a new state, that are tried there beside the highest."""

THOROUGH = 3
"""States of a month at which all peaks are searched, whatever the known plans keep."""

SAME_PEAK_MW = 0.01
"""Peaks that differ by less are the same."""

STEP = 0.01
"""Share of level and hashprice by which a plan's money is looked at beside its state."""

VERTICAL = 1e-9
"""Facets whose normal points down by less stand upright and bound nothing."""

MARGIN = 1e-6
"""Share by which the corners lie outside what is asked, so that rounding leaves nothing outside."""


@dataclass(frozen=True, slots=True)
class State:
    """A plan and what it would bring at any level and hashprice.

    Attributes:
        level: Where it was found.
        hashprice: Where it was found [USD/PH/day].
        lines: Each of `LINES` as ``c0 + c1 level + c2 hashprice``, shape (8, 3).
        peaks_mw: Peaks of the demand charge that it keeps; empty without one.
    """

    level: float
    hashprice: float
    lines: Floats
    peaks_mw: Floats

    def usd(self, level: Floats, hashprice: Floats) -> Floats:
        """All money at other states, the shape of the arguments [USD]."""
        c0, c1, c2 = self.lines[:MONEY].sum(axis=0)
        out: Floats = c0 + c1 * level + c2 * hashprice
        return out


@dataclass(frozen=True, slots=True)
class Plans:
    """Plans of one month and what each brings at any level and hashprice.

    Attributes:
        at: Level and hashprice at which each was found, shape (K, 2).
        lines_of: Each of `LINES` as ``c0 + c1 level + c2 hashprice``, shape (K, 8, 3).
    """

    at: Floats
    lines_of: Floats

    def best(self, level: Floats, hashprice: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """Money of the best known plan at each state [USD], and its number, both of shape (n,)."""
        usd = _affine(self.lines_of[:, :MONEY].sum(axis=1), level, hashprice)
        return usd.max(axis=0), usd.argmax(axis=0)

    def lines(self, level: Floats, hashprice: Floats) -> Floats:
        """`LINES` of the best known plan at each state, shape (8, n)."""
        _, number = self.best(level, hashprice)
        c0, c1, c2 = self.lines_of[number].T  # each (7, n)
        out: Floats = c0 + c1 * level + c2 * hashprice
        return out

    def found_at(self, level: Floats, hashprice: Floats) -> NDArray[np.bool_]:
        """Whether a state is one of those in which a plan was looked for, shape (n,)."""
        known = {(one, other) for one, other in self.at.tolist()}
        return np.array([state in known for state in zip(level.tolist(), hashprice.tolist(), strict=True)], dtype=bool)

    def open_usd(self, level: Floats, hashprice: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """What solving each state itself could add at most [USD], and the number of the facet it lies under.

        The bound is the lower convex hull of the solved states, which is the highest of its facets' planes. The corners are
        solved before, so that the hull spans what is asked.
        """
        top, _ = self.best(*self.at.T)
        bounds = _affine(lower_hull(self.at, top), level, hashprice)
        usd, _ = self.best(level, hashprice)
        return np.maximum(bounds.max(axis=0) - usd, 0.0), bounds.argmax(axis=0)


def _affine(coefficients: Floats, level: Floats, hashprice: Floats) -> Floats:
    """``c0 + c1 level + c2 hashprice`` of each row, shape (K, n): term by term, as a product of matrices rounds by its shape."""
    out: Floats = coefficients[:, :1] + coefficients[:, 1:2] * level + coefficients[:, 2:] * hashprice
    return out


@dataclass(slots=True)
class SolvedStates:
    """A month and the states in which it has been solved.

    Attributes:
        month: The month.
        states: Solved so far.
        searched: How many of them by a search of all peaks.
    """

    month: PricedMonth
    states: list[State] = field(default_factory=list)
    searched: int = 0

    def solve(self, level: float, hashprice: float, *, thorough: bool | None = None) -> State:
        """Solve one more state and keep it.

        Args:
            level: Level of power prices.
            hashprice: [USD/PH/day].
            thorough: Whether all peaks are searched and not only those of known plans; by default a few times once the
                known plans differ in their peaks, as the best one may be a third.
        """
        problem, hints = self.month.at(level, hashprice), self._peaks(level, hashprice)
        if thorough is None:
            thorough = len(hints) > 1 and self.searched < THOROUGH
        if thorough or not self.states:
            hints = []
            self.searched += 1
        schedule, peaks = plan_of(problem, hints)
        here, dearer, richer = (
            line_sums(where, settle(where, schedule))
            for where in (
                problem,
                self.month.at(level * (1 + STEP), hashprice),
                self.month.at(level, hashprice * (1 + STEP)),
            )
        )
        by_level, by_hashprice = (dearer - here) / (level * STEP), (richer - here) / (hashprice * STEP)
        lines = np.stack([here - by_level * level - by_hashprice * hashprice, by_level, by_hashprice], axis=1)
        state = State(level, hashprice, lines, peaks)
        self.states.append(state)
        return state

    def _peaks(self, level: float, hashprice: float) -> list[Floats]:
        """Peaks of the known plans, the best one's at this state first, each once."""
        at, found = (np.array(level), np.array(hashprice)), list[Floats]()
        for one in sorted(self.states, key=lambda one: -float(one.usd(*at))):
            if all(np.abs(one.peaks_mw - other).max(initial=0.0) > SAME_PEAK_MW for other in found):
                found.append(one.peaks_mw)
        return found[:NEIGHBOURS]

    @property
    def plans(self) -> Plans:
        """What is known of the month so far."""
        at = np.array([(one.level, one.hashprice) for one in self.states])
        return Plans(at, np.array([one.lines for one in self.states]))

    def corners(self, level: Floats, hashprice: Floats) -> None:
        """Solve the four corners of the rectangle that holds all states asked for: dear power and poor mining first."""
        (low, high), (poor, rich) = _around(level), _around(hashprice)
        self.solve(high, poor, thorough=True)
        for one, other in ((low, rich), (low, poor), (high, rich)):
            self.solve(one, other, thorough=False)


def lower_hull(points: Floats, values: Floats) -> Floats:
    """Facets of the lower convex hull of a function known at points of a plane, as ``c0 + c1 x + c2 y``, shape (F, 3).

    Args:
        points: Shape (n, 2); the corners of a rectangle are among them.
        values: Shape (n,).
    """
    low, high = points.min(axis=0), points.max(axis=0)
    size = float(np.abs(values).max()) or 1.0
    square = (points - low) / (high - low)
    body = np.column_stack([square, values / size])
    apex = np.array([[0.5, 0.5, body[:, 2].max() + 1.0]])  # a hull needs a body, also where the function is flat
    facets = ConvexHull(np.concatenate([body, apex])).equations
    normal = facets[facets[:, 2] < -VERTICAL]
    slope = -size * normal[:, :2] / normal[:, 2:3] / (high - low)
    height = -size * normal[:, 3] / normal[:, 2]
    return np.column_stack([height - slope @ low, slope])


def _around(values: Floats) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return low * (1 - MARGIN), high * (1 + MARGIN)


def plan_of(problem: Problem, peaks_mw: Sequence[Floats] = ()) -> tuple[Schedule, Floats]:
    """The plan of a month: exact where nothing ties its loads together, the fast search elsewhere; and its peaks.

    Raises:
        InputError: The site is beyond the fast search, or no schedule keeps its limits.
    """
    if problem.separable:
        return plan_separable(problem).schedule, np.zeros(0)
    found = searched(problem, peaks_mw) if fits(problem) else None
    if found is None:
        raise InputError(
            "a month of the site for which the fast search finds no plan",
            "scenarios need thousands of plans",
            "Look at it with 'megawatt check' and 'megawatt plan'; describe fewer jobs or blocks, or value mining at monthly means: --dispatch mean.",
        )
    return found


def line_sums(problem: Problem, ledger: Ledger) -> Floats:
    """`LINES` of a plan over its whole month, shape (8,)."""
    out = dict.fromkeys(LINES, 0.0)
    for name, line in ledger.lines.items():
        out[LINE_OF[name]] += float(line.sum())
    out["demand_usd"] = float(ledger.lines["shared/demand"].sum())
    out["energy_mwh"] = float(ledger.import_mw.sum()) * problem.grid.hours
    return np.array(list(out.values()))
