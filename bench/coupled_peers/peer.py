"""What a solver is to the coupled bench: a programme in, a solution with its bound and its course out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bench.site_check import SitePlan
from bench.site_form import Form, Kind, form
from megawatt.dispatch.problem import Problem

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Course:
    """What a solver knew when: seconds since its start, value of its best plan, its bound [USD]; worth, not cost.

    Before the first plan the value is minus infinity, before the first bound the bound is plus infinity.
    """

    points: list[tuple[float, float, float]] = field(default_factory=list)

    def add(self, seconds: float, value: float, bound: float) -> None:
        """Note a state that differs from the last one; neither figure ever gets worse."""
        if self.points:
            _, best, least = self.points[-1]
            value, bound = max(value, best), min(bound, least)
            if (value, bound) == (best, least):
                return
        self.points.append((seconds, value, bound))


@dataclass(frozen=True, slots=True)
class Answer:
    """How a run ended.

    Attributes:
        plan: The schedule, None without one.
        bound_usd: No plan is worth more, by the peer's own word; infinite without one.
        status: The peer's own word.
        course: How it came there.
    """

    plan: SitePlan | None
    bound_usd: float
    status: str
    course: Course


class CoupledPeer(ABC):
    """One way to a plan and a bound.

    Attributes:
        name: Name in the tables.
        asked: Formulation and options.
        packages: Distributions whose versions are recorded.
    """

    name: ClassVar[str]
    asked: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]

    @abstractmethod
    def build(self, problem: Problem) -> Any:
        """The model, from the problem's arrays. Timed as build."""

    @abstractmethod
    def solve(self, model: Any, seconds: float, gap: float) -> Answer:
        """Run it until the relative gap of its objective or the time is reached. Timed as solve."""


class FormPeer(CoupledPeer):
    """A peer that is handed one of the formulations of `bench.site_form`."""

    kind: ClassVar[Kind] = "counts"

    def build(self, problem: Problem) -> tuple[Form, Any]:
        """Formulation and the solver's own model."""
        stated = form(problem, self.kind)
        return stated, self.load(stated)

    @abstractmethod
    def load(self, stated: Form) -> Any:
        """The solver with the model in it."""
