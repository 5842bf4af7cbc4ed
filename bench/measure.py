"""One peer on one instance, in a process of its own: ``python -m bench.measure PEER INSTANCE SECONDS`` prints one line of JSON.

Imports, compilation and whatever else happens once are kept out by a run of a one-day instance before the clock
starts; the peak of memory is counted above what stands after that.
"""

import importlib
import json
import resource
import signal
import sys
import time
import warnings
from importlib.metadata import version

from bench.instances import WARM_UP, Instance, instance, prices
from bench.peers.peer import Peer
from bench.plan_check import faults, value_usd

PEERS = {
    "megawatt": "bench.peers.megawatt_plan:MegawattPlan",
    "megawatt kernel": "bench.peers.megawatt_plan:MegawattKernel",
    "HiGHS LP": "bench.peers.highs_direct:HighsLp",
    "HiGHS MIP": "bench.peers.highs_direct:HighsMip",
    "scipy.milp": "bench.peers.scipy_milp:ScipyMilp",
    "linopy": "bench.peers.linopy_model:Linopy",
    "PyPSA": "bench.peers.pypsa_network:Pypsa",
    "HiGHS LP, single blocks": "bench.peers.single_blocks:HighsLpBlocks",
    "HiGHS MIP, single blocks": "bench.peers.single_blocks:HighsMipBlocks",
    "PyPSA, single blocks": "bench.peers.single_blocks:PypsaBlocks",
}
"""Peers by name, imported only in the process that measures them."""

SINGLE = ("megawatt", "megawatt kernel", *(name for name in PEERS if name.endswith("single blocks")))
"""Who is compared on the block model."""

REPEATS, REPEAT_SECONDS = 5, 3.0
"""The best of up to five runs, no new one begun after three seconds: the same for everybody."""


def peer_of(name: str) -> Peer:
    """Import a peer."""
    module, _, kind = PEERS[name].partition(":")
    peer: Peer = getattr(importlib.import_module(module), kind)()
    return peer


def measure(peer: Peer, size: Instance, limit: float) -> dict[str, object]:
    """Times, memory, objective and faults of a peer on an instance; one run above the limit ends the process."""
    prices()
    peer.answer(WARM_UP, peer.solve(peer.build(WARM_UP)))
    before_mb = _peak_mb()
    build_s: list[float] = []
    solve_s: list[float] = []
    begun = time.perf_counter()
    while len(build_s) < REPEATS and (not build_s or time.perf_counter() - begun < REPEAT_SECONDS):
        signal.setitimer(signal.ITIMER_REAL, limit)  # no handler: a solver deep in C++ is ended all the same
        start = time.perf_counter()
        model = peer.build(size)
        built = time.perf_counter()
        solved = peer.solve(model)
        build_s.append(built - start)
        solve_s.append(time.perf_counter() - built)
    signal.setitimer(signal.ITIMER_REAL, 0)
    peak_mb = _peak_mb() - before_mb
    stated, counts = peer.answer(size, solved)
    return {
        "build_s": min(build_s),
        "solve_s": min(solve_s),
        "all_build_s": build_s,
        "all_solve_s": solve_s,
        "memory_mb": peak_mb,
        "stated_usd": stated,
        "value_usd": value_usd(size, counts),
        "faults": faults(size, counts),
        "versions": {name: version(name) for name in peer.packages},
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(measure(peer_of(sys.argv[1]), instance(sys.argv[2]), float(sys.argv[3]))))
