"""A plan: what each load does, what that is worth, and how far from the optimum it can be."""

from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import SolverError
from megawatt.dispatch.certificate import Certificate
from megawatt.dispatch.ledger import Ledger, settle
from megawatt.dispatch.problem import Problem
from megawatt.dispatch.schedule import Schedule, idle

ROUNDING = 1e-9
"""Difference between a bound and a plan, relative to the plan, that a solver's arithmetic can make."""

SUMMATION = 1e-12
"""Difference that summation in another order can make, relative to all money that changes hands: where income and cost
cancel it is far more than a share of what is left."""


@dataclass(frozen=True, slots=True)
class WeekGap:
    """A week's part of a plan's gap.

    Attributes:
        first: First interval.
        end: The one after the last.
        gap_usd: Its part of the gap, >= 0 [USD].
    """

    first: int
    end: int
    gap_usd: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule with its money and its certificate.

    Attributes:
        schedule: What each load does.
        ledger: Its money, counted from first principles.
        idle_usd: Value of the idle reference of the same problem.
        bound_usd: No schedule of the whole horizon can be worth more; None when there is no bound for all of it.
        method: How the plan was found.
        inputs_sha256: Hash of the problem.
        certificate: What proves the bound, or a weaker one; None where only a solver's word stands for it.
        gap_by_week: Where the plan misses the bound, week by week, in all the gap; empty without a certificate.
    """

    schedule: Schedule
    ledger: Ledger
    idle_usd: float
    bound_usd: float | None
    method: str
    inputs_sha256: str
    certificate: Certificate | None = None
    gap_by_week: tuple[WeekGap, ...] = ()

    @classmethod
    def of(
        cls,
        problem: Problem,
        schedule: Schedule,
        *,
        bound_usd: float | None,
        method: str,
        certificate: Certificate | None = None,
    ) -> "Plan":
        """Count a schedule and attach its bound."""
        ledger = settle(problem, schedule)
        if bound_usd is not None:
            turnover = sum(float(np.abs(line).sum()) for line in ledger.lines.values())
            if bound_usd < ledger.net_usd - ROUNDING * (1 + abs(ledger.net_usd)) - SUMMATION * turnover:
                raise SolverError(
                    f"a bound of {bound_usd:.2f} USD for a plan worth {ledger.net_usd:.2f} USD",
                    "no plan is worth more than a bound",
                    "This is a fault of the method; report it with the problem's inputs.",
                )
            # the plan itself proves that the optimum is no smaller; rounding must not say otherwise
            bound_usd = max(bound_usd, ledger.net_usd)
        reference = settle(problem, idle(problem)).net_usd
        return cls(schedule, ledger, reference, bound_usd, method, problem.sha256(), certificate)

    @property
    def value_usd(self) -> float:
        """Value of the plan."""
        return self.ledger.net_usd

    @property
    def gap_usd(self) -> float | None:
        """Most that a better plan could add [USD]; None without a bound."""
        return None if self.bound_usd is None else self.bound_usd - self.value_usd

    @property
    def gap(self) -> float | None:
        """``(bound - plan) / (plan - idle)``: constants of the site cancel and cannot flatter it. None without a bound.

        Where the plan earns nothing over idle the ratio says nothing and infinity is returned unless the gap is zero.
        """
        if self.bound_usd is None:
            return None
        missing, earned = self.bound_usd - self.value_usd, self.value_usd - self.idle_usd
        if missing <= 0:
            return 0.0
        return missing / earned if earned > 0 else float("inf")
