"""Which sites, when, in which mode, and how many megawatts: the best portfolio under shared limits and a price on bad outcomes.

    maximise  (1 - w) mean of v[s]  -  w CVaR(v)          v[s] = sum over projects of value[p, s] x y[p]
    x[p] binary: project p is done;  least[p] x[p] <= y[p] <= most[p] x[p] megawatts
    at most one project per site;  a bundle at all of its sites or at none
    per year: capital, megawatts energised, crews at work within their limits

CVaR of the worst share a of S scenarios in its linear form (Rockafellar and Uryasev 2000): the least over c of
``c + sum of max(-v[s] - c, 0) / (a S)``. Solved by HiGHS; the gap it left is part of the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from megawatt.core.errors import InputError, SolverError
from megawatt.core.series import Floats
from megawatt.invest.ranges import Spread, conditional_value_at_risk


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One way to use one site.

    Attributes:
        name: For tables.
        site: Projects of one site exclude each other.
        values_usd_per_mw: Net present value per MW in each scenario, shape (scenarios,).
        least_mw: Smallest phase that is built at all.
        most_mw: Largest.
        capital_usd_per_mw: By year, shape (years,).
        power_share: Share of its MW drawn in each year, shape (years,).
        crews: Crews at work in each year if it is done, shape (years,).
        bundle: A bundle is done at all its sites or at none; empty: none.
    """

    name: str
    site: str
    values_usd_per_mw: Floats
    least_mw: float
    most_mw: float
    capital_usd_per_mw: Floats
    power_share: Floats
    crews: Floats
    bundle: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What all projects share, by year, each of shape (years,).

    Attributes:
        capital_usd: Money to spend.
        power_mw: Megawatts that may be drawn.
        crews: Crews there are.
    """

    capital_usd: Floats
    power_mw: Floats
    crews: Floats


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The choice.

    Attributes:
        megawatts: MW by name of project; those not done are left out.
        value_usd: Net present value over the scenarios.
        cvar_usd: Mean loss in the worst share of the scenarios; negative: even those gain.
        objective_usd: What was maximised.
        gap_usd: By how much a better portfolio could still beat it.
    """

    megawatts: dict[str, float] = field(default_factory=dict)
    value_usd: Spread = field(default_factory=lambda: Spread(0.0, 0.0, 0.0, 0.0))
    cvar_usd: float = 0.0
    objective_usd: float = 0.0
    gap_usd: float = 0.0


def choose_portfolio(
    projects: Sequence[Project],
    limits: Limits,
    *,
    aversion: float = 0.0,
    tail: float = 0.05,
    seconds: float = 60.0,
    relative_gap: float = 1e-6,
) -> Portfolio:
    """Solve it.

    Args:
        projects: Candidates, with equal scenarios and years.
        limits: What they share.
        aversion: w, 0 (the mean alone) to 1 (the worst scenarios alone).
        tail: Share of the scenarios that counts as the worst.
        seconds: Longest time.
        relative_gap: Gap at which the search may stop.

    Raises:
        InputError: Shapes differ, or a share is none.
        SolverError: HiGHS ended without a portfolio.
    """
    scenarios = _checked(projects, limits, aversion, tail)
    n, values = len(projects), np.array([one.values_usd_per_mw for one in projects]).T
    scale = max(float(np.abs(values).max()), 1.0)
    # x (n), y (n), c, u (scenarios); money in units of the largest value, which the solver's tolerances like.
    gain = (1 - aversion) * values.mean(axis=0) / scale
    cost = np.concatenate([np.zeros(n), -gain, [aversion], np.full(scenarios, aversion / (tail * scenarios))])
    free = 2 * n + 1
    most = np.array([one.most_mw for one in projects])
    worst = float(most.sum())  # no scenario is worth more or less than this in units of the largest value
    lower = np.concatenate([np.zeros(2 * n), [-worst], np.zeros(scenarios)])
    upper = np.concatenate([np.ones(n), most, [worst], np.full(scenarios, 2 * worst)])
    if aversion == 0:  # nothing would hold c and u
        lower[2 * n :], upper[2 * n :] = 0.0, 0.0
    rows = [*_shared(projects, limits, free + scenarios)]
    if aversion > 0:
        loss = np.hstack([np.zeros((scenarios, n)), values / scale, np.ones((scenarios, 1)), np.eye(scenarios)])
        rows.append(LinearConstraint(loss, 0.0, np.inf))
    # Without presolve: with it, the HiGHS inside scipy 1.17 called worse portfolios optimal in 16 of 600 random cases.
    solved = milp(
        cost,
        integrality=np.concatenate([np.ones(n), np.zeros(n + 1 + scenarios)]),
        bounds=Bounds(lower, upper),
        constraints=rows,
        options={"time_limit": seconds, "mip_rel_gap": relative_gap, "presolve": False},
    )
    if solved.x is None:
        raise SolverError(f"no portfolio of {n} projects", f"HiGHS says: {solved.message}", "Allow more seconds.")
    megawatts = np.where(solved.x[:n] > 0.5, solved.x[n : 2 * n], 0.0)
    bound = None if solved.mip_dual_bound is None else -float(solved.mip_dual_bound) * scale
    return _portfolio(projects, megawatts, values @ megawatts, aversion, tail, bound)


def _portfolio(
    projects: Sequence[Project], megawatts: Floats, found: Floats, aversion: float, tail: float, bound: float | None
) -> Portfolio:
    """The answer, its objective computed again from the scenarios."""
    cvar = conditional_value_at_risk(found, tail)
    objective = (1 - aversion) * float(found.mean()) - aversion * cvar
    return Portfolio(
        megawatts={one.name: float(mw) for one, mw in zip(projects, megawatts, strict=True) if mw > 0},
        value_usd=Spread.of(found),
        cvar_usd=cvar,
        objective_usd=objective,
        gap_usd=max((objective if bound is None else bound) - objective, 0.0),
    )


def _shared(projects: Sequence[Project], limits: Limits, columns: int) -> list[LinearConstraint]:
    """Phase sizes, one project a site, bundles, and the yearly limits."""
    n = len(projects)
    size, bundle = np.zeros((2 * n, columns)), []
    for p, one in enumerate(projects):
        size[2 * p, n + p], size[2 * p, p] = 1.0, -one.most_mw
        size[2 * p + 1, n + p], size[2 * p + 1, p] = -1.0, one.least_mw
    site = [
        _row(columns, {p: 1.0 for p, one in enumerate(projects) if one.site == name})
        for name in dict.fromkeys(one.site for one in projects)
    ]
    for name in dict.fromkeys(one.bundle for one in projects if one.bundle):
        members: dict[str, list[int]] = {}  # by site: starts and modes of one site are alternatives of one member
        for p, one in enumerate(projects):
            if one.bundle == name:
                members.setdefault(one.site, []).append(p)
        one_site, *others = members.values()
        bundle += [_row(columns, dict.fromkeys(one_site, 1.0) | dict.fromkeys(other, -1.0)) for other in others]
    out = [LinearConstraint(size, -np.inf, 0.0), LinearConstraint(np.array(site), -np.inf, 1.0)]
    if bundle:
        out.append(LinearConstraint(np.array(bundle), 0.0, 0.0))
    for amounts, limit, first in (
        ([one.capital_usd_per_mw for one in projects], limits.capital_usd, n),
        ([one.power_share for one in projects], limits.power_mw, n),
        ([one.crews for one in projects], limits.crews, 0),
    ):
        yearly = np.zeros((len(limit), columns))
        yearly[:, first : first + n] = np.array(amounts).T
        out.append(LinearConstraint(yearly, -np.inf, limit))
    return out


def _row(columns: int, entries: dict[int, float]) -> Floats:
    row = np.zeros(columns)
    row[list(entries)] = list(entries.values())
    return row


def _checked(projects: Sequence[Project], limits: Limits, aversion: float, tail: float) -> int:
    years = len(limits.capital_usd)
    shapes = {
        (len(one.values_usd_per_mw), *map(len, (one.capital_usd_per_mw, one.power_share, one.crews)))
        for one in projects
    }
    if len(shapes) != 1 or set(next(iter(shapes))[1:]) | {len(limits.power_mw), len(limits.crews)} != {years}:
        raise InputError(
            f"{len(projects)} projects of shapes {sorted(shapes)} under limits of {years} years",
            "all have the same scenarios and the years of the limits",
            "Put them on one grid of years.",
        )
    if not (0 <= aversion <= 1 and 0 < tail <= 1):
        raise InputError(f"an aversion of {aversion} to a tail of {tail}", "both are shares", "Write 0.05 for 5 %.")
    for one in projects:
        if not (0 <= one.least_mw <= one.most_mw < np.inf and np.isfinite(one.values_usd_per_mw).all()):
            raise InputError(
                f"{one.name!r} of {one.least_mw} to {one.most_mw} MW", "sizes rise and values are finite", "Check them."
            )
    return len(projects[0].values_usd_per_mw)
