"""A portfolio chosen, and what one more unit of each limit would be worth: what ``megawatt portfolio`` prints and gives as JSON."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from megawatt.app.portfolio_sites import site_candidates
from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.candidates import MUSD, Candidate, PortfolioFile
from megawatt.invest.portfolio import Limits, Portfolio, choose_portfolio

SCHEMA = "megawatt/portfolio-answer/1"
LIMITS = {"capital": ("capital_usd", MUSD, "M USD"), "power": ("power_mw", 1.0, "MW"), "crews": ("crews", 1.0, "crew")}
"""Limits: field, one more unit, name of the unit."""
FULL = 1e-6
"""Share of a limit that may be left free by rounding."""


@dataclass(frozen=True, slots=True)
class LimitUse:
    """One limit in one year.

    Attributes:
        what: ``capital``, ``power`` or ``crews``.
        year: Calendar year.
        limit: In the limit's unit.
        used: The same.
        unit: Unit.
        worth_usd: What one more unit would add to what is maximised; found by solving again.
        uncertainty_usd: What the two searches left open.
    """

    what: str
    year: int
    limit: float
    used: float
    unit: str
    worth_usd: float
    uncertainty_usd: float

    @property
    def is_full(self) -> bool:
        """Whether nothing is left of it."""
        return self.used >= self.limit * (1 - FULL)

    @property
    def binds(self) -> bool:
        """Whether more of it would be worth something: also where a whole phase or crew is wanted and the rest stands idle."""
        return self.worth_usd > max(self.uncertainty_usd, 1.0)


@dataclass(frozen=True, slots=True)
class PortfolioAnswer:
    """The answer.

    Attributes:
        file: What was asked.
        candidates: Everything that could be chosen.
        found: The choice.
        uses: Every limit in every year.
        scenarios: Number of scenarios.
        seed: Their seed.
    """

    file: PortfolioFile
    candidates: tuple[Candidate, ...]
    found: Portfolio
    uses: tuple[LimitUse, ...]
    scenarios: int
    seed: int

    @property
    def chosen(self) -> tuple[tuple[Candidate, float], ...]:
        """Candidates that are done, with their megawatts."""
        mw = self.found.megawatts
        return tuple((one, mw[one.project.name]) for one in self.candidates if one.project.name in mw)

    @property
    def gap(self) -> float | None:
        """The gap as a share of what was maximised; None where that is 0."""
        return self.found.gap_usd / abs(self.found.objective_usd) if self.found.objective_usd else None

    def table(self) -> pd.DataFrame:
        """Every candidate: megawatts and value if done, 0 if not."""
        rows = []
        for one in self.candidates:
            mw, values = self.found.megawatts.get(one.project.name, 0.0), one.project.values_usd_per_mw
            rows.append(
                {
                    "site": one.table.site,
                    "mode": one.table.mode,
                    "start": one.start,
                    "mw": mw,
                    "mean_usd_per_mw": float(values.mean()),
                    "value_usd": mw * float(values.mean()),
                    "bundle": one.project.bundle,
                }
            )
        return pd.DataFrame(rows)

    def limits(self) -> pd.DataFrame:
        """Every limit in every year: use, and what one more unit would be worth."""
        return pd.DataFrame([asdict(one) | {"binds": one.binds} for one in self.uses])

    def _repr_html_(self) -> str:
        """The choice and the limits, for a notebook."""
        return f"{self.table().to_html(index=False)}{self.limits().to_html(index=False)}"


def answer_portfolio(
    file: PortfolioFile, *, scenarios: int = 500, seed: int = 0, seconds: float = 60.0
) -> PortfolioAnswer:
    """Choose, and solve again with one more unit of each limit.

    Args:
        file: The portfolio.
        scenarios: Number of scenarios of the values.
        seed: Same seed, same answer.
        seconds: Longest time of one solve.

    Raises:
        InputError: The file's projects do not fit its years.
        SolverError: HiGHS ended without a portfolio.
    """
    if file.head.tail * scenarios < 1:
        raise InputError(
            f"the worst {file.head.tail:g} of {scenarios} scenarios",
            "the worst share holds at least one scenario",
            "Raise tail or --scenarios.",
        )
    candidates = file.candidates(scenarios, np.random.default_rng(seed))
    if file.sites:
        candidates += site_candidates(file, scenarios, seed)
    limits = file.limits()
    found = _choose(file, candidates, limits, seconds)
    uses = []
    for what, (field, unit, name) in LIMITS.items():
        used = _used(candidates, found, what)
        for at, year in enumerate(file.years):
            limit: Floats = getattr(limits, field)
            more = limit.copy()
            more[at] += unit
            better = _choose(file, candidates, replace(limits, **{field: more}), seconds)
            uses.append(
                LimitUse(
                    what=what,
                    year=year,
                    limit=float(limit[at] / unit),
                    used=float(used[at] / unit),
                    unit=name,
                    worth_usd=max(better.objective_usd - found.objective_usd, 0.0),
                    uncertainty_usd=better.gap_usd + found.gap_usd,
                )
            )
    return PortfolioAnswer(file, candidates, found, tuple(uses), scenarios, seed)


def _choose(file: PortfolioFile, candidates: tuple[Candidate, ...], limits: Limits, seconds: float) -> Portfolio:
    projects = [one.project for one in candidates]
    return choose_portfolio(projects, limits, aversion=file.head.aversion, tail=file.head.tail, seconds=seconds)


def _used(candidates: tuple[Candidate, ...], found: Portfolio, what: str) -> Floats:
    total = np.zeros(len(candidates[0].project.crews))
    for one in candidates:
        mw = found.megawatts.get(one.project.name, 0.0)
        each = {
            "capital": one.project.capital_usd_per_mw * mw,
            "power": one.project.power_share * mw,
            "crews": one.project.crews * (mw > 0),
        }
        total = total + each[what]
    return total


def answer(one: PortfolioAnswer) -> dict[str, Any]:
    """Everything a program needs; money in USD. Keys are added in later versions, never renamed."""
    head, found = one.file.head, one.found
    return {
        "schema": SCHEMA,
        "portfolio": head.name,
        "years": list(one.file.years),
        "sites": [site.connection.name for site in one.file.sites],
        "scenarios": one.scenarios,
        "seed": one.seed,
        "aversion": head.aversion,
        "tail": head.tail,
        "value_usd": asdict(found.value_usd),
        "cvar_usd": found.cvar_usd,
        "objective_usd": found.objective_usd,
        "gap_usd": found.gap_usd,
        "gap": one.gap,
        "chosen": [
            {
                "site": each.table.site,
                "mode": each.table.mode,
                "start": each.start,
                "mw": mw,
                "value_usd": mw * float(each.project.values_usd_per_mw.mean()),
                "bundle": each.project.bundle or None,
            }
            for each, mw in one.chosen
        ],
        "candidates": len(one.candidates),
        "limits": [asdict(use) | {"full": use.is_full, "binds": use.binds} for use in one.uses],
    }
