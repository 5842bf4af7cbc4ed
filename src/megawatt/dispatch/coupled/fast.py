"""The coupled path: a fast plan, its certificate, and the general solver where the certificate asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from megawatt.core.errors import SolverError
from megawatt.dispatch.certificate import Certificate, Piece, Prices
from megawatt.dispatch.coupled.bound import ROUND_OUT, Split
from megawatt.dispatch.coupled.certify import certify
from megawatt.dispatch.coupled.closing import FEW_MOVES, MOST_MOVES, closed
from megawatt.dispatch.coupled.fixing import CountRule
from megawatt.dispatch.coupled.joint import Joint
from megawatt.dispatch.coupled.near import begin_near
from megawatt.dispatch.coupled.peaks import highest_mw
from megawatt.dispatch.coupled.prices import linear_prices
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.small import SmallSite
from megawatt.dispatch.coupled.tables import MOST_COMMITMENTS
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.coupled.warm import warmed
from megawatt.dispatch.coupled.weeks import NamedWeeks, week_edges
from megawatt.dispatch.deadline import Deadline
from megawatt.dispatch.general import Effort, Hint, plan_general
from megawatt.dispatch.ledger import measured_mw, settle
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Floats, Problem
from megawatt.dispatch.schedule import Schedule, idle, violations

WANTED = 0.99
"""Share of the gap asked for at which the search stops."""

FIRST_STEPS = 100
"""Evaluations beside the first plan, before other peaks are searched: mostly they are enough, and name the peaks to try."""

NEXT_STEPS = 60
"""Evaluations beside a plan that was found later."""

NEAR_STEPS = 12
"""Evaluations from the prices of a neighbour, which a megawatt more of something hardly changes."""

LATE_STEPS = 3
"""The same when the time is up."""

MOST_STEPS = 120
"""Evaluations after that, after which more of them seldom pay."""

MOST_PLANES = 40
"""Steps by the programmes of what was wanted so far, several programmes each."""

MOST_MIXED = 1_000
"""Intervals up to which those are solved: a week by quarters of an hour takes a second each."""

MOST_LINEAR = 3_000
"""Intervals up to which the linear relaxation is worth its time as a source of prices, and joint words are looked at."""

SHAKES, SEED = 24, 1
"""Random rebuilds of a plan that is not proven good enough, and the seed of what is random about them."""

WHOLE_HOURS = 14 * 24
"""Horizon up to which the general solver takes the whole instead of weeks [h]."""

MOST_WHOLE = 2_100
"""Intervals up to which it takes the whole in the end, a week by five minutes: of a month by quarters of an hour neither its
plan nor its bound ever came near ours, and it does not keep to its time."""

LAST_SHARE = 0.5
"""Share of the time that the general solver gets at least."""

LEAST_HIGHS = 1e-3
"""Seconds per interval below which the general solver mostly does not come to a plan of its own."""

MOST_JOINT = 48
"""Intervals up to which joint states are searched."""

MOST_WORK = 250_000_000
"""Intervals times work due in a window up to which a job's way back is kept, a byte each."""

MOST_JOBS = 6
"""Jobs whose words are all enumerated in each interval."""


@dataclass(slots=True)
class Found:
    """What the fast path found.

    Attributes:
        search: Trials; the best of them is the plan.
        certificate: Its certificate.
        tolerance_usd: Gap that is wanted [USD].
        method: What was done so far.
    """

    search: Search
    certificate: Certificate
    tolerance_usd: float
    method: str

    def plan(self) -> Plan:
        """The plan with its certificate."""
        problem, schedule = self.search.split.problem, self.search.valued().schedule()
        bound = self.certificate.bound_usd
        return Plan.of(problem, schedule, bound_usd=bound, method=self.method, certificate=self.certificate)


def plan_coupled(
    problem: Problem, effort: Effort | None = None, timezone: str = "UTC", near: Plan | None = None
) -> Plan:
    """Plan of a coupled site with a certificate.

    The fast plan and its bound come first. Where they are further apart than asked, HiGHS goes on from that plan: on
    the weeks that the certificate names, and on the whole of a horizon that is short enough, within the counts and peaks
    that the certificate leaves open; the better plan and the lower bound are kept.

    Args:
        problem: The site.
        effort: When to stop.
        timezone: Zone in which weeks begin.
        near: Plan of nearly the same site, to begin with.

    Raises:
        InputError: No schedule keeps all limits.
        SolverError: No plan was found in the time allowed.
    """
    effort = effort or Effort()
    if effort.clock:
        load()
    deadline = effort.begun()
    found = fast_path(problem, effort, deadline, near)
    if found is None:
        return plan_general(problem, replace(effort, seconds=deadline.left()))
    if open_usd(found.certificate, found.search) > found.tolerance_usd:
        better_weeks(found, timezone)
    plan = found.plan()
    if (plan.gap is not None and plan.gap <= effort.relative_gap) or problem.T > MOST_WHOLE:
        return plan
    seconds = max(deadline.left(), LAST_SHARE * effort.seconds)
    return _finished(problem, plan, found, replace(effort, seconds=seconds))


def load() -> None:
    """Load the compiled recursions from the cache, or compile those it lacks: seconds that are no part of a search."""
    warmed(_planned)


def _planned(problem: Problem) -> None:
    fast_plan(problem, Effort())


def fast_plan(problem: Problem, effort: Effort) -> tuple[Plan, Certificate] | None:
    """Plan and certificate without any general solver; None where the fast path cannot state or fit the site."""
    found = fast_path(problem, effort, effort.begun())
    return None if found is None else (found.plan(), found.certificate)


def fast_path(problem: Problem, effort: Effort, deadline: Deadline, near: Plan | None = None) -> Found | None:
    """Trials and certificate before the general solver; None where the fast path cannot state or fit the site.

    A plan of nearly the same site is tried first if there is one, and its prices are where the bound begins.
    """
    if not fits(problem):
        return None
    split = Split.of(problem)
    search = Search(split, deadline=deadline)
    nothing = settle(problem, idle(problem)).net_usd
    certificate, first_usd = None, -np.inf
    before = None if near is None else begin_near(search, near)
    if search.best is not None or search.begin() is not None:
        tolerance = _tolerance_usd(search, nothing, effort)
        if before is None:
            certificate = certify(split, search, tolerance, FIRST_STEPS)
        else:
            certificate = certify(split, search, tolerance, NEAR_STEPS, before.prices, before, late_steps=LATE_STEPS)
        first_usd = search.value_usd
    enough = certificate is not None and open_usd(certificate, search) <= _tolerance_usd(search, nothing, effort)
    if certificate is None or not (enough or deadline.over):
        if search.run() is None:
            _joint_plan(search, 0.0)
        if search.best is None:
            return None
        kept = certificate is not None and (before is not None or search.value_usd <= first_usd)
        prices = certificate.prices if certificate is not None and kept else None
        certificate = _certified(search, _tolerance_usd(search, nothing, effort), prices, certificate)
    tolerance = _tolerance_usd(search, nothing, effort)
    if violations(problem, search.valued().schedule()):
        return None
    method = f"exact recursions and split bound, {certificate.steps} steps"
    if search.deadline.over:
        method += f", cut short after {effort.seconds:g} s"
    return Found(search, certificate, tolerance, method)


def _tolerance_usd(search: Search, nothing_usd: float, effort: Effort) -> float:
    """Gap that is wanted, less what rounding may add [USD]."""
    return WANTED * effort.relative_gap * max(search.value_usd - nothing_usd, 1.0)


def _certified(search: Search, tolerance: float, prices: Prices | None, first: Certificate | None) -> Certificate:
    """Bound of the best trial, which may become better on the way, from some prices and a first certificate if there are."""
    split = search.split
    certificate = certify(split, search, tolerance, NEXT_STEPS, prices, first)
    if open_usd(certificate, search) > tolerance and not search.deadline.over:
        if split.problem.T <= MOST_LINEAR:
            prices = linear_prices(split.problem, Effort(seconds=search.deadline.left_by_clock()))
            certificate = _lower(certify(split, search, tolerance, MOST_STEPS, prices, certificate), certificate)
            if open_usd(certificate, search) > tolerance:
                certificate = _closed(search, tolerance, certificate)
        else:
            certificate = certify(split, search, tolerance, MOST_STEPS, certificate.prices, certificate)
    if open_usd(certificate, search) > tolerance:
        found = search.value_usd
        search.shake(SHAKES, np.random.default_rng(SEED))
        _joint_plan(search, tolerance, certificate.prices)
        if search.value_usd > found:
            again = certify(split, search, tolerance, NEXT_STEPS, certificate.prices, certificate)
            certificate = _lower(again, certificate)
    return certificate


def _closed(search: Search, tolerance: float, certificate: Certificate) -> Certificate:
    """The bound by joint words; where they are many, beside a programme's prices, which may leave fewer."""
    split, planes = search.split, _worth_planes(search, certificate)
    certificate = closed(split, search, tolerance, certificate, FEW_MOVES if planes else MOST_MOVES)
    if open_usd(certificate, search) > tolerance and planes and not search.deadline.over:
        again = certify(split, search, tolerance, MOST_PLANES, certificate.prices, certificate, planes=True)
        certificate = closed(split, search, tolerance, _lower(again, certificate), MOST_MOVES)
    return certificate


def _worth_planes(search: Search, certificate: Certificate) -> bool:
    """Whether programmes can be solved in time: each open piece of a month takes a step of its own, or more."""
    few = max(map(len, certificate.pieces)) <= MOST_PLANES
    return few and search.split.problem.T <= MOST_MIXED and not search.deadline.over


def _joint_plan(search: Search, tolerance: float, prices: Prices | None = None) -> None:
    """Look for a better plan, or a first one, in the joint states of a small site: from some prices, then from the linear ones."""
    split = search.split
    joint = Joint.of(split) if split.problem.T <= MOST_JOINT else None
    if joint is None or (prices is not None and SmallSite(joint, search, prices, tolerance).run()):
        return
    joint, linear = Joint.of(split), linear_prices(split.problem, Effort(seconds=search.deadline.left_by_clock()))
    if joint is not None:
        SmallSite(joint, search, linear, tolerance).run()


def better_weeks(found: Found, timezone: str) -> None:
    """HiGHS on the weeks that hold the gap, and the bound again beside a better plan."""
    search, problem = found.search, found.search.split.problem
    edges = week_edges(problem.grid, timezone)
    if problem.T * problem.grid.hours <= WHOLE_HOURS or search.deadline.left() <= 0:
        return
    weeks = NamedWeeks(search.split, search, found.certificate, found.tolerance_usd, edges)
    while weeks.run():
        last = weeks.certificate
        again = certify(search.split, search, found.tolerance_usd, NEXT_STEPS, last.prices, last)
        weeks.certificate = _lower(again, weeks.certificate)
    found.certificate = weeks.certificate
    found.method += weeks.told()


def fits(problem: Problem) -> bool:
    """Whether the fast path can state the site."""
    work = problem.T * (1 + max(problem.batches[0].need, default=0)) if problem.batches else 0
    combinations = np.prod([m.blocks + 1.0 for m in problem.machines])
    return bool(len(problem.batches) <= MOST_JOBS and combinations <= MOST_COMMITMENTS and work <= MOST_WORK)


def searched(problem: Problem, peaks_mw: Sequence[Floats] = ()) -> tuple[Schedule, Floats] | None:
    """The search of the fast path alone: a schedule and the peaks it keeps, without a bound; None where nothing fits.

    Args:
        problem: A coupled problem that `fits`.
        peaks_mw: Peaks to try, each of shape (M,), for example those of plans at neighbouring prices, beside the
            highest ones; without any, and where none of them fits, the whole range is searched.
    """
    split = Split.of(problem)
    search = Search(split)
    if problem.peaks and len(peaks_mw):
        for peaks in (highest_mw(split), *peaks_mw):
            search.attempt(peaks)
    if search.best is None and search.run() is None:
        return None
    best = search.valued()
    return best.schedule(), best.peaks_mw.copy()


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


def _finished(problem: Problem, plan: Plan, found: Found, effort: Effort) -> Plan:
    """HiGHS on the whole horizon from the plan on; the better plan and the lower bound of both."""
    if effort.seconds < LEAST_HIGHS * problem.T:
        return plan
    certificate = found.certificate
    # the plan's own peaks belong to the range: a piece that holds nothing better than it may have been excluded
    own = measured_mw(problem.peaks[0], plan.ledger.import_mw) if problem.peaks else np.zeros(1)
    low = np.minimum([min(piece.least_mw for piece in pieces) for pieces in certificate.pieces], own)
    high = np.maximum([max(piece.most_mw for piece in pieces) for pieces in certificate.pieces], own)
    counts = CountRule(found.search.split, plan, certificate).counts(0, problem.T)
    try:
        other = plan_general(problem, effort, Hint(plan.schedule, low, high, counts.least, counts.most))
    except SolverError as stopped:
        return replace(plan, method=f"{plan.method}; then HiGHS on block counts, {stopped.value}")
    bounds = [bound for bound in (plan.bound_usd, other.bound_usd) if bound is not None]
    bound = max(min(bounds), plan.value_usd, other.value_usd)
    better = other if other.value_usd > plan.value_usd else plan
    method = f"{plan.method}; then {other.method}"
    return Plan.of(problem, better.schedule, bound_usd=bound, method=method, certificate=certificate)
