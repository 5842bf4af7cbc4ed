"""What a plan breaks (section 'Feasible' of the page); an empty list when it breaks nothing."""

from itertools import combinations, pairwise

import numpy as np

from checker.plan import Decision
from checker.problem import Job, Problem
from checker.reading import Flags
from checker.value import import_mw, is_on, mining

TOLERANCE = 1e-6


def runs(on: Flags) -> list[tuple[bool, int, int]]:
    """The runs of a word: state, first interval, one past the last."""
    edges = [0, *(np.flatnonzero(on[1:] != on[:-1]) + 1).tolist(), len(on)]
    return [(bool(on[a]), a, b) for a, b in pairwise(edges)]


def units(problem: Problem, decision: Decision) -> list[str]:
    """Rule 1."""
    wrong = []
    for c, machine in enumerate(problem.machines):
        found = sum(unit.blocks for unit in decision.units if unit.machine == c)
        if found != machine.blocks:
            wrong.append(f"class {c}: the units stand for {found} blocks, not {machine.blocks}")
    for u, unit in enumerate(decision.units):
        total = unit.share.sum(axis=0)
        off = np.minimum(np.abs(total), np.abs(total - 1))
        if unit.share.min() < -1e-9:
            wrong.append(f"unit {u}: a share of {unit.share.min():.9g}")
        if off.max() > TOLERANCE:
            t = int(off.argmax())
            wrong.append(f"unit {u}, interval {t}: shares add up to {total[t]:.9g}, neither 0 nor 1")
    return wrong


def dwell(problem: Problem, decision: Decision) -> list[str]:
    """Rule 2."""
    wrong = []
    for u, unit in enumerate(decision.units):
        machine = problem.machines[unit.machine]
        least = {True: machine.min_up, False: machine.min_down}
        on = is_on(unit)
        words = runs(on)
        if bool(on[0]) != machine.on:
            words.insert(0, (machine.on, 0, 0))
        ended = words[:-1]
        for i, (state, a, b) in enumerate(ended):
            lasted = b - a + (machine.steps if i == 0 else 0)
            if lasted < least[state]:
                kind = "run" if state else "rest"
                wrong.append(f"unit {u}: a {kind} that ends at interval {b} lasted {lasted}, not {least[state]}")
    return wrong


def limits(problem: Problem, decision: Decision) -> list[str]:
    """Rule 3."""
    wrong = []
    over = import_mw(problem, decision) - problem.limit
    if over.max() > TOLERANCE:
        wrong.append(f"interval {int(over.argmax())}: import is {over.max():.9g} MW above the limit")
    for e, (load, power) in enumerate(zip(problem.elastic, decision.elastic, strict=True)):
        if power.min() < -TOLERANCE:
            wrong.append(f"elastic load {e}: {power.min():.9g} MW above the floor")
        above = power - load.width.sum(axis=0)
        if above.max() > TOLERANCE:
            wrong.append(f"elastic load {e}: {above.max():.9g} MW above its segments")
    return wrong


def job_word(job: Job, on: Flags, name: str) -> list[str]:
    """Rule 4, for one job."""
    wrong = []
    done = np.bincount(job.window[on], minlength=len(job.need))
    off = np.flatnonzero(done != job.need)
    wrong += [f"{name}: runs {done[w]} intervals in window {w}, not {job.need[w]}" for w in off]
    if (on & (job.power == 0)).any():
        wrong.append(f"{name}: runs in interval {int((on & (job.power == 0)).argmax())}, where it cannot")
    for state, a, b in runs(on):
        excused = b == len(on) or (a == 0 and job.initial_on)
        if state and b - a < job.min_run and not excused:
            wrong.append(f"{name}: a run from interval {a} lasts {b - a}, not {job.min_run}")
    return wrong


def jobs(problem: Problem, decision: Decision) -> list[str]:
    """Rule 4."""
    if not np.isin(decision.job_on, (0.0, 1.0)).all():
        return ["batch_on: neither 0 nor 1"]
    wrong = []
    for j, job in enumerate(problem.jobs):
        wrong += job_word(job, decision.job_on[j] > 0.5, f"job {j}")
    return wrong


def awards(problem: Problem, decision: Decision) -> list[str]:
    """Rule 5."""
    if not problem.reserves or not problem.hours:
        return []
    wrong = []
    cover = np.full(problem.hours, np.inf)
    if len(problem.hour):
        np.minimum.at(cover, problem.hour, mining(problem, decision))
    cover[np.isinf(cover)] = 0.0
    for r, programme in enumerate(problem.reserves):
        award = decision.award[r]
        over = award - np.minimum(programme.most, programme.share * cover)
        if over.max() > TOLERANCE:
            wrong.append(f"programme {r}, hour {int(over.argmax())}: award is {over.max():.9g} MW too high")
        if award.min() < -TOLERANCE:
            wrong.append(f"programme {r}, hour {int(award.argmin())}: award of {award.min():.9g} MW")
        small = (award > TOLERANCE) & (award < programme.least - TOLERANCE)
        if small.any():
            wrong.append(f"programme {r}, hour {int(small.argmax())}: award is below {programme.least} MW and not 0")
    over = decision.award.sum(axis=0) - cover
    if over.max() > TOLERANCE:
        wrong.append(f"hour {int(over.argmax())}: all awards are {over.max():.9g} MW above the mining power")
    for one, other in combinations(range(len(problem.reserves)), 2):
        both = (decision.award[one] > TOLERANCE) & (decision.award[other] > TOLERANCE)
        if problem.excludes(one, other) and both.any():
            wrong.append(f"hour {int(both.argmax())}: programmes {one} and {other} exclude each other, both are sold")
    return wrong


def faults(problem: Problem, decision: Decision) -> list[str]:
    """All that the plan breaks."""
    return [
        *units(problem, decision),
        *dwell(problem, decision),
        *limits(problem, decision),
        *jobs(problem, decision),
        *awards(problem, decision),
    ]
