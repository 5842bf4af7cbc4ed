"""What the checker's recursions are compared with: linear programmes over all counts of blocks."""

import math
from itertools import product

import numpy as np
from scipy.optimize import linprog

from checker.interval import Rows, Site
from checker.plan import Prices
from checker.problem import Problem


def interval_by_hand(site: Site, prices: Prices, row: Rows) -> float:
    """All counts, and a linear programme for the powers: shares of the modes from the base on, segments, two kinks."""
    problem, t, word = site.problem, int(row.t[0]), int(row.word[0])
    y = site.words[word]
    if any(on and job.power[t] == 0 for on, job in zip(y, problem.jobs, strict=True)):
        return -math.inf
    h, cost, energy = problem.h, float(problem.cost[t]), float(problem.energy[t])
    fixed, gain = float(problem.floor_power[t]), 0.0
    for j, (on, job) in enumerate(zip(y, problem.jobs, strict=True)):
        fixed += on * float(job.power[t])
        gain += on * h * (float(job.fee[t]) - float(job.power[t]) * (cost - job.passes * energy))
        gain -= on * float(prices.wage[t, j]) if j else 0.0
    best = -math.inf
    for counts in product(*(range(machine.blocks + 1) for machine in problem.machines)):
        columns: list[tuple[float, float, float, float]] = []  # worth, power, mining, most
        rows_eq, right_eq, at = [], [], 0
        for n, machine in zip(counts, problem.machines, strict=True):
            for power, revenue in zip(machine.power[:, t], machine.revenue[:, t], strict=True):
                columns.append((h * (revenue - power * cost), power, power, n))
            ones = {at + m: 1.0 for m in range(len(machine.power))}
            at += len(ones)
            rows_eq.append(ones)
            right_eq.append(n)
        for load in problem.elastic:
            for width, worth in zip(load.width[:, t], load.worth[:, t], strict=True):
                columns.append((h * (worth - cost + load.passes * energy), 1.0, 0.0, width))
        value = _programme(site, prices, row, fixed, columns, rows_eq, right_eq)
        if value is not None:
            best = max(best, gain + value - float(np.dot(counts, prices.running[t])))
    return best


def _programme(
    site: Site,
    prices: Prices,
    row: Rows,
    fixed: float,
    columns: list[tuple[float, float, float, float]],
    rows_eq: list[dict[int, float]],
    right_eq: list[int],
) -> float | None:
    worth, power, mining, most = (np.array([one[i] for one in columns]) for i in range(4))
    size, t, cap, low = len(columns), int(row.t[0]), float(row.cap[0]), float(row.low[0])
    objective = -np.concatenate([worth, [prices.cover[t], -site.loss[t]]])
    upper = [np.concatenate([power, [0, 0]]), np.concatenate([-mining, [1, 0]]), np.concatenate([-power, [0, -1]])]
    upper.append(np.concatenate([-mining, [0, 0]]))
    right = [cap - fixed, 0.0, fixed - site.block[t], -low]
    equal = np.zeros((len(rows_eq), size + 2))
    for i, one in enumerate(rows_eq):
        equal[i, list(one)] = 1.0
    bounds = [(0, one) for one in most] + [(0, float(row.high[0])), (0, None)]
    if cap - fixed < 0:
        return None
    done = linprog(objective, A_ub=upper, b_ub=right, A_eq=equal, b_eq=right_eq, bounds=bounds)
    return -float(done.fun) if done.fun is not None else None


def a_price_set(problem: Problem, rng: np.random.Generator) -> Prices:
    wage = rng.normal(0, 30, (problem.T, len(problem.jobs)))
    wage[:, :1] = 0
    running = rng.normal(0, 40, (problem.T, len(problem.machines)))
    return Prices(running, np.maximum(rng.normal(1, 8, problem.T), 0), wage)
