"""Bars of ensembles: how fast, how exact, and that it does not matter who computes."""

import importlib
import os
import signal
import sys
import time
from typing import Any

import numpy as np

from bench.ensemble import run, shares
from evidence.bar import Bar, Figure
from megawatt.app.crew import Cluster, Processes
from megawatt.core.errors import MissingExtraError
from megawatt.dispatch.ensemble import Ensemble
from megawatt.dispatch.paths import CHUNK, Paths, values_usd
from megawatt.dispatch.problem import FREE, InitialState
from megawatt.dispatch.solve import solve
from tests.app.drawing import T, draw
from tests.dispatch.cases import random_problem
from tests.dispatch.test_ensemble import full_site, random_paths, turnover_usd

ENSEMBLE = tuple(f"src/megawatt/dispatch/{name}.py" for name in ("lanes", "ensemble", "problem"))
ENOUGH_PER_S = 20_000
SITE = "3 classes"


def throughput() -> Figure:
    """The bench; the figure is that of a site of three classes in single precision on two threads."""
    record = run()
    numbers: dict[str, float | int | str] = {"paths": record["paths"]}
    for row in record["rows"]:
        name = f"{row['case']}/{row['precision']}/{row['threads']} threads"
        numbers[f"{name}/block_years_per_s"] = round(row["block_years_per_s"])
        numbers[f"{name}/block_years_per_core_s"] = round(row["block_years_per_core_s"])
        numbers |= {f"{name}/share_of_{what}": round(share, 3) for what, share in shares(record, row).items()}
    for one in record["machine"]:
        name = f"machine/{one['precision']}/{one['threads']} threads"
        numbers |= {f"{name}/{what}": round(rate, 2) for what, rate in one.items() if what.endswith("_per_s")}
    numbers["scalar_block_years_per_s"] = round(record["scalar"]["block_years_per_s"])
    numbers["highs_block_years_per_s_extrapolated"] = record["highs"]["block_years_per_s_extrapolated"]
    numbers["load_at_end"] = round(os.getloadavg()[0], 1)
    one = next(r for r in record["rows"] if (r["case"], r["precision"], r["threads"]) == (SITE, "float32", 2))
    used = shares(record, one)
    text = (
        f"{one['block_years_per_s']:,.0f} block-years/s; {100 * used['bandwidth']:.0f} % of the memory's rate, "
        f"{100 * used['operations']:.0f} % of the arithmetic's, {100 * used['stores']:.0f} % of the stores'"
    )
    return Figure(text, one["block_years_per_s"] >= ENOUGH_PER_S, numbers)


def exactness() -> Figure:
    """Sites with every separable feature, three paths each, horizons of 1 to 800 intervals."""
    worst = {"float64": 0.0, "float32": 0.0}
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        intervals = int(rng.integers(1, 60) if seed % 10 else rng.integers(200, 800))
        initial = InitialState(bool(rng.integers(2)), int(rng.choice([1, 2, 3, 7, FREE])))
        prices = random_paths(rng, intervals, 3)
        exact = Ensemble.of([full_site(seed, intervals, initial)])
        values = {"float64": exact, "float32": Ensemble.of(exact.problems, "float32")}
        found = {kind: one.values_usd(prices)[0] for kind, one in values.items()}
        for path in range(3):
            plan = solve(exact.problem(0, prices[:, path]))
            scale = max(1.0, turnover_usd(plan))
            for kind, most in worst.items():
                worst[kind] = max(most, abs(float(found[kind][path]) - plan.value_usd) / scale)
    text = f"double {worst['float64']:.1e}, single {worst['float32']:.1e}"
    passed = worst["float64"] <= 1e-12 and worst["float32"] <= 1e-6
    return Figure(text, passed, {"plans": 3000, **{f"worst_{kind}": value for kind, value in worst.items()}})


def same_digits() -> Figure:
    """One process, two, and a cluster of two workers of which one is killed after two of its chunks."""
    try:
        distributed: Any = importlib.import_module("distributed")
    except ModuleNotFoundError:
        return Figure(str(MissingExtraError.named("distributed", "cluster", "this bar")), None, {})
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
    sites = Ensemble.of([random_problem(seed, T=T, coupled=False) for seed in (3, 4)])
    paths = Paths(draw, 40 * CHUNK, seed=7)
    begin = time.perf_counter()
    alone = values_usd(sites, paths)
    seconds = {"one_process_s": time.perf_counter() - begin}
    begin = time.perf_counter()
    differ = {"two processes": int((alone != values_usd(sites, paths, crew=Processes(2))).sum())}
    seconds["two_processes_s"] = time.perf_counter() - begin
    killed: list[int] = []
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:

        def progress(done: int, _: int) -> None:
            if done == 2:
                killed.append(next(iter(cluster.workers.values())).pid)
                os.kill(killed[0], signal.SIGKILL)

        begin = time.perf_counter()
        shared = values_usd(sites, paths, crew=Cluster(cluster.scheduler_address), progress=progress)
        seconds["cluster_s"] = time.perf_counter() - begin
    differ["cluster"] = int((alone != shared).sum())
    text = f"{sum(differ.values())} of {alone.size:,} values differ, {len(killed)} worker killed"
    return Figure(text, not any(differ.values()) and len(killed) == 1, {**differ, **seconds, "killed": len(killed)})


BARS: tuple[Bar, ...] = (
    Bar(
        id="ensemble-throughput",
        sentence="Value-only plans of years of quarter hours, three machine classes, single precision, on two cores; "
        "each class once, whatever its number of blocks.",
        target="at least 20,000 block-years a second",
        covers=("src/megawatt/dispatch/lanes.py", "src/megawatt/dispatch/ensemble.py", "bench/ensemble.py"),
        measure=throughput,
    ),
    Bar(
        id="ensemble-exact",
        sentence="On 3,000 random sites and paths with every separable feature the lanes give the value of the plan, "
        "relative to the money that changes hands.",
        target="at most 1e-12 in double, 1e-6 in single precision",
        covers=(*ENSEMBLE, "tests/dispatch/test_ensemble.py", "tests/dispatch/cases.py"),
        measure=exactness,
    ),
    Bar(
        id="ensemble-same-digits",
        sentence="An ensemble gives the same digits on one process, on two, and on a Dask cluster that loses a worker "
        "during the run.",
        target="0 values differ",
        covers=(
            *ENSEMBLE,
            "src/megawatt/dispatch/paths.py",
            "src/megawatt/dispatch/crew.py",
            "src/megawatt/app/crew.py",
        ),
        measure=same_digits,
    ),
)
