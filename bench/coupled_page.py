"""The tables of the coupled site in ``docs/benchmarks.md``, from the records alone.

Every relative difference is to what the best known plan earns over idle. A time is build plus solve until the plan was
within the target, or until plan and bound were; who never got there inside the limit is 'never', and no ratio is made.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np

from bench.coupled_measure import PEERS
from bench.coupled_table import Best, Run, best_known, read, same_problem
from bench.table import PAGE
from bench.windows import Window, windows

BEGIN = "<!-- coupled tables: made by bench.coupled -->"
END = "<!-- end of the coupled tables -->"
OURS = "megawatt"
TARGETS = (1e-3, 1e-4)
STATED_APART = 1e-6
"""Difference between what a peer says of its plan and what the plan is worth, above which its course is not believed."""

Records = dict[str, dict[str, Run]]
Clock = Callable[[Run, Best], float]


def to_plan(run: Run, best: Best, target: float) -> float:
    """Seconds until the plan was within the target of the best known, infinite for never."""
    if not _honest(run):
        return math.inf
    enough = best.value_usd - target * best.gain_usd - 1e-9 * abs(best.value_usd)
    times = [at for at, value, _ in run["course"] if value is not None and value >= enough]
    return float(run["build_s"]) + times[0] if times else math.inf


def to_proof(run: Run, best: Best, target: float) -> float:
    """Seconds until plan and bound were within the target of each other, infinite for never."""
    if not _honest(run) or _wrong(run, best):
        return math.inf
    for at, value, bound in run["course"]:
        if value is not None and bound is not None and bound - value <= target * max(value - best.idle_usd, 0.0):
            return float(run["build_s"]) + float(at)
    return math.inf


def shortfall(run: Run, best: Best) -> float:
    """How far the final plan is below the best known, infinite without one."""
    if not _honest(run):
        return math.inf
    return max(best.value_usd - float(run["value_usd"]), 0.0) / max(best.gain_usd, 1e-9)


def _honest(run: Run) -> bool:
    """Whether there is a plan, it keeps the rules and is worth what the peer said last."""
    if run.get("value_usd") is None or run["faults"]:
        return False
    said = run["course"][-1][1]
    return said is not None and abs(said - run["value_usd"]) <= STATED_APART * (1 + abs(run["value_usd"]))


def _wrong(run: Run, best: Best) -> bool:
    """Whether it gave a plan that breaks a rule or is not worth what was said, or a bound below a plan that exists."""
    bound = run.get("bound_usd")
    low = bound is not None and bound < best.value_usd - STATED_APART * (1 + abs(best.value_usd))
    return low or (run.get("value_usd") is not None and not _honest(run))


def peer_rows(records: Records, best: dict[str, Best]) -> list[list[str]]:
    """One line a peer: quality first, then times over the windows where it got there."""
    out = []
    for peer, runs in records.items():
        mine = {name: run for name, run in runs.items() if name in best and same_problem(run, best[name])}
        if not mine:
            continue
        short = [shortfall(run, best[name]) for name, run in mine.items()]
        cells = [peer, str(len(mine)), *(f"{_share(one <= target for one in short)}" for target in TARGETS[::-1])]
        cells.append(_worst([(one, one * best[name].gain_usd) for one, name in zip(short, mine, strict=True)]))
        proofs = [[to_proof(run, best[name], target) for name, run in mine.items()] for target in TARGETS]
        cells += [_share(one < math.inf for one in times) for times in proofs]
        cells += [_times([clock(run, best[name]) for name, run in mine.items()]) for clock in CLOCKS.values()]
        cells.append(str(sum(_wrong(run, best[name]) for name, run in mine.items())))
        measured = [run for run in mine.values() if "memory_mb" in run]
        cells.append(f"{max((run['memory_mb'] for run in measured), default=0.0):.0f} MB")
        cells += [_seconds(float(np.median([run[key] for run in measured]))) if measured else "" for key in ONCE]
        out.append(cells)
    return out


CLOCKS: dict[str, Clock] = {
    "plan within 1e-4": lambda run, best: to_plan(run, best, 1e-4),
    "proven 1e-3": lambda run, best: to_proof(run, best, 1e-3),
    "proven 1e-4": lambda run, best: to_proof(run, best, 1e-4),
}
ONCE = ("build_s", "first_s")
"""Times beside the solver's: making the model, and a one-day window before the clock starts, with compilation."""

PEER_HEAD = [
    "Peer", "Windows", "Plan within 1e-4", "within 1e-3", "Worst", "Proven 1e-3", "Proven 1e-4",
    *(f"Time to {name}: median, 95 %" for name in CLOCKS), "Wrong", "Memory, most", "Build, median", "First call of all, median",
]  # fmt: skip


def size_rows(records: Records, best: dict[str, Best]) -> list[list[str]]:
    """One line a size and target: the best of all peers on each window against ours, on windows both have run."""
    ours, out = records.get(OURS, {}), []
    for days, blocks in sorted({(w.days, w.blocks) for w in windows()}):
        both = [w for w in windows() if (w.days, w.blocks) == (days, blocks) and w.name in ours and w.name in best]
        both = [w for w in both if any(w.name in runs for peer, runs in records.items() if peer != OURS)]
        for name, clock in CLOCKS.items() if both else ():
            pairs = [(clock(ours[w.name], best[w.name]), *_best_peer(records, w, best[w.name], clock)) for w in both]
            out.append([*_lead(pairs), f"{days} d, K = {blocks}", str(len(both)), name, *_counts(pairs)])
    return out


SIZE_HEAD = [
    "First",
    "Lead, geometric mean",
    "Size",
    "Windows",
    "Target",
    "megawatt never",
    "Peers never",
    "Best peers",
]


def _best_peer(records: Records, w: Window, best: Best, clock: Clock) -> tuple[float, str]:
    times = [(clock(runs[w.name], best), peer) for peer, runs in records.items() if peer != OURS and w.name in runs]
    return min(times)


def _lead(pairs: list[tuple[float, float, str]]) -> list[str]:
    """Who is first on more windows, and by what factor on windows that both reached."""
    ahead = sum(mine < peer for mine, peer, _ in pairs)
    behind = sum(peer < mine for mine, peer, _ in pairs)
    first = "**peer**" if behind >= ahead and behind else OURS if ahead else "nobody"
    ratios = [peer / mine for mine, peer, _ in pairs if max(mine, peer) < math.inf]
    return [first, f"{math.exp(float(np.mean(np.log(ratios)))):.3g}" if ratios else "no ratio"]


def _counts(pairs: list[tuple[float, float, str]]) -> list[str]:
    names = [peer for _, time, peer in pairs if time < math.inf]
    first = sorted(set(names), key=lambda name: (-names.count(name), name))[:3]
    winners = ", ".join(f"{name} {names.count(name)}" for name in first)
    return [str(sum(one[i] == math.inf for one in pairs)) for i in (0, 1)] + [winners]


def growth_rows(records: Records, best: dict[str, Best]) -> list[list[str]]:
    """Exponents of time to a proven 1e-3 in T and K: least squares on logarithms, over the windows where it got there."""
    sizes = {w.name: (w.days, w.blocks) for w in windows()}
    out = []
    for peer, runs in records.items():
        points = [
            (*np.log(sizes[name]), math.log(seconds))
            for name, run in runs.items()
            if name in best and (seconds := to_proof(run, best[name], 1e-3)) < math.inf
        ]
        if len({p[0] for p in points}) > 1 and len({p[1] for p in points}) > 1:
            x = np.array([[1.0, days, blocks] for days, blocks, _ in points])
            _, in_t, in_k = np.linalg.lstsq(x, np.array([p[2] for p in points]))[0]
            out.append([peer, f"{in_t:.2f}", f"{in_k:.2f}", f"{len(points)} of {len(runs)}"])
    return out


GROWTH_HEAD = ["Peer", "Exponent in T", "Exponent in K", "Windows proven to 1e-3"]


def markdown() -> str:
    """All tables."""
    best = best_known()
    records = {peer: runs for peer in PEERS if (runs := read(peer))}
    proven = sum(one.gap <= 1e-4 for one in best.values())
    measured = [run for runs in records.values() for run in runs.values()]
    loads = [run["load"] for run in measured]
    found = {f"{name} {one}" for run in measured for name, one in run.get("versions", {}).items()}
    places = {run["machine"] for run in measured}
    facts = f"Best known plans of {len(best)} of {len(windows())} windows, {proven} of them proven to 1e-4. "
    if measured:
        facts += f"Load average during the runs {min(loads)} to {max(loads)}. {'; '.join(sorted(places))}. {', '.join(sorted(found))}."
    else:
        facts += "No runs of peers are recorded."
    tables = [(SIZE_HEAD, size_rows(records, best)), (PEER_HEAD, peer_rows(records, best))]
    tables.append((GROWTH_HEAD, growth_rows(records, best)))
    return "\n\n".join([facts, *(_table(head, rows) for head, rows in tables if rows)])


def renew_page() -> None:
    """Write the tables into the page; everything outside the two marks stays."""
    head, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n\n{markdown()}\n\n{END}{tail}")


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


def _share(hits: Iterable[bool]) -> str:
    found = list(hits)
    return f"{sum(found)} ({100 * sum(found) // len(found)} %)"  # rounded down: all but one are not all


def _worst(short: list[tuple[float, float]]) -> str:
    share, usd = max(short)
    return "no plan" if math.isinf(share) else f"{share:.1e} ({usd:.0f} USD)"


def _times(times: list[float]) -> str:
    """Median and 95 % point over all windows, 'never' counted as longest."""
    ordered = sorted(times)
    points = [ordered[min(math.ceil(q * len(ordered)) - 1, len(ordered) - 1)] for q in (0.5, 0.95)]
    return ", ".join(_seconds(one) for one in points)


def _seconds(seconds: float) -> str:
    if math.isinf(seconds):
        return "never"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
