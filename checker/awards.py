"""Awards in the bound (section 'Bound', part 4): what a cover is worth, and where that changes its rule."""

from itertools import combinations

import numpy as np

from checker.problem import Problem
from checker.reading import Array

SLACK = 1e-12
"""Share of a MW by which a limit may be passed: the noise of ``min = share x c`` at the very c that it is solved for."""


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
        possible &= most[r] >= award[r] - SLACK * max(1.0, one.least)
    left = cover - award.sum(axis=0)
    possible &= left >= -SLACK * np.maximum(1.0, cover)
    order = np.argsort(-worth, axis=0, kind="stable")
    hours = np.arange(len(cover))
    for rank in range(len(order)):
        r = order[rank]
        more = np.where(worth[r, hours] > 0, np.clip(most[r, hours] - award[r, hours], 0, np.maximum(left, 0)), 0.0)
        award[r, hours] += more
        left = np.where(np.isinf(left), left, left - np.where(np.isinf(left), 0.0, more))
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


def bends(problem: Problem, most: float) -> Array:
    """The covers between 0 and ``most`` at which the best awards of a set of programmes can change their rule.

    For a set, ``max over awards and c of sum worth x award - c x price`` is a linear programme. At a corner of it c is an end
    of its range, or ``min = share x c`` or ``max = share x c`` of a programme, or the awards of the set, each at its min, its
    max or ``share x c``, add up to c: then ``c = sum of those at min or max / (1 - sum of the other shares)``.
    """
    found = {limit / one.share for one in problem.reserves if one.share > 0 for limit in (one.least, one.most)}
    for chosen in allowed_sets(problem):
        sums = {(0.0, 0.0)}
        for one in (problem.reserves[r] for r in chosen):
            choices = ((one.least, 0.0), (one.most, 0.0), (0.0, one.share))
            sums = {(fixed + mw, shares + share) for fixed, shares in sums for mw, share in choices}
        found |= {fixed / (1 - shares) for fixed, shares in sums if shares < 1}
    return np.array(sorted(c for c in found if 0 < c < most))
