"""The coupled path: a fast plan, its certificate, and the general solver where the certificate asks for it."""

from dataclasses import replace

import numpy as np

from megawatt.core.errors import SolverError
from megawatt.dispatch.certificate import Certificate, Piece, Prices
from megawatt.dispatch.coupled.bound import ROUND_OUT, Split
from megawatt.dispatch.coupled.certify import certify
from megawatt.dispatch.coupled.prices import linear_prices
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.tables import MOST_COMMITMENTS
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.general import Effort, Hint, plan_general
from megawatt.dispatch.ledger import measured_mw, settle
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Problem
from megawatt.dispatch.schedule import idle, violations

FIRST_STEPS = 60
"""Evaluations of the bound from the prices that are read off the plan."""

MOST_STEPS = 120
"""Evaluations after that, after which more of them seldom pay."""

MOST_LINEAR = 3_000
"""Intervals up to which the linear relaxation is worth its time as a source of prices."""

SHAKES, SEED = 24, 1
"""Random rebuilds of a plan that is not proven good enough, and the seed of what is random about them."""

MOST_WORK = 40_000_000
"""Intervals times work due in a window up to which the first job's way back is kept, a byte each and per piece of peak."""

MOST_JOBS = 6
"""Jobs whose words are all enumerated in each interval."""


def plan_coupled(problem: Problem, effort: Effort | None = None) -> Plan:
    """Plan of a coupled site with a certificate.

    The fast plan and its bound come first. Where they are further apart than asked, HiGHS goes on from that plan with
    the peaks that the certificate leaves open, for as long as the effort allows; the better plan and the lower bound
    are kept.

    Raises:
        InputError: No schedule keeps all limits.
        SolverError: No plan was found in the time allowed.
    """
    effort = effort or Effort()
    found = fast_plan(problem, effort)
    if found is None:
        return plan_general(problem, effort)
    plan, certificate = found
    if plan.gap is not None and plan.gap <= effort.relative_gap:
        return plan
    return _finished(problem, plan, certificate, effort)


def fast_plan(problem: Problem, effort: Effort) -> tuple[Plan, Certificate] | None:
    """Plan and certificate without any general solver; None where the fast path cannot state or fit the site."""
    work = problem.T * (1 + max(problem.batches[0].need, default=0)) if problem.batches else 0
    combinations = np.prod([m.blocks + 1.0 for m in problem.machines])
    if len(problem.batches) > MOST_JOBS or combinations > MOST_COMMITMENTS or work > MOST_WORK:
        return None
    split = Split.of(problem)
    search = Search(split)
    if search.run() is None:
        return None
    earned = search.value_usd - settle(problem, idle(problem)).net_usd
    tolerance = 0.5 * effort.relative_gap * max(earned, 1.0)
    certificate = certify(split, search, tolerance, FIRST_STEPS)
    if open_usd(certificate, search) > tolerance:
        if problem.T <= MOST_LINEAR:
            certificate = _lower(
                certify(split, search, tolerance, MOST_STEPS, linear_prices(problem), certificate.cuts), certificate
            )
        else:
            certificate = certify(split, search, tolerance, MOST_STEPS, certificate.prices, certificate.cuts)
    if open_usd(certificate, search) > 2 * tolerance:
        found = search.value_usd
        search.shake(SHAKES, np.random.default_rng(SEED))
        if search.value_usd > found:
            certificate = certify(split, search, tolerance, FIRST_STEPS, certificate.prices, certificate.cuts)
    schedule = search.valued().schedule()
    if violations(problem, schedule):
        return None
    method = f"exact recursions and split bound, {certificate.steps} steps"
    plan = Plan.of(problem, schedule, bound_usd=certificate.bound_usd, method=method, certificate=certificate)
    return plan, certificate


def certificate_of(problem: Problem, plan: Plan) -> Certificate:
    """Certificate of the plan of a separable site, which is its own bound.

    Its prices are what a running block earns, and the bound they give is the plan's value, but for what ramping blocks
    lose less than at least (`docs/plan-format.md`, bound, 2).
    """
    h, cost = problem.grid.hours, problem.cost_usd_per_mwh
    running = np.array([m.margin_usd(cost, h) for m in problem.machines]).reshape(len(problem.machines), problem.T).T
    prices = Prices(np.ascontiguousarray(running), np.zeros(problem.T), np.zeros((problem.T, 0)))
    pieces = [[Piece(0.0, np.inf, 0.0)]]
    bound = max(Viewer(Split.of(problem)).view(prices, pieces).usd, plan.value_usd)
    return Certificate(prices, (tuple(pieces[0]),), (), (), bound + ROUND_OUT * (1 + abs(bound)), 1)


def open_usd(certificate: Certificate, search: Search) -> float:
    """Most that a better plan could add [USD]."""
    return certificate.bound_usd - search.value_usd


def _lower(one: Certificate, other: Certificate) -> Certificate:
    """The certificate with the lower bound; one that was made for a worse plan bounds no less."""
    return one if one.bound_usd <= other.bound_usd else other


def _finished(problem: Problem, plan: Plan, certificate: Certificate, effort: Effort) -> Plan:
    """HiGHS from the fast plan on; the better plan and the lower bound of both."""
    if effort.seconds <= 0:
        return plan
    # the plan's own peaks belong to the range: a piece that holds nothing better than it may have been excluded
    own = measured_mw(problem.peaks[0], plan.ledger.import_mw) if problem.peaks else np.zeros(1)
    low = np.minimum([min(piece.least_mw for piece in pieces) for pieces in certificate.pieces], own)
    high = np.maximum([max(piece.most_mw for piece in pieces) for pieces in certificate.pieces], own)
    try:
        other = plan_general(problem, effort, Hint(plan.schedule, low, high))
    except SolverError as stopped:
        return replace(plan, method=f"{plan.method}; then HiGHS on block counts, {stopped.value}")
    bounds = [bound for bound in (plan.bound_usd, other.bound_usd) if bound is not None]
    bound = max(min(bounds), plan.value_usd, other.value_usd)
    better = other if other.value_usd > plan.value_usd else plan
    method = f"{plan.method}; then {other.method}"
    return Plan.of(problem, better.schedule, bound_usd=bound, method=method, certificate=certificate)
