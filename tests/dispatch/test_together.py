"""The bound of all blocks and jobs together, against all words of tiny sites."""

import dataclasses
from itertools import product

import numpy as np
import pytest

from checker.bound import Bound
from checker.plan import Piece as CheckedPiece
from checker.plan import Prices as CheckedPrices
from checker.problem import read_problem
from checker.together import Together as CheckedTogether
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.certificate import Piece, Prices
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.cover import award_cells
from megawatt.dispatch.coupled.interval import NEVER
from megawatt.dispatch.coupled.labels import Row, commitment_usd
from megawatt.dispatch.coupled.pairs import Pair, TooManyError
from megawatt.dispatch.coupled.together import Together
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.coupled.walk import Walk
from megawatt.dispatch.deadline import Deadline
from megawatt.dispatch.problem import BatchJob, Floats, InitialState, MachineClass, PeakCharge, Problem, Reserve
from megawatt.dispatch.record import problem_record
from megawatt.dispatch.schedule import dwell_faults

T = 4


def tiny(seed: int) -> Problem:
    """Two blocks, two jobs, a limit that they share, a peak, and a reserve in every other site."""
    rng = np.random.default_rng(seed)
    flat, none = np.ones(T), np.zeros(T)
    machine = MachineClass(
        "class",
        2,
        np.array([[2.0], [3.0]]) * flat,
        np.array([[100.0], [140.0]]) * flat * rng.uniform(0.8, 1.2),
        float(rng.uniform(0, 8)),
        float(rng.uniform(0, 8)),
        int(rng.integers(1, 3)),
        int(rng.integers(1, 3)),
        np.array([0.5, 0.2])[: int(rng.integers(3))],
        InitialState(bool(rng.integers(2)), 1),
    )
    window = np.repeat([0, 1], 2).astype(np.int64)
    jobs = (
        BatchJob("one", 2.0 * flat, none, np.zeros(T, dtype=np.int64), np.array([2]), 9.0, 1, initial_on=True),
        BatchJob("two", 1.5 * flat, none, window, rng.integers(0, 3, 2), 6.0, int(rng.integers(1, 3))),
    )
    peak = PeakCharge("demand", np.array([3.0, 2.0]), window, np.ones(T, dtype=np.bool_), np.zeros(2))
    award = (Reserve("award", rng.uniform(2, 9, 2), np.zeros(2), 4.0),) if seed % 2 else ()
    hour = np.arange(T) // 2 if award else np.zeros(0, dtype=np.int64)
    price = rng.normal(40, 25, T)
    return Problem(
        TimeGrid(np.datetime64("2024-01-01", "s"), 30, T), price, none, none, 7.0 * flat, (machine,),
        (), jobs, (), (), (peak,), award, hour,
    )  # fmt: skip


def some_prices(problem: Problem, seed: int) -> Prices:
    rng = np.random.default_rng(seed)
    wage = rng.normal(0, 20, (T, 2))
    wage[:, 0] = 0.0
    cover = np.abs(rng.normal(2, 2, T)) * bool(problem.reserves)
    return Prices(rng.normal(0, 30, (T, 1)), cover, wage)


PIECES = [[Piece(3.0, 7.0, 9.0), Piece(0.0, 3.0, 0.0)], [Piece(4.0, 7.0, 8.0), Piece(0.0, 4.0, 0.0)]]


def cells_of(split: Split) -> list[Floats]:
    """Cuts of the whole hours: none, one and two of them in turn."""
    parts = [np.zeros(0), np.array([1.0]), np.array([1.5, 3.0])]
    whole = set(split.spans.hour[split.spans.whole].tolist())
    cap = split.cap[split.awards.first[:-1]]
    return [parts[h % 3] if h in whole and cap[h] > 3.0 else parts[0] for h in range(len(cap))]


PAID = -1
"""For the number of blocks that run: as many as pay best."""


def by_hand(split: Split, viewer: Viewer, prices: Prices, *, paid_blocks: bool = False) -> float:
    """Every pair of words of the blocks, or blocks that are paid; every word of both jobs, hour's cells, month's pieces."""
    problem, machine = split.problem, split.problem.machines[0]
    blocks = [w for w in product((0, 1), repeat=T) if not dwell_faults(np.array(w, dtype=np.bool_), machine)]
    works = [[w for w in product((0, 1), repeat=T) if allowed(job, w)] for job in problem.batches]
    paid = [{w: paid_by_job(job, w) for w in those} for job, those in zip(problem.batches, works, strict=True)]
    nothing = dataclasses.replace(prices, running=0 * prices.running, wage=0 * prices.wage)
    sold, _ = award_cells(split.awards, split.kinks, split.spans, viewer.cells, prices.cover)
    known: dict[tuple[int, int, int, int, int], float] = {}

    def worth(r: int, m: int, q: int, n: int, word: int) -> float:
        if (r, m, q, n, word) not in known:
            t, cells = int(viewer.cells.at[r]), viewer.cells
            room = split.room(np.full(2, PIECES[m][q].most_mw))[t]
            row = Row(
                split.tables, nothing.running, nothing.wage, t, float(prices.cover[t]), float(cells.least_mw[r]),
                float(cells.most_mw[r]), float(room),
            )  # fmt: skip
            known[r, m, q, n, word] = commitment_usd(row, np.array([float(n)]), word, np.zeros(len(split.tables.owner)))
        return known[r, m, q, n, word]

    def brought(r: int, m: int, q: int, n: int, word: int) -> float:
        if n != PAID:
            return worth(r, m, q, n, word)
        running = float(prices.running[viewer.cells.at[r], 0])
        return max(worth(r, m, q, k, word) - k * running for k in range(machine.blocks + 1))

    best, seen = -np.inf, {(PAID,) * T: split.blocks_usd(prices)[0]} if paid_blocks else switching(split, blocks)
    for number, one, two in product(seen, *works):
        total = seen[number] + paid[0][one] + paid[1][two] + split.constant_usd
        for m in range(2):
            pieces = []
            for q, piece in enumerate(PIECES[m]):
                usd = -piece.usd
                for g in range(int(split.span_edges[m]), int(split.span_edges[m + 1])):
                    hours = []
                    for n in range(viewer.cells.first[g], viewer.cells.first[g + 1]):
                        rows = range(int(viewer.cells.row[n]), int(viewer.cells.row[n + 1]))
                        at = [int(viewer.cells.at[r]) for r in rows]
                        parts = [
                            brought(r, m, q, number[t], one[t] + 2 * two[t]) for r, t in zip(rows, at, strict=True)
                        ]
                        hours.append(sum(parts) + float(sold[n]))
                    usd += max(hours)
                pieces.append(usd)
            total += max(pieces)
        best = max(best, total)
    return best if best > NEVER / 2 else -np.inf


def switching(split: Split, blocks: list[tuple[int, ...]]) -> dict[tuple[int, ...], float]:
    """The least that switching and ramping costs, by what two blocks run."""
    seen = dict[tuple[int, ...], float]()
    for pair in ((a, b) for a in blocks for b in blocks if a <= b):
        number = tuple(np.sum(pair, axis=0).tolist())
        seen[number] = max(seen.get(number, -np.inf), sum(paid_by_block(split, w) for w in pair))
    return seen


def allowed(job: BatchJob, word: tuple[int, ...]) -> bool:
    done = np.bincount(job.window, weights=np.array(word))
    runs, length, fits = job.initial_on, job.min_run if job.initial_on else 0, True
    for on in word:
        fits = fits and not (runs and not on and length < job.min_run)
        length = (length if runs else 0) + 1 if on else 0
        runs = bool(on)
    return bool(fits and (done == job.need).all())


def paid_by_job(job: BatchJob, word: tuple[int, ...]) -> float:
    return -job.restart_usd * sum(b > a for a, b in zip((int(job.initial_on), *word), word, strict=False))


def paid_by_block(split: Split, word: tuple[int, ...]) -> float:
    m, ramp = split.problem.machines[0], split.ramp[0]
    usd, age, before = 0.0, m.initial.steps if m.initial.on else 0, int(m.initial.on)
    for t, on in enumerate(word):
        usd -= m.start_usd * (on > before) + m.stop_usd * (on < before)
        age = (age if before else 0) if on else 0
        usd += float(ramp[age, t]) if on and age < len(ramp) else 0.0
        age, before = age + on, on
    return usd


def tiny_together() -> Together:
    split = Split.of(tiny(0))
    together = Together.of(split, Viewer(split).cells, some_prices(tiny(0), 0), PIECES)
    assert together is not None
    return together


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_the_best_joint_word_is_that_of_all_words_here_and_in_the_checker(seed: int) -> None:
    problem, prices = tiny(seed), some_prices(tiny(seed), seed)
    split = Split.of(problem)
    viewer = Viewer(split, cells_of(split))
    wanted = by_hand(split, viewer, prices)
    together = Together.of(split, viewer.cells, prices, PIECES)
    assert together is not None
    assert together.usd == pytest.approx(viewer.view(prices, PIECES).usd, abs=1e-7)
    slack = together.usd - wanted + 1.0
    whole = Walk(together, slack, 10**6)
    assert whole.best_usd() == pytest.approx(wanted, abs=1e-7)
    pair = Pair(together, 1, slack)
    pair.run()
    assert together.usd - pair.least_usd == pytest.approx(by_hand(split, viewer, prices, paid_blocks=True), abs=1e-4)
    fewer = Walk(together, slack, 10**6, pairs=[pair])
    assert fewer.best_usd() == pytest.approx(wanted, abs=1e-7)
    assert fewer.labels <= whole.labels
    _, blocks, work = fewer.words()
    assert all(allowed(job, tuple(word)) for job, word in zip(problem.batches, work.tolist(), strict=True))
    assert not any(dwell_faults(word.astype(np.bool_), problem.machines[0]) for word in blocks[0])
    assert Walk(together, together.usd - wanted - 1.0, 10**6).best_usd() == pytest.approx(wanted + 1.0)
    read = read_problem(problem_record(problem))
    checked = CheckedPrices(prices.running, prices.cover, prices.wage)
    bound = Bound(read, [checked], tuple(viewer.inner) if problem.reserves else ())
    pieces = [[CheckedPiece(one.least_mw, one.most_mw, one.usd) for one in month] for month in PIECES]
    assert CheckedTogether(bound, checked, pieces, wanted - 1.0).usd() == pytest.approx(wanted, abs=1e-7)
    assert CheckedTogether(bound, checked, pieces, wanted + 1.0).usd() == pytest.approx(wanted + 1.0)


def test_a_walk_stops_at_its_most_moves_and_a_beam_drops_some() -> None:
    together = tiny_together()
    with pytest.raises(TooManyError):
        Walk(together, 1e4, 20).best_usd()
    beam, whole = Walk(together, 1e4, 10**6, beam=3), Walk(together, 1e4, 10**6)
    assert beam.best_usd() <= whole.best_usd()
    assert beam.labels < whole.labels


@pytest.mark.parametrize("seed", range(4))
def test_a_pair_of_jobs_without_blocks_loses_what_labels_find(seed: int) -> None:
    """Two days of half hours with a peak each: one job over both days, one by the day; a site without machines is its jobs."""
    rng = np.random.default_rng(seed)
    n, flat = 96, np.ones(96)
    day, price, running = np.arange(n) // 48, rng.normal(40, 25, n), bool(seed % 2)
    jobs = (
        BatchJob(
            "long", 2.0 * flat, 0 * flat, 0 * day, np.array([int(rng.integers(20, 60))]), 30.0, 2, initial_on=running
        ),
        BatchJob("daily", np.where(rng.random(n) < 0.9, 1.5, 0.0), 0 * flat, day, rng.integers(8, 20, 2), 20.0, 3),
    )
    peak = PeakCharge("demand", np.array([3.0, 2.0]), day, np.ones(n, dtype=np.bool_), np.zeros(2))
    problem = Problem(
        TimeGrid(np.datetime64("2024-01-01", "s"), 30, n), price, 0 * flat, 0 * flat,
        rng.uniform(2.0, 4.0, n), (), (), jobs, (), (), (peak,), (), np.zeros(0, dtype=np.int64),
    )  # fmt: skip
    split, wage = Split.of(problem), np.column_stack((0 * flat, rng.normal(-0.75 * price, 3.0)))
    prices = Prices(np.zeros((n, 0)), 0 * flat, wage)
    together = Together.of(split, Viewer(split).cells, prices, [[Piece(2.0, 4.0, 6.0), Piece(0.0, 2.0, 0.0)]] * 2)
    assert together is not None
    whole, pair = Walk(together, 600.0, 10**8), Pair(together, 1, 600.0)
    wanted = together.usd - whole.best_usd()
    pair.run()
    assert 0.0 < wanted < 600.0
    assert pair.least_usd == pytest.approx(wanted, rel=1e-6)
    fewer = Walk(together, wanted + 1.0, 10**8, pairs=[pair])
    assert together.usd - fewer.best_usd() == pytest.approx(wanted, abs=1e-7)
    assert fewer.labels < whole.labels / 10
    small = Pair(together, 1, wanted - 1.0)
    small.run()
    assert small.least_usd == np.inf
    assert sum(box.regret.size for box in small.hour.values()) < sum(box.regret.size for box in pair.hour.values())


@pytest.mark.parametrize("seed", range(12))
def test_no_pair_gains_against_its_parts_whatever_the_slack(seed: int) -> None:
    """Hours of four intervals under a reserve; a window of the daily job ends in the middle of one."""
    rng = np.random.default_rng(seed)
    n, flat = 48, np.ones(48)
    half = (np.arange(n) >= 22).astype(np.int64)
    jobs = (
        BatchJob("long", 2.0 * flat, 0 * flat, np.zeros(n, dtype=np.int64), np.array([20]), 20.0, 1),
        BatchJob("daily", 1.5 * flat, 0 * flat, half, np.array([10, 9]), 20.0, 3),
    )
    machine = MachineClass(
        "class", 1, 2.0 * flat[None], 100.0 * flat[None], 5.0, 5.0, 2, 2, np.zeros(0), InitialState(True, 9)
    )
    award = Reserve("award", rng.uniform(2, 9, 12), np.zeros(12), 2.0)
    problem = Problem(
        TimeGrid(np.datetime64("2024-01-01", "s"), 15, n), rng.normal(40, 25, n), 0 * flat, 0 * flat,
        rng.uniform(3.0, 5.0, n), (machine,), (), jobs, (), (), (), (award,), np.arange(n) // 4,
    )  # fmt: skip
    split = Split.of(problem)
    prices = Prices(
        rng.normal(0, 3, (n, 1)), np.abs(rng.normal(2, 2, n)), np.column_stack((0 * flat, rng.normal(-15, 8, n)))
    )
    together = Together.of(split, Viewer(split, [np.array([1.0])] * 12).cells, prices, [[Piece(0.0, np.inf, 0.0)]])
    assert together is not None
    widest = Pair(together, 1, 1e6)
    widest.run()
    for slack in widest.least_usd * np.array([1.05, 1.01, 0.99, 0.9, 0.7, 0.5]):
        pair = Pair(together, 1, float(slack))
        pair.run()
        assert pair.least_usd == (pytest.approx(widest.least_usd, rel=1e-6) if slack > widest.least_usd else np.inf)
        assert min(float(box.regret.min(initial=np.inf)) for box in pair.hour.values()) > -1e-3


def test_a_pair_stops_when_the_time_is_up() -> None:
    together = tiny_together()
    with pytest.raises(TooManyError):
        Pair(together, 1, 1e4, Deadline(0.0, clock=lambda: 1.0)).run()
