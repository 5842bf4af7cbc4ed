"""The referee and the formulations agree with each other, with brute force and with the ledger."""

from collections.abc import Callable

import numpy as np
import pytest

from bench.coupled_peers.highs import HighsCounts, HighsDisjunction
from bench.coupled_peers.peer import FormPeer
from bench.referee import features, random_site, referee
from bench.site_check import SitePlan, blocks_of, faults, value_usd
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.problem import Problem
from megawatt.dispatch.schedule import Schedule, UnitRun, violations
from tests.dispatch.cases import brute_force, random_problem

SEEDS = range(100, 106)


def schedule_of(plan: SitePlan) -> Schedule:
    units = tuple(UnitRun(number, 1, block) for number, share in enumerate(plan.share) for block in share)
    return Schedule(units, np.rint(plan.batch).astype(np.int8), plan.elastic_mw, plan.award_mw)


@pytest.mark.parametrize("seed", [0, 1, 6, 8])
def test_the_referee_finds_what_brute_force_finds(seed: int) -> None:
    problem = random_problem(seed, T=5)
    best, verdict = brute_force(problem), referee(problem)
    assert verdict.proven
    assert verdict.value_usd == (None if best is None else pytest.approx(best, rel=1e-9, abs=1e-6))


@pytest.mark.parametrize("kind", [HighsCounts, HighsDisjunction])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_formulation_has_the_referees_optimum(seed: int, kind: type[FormPeer]) -> None:
    problem = random_site(seed)
    verdict, peer = referee(problem), kind()
    answer = peer.solve(peer.build(problem), 30.0, 1e-9)
    if verdict.value_usd is None:
        assert answer.plan is None
        return
    assert verdict.proven
    assert answer.plan is not None
    assert faults(problem, answer.plan) == []
    assert value_usd(problem, answer.plan) == pytest.approx(verdict.value_usd, rel=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_plain_loops_and_the_ledger_count_the_same_money_and_see_the_same_faults(seed: int) -> None:
    problem = random_site(seed)
    plan = referee(problem).plan
    if plan is None:
        return
    assert settle(problem, schedule_of(plan)).net_usd == pytest.approx(value_usd(problem, plan), rel=1e-9, abs=1e-6)
    assert violations(problem, schedule_of(plan)) == []


def test_the_check_names_each_rule_that_a_plan_breaks() -> None:
    problem, plan = _some(lambda f: f["jobs"] > 0 and f["reserves"] > 0 and f["modes"] > 1)
    share, batch, award = [one.copy() for one in plan.share], plan.batch.copy(), plan.award_mw.copy()
    share[0][0] = 0.4
    assert "neither 0 nor 1" in " ".join(faults(problem, SitePlan(tuple(share), batch, plan.elastic_mw, award)))
    batch[0] = 1 - batch[0]
    assert "intervals run" in " ".join(faults(problem, SitePlan(plan.share, batch, plan.elastic_mw, award)))
    award[0] += 1000.0
    assert "an award of" in " ".join(faults(problem, SitePlan(plan.share, plan.batch, plan.elastic_mw, award)))
    everything = tuple(np.ones_like(one) / one.shape[1] for one in plan.share)
    assert faults(problem, SitePlan(everything, np.ones_like(batch), plan.elastic_mw, award))


def test_counts_become_blocks_first_in_first_out() -> None:
    on = blocks_of(np.array([3.0, 2.0, 1.0, 2.0, 3.0]), 3, starts_on=True)
    assert on.tolist() == [[1, 0, 0, 1, 1], [1, 1, 0, 0, 1], [1, 1, 1, 1, 1]]


def test_the_random_sites_mix_all_features() -> None:
    seen = [features(random_site(seed)) for seed in range(300)]
    for name in ("ramps", "young", "jobs", "least_runs", "elastic", "resale", "peaks", "ratchets", "coincident"):
        assert sum(one[name] > 0 for one in seen) >= 20, name
    for name in ("reserves", "exclusions", "sheds"):
        assert sum(one[name] > 0 for one in seen) >= 20, name


def _some(wanted: Callable[[dict[str, int]], bool]) -> tuple[Problem, SitePlan]:
    for seed in range(200):
        problem = random_site(seed)
        if wanted(features(problem)):
            plan = referee(problem).plan
            if plan is not None:
                return problem, plan
    pytest.fail("no such site")
