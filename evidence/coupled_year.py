"""Bars of a coupled year: how long a first answer takes, a plan with its bound, and the check of it by other code.

They run for minutes, each in one go; times are those of the machine that the record names.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.windows import HUB, Window, problem
from evidence.bar import ROOT, Bar, Figure
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.coupled.fast import fast_plan
from megawatt.dispatch.general import Effort
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Problem
from megawatt.dispatch.record import plan_record, problem_record, text_of
from megawatt.site.examples import example

DISPATCH = ("src/megawatt/dispatch/*.py", "src/megawatt/dispatch/coupled/*.py")
SITE = "bench/windows.py"
DECIDES = ("decide", "decision", "compiling", "aside")
COMMAND = "from megawatt.app.cli import main; main()"
COLD_SECONDS, WARM_SECONDS = 25.0, 5.0
PLAN_SECONDS, FINE_SECONDS, PLAN_GAP = 1.0, 4.0, 1e-3
CHECK_SECONDS = 60.0


def first_decide() -> Figure:
    """The command as a user types it, twice: with an empty cache of compiled recursions, and with the one it left."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "hybrid.toml"
        site.write_text(example("hybrid"))
        year = ("--from", "2024-01-01", "--to", "2025-01-01")
        command = [sys.executable, "-c", COMMAND, "decide", str(site), *year, "--json"]
        environment = os.environ | {"NUMBA_CACHE_DIR": str(Path(folder) / "compiled")}
        taken, codes = list[float](), list[int]()
        for _ in range(2):
            begun = time.perf_counter()
            codes.append(
                subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False).returncode
            )
            taken.append(time.perf_counter() - begun)
    cold, warm = taken
    if codes != [0, 0]:
        return Figure(f"the command ended with exit codes {codes}", passed=False, numbers={})
    passed = cold < COLD_SECONDS and warm < WARM_SECONDS
    return Figure(f"{cold:.1f} s cold, {warm:.1f} s warm", passed, {"cold_seconds": cold, "warm_seconds": warm})


def plan_of_a_year() -> Figure:
    """The site of the published windows over all of 2024, four blocks, without any general solver."""
    fast_plan(_site(4, days=1), Effort())  # compiles
    seconds, gap = _timed(_site(4))
    text = f"gap {gap:.1e} after {seconds:.1f} s of processor time"
    return Figure(text, seconds <= PLAN_SECONDS and gap <= PLAN_GAP, {"gap": gap, "cpu_seconds": seconds})


def plan_of_a_fine_year() -> Figure:
    """The same over intervals of five minutes, four blocks and sixteen."""
    fast_plan(_by_five_minutes(_site(4, days=1)), Effort())  # compiles
    text, passed, numbers = list[str](), True, dict[str, float | int | str]()
    for blocks in (4, 16):
        seconds, gap = _timed(_by_five_minutes(_site(blocks)))
        text.append(f"{blocks} blocks: gap {gap:.1e} after {seconds:.1f} s of processor time")
        passed = passed and seconds <= FINE_SECONDS and gap <= PLAN_GAP
        numbers |= {f"cpu_seconds_{blocks}": seconds, f"gap_{blocks}": gap}
    return Figure("; ".join(text), passed, numbers)


def _timed(stated: Problem) -> tuple[float, float]:
    """Processor time of a plan with its bound [s], and its gap, infinite where there is none."""
    begun = time.process_time()
    plan = _plan(stated)
    return time.process_time() - begun, float("inf") if plan is None or plan.gap is None else plan.gap


def check_of_a_year() -> Figure:
    """The same with sixteen blocks, its plan and certificate written to files and checked."""
    stated = _site(16)
    plan = _plan(stated)
    if plan is None:
        return Figure("no plan to check", passed=False, numbers={})
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("problem.json", "plan.json")]
        for file, record in zip(files, (problem_record(stated), plan_record(stated, plan)), strict=True):
            file.write_text(text_of(record))
        begun = time.perf_counter()
        out = subprocess.run(
            [sys.executable, "checker/check_plan.py", *map(str, files)], cwd=ROOT, capture_output=True, check=False
        )
        seconds = time.perf_counter() - begun
    verdict = "accepted" if out.returncode == 0 else f"refused with exit code {out.returncode}"
    gap = float("inf") if plan.gap is None else plan.gap
    passed = out.returncode == 0 and seconds <= CHECK_SECONDS
    text = f"{verdict} after {seconds:.0f} s; gap {gap:.1e}"
    return Figure(text, passed, {"seconds": seconds, "gap": gap, "exit_code": out.returncode})


def _site(blocks: int, days: int = 365) -> Problem:
    """The site of the published windows at the hub from the first day of 2024 on, without reserves: their prices have gaps."""
    return problem(
        Window(f"{days}d-K{blocks}", HUB, "2024-01-01", days, blocks, 45.0, 125.0, 2000.0, 1, "", 0.0, "prorated", "")
    )


def _by_five_minutes(stated: Problem) -> Problem:
    """The same site in thirds of its quarter hours: dwell times and work due hold, each price times 1 + 2 % of a normal draw."""

    def thirds(values: NDArray[Any]) -> NDArray[Any]:
        return np.repeat(values, 3, axis=-1)

    T = 3 * stated.T
    machines = [
        replace(
            m,
            power_mw=thirds(m.power_mw),
            revenue_usd_per_h=thirds(m.revenue_usd_per_h),
            min_up=3 * m.min_up,
            min_down=3 * m.min_down,
        )
        for m in stated.machines
    ]
    batches = [
        replace(
            job,
            power_mw=thirds(job.power_mw),
            fee_usd_per_h=thirds(job.fee_usd_per_h),
            window=thirds(job.window),
            need=3 * job.need,
            min_run=3 * job.min_run,
        )
        for job in stated.batches
    ]
    return replace(
        stated,
        grid=TimeGrid(stated.grid.start, 5, T),
        price_usd_per_mwh=thirds(stated.price_usd_per_mwh) * (1 + 0.02 * np.random.default_rng(1).standard_normal(T)),
        adder_usd_per_mwh=thirds(stated.adder_usd_per_mwh),
        peak_usd_per_mwh=thirds(stated.peak_usd_per_mwh),
        limit_mw=thirds(stated.limit_mw),
        machines=tuple(machines),
        firm=tuple(replace(f, power_mw=thirds(f.power_mw), rent_usd=thirds(f.rent_usd) / 3) for f in stated.firm),
        batches=tuple(batches),
        peaks=tuple(replace(c, month=thirds(c.month), measured=thirds(c.measured)) for c in stated.peaks),
    )


def _plan(stated: Problem) -> Plan | None:
    found = fast_plan(stated, Effort())
    return None if found is None else found[0]


BARS: tuple[Bar, ...] = (
    Bar(
        id="coupled-first-decide",
        sentence="`megawatt decide` of the hybrid example over the hourly year 2024, no option set: the first time on a "
        "machine, when all recursions are compiled, and the second.",
        target=f"under {COLD_SECONDS:.0f} s the first time, under {WARM_SECONDS:.0f} s the second",
        covers=(*DISPATCH, *(f"src/megawatt/app/{name}.py" for name in DECIDES), "src/megawatt/site/examples.py"),
        measure=first_decide,
    ),
    Bar(
        id="coupled-year",
        sentence="The coupled site of the published windows over the quarter hours of 2024, four blocks, no reserves, is planned and bounded "
        "without a general solver.",
        target=f"gap at most {PLAN_GAP:g} in {PLAN_SECONDS:g} s of processor time",
        covers=(*DISPATCH, SITE),
        measure=plan_of_a_year,
    ),
    Bar(
        id="coupled-year-5-min",
        sentence="The same site over the year in intervals of five minutes, each quarter hour's price three times with 2 % of noise, with "
        "four blocks and with sixteen.",
        target=f"gap at most {PLAN_GAP:g} in {FINE_SECONDS:g} s of processor time each",
        covers=(*DISPATCH, SITE),
        measure=plan_of_a_fine_year,
    ),
    Bar(
        id="checker-year",
        sentence="The plan of that site with sixteen blocks and its certificate are checked by the program that shares no code "
        "with the solver.",
        target=f"accepted in at most {CHECK_SECONDS:.0f} s",
        covers=(*DISPATCH, SITE, "checker/*.py"),
        measure=check_of_a_year,
    ),
)
