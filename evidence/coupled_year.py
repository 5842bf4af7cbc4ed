"""Bars of a coupled year: how long a first answer takes, a plan with its bound, and the check of it by other code.

They run for minutes, each in one go; times are those of the machine that the record names.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.windows import HUB, Window, problem
from evidence.bar import ROOT, Bar, Figure
from megawatt.dispatch.coupled.fast import fast_plan
from megawatt.dispatch.general import Effort
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Problem
from megawatt.dispatch.record import plan_record, problem_record, text_of
from megawatt.site.examples import example

DISPATCH = ("src/megawatt/dispatch/*.py", "src/megawatt/dispatch/coupled/*.py")
SITE = "bench/windows.py"
COMMAND = "from megawatt.app.cli import main; main()"
COLD_SECONDS, WARM_SECONDS = 25.0, 5.0
PLAN_SECONDS, PLAN_GAP = 1.0, 1e-3
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
    stated = _site(4)
    begun = time.process_time()
    plan = _plan(stated)
    seconds, gap = time.process_time() - begun, float("inf") if plan is None or plan.gap is None else plan.gap
    text = f"gap {gap:.1e} after {seconds:.1f} s of processor time"
    return Figure(text, seconds <= PLAN_SECONDS and gap <= PLAN_GAP, {"gap": gap, "cpu_seconds": seconds})


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


def _plan(stated: Problem) -> Plan | None:
    found = fast_plan(stated, Effort())
    return None if found is None else found[0]


BARS: tuple[Bar, ...] = (
    Bar(
        id="coupled-first-decide",
        sentence="`megawatt decide` of the hybrid example over the hourly year 2024, no option set: the first time on a "
        "machine, when all recursions are compiled, and the second.",
        target=f"under {COLD_SECONDS:.0f} s the first time, under {WARM_SECONDS:.0f} s the second",
        covers=(*DISPATCH, "src/megawatt/app/decide.py", "src/megawatt/site/examples.py"),
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
        id="checker-year",
        sentence="The plan of that site with sixteen blocks and its certificate are checked by the program that shares no code "
        "with the solver.",
        target=f"accepted in at most {CHECK_SECONDS:.0f} s",
        covers=(*DISPATCH, SITE, "checker/*.py"),
        measure=check_of_a_year,
    ),
)
