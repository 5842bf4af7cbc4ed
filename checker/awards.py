"""Awards in the bound (section 'Bound', part 4)."""

from itertools import combinations

import numpy as np

from checker.problem import Problem
from checker.reading import Array

STEPS = 64


def hour_worth(problem: Problem) -> Array:
    """What a MW sold for the hour earns in all of its intervals: programmes x hours."""
    count = np.bincount(problem.hour, minlength=problem.hours)
    return np.array([problem.h * count * (one.price + one.call) for one in problem.reserves])


def allowed_sets(problem: Problem) -> list[tuple[int, ...]]:
    """Sets of programmes that may be sold together."""
    names = range(len(problem.reserves))
    subsets = [chosen for size in range(len(problem.reserves) + 1) for chosen in combinations(names, size)]
    return [s for s in subsets if not any(problem.excludes(a, b) for a, b in combinations(s, 2))]


def _best_of_set(problem: Problem, worth: Array, cover: Array, chosen: tuple[int, ...]) -> tuple[Array, Array]:
    """Best value (hours) and awards (programmes x hours) when the programmes of a set are sold."""
    award = np.zeros_like(worth)
    possible = np.ones(len(cover), dtype=bool)
    most = np.zeros_like(worth)
    for r in chosen:
        one = problem.reserves[r]
        most[r] = np.minimum(one.most, one.share * cover) if one.share else 0.0
        award[r] = max(one.least, 0.0)
        possible &= most[r] >= award[r] - 1e-12
    left = cover - award.sum(axis=0)
    possible &= left >= -1e-12
    order = np.argsort(-worth, axis=0, kind="stable")
    hours = np.arange(len(cover))
    for rank in range(len(order)):
        r = order[rank]
        more = np.where(worth[r, hours] > 0, np.clip(most[r, hours] - award[r, hours], 0, np.maximum(left, 0)), 0.0)
        award[r, hours] += more
        left = left - more
    with np.errstate(invalid="ignore"):
        value = np.where(possible, (worth * award).sum(axis=0), -np.inf)
    return value, award


def award_value(problem: Problem, worth: Array, cover: Array) -> tuple[Array, Array]:
    """``award_H(c)``: the best value of awards that a cover of c MW (one number an hour) allows, and the awards."""
    best, award = np.zeros(len(cover)), np.zeros_like(worth)
    for chosen in allowed_sets(problem):
        value, found = _best_of_set(problem, worth, cover, chosen)
        better = value > best
        best = np.where(better, value, best)
        award = np.where(better, found, award)
    return best, award


def caps(problem: Problem, worth: Array) -> Array:
    """``cap_H``: the least cover at which the awards that are best without a limit on it are possible."""
    _, award = award_value(problem, worth, np.full(problem.hours, np.inf))
    needed = award.sum(axis=0)
    for r, one in enumerate(problem.reserves):
        if one.share > 0:
            needed = np.maximum(needed, award[r] / one.share)
    found: Array = needed
    return found


def awards_usd(problem: Problem, worth: Array, cap: Array, cover: Array) -> float:
    """Part 4 of the bound; ``cover`` is the price of each interval."""
    price = np.bincount(problem.hour, weights=cover, minlength=problem.hours)
    best = np.zeros(problem.hours)
    if len(problem.reserves) == 1:
        least = problem.reserves[0].least
        first = np.minimum(cap, least / problem.reserves[0].share) if problem.reserves[0].share else np.zeros_like(cap)
        for c in (first, cap):
            best = np.maximum(best, award_value(problem, worth, c)[0] - c * price)
        return float(best.sum())
    for k in range(1, STEPS + 1):
        best = np.maximum(best, award_value(problem, worth, cap * k / STEPS)[0] - cap * (k - 1) / STEPS * price)
    return float(best.sum())
