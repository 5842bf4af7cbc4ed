"""The fast path of coupled sites: recursions, interval optima and bounds against independent solvers."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bench.referee import random_site
from bench.referees import known
from megawatt.core.errors import InputError, SolverError
from megawatt.dispatch.certificate import Piece, Prices
from megawatt.dispatch.coupled import fast
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.cover import award_cells, cells_of, kinks_of, spans_of
from megawatt.dispatch.coupled.fast import fast_plan, plan_coupled
from megawatt.dispatch.coupled.hours import Awards, awards_of, earn_hours
from megawatt.dispatch.coupled.interval import NEVER, earn
from megawatt.dispatch.coupled.open_peaks import open_peaks
from megawatt.dispatch.coupled.peaks import highest_mw
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.tables import hull, tables_of
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.coupled.work import least_done, plan_work
from megawatt.dispatch.general import Effort, Hint, plan_general
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Problem
from megawatt.dispatch.record import plan_record, problem_record, text_of
from megawatt.dispatch.schedule import violations
from megawatt.dispatch.solve import solve
from megawatt.hosting.batch import Windows, cheapest_run

# Optima that two solvers of other kinds proved on block models of their own.
OPTIMA = {seed: one.value_usd for seed, one in known().items() if one.proven and one.value_usd is not None}
SEEDS = [seed for seed in sorted(OPTIMA) if not random_site(seed).separable][:8]


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=60)
def test_the_work_recursion_finds_what_the_plain_reference_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = rng.integers(2, 9, rng.integers(1, 4))
    window = np.repeat(np.arange(len(size)), size).astype(np.int64)
    need = np.array([rng.integers(0, n + 1) for n in size], dtype=np.int64)
    cost, restart, least_run = rng.normal(0, 10, len(window)), float(rng.uniform(0, 20)), int(rng.integers(1, 4))
    before = bool(rng.integers(2))
    runs = np.ones(len(window), dtype=np.bool_)
    value, word = plan_work(
        np.zeros(len(window)), -cost, window, need, least_done(runs, window, need), restart, least_run, before
    )
    try:
        best = cheapest_run(
            cost, Windows(window, need), restart_usd=restart, min_run_steps=least_run, running_before=before
        )
    except InputError:
        assert value <= NEVER / 2
    else:
        assert value == pytest.approx(-best.cost_usd, abs=1e-9)
        starts = (np.diff(word, prepend=np.int8(before)) == 1).sum()
        assert -(cost @ word) - restart * starts == pytest.approx(value, abs=1e-9)


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=60)
def test_the_hull_of_modes_is_the_upper_envelope_of_their_mixtures(seed: int) -> None:
    rng = np.random.default_rng(seed)
    power, worth = rng.uniform(0, 5, (4, 1)), rng.normal(0, 10, (4, 1))
    base_mw, base_usd, steps_mw, steps_usd, _ = hull(power, worth)
    target = rng.uniform(power.min(), power.max())
    mixed = linprog(-worth[:, 0], A_eq=[power[:, 0], np.ones(4)], b_eq=[target, 1.0])
    left, value = target - base_mw[0], base_usd[0]
    for width, slope in zip(steps_mw[:, 0], steps_usd[:, 0], strict=True):
        value += slope * np.clip(left, 0, width)
        left -= np.clip(left, 0, width)
    assert value == pytest.approx(-float(mixed.fun or 0.0), abs=1e-9)
    assert (np.diff(steps_usd[steps_mw > 0]) <= 1e-9).all()


@pytest.mark.parametrize("seed", SEEDS[:20])
def test_interval_earnings_of_given_commitments_are_those_of_a_linear_programme(seed: int) -> None:
    problem, rng = random_site(seed), np.random.default_rng(seed)
    tab = tables_of(problem)
    T, C = tab.base_mw.shape
    counts = rng.integers(0, tab.most + 1, (T, C)).astype(np.float64)
    work = rng.integers(0, 2, tab.work_mw.shape).astype(np.float64) * (tab.work_mw > 0)
    usd, mining = np.empty(T), np.empty(T)
    earn(tab, counts, work, np.zeros(T), np.zeros(T), tab.room, usd, mining)
    for t in range(T):
        base = counts[t] @ tab.base_mw[t] + work[t] @ tab.work_mw[t]
        if base > tab.room[t] + 1e-9:
            assert usd[t] == NEVER
        elif tab.unused_usd[t] >= 0:
            width = [w * (counts[t, c] if c >= 0 else 1) for w, c in zip(tab.width_mw[t], tab.owner, strict=True)]
            cost = np.append(-tab.slope_usd[t], tab.unused_usd[t])
            rows = [[1.0] * len(width) + [0.0], [-1.0] * len(width) + [-1.0]]
            limits = [tab.room[t] - base, base - tab.block_mw[t]]
            best = linprog(cost, A_ub=rows, b_ub=limits, bounds=[*[(0, w) for w in width], (0, None)])
            fixed = counts[t] @ tab.base_usd[t] + work[t] @ tab.work_usd[t]
            assert usd[t] == pytest.approx(fixed - best.fun, abs=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
def test_any_prices_bound_the_optimum(seed: int) -> None:
    problem, rng = random_site(seed), np.random.default_rng(seed)
    split = Split.of(problem)
    shape = split.tables.base_mw.shape
    prices = Prices(
        rng.normal(0, 50, shape),
        np.maximum(rng.normal(0, 2, problem.T), 0),
        rng.normal(0, 20, split.tables.work_mw.shape),
    )
    prices.wage[:, :1] = 0.0
    pieces = [[Piece(0.0, np.inf, 0.0)]]
    if problem.peaks:
        pieces = open_peaks(split, highest_mw(split) * rng.random(), None).pieces
    bound = Viewer(split).view(prices, pieces).usd
    assert bound >= OPTIMA[seed] - 1e-6 * (1 + abs(OPTIMA[seed]))
    cap, whole = split.cap[split.awards.first[:-1]], split.spans.hour[split.spans.whole]
    cuts = [np.sort(rng.random(rng.integers(4))) * cap[h] * (h in whole) for h in range(len(cap))]
    cuts = [points[points > 0] for points in cuts]
    finer = Viewer(split, cuts).view(prices, pieces).usd
    assert OPTIMA[seed] - 1e-6 * (1 + abs(OPTIMA[seed])) <= finer <= bound + 1e-9 * (1 + abs(bound))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fast_plan_keeps_every_rule_and_its_bound_holds(seed: int) -> None:
    problem = random_site(seed)
    found = fast_plan(problem, Effort(1e-6))
    if found is None:
        pytest.skip("no plan was found without the general solver")
    plan, certificate = found
    assert violations(problem, plan.schedule) == []
    assert plan.value_usd == settle(problem, plan.schedule).net_usd
    assert plan.bound_usd == max(certificate.bound_usd, plan.value_usd)
    assert plan.value_usd - 1e-6 * (1 + abs(OPTIMA[seed])) <= OPTIMA[seed]
    assert certificate.bound_usd >= OPTIMA[seed] - 1e-6 * (1 + abs(OPTIMA[seed]))


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_the_whole_path_is_as_good_as_the_general_solver_alone(seed: int) -> None:
    problem = random_site(seed)
    plan, alone = plan_coupled(problem, Effort(1e-7, 30.0)), plan_general(problem, Effort(1e-7, 30.0))
    assert plan.value_usd >= alone.value_usd - 1e-6 * (1 + abs(alone.value_usd))
    assert violations(problem, plan.schedule) == []


@pytest.mark.parametrize("seed", SEEDS[:6])
def test_a_looser_limit_is_never_bounded_below_the_optimum_of_a_tighter_one(seed: int) -> None:
    problem = random_site(seed)
    found = fast_plan(dataclasses.replace(problem, limit_mw=problem.limit_mw * 1.2), Effort())
    assert found is None or found[1].bound_usd >= OPTIMA[seed] - 1e-6 * (1 + abs(OPTIMA[seed]))


def test_the_best_cover_of_a_range_is_at_its_ends_or_where_awards_bend() -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        R = int(rng.integers(1, 4))
        most, least = rng.uniform(5, 40, R), rng.choice([0.0, 1.0], R) * rng.uniform(1, 5, R)
        share, worth = rng.uniform(0.2, 1.0, R), rng.uniform(1, 20, (1, R))
        awards = Awards(np.array([0, 1]), worth, most, least, share, np.ones(1 << R, dtype=np.bool_))
        spans = spans_of(awards, np.array([0, 1]))
        low, high = np.sort(rng.uniform(0, 60, 2))
        cells = cells_of(awards, spans, np.array([80.0]), [np.array([low, high])])
        paid = rng.uniform(0, 20)
        usd, at = award_cells(awards, kinks_of(awards), spans, cells, np.array([paid]))
        best = 0.0 if low <= 0 else -np.inf
        for word in range(1 << R):
            sold = [r for r in range(R) if word >> r & 1]
            rows = [[*(1.0 * (r == k) for k in sold), -share[r]] for r in sold] + [[*(1.0 for _ in sold), -1.0]]
            found = linprog(
                [*(-worth[0, r] for r in sold), paid],
                A_ub=rows,
                b_ub=np.zeros(len(rows)),
                bounds=[*((least[r], most[r]) for r in sold), (low, high)],
            )
            if found.success and found.fun is not None:
                best = max(best, -found.fun)
        assert usd[1] == pytest.approx(best, abs=1e-6)
        assert low <= at[1] <= high


def test_awards_with_the_cover_they_need_are_those_of_a_linear_programme() -> None:
    plain = (p for p in map(random_site, range(200)) if not any(x.resale != "free" for x in p.positions))
    problem = next(p for p in plain if len(p.reserves) == 1 and p.reserves[0].min_mw == 0)
    tab, awards = tables_of(problem), awards_of(problem)
    T, S, H = problem.T, len(tab.owner), len(awards.first) - 1
    counts = np.broadcast_to(tab.most, tab.base_mw.shape).astype(np.float64)
    x, sold, usd = np.zeros((T, S)), np.zeros((H, 1)), np.zeros(H)
    room = np.full(T, 1e3)
    total = earn_hours(tab, awards, kinks_of(awards).mw, counts, np.zeros(tab.work_mw.shape), room, x, sold, usd)
    assert total == pytest.approx(usd.sum())
    mining = (counts * tab.base_mw).sum(axis=1) + x[:, tab.owner >= 0].sum(axis=1)
    cover = np.minimum.reduceat(mining, awards.first[:-1])
    assert (sold[:, 0] <= np.minimum(awards.most_mw[0], awards.share[0] * cover) + 1e-9).all()
    for hour in range(H):
        t = np.arange(awards.first[hour], awards.first[hour + 1])
        n = len(t) * S
        width = tab.width_mw[t] * np.where(tab.owner >= 0, counts[t][:, tab.owner], 1.0)
        rows = np.zeros((len(t), n + 1))
        for i in range(len(t)):
            rows[i, i * S : (i + 1) * S] = -awards.share[0] * (tab.owner >= 0)
            rows[i, n] = 1.0
        base = awards.share[0] * (counts[t] * tab.base_mw[t]).sum(axis=1)
        cost = np.append(-tab.slope_usd[t].ravel(), -awards.worth_usd[hour, 0])
        bounds = [*[(0, w) for w in width.ravel()], (0, awards.most_mw[0])]
        best = linprog(cost, A_ub=rows, b_ub=base, bounds=bounds)
        fixed = (counts[t] * tab.base_usd[t]).sum()
        assert usd[hour] == pytest.approx(fixed - best.fun, abs=1e-7)


def test_the_general_solver_takes_a_plan_as_its_start() -> None:
    problem = random_site(SEEDS[0])
    search = Search(Split.of(problem))
    assert search.run() is not None
    schedule = search.valued().schedule()
    months = len(problem.peaks[0].floor_mw) if problem.peaks else 1
    counts = np.zeros((problem.T, len(problem.machines)))
    hint = Hint(schedule, np.zeros(months), np.full(months, 1e6), counts, counts + [m.blocks for m in problem.machines])
    plan = plan_general(problem, Effort(1e-7, 30.0), hint)
    assert plan.value_usd == pytest.approx(plan_general(problem, Effort(1e-7, 30.0)).value_usd, rel=1e-6)


@pytest.mark.parametrize("seed", SEEDS[3:7])
def test_a_general_solver_that_finds_nothing_in_its_time_leaves_the_fast_plan(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem, asked = random_site(seed), list[Problem]()

    def nothing(one: Problem, *_: object) -> Plan:
        asked.append(one)
        raise SolverError("stopped after 1 s", "a plan is found in time", "Allow more time.")

    monkeypatch.setattr(fast, "plan_general", nothing)
    plan, found = plan_coupled(problem, Effort(1e-12, 1.0)), fast_plan(problem, Effort())
    assert asked == [problem]
    assert plan.method.endswith("then HiGHS on block counts, stopped after 1 s")
    assert found is not None
    assert plan.value_usd >= found[0].value_usd
    assert violations(problem, plan.schedule) == []
    assert plan.bound_usd is not None
    assert plan.bound_usd >= OPTIMA[seed] - 1e-6 * (1 + abs(OPTIMA[seed]))


def test_records_are_the_same_text_for_the_same_plan() -> None:
    problem = random_site(SEEDS[0])
    first, again = (solve(problem, Effort(1e-4, 20.0)) for _ in range(2))
    assert text_of(plan_record(problem, first)) == text_of(plan_record(problem, again))
    assert text_of(problem_record(problem)).startswith('{"adder_usd_per_mwh":[')


def test_a_gap_of_nothing_is_asked_for_in_finitely_many_pieces() -> None:
    problem = next(p for p in map(random_site, range(50)) if p.peaks and not p.separable)
    found = fast_plan(problem, Effort(0.0))
    assert found is not None
    certificate = found[1]
    pieces = sum(map(len, certificate.pieces)) + sum(len(one.pieces) for one in certificate.exclusions)
    assert pieces < 200 * len(certificate.pieces)


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_words_that_follow_any_counts_give_a_plan_that_keeps_every_rule_or_none(seed: int) -> None:
    split, rng = Split.of(random_site(seed)), np.random.default_rng(seed)
    search = Search(split)
    if search.run() is None:
        pytest.skip("no plan was found without the general solver")
    T, C = split.tables.base_mw.shape
    for _ in range(3):
        prices = Prices(rng.normal(0, 50, (T, C)), np.zeros(T), np.zeros(split.tables.work_mw.shape))
        words = split.words_near(prices, rng.integers(0, 3, (T, C)).astype(np.float64))
        before, best = search.value_usd, search.valued()
        search.follow(best.peaks_mw, words, best.work)
        assert search.value_usd >= before
        plan = search.valued().schedule()
        assert violations(split.problem, plan) == []
        assert settle(split.problem, plan).net_usd == pytest.approx(search.value_usd, rel=1e-9, abs=1e-6)


WITH_PEAKS = [site for site in map(random_site, range(20)) if site.peaks and not site.separable]


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_parted_pieces_cover_all_peaks_and_ask_for_no_more_than_their_least(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = WITH_PEAKS[seed % len(WITH_PEAKS)]
    split, charge = Split.of(problem), problem.peaks[0]
    top = highest_mw(split)
    peaks = open_peaks(split, top * rng.random(len(top)), None)
    for _ in range(40):
        held = [cut[rng.integers(len(cut))] for cut in peaks.pieces]
        peaks.part(held, float(rng.random()))
        if rng.random() < 0.2:
            peaks.own_mw = top * rng.random(len(top))
    for m, cut in enumerate(peaks.pieces):
        assert cut[0].most_mw >= top[m]
        assert cut[-1].least_mw == 0
        assert [one.least_mw for one in cut[:-1]] == [one.most_mw for one in cut[1:]]
        for one in cut:
            assert one.usd == charge.usd_per_mw_month[m] * max(one.least_mw, charge.floor_mw[m])
