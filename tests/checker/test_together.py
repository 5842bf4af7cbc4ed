"""The bound of all blocks and jobs together against the enumeration of joint words, pieces and cells."""

import math
from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest

from checker.bound import Bound
from checker.feasible import dwell, job_word
from checker.interval import Rows, Shop
from checker.pairs import Pairs
from checker.plan import Decision, Piece, Prices, Unit
from checker.problem import Machine, Problem, read_problem
from checker.reading import Whole
from checker.split import Leg, Split
from checker.together import Labels, Together, Walk
from tests.checker.by_hand import a_price_set
from tests.checker.paper import specimen

MONTHS = {1: [0, 0, 0, 0], 2: [0, 0, 1, 1]}
Pieces = list[list[Piece]]


@cache
def site(months: int) -> Problem:
    """Four intervals in two hours, two blocks, two jobs."""
    found = specimen("together")[0]
    found["peaks"][0].update(month=MONTHS[months], usd_per_mw_month=[3.0, 2.0][:months], floor_mw=[0.0] * months)
    found["machines"][0]["min_up"] = 1
    return read_problem(found)


def class_words(problem: Problem, machine: Machine) -> dict[tuple[int, ...], float]:
    """What the words of both blocks pay at the least, by how many run."""
    one = []
    for word in product((0, 1), repeat=problem.T):
        unit = Unit(0, 1, np.vstack([word, np.zeros((len(machine.power) - 1, problem.T))]))
        nothing = np.zeros((0, problem.T))
        if not dwell(problem, Decision((unit,), nothing, nothing, nothing)):
            turns = list(pairwise([int(machine.on), *word]))
            one.append((word, turns.count((0, 1)) * machine.start_usd + turns.count((1, 0)) * machine.stop_usd))
    found: dict[tuple[int, ...], float] = {}
    for (a, paid), (b, more) in product(one, repeat=2):
        count = tuple(x + y for x, y in zip(a, b, strict=True))
        found[count] = min(found.get(count, math.inf), paid + more)
    return found


def job_words(problem: Problem, j: int) -> list[tuple[Whole, float]]:
    job, found = problem.jobs[j], []
    for word in product((0, 1), repeat=problem.T):
        if not job_word(job, np.array(word, dtype=bool), "job"):
            starts = list(pairwise([int(job.initial_on), *word])).count((0, 1))
            found.append((np.array(word), starts * job.restart_usd))
    return found


def together_by_hand(bound: Bound, prices: Prices, pieces: Pieces) -> float:
    problem, cells = bound.problem, bound.cells
    free = Prices(np.zeros_like(prices.running), prices.cover, np.zeros_like(prices.wage))
    shop, gain = Shop(bound.site, free), cells.gain(prices.cover)
    month = bound.calendar.month

    @cache
    def earned(t: int, cell: int, count: int, word: int, most: float) -> float:
        cap = np.array([min(most, float(problem.limit[t]))])
        rows = Rows(np.array([t]), np.array([word]), cap, cells.low[[cell]], cells.high[[cell]])
        return float(shop.filled(rows, np.array([[float(count)]]))[0][0])

    best = -math.inf
    words = list(product(*(job_words(problem, j) for j in range(len(problem.jobs)))))
    for chosen in product(*pieces):
        for (count, paid), jobs in product(class_words(problem, problem.machines[0]).items(), words):
            number = sum(word * 2 ** (len(jobs) - 1 - j) for j, (word, _) in enumerate(jobs))
            usd = -paid - sum(cost for _, cost in jobs) - sum(piece.usd for piece in chosen)
            for hour in range(problem.hours):
                usd += max(
                    gain[k]
                    + sum(earned(t, k, count[t], int(number[t]), chosen[month[t]].most) for t in np.flatnonzero(problem.hour == hour).tolist())
                    for k in np.flatnonzero(cells.owner == hour).tolist()
                )  # fmt: skip
            best = max(best, usd)
    return bound.constant + best


def some_pieces(rng: np.random.Generator, months: int, number: int) -> Pieces:
    edges = np.sort(rng.uniform(3.0, 7.0, number))
    # charges fall as often as they rise with the peak: the page asks only for no more than the charge
    return [[Piece(0.0, float(edge), float(rng.uniform(0, 12))) for edge in edges] for _ in range(months)]


def a_bound(months: int, seed: int) -> tuple[Bound, Prices, np.random.Generator]:
    rng = np.random.default_rng(seed)
    problem = site(months)
    prices = a_price_set(problem, rng)
    cuts = tuple(np.array(one) for one in ([1.5], [2.0, 3.0]))
    return Bound(problem, [prices], cuts), prices, rng


@pytest.mark.parametrize(("months", "number"), [(1, 1), (1, 5), (2, 3)])
@pytest.mark.parametrize("seed", range(6))
def test_the_best_joint_words(months: int, number: int, seed: int) -> None:
    bound, prices, rng = a_bound(months, seed)
    pieces = some_pieces(rng, months, number)
    best = together_by_hand(bound, prices, pieces)
    for below in (1e-6, 5.0, 100.0):
        assert Together(bound, prices, pieces, best - below).usd() == pytest.approx(best, abs=1e-8)
    assert Together(bound, prices, pieces, best + 0.5).usd() == pytest.approx(best + 0.5)


def test_a_month_without_a_piece_leaves_the_value() -> None:
    bound, prices, rng = a_bound(2, 0)
    assert Together(bound, prices, [some_pieces(rng, 1, 2)[0], []], -1000.0).usd() == -1000.0


def walked(monkeypatch: pytest.MonkeyPatch) -> list[Leg]:
    """The pieces whose joint words are walked from here on."""
    found: list[Leg] = []
    through = Walk._through

    def spied(self: Walk, leg: Leg, now: Labels) -> Labels:
        found.extend([leg] if len(now.state) else [])
        return through(self, leg, now)

    monkeypatch.setattr(Walk, "_through", spied)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_many_pieces_of_a_month_bound_what_each_by_itself_does(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Charges a cent apart: what brings no less than all of some pieces stands for them until something is left of it."""
    bound, prices, rng = a_bound(1, seed)
    usd = rng.permutation(40) * 0.01 + rng.choice([0.0, 9.0], 40)
    pieces = [
        Piece(0.0, float(most), float(cost)) for most, cost in zip(np.sort(rng.uniform(3, 7, 40)), usd, strict=True)
    ]
    apart = [together_by_hand(bound, prices, [[piece]]) for piece in pieces]
    for value_usd in (max(apart) - 3.0, sorted(apart)[-20] + 1e-6, max(apart) + 1e-6):
        legs = walked(monkeypatch)
        found = Together(bound, prices, [pieces], value_usd).usd()
        assert found == pytest.approx(max(*apart, value_usd), abs=1e-8)
        assert len({id(leg) for leg in legs}) < len(pieces)


def test_a_piece_whose_pairs_lose_the_slack_is_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = 0
    for seed in range(8):
        bound, prices, rng = a_bound(1, seed)
        piece = some_pieces(rng, 1, 1)[0][0]
        joint = together_by_hand(bound, prices, [[piece]])
        alone = Split(bound, prices, [[piece]], joint - 100)
        begin = [np.array([int(part.begin)]) for part in alone.parts]
        paired = alone.usd - float(Pairs(alone).enter(alone.legs[0][0], begin, np.zeros(1))[0])
        assert joint - 1e-8 <= paired <= alone.usd + 1e-8
        if alone.usd - paired < 0.1:
            continue
        # a piece whose joint words are worth more than the pairs of the other, and less than its split bound
        better = Piece(piece.least, piece.most, piece.usd - (paired + alone.usd) / 2 + joint)
        best = joint + piece.usd - better.usd
        legs = walked(monkeypatch)
        assert Together(bound, prices, [[piece, better]], best - 1).usd() == pytest.approx(best, abs=1e-8)
        assert [leg.piece for leg in legs] == [better]
        closed += 1
    assert closed >= 3
