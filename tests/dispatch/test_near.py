"""A plan that begins with a neighbour's is a plan like any other: it keeps the limits, and its bound holds."""

from dataclasses import replace

import numpy as np
import pytest

from bench.referee import referee
from megawatt.core.errors import InputError
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.fast import fast_path, fast_plan
from megawatt.dispatch.coupled.near import begin_near
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.deadline import Deadline
from megawatt.dispatch.general import Effort, plan_general
from megawatt.dispatch.next_mw import one_mw_of_batch, one_mw_of_firm, one_mw_of_machines, one_mw_of_reserve
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Problem
from megawatt.dispatch.schedule import idle, violations
from tests.dispatch.sites import full_site

EXACT = Effort(relative_gap=1e-9)
TOLERANCE = 1e-7
"""Of the general solver."""


def neighbours(problem: Problem) -> list[Problem]:
    """The site with one megawatt more of each load, and of its limit."""
    return [
        replace(problem, machines=(*problem.machines, one_mw_of_machines(problem.machines[0]))),
        replace(problem, batches=(*problem.batches, one_mw_of_batch(problem.batches[0]))),
        replace(problem, firm=(*problem.firm, one_mw_of_firm(problem.firm[0]))),
        replace(problem, reserves=(one_mw_of_reserve(problem.reserves[0]), *problem.reserves[1:])),
        replace(problem, limit_mw=problem.limit_mw + 1.0),
    ]


def small(seed: int) -> Problem:
    """Every feature and one job: a neighbour has the second."""
    whole = full_site(np.random.default_rng(seed), 12)
    return replace(whole, batches=whole.batches[:1])


def planned(problem: Problem) -> Plan:
    found = fast_plan(problem, Effort(relative_gap=0.02))
    assert found is not None
    return found[0]


@pytest.mark.parametrize("seed", [2, 5])
def test_bounds_of_neighbours_are_above_the_optimum_and_their_plans_are_not_above_it(seed: int) -> None:
    problem = small(seed)
    plan = planned(problem)
    for more in neighbours(problem):
        found = fast_path(more, Effort(relative_gap=1.0), Deadline(), plan)
        if found is None:  # what does not fit has no plan
            with pytest.raises(InputError):
                plan_general(more, EXACT)
            continue
        near, best = found.plan(), plan_general(more, EXACT)
        assert best.bound_usd is not None
        assert not violations(more, near.schedule)
        assert near.value_usd <= best.bound_usd + TOLERANCE * abs(best.bound_usd)
        assert near.bound_usd is not None
        assert near.bound_usd >= best.value_usd - 1e-6


def test_more_room_never_makes_the_plan_that_was_there_worse() -> None:
    problem = small(2)
    plan = planned(problem)
    more = replace(problem, limit_mw=problem.limit_mw + 1.0)
    search = Search(Split.of(more))
    assert begin_near(search, plan) is not None
    assert search.value_usd >= plan.value_usd - 0.01 * abs(plan.value_usd - plan.idle_usd)


def test_a_plan_without_a_certificate_is_no_beginning() -> None:
    problem = small(2)
    plan = Plan.of(problem, idle(problem), bound_usd=None, method="")
    assert begin_near(Search(Split.of(problem)), plan) is None


def test_a_block_that_changes_modes_covers_an_award_by_its_mean_power() -> None:
    problem = neighbours(small(5))[-1]  # the award's most lies between the powers of two modes, and a block is in both
    best, found = referee(problem), plan_general(problem, EXACT)
    assert best.proven
    assert found.value_usd == pytest.approx(best.value_usd, rel=1e-8)
    assert found.bound_usd == pytest.approx(best.value_usd, rel=1e-8)
