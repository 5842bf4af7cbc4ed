"""Bars of the optimum and of the rules: the exact path is exact, and no rule sees the future."""

import numpy as np

from evidence.bar import Bar, Figure
from megawatt.app.data import data_for
from megawatt.dispatch.case import case_of
from megawatt.dispatch.general import Effort, plan_general
from megawatt.dispatch.kernel import plan_block
from megawatt.dispatch.policies import rules_for
from megawatt.dispatch.problem import FREE
from megawatt.dispatch.schedule import violations
from megawatt.dispatch.separable import plan_separable
from megawatt.site.examples import example
from megawatt.site.read import Site
from tests.dispatch.cases import random_problem
from tests.dispatch.lookahead import closest, decisions, spoilt_case
from tests.dispatch.oracles import brute_force, word_value, words

DISPATCH = tuple(
    f"src/megawatt/dispatch/{name}.py" for name in ("kernel", "separable", "problem", "schedule", "ledger", "plan")
)


def equals_highs() -> Figure:
    """Horizons of 1 to 200 intervals; the general path states the same problem on counts and solves it by HiGHS."""
    worst, broken = 0.0, 0
    for seed in range(2000):
        T = 1 if seed < 20 else 2 + int(np.random.default_rng(seed).integers(199))
        problem = random_problem(10_000 + seed, T=T, coupled=False)
        plan, other = plan_separable(problem), plan_general(problem, Effort(relative_gap=0.0))
        worst = max(worst, abs(plan.value_usd - other.value_usd) / max(1.0, abs(other.value_usd)))
        broken += bool(violations(problem, plan.schedule))
    text = f"largest difference {worst:.1e}, {broken} plans that break a rule"
    return Figure(text, worst <= 1e-9 and not broken, {"instances": 2000, "worst_relative": worst, "broken": broken})


def equals_brute_force() -> Figure:
    """Words of 1 to 11 intervals, ramps of 0 to 4, dwell times up to 12, spikes and negative margins, any state before."""
    worst, broken = 0.0, 0
    for seed in range(2000):
        rng = np.random.default_rng(seed)
        T, r = int(rng.integers(1, 12)), int(rng.integers(0, 5))
        gain = rng.normal(0, 60, T) + np.where(rng.random(T) < 0.15, rng.normal(0, 2000, T), 0.0)
        ramp = -np.abs(rng.normal(0, 40, (r, T)))
        costs = float(rng.choice([0.0, 5.0, 300.0])), float(rng.choice([0.0, 2.0, 100.0]))
        dwell = int(rng.integers(1, 13)), int(rng.integers(1, 13))
        before = bool(rng.integers(2)), int(rng.choice([1, 2, 3, 5, FREE]))
        value, word = plan_block(gain, ramp, *costs, *dwell, *before)
        run = tuple(int(u) for u in word)
        best = brute_force(gain, ramp, *costs, *dwell, *before)
        earned = word_value(run, gain, ramp, *costs, *before)
        worst = max(worst, *(abs(x - best) / max(1.0, abs(best)) for x in (value, earned)))
        broken += run not in set(words(T, *dwell, *before))
    text = f"largest difference {worst:.1e}, {broken} words that break a rule"
    return Figure(text, worst <= 1e-9 and not broken, {"instances": 2000, "worst_relative": worst, "broken": broken})


def look_ahead() -> Figure:
    """Every rule on the shipped year of `texas-mine`: 50 random instants, and the 25 where a decision is closest.

    At the close ones a mistake shows that a random instant would miss: there the least thing unknown would turn it.
    """
    site = Site.from_text(example("texas-mine"))
    case = case_of(site, data_for(site))
    rng = np.random.default_rng(2024)
    base = {rule.name: decisions(case, rule) for rule in rules_for(case)}
    moved = {"random": dict.fromkeys(base, 0), "closest": dict.fromkeys(base, 0)}
    chosen = {"random": rng.integers(case.problem.T, size=50), "closest": closest(case)[rng.integers(400, size=25)]}
    for kind, instants in chosen.items():
        for t in instants:
            at = case.problem.grid.starts[int(t)]
            other, until = spoilt_case(case, at, rng), case.problem.grid.starts <= at
            for rule in rules_for(case):
                moved[kind][rule.name] += int((base[rule.name] != decisions(other, rule))[:, until].sum())
    counts = {kind: sum(by_rule.values()) for kind, by_rule in moved.items()}
    text = f"{counts['random']} decisions moved at 50 random instants, {counts['closest']} at the 25 closest"
    numbers = {f"{kind}/{rule}": n for kind, by_rule in moved.items() for rule, n in by_rule.items()}
    return Figure(text, not any(counts.values()), dict(numbers))


BARS: tuple[Bar, ...] = (
    Bar(
        id="exact-kernel-equals-highs",
        sentence="On 2,000 random sites the exact path finds what HiGHS finds: negative prices, spikes, modes, dwell "
        "times longer than the horizon, one interval, any state before.",
        target="at most 1e-9 relative, no rule broken",
        covers=(
            *DISPATCH,
            "src/megawatt/dispatch/general.py",
            "src/megawatt/dispatch/counts.py",
            "tests/dispatch/cases.py",
        ),
        measure=equals_highs,
    ),
    Bar(
        id="kernel-equals-brute-force",
        sentence="On 2,000 random blocks the kernel finds the best of all on/off words, ramp loss included.",
        target="at most 1e-9 relative, no rule broken",
        covers=("src/megawatt/dispatch/kernel.py", "tests/dispatch/oracles.py"),
        measure=equals_brute_force,
    ),
    Bar(
        id="look-ahead",
        sentence="Spoiling everything that is not known at an instant moves no decision of any rule at or before it.",
        target="0 decisions moved",
        covers=(
            "src/megawatt/dispatch/policies.py",
            "src/megawatt/dispatch/case*.py",
            "src/megawatt/dispatch/simulate.py",
            "src/megawatt/core/series.py",
            "src/megawatt/mining/network.py",
            "src/megawatt/power/coincident_peak.py",
            "src/megawatt/sources/reference_*.py",
            "tests/dispatch/lookahead.py",
        ),
        measure=look_ahead,
    ),
)
