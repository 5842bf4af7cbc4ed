"""One peer on one window in a process of its own: ``python -m bench.coupled_measure PEER WINDOW SECONDS`` prints JSON.

Imports, compilation and caches cost nobody anything: a one-day window runs first. The plan is recomputed from the raw
data by `bench.site_check`; the peak of memory is counted above what stands after the first run.
"""

import importlib
import json
import resource
import sys
import time
import warnings
from importlib.metadata import version

import numpy as np

from bench.coupled_peers.peer import CoupledPeer
from bench.site_check import faults, idle, value_usd
from bench.windows import Window, problem, window

PEERS = {
    "megawatt": "megawatt_solve:Megawatt",
    "HiGHS counts": "highs:HighsCounts",
    "HiGHS loose counts": "highs:HighsLoose",
    "HiGHS disjunction": "highs:HighsDisjunction",
    "HiGHS counts, low heuristics": "highs:HighsPlain",
    "HiGHS counts, high heuristics": "highs:HighsEager",
    "HiGHS counts, two threads": "highs:HighsParallel",
    "HiGHS naive": "highs:HighsNaive",
    "SCIP counts": "scip:ScipCounts",
    "SCIP loose counts": "scip:ScipLoose",
    "SCIP naive": "scip:ScipNaive",
    "CP-SAT counts": "cp_sat:CpSatCounts",
    "CP-SAT loose counts": "cp_sat:CpSatLoose",
    "CP-SAT naive": "cp_sat:CpSatNaive",
    "CBC counts": "cbc:CbcCounts",
    "CBC loose counts": "cbc:CbcLoose",
    "CBC naive": "cbc:CbcNaive",
    "scipy.milp counts": "scipy_form:ScipyCounts",
    "scipy.milp naive": "scipy_form:ScipyNaive",
    "linopy counts": "linopy_site:LinopyCounts",
}
"""Peers by name, imported only in the process that measures them."""

GAP = 1e-5
"""What every solver is asked for, relative to its own objective; targets are read off its course afterwards."""

WARM_UP = "w001-1d-K1"


def peer_of(name: str) -> CoupledPeer:
    """Import a peer."""
    module, _, kind = PEERS[name].partition(":")
    peer: CoupledPeer = getattr(importlib.import_module(f"bench.coupled_peers.{module}"), kind)()
    return peer


def measure(peer: CoupledPeer, w: Window, seconds: float) -> dict[str, object]:
    """Times, memory, plan, bound and course of a peer on a window."""
    first, started = problem(window(WARM_UP)), time.perf_counter()
    peer.solve(peer.build(first), min(seconds, 10.0), GAP)
    first_s = time.perf_counter() - started
    given = problem(w)
    before_mb = _peak_mb()
    begun = time.perf_counter()
    model = peer.build(given)
    built = time.perf_counter()
    answer = peer.solve(model, seconds, GAP)
    ended = time.perf_counter()
    plan = answer.plan
    return {
        "problem_sha256": given.sha256(),
        "idle_usd": value_usd(given, idle(given)),
        "seconds_allowed": seconds,
        "first_s": first_s,
        "build_s": built - begun,
        "solve_s": ended - built,
        "memory_mb": _peak_mb() - before_mb,
        "status": answer.status,
        "value_usd": None if plan is None else value_usd(given, plan),
        "bound_usd": answer.bound_usd if np.isfinite(answer.bound_usd) else None,
        "faults": [] if plan is None else faults(given, plan),
        "course": [
            [round(t, 4), *(_number(usd) for usd in (value, bound))] for t, value, bound in answer.course.points
        ],
        "asked": peer.asked,
        "versions": {name: version(name) for name in peer.packages},
    }


def _number(usd: float) -> float | None:
    return round(float(usd), 6) if np.isfinite(usd) else None


def _peak_mb() -> float:
    """Peak of this process, and of what it started."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(measure(peer_of(sys.argv[1]), window(sys.argv[2]), float(sys.argv[3]))))
