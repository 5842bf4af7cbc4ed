"""Bars of the coupled site: the referees agree, small sites equal them, and the published windows.

The referees' verdicts and the runs on the windows take hours and are resumable: `python -m bench.referees` and
`python -m bench.coupled` write them to ``docs/evidence/bench/coupled``; the bars read those records and say what is missing.
"""

import json
import math

import numpy as np

from bench.coupled_measure import PEERS
from bench.coupled_page import OURS, shortfall, to_plan, to_proof
from bench.coupled_table import Best, Run, best_known, read, same_problem
from bench.referee import features, random_site
from bench.referees import Verdicts, known
from bench.windows import windows
from evidence.bar import ROOT, Bar, Figure
from megawatt.dispatch.coupled.fast import fast_plan
from megawatt.dispatch.general import Effort
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.separable import plan_separable

SITES = 300
FORMS = tuple(f"bench/{name}.py" for name in ("linear", "site_form", "site_check", "referee", "referees"))
BENCH = tuple(f"bench/{name}.py" for name in ("windows", "coupled", "coupled_measure", "coupled_table", "coupled_page"))
DISPATCH = ("src/megawatt/dispatch/*.py", "src/megawatt/dispatch/coupled/*.py")
VERDICTS = ("docs/evidence/bench/coupled/referees.json",)
KEPT = ROOT / "build" / "referees"
RUNS = ("docs/evidence/bench/coupled/best.json",)


def referees_agree() -> Figure:
    """Sites on which both have proven something: the same optimum, or that there is no plan."""
    verdicts = known().values()
    both = [one for one in verdicts if one.final]
    sites, agreed = sum(one.value_usd is not None for one in both), sum(one.agree for one in both)
    text = f"{agreed} of {len(both)} sites alike, {sites} of them with a plan; {len(verdicts) - len(both)} unproven"
    numbers = {"sites": len(verdicts), "proven": len(both), "with_plan": sites, "agreed": agreed}
    return Figure(text, agreed == len(both) if sites >= SITES else None, dict(numbers))


def equals_referees() -> Figure:
    """Every site with an agreed verdict, without the general solver; where there is no plan, none may be found."""
    agreed = {seed: one for seed, one in known().items() if one.agree}
    if sum(one.value_usd is not None for one in agreed.values()) < SITES:
        return Figure(f"{len(agreed)} sites with an agreed verdict, too few", None, {"sites": len(agreed)})
    found = _differences(agreed)
    off, low = {seed: one for seed, (one, _) in found.items()}, [seed for seed, (_, denied) in found.items() if denied]
    exact = sum(one <= 1e-6 for one in off.values())
    worst = max(off.values(), default=math.inf)
    misses = [f"{seed}: {one:.1e} {features(random_site(seed))}" for seed, one in off.items() if one > 1e-6]
    text = f"{exact} of {len(off)} within 1e-6, worst {worst:.1e}, {len(low)} bounds below the optimum"
    passed = exact >= 0.98 * len(off) and worst <= 1e-4 and not low
    return Figure(text, passed, {"sites": len(off), "exact": exact, "misses": "; ".join(misses)})


def _differences(agreed: dict[int, Verdicts]) -> dict[int, tuple[float, bool]]:
    """Of every site; what is done is kept for the code as it stands, for it takes half an hour."""
    kept = KEPT / f"{EQUAL.source_sha256()[:16]}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    known = (
        {int(seed): (off, low) for seed, (off, low) in json.loads(kept.read_text()).items()} if kept.exists() else {}
    )
    for seed, one in agreed.items():
        if seed not in known:
            known[seed] = difference(seed, one)
            kept.write_text(json.dumps(known))
    return {seed: known[seed] for seed in agreed}


def difference(seed: int, verdict: Verdicts) -> tuple[float, bool]:
    """Relative difference of our plan to the referees' optimum, and whether our bound denies a plan that exists.

    The difference is infinite where one has a plan and the other none.
    """
    problem = random_site(seed)
    if problem.separable:
        plan: Plan | None = plan_separable(problem)
    else:
        found = fast_plan(problem, Effort(1e-9, 60.0))
        plan = None if found is None else found[0]
    if plan is None or verdict.value_usd is None:
        return 0.0 if plan is None and verdict.value_usd is None else math.inf, False
    scale = 1 + abs(verdict.value_usd)
    denied = plan.bound_usd is not None and plan.bound_usd < verdict.value_usd - 1e-6 * scale
    return abs(plan.value_usd - verdict.value_usd) / scale, denied


def published_windows() -> Figure:
    """Quality on all published windows, by the records of the runs."""
    best, runs = best_known(), read(OURS)
    if len(runs) < len(windows()):
        return Figure(f"{len(runs)} of {len(windows())} windows run", None, {"windows": len(runs)})
    mine = {name: run for name, run in runs.items() if name in best and same_problem(run, best[name])}
    short = [shortfall(run, best[name]) for name, run in mine.items()]
    gaps = [(name, _gap(run, best[name])) for name, run in mine.items()]
    days = {w.name: w.days for w in windows()}
    week = [gap for name, gap in gaps if days[name] < 30]
    near, tight = sum(one <= 1e-4 for one in short), sum(one <= 1e-4 for one in week)
    month = max((gap for name, gap in gaps if days[name] == 30), default=math.inf)
    text = (
        f"plan within 1e-4 of the best known on {near} of {len(short)}, worst {max(short, default=math.inf):.1e}; certified "
        f"1e-4 on {tight} of {len(week)} of 1-7 days, months {month:.1e} at worst"
    )
    passed = (
        near >= 0.95 * len(short) and max(short, default=1.0) <= 1e-3 and tight >= 0.95 * len(week) and month <= 2e-4
    )
    numbers = {"windows": len(short), "within_1e4": near, "certified_1e4": tight, "worst_month": month}
    return Figure(text, passed and len(short) == len(days), dict(numbers))


def lead() -> Figure:
    """Geometric means over the windows that both reached; the best peer of each window."""
    best, ours = best_known(), read(OURS)
    peers = [read(peer) for peer in PEERS if peer != OURS]
    factors: dict[str, list[float]] = {"plan": [], "proof": []}
    for name, run in ours.items():
        others = [runs[name] for runs in peers if name in runs]
        if not others or name not in best:
            continue
        for what, clock, target in (("plan", to_plan, 1e-4), ("proof", to_proof, 1e-3)):
            mine = clock(run, best[name], target)
            theirs = min(clock(one, best[name], target) for one in others)
            if max(mine, theirs) < math.inf:
                factors[what].append(theirs / mine)
    enough = len(ours) == len(windows())
    if not enough or not all(factors.values()):
        return Figure(f"{len(ours)} of {len(windows())} windows run", None, {"windows": len(ours)})
    means = {what: math.exp(float(np.mean(np.log(each)))) for what, each in factors.items()}
    text = "; ".join(
        f"{means[what]:.3g}x to {words} ({len(factors[what])} windows that both reached)"
        for what, words in (("plan", "a plan within 1e-4"), ("proof", "a proven 1e-3"))
    )
    numbers = {f"{what}_windows": len(each) for what, each in factors.items()} | means
    return Figure(text, means["plan"] >= 300 and means["proof"] >= 100, dict(numbers))


def _gap(run: Run, best: Best) -> float:
    """The certified gap of a run, infinite without a bound or a plan."""
    if run.get("value_usd") is None or run.get("bound_usd") is None:
        return math.inf
    value = float(run["value_usd"])
    return max(float(run["bound_usd"]) - value, 0.0) / max(value - best.idle_usd, 1e-9)


EQUAL = Bar(
    "coupled-equals-referees",
    "The plan of a small coupled site, found without any general solver, is worth what the referees' optimum is.",
    f"98 % of at least {SITES} sites within 1e-6, all within 1e-4, no bound below the optimum",
    (*FORMS, *VERDICTS, *DISPATCH),
    equals_referees,
)

BARS = (
    EQUAL,
    Bar(
        "referees-agree",
        "Two solvers that share no code find the same optimum on small random sites with all features mixed.",
        f"the same within 1e-6 on all, at least {SITES} with a plan",
        (*FORMS, *VERDICTS),
        referees_agree,
    ),
    Bar(
        "coupled-published-windows",
        "On the published windows the plan is near the best that anyone has found, and proves it.",
        "within 1e-4 on 95 %, worst 1e-3; certified 1e-4 on 95 % of 1-7 days, 2e-4 on months",
        (*BENCH, *RUNS, *DISPATCH),
        published_windows,
    ),
    Bar(
        "coupled-lead",
        "On the published windows the plan comes sooner than from the best peer in its best formulation.",
        "geometric mean 300x to a plan within 1e-4, 100x to a proven 1e-3",
        (*BENCH, *RUNS, *DISPATCH, "bench/coupled_peers/*.py"),
        lead,
    ),
)
