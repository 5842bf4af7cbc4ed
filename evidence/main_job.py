"""Bars of the main job: a coupled month with its bound, and bad input that is refused in words."""

import re
import subprocess
import sys
import time

from evidence.bar import ROOT, Bar, Figure
from megawatt.app.data import data_for
from megawatt.dispatch.case import case_of
from megawatt.dispatch.general import Effort
from megawatt.dispatch.schedule import violations
from megawatt.dispatch.solve import solve
from megawatt.site.examples import example
from megawatt.site.read import Site

SECONDS = 120.0
SPECIMENS = ("tests/site/test_specimens.py", "tests/sources/test_table.py", "tests/app/test_data_commands.py")


def hybrid_month() -> Figure:
    """July 2024 of the shipped hybrid site, modelled prices, through the general solver."""
    site = Site.from_text(example("hybrid"))
    problem = case_of(site, data_for(site)).problem
    begun = time.perf_counter()
    plan = solve(problem, Effort(seconds=SECONDS))
    seconds = time.perf_counter() - begun
    broken = violations(problem, plan.schedule)
    gap = float("inf") if plan.gap is None else plan.gap
    return Figure(
        f"gap {gap:.2%} of the plan over idle after {seconds:.0f} s, {len(broken)} rules broken",
        gap <= 0.01 and not broken,
        {"gap": gap, "seconds": seconds, "value_usd": plan.value_usd, "bound_usd": plan.bound_usd or float("nan")},
    )


def specimens() -> Figure:
    """Every bad site file and data file of the tests, each with the place, value and remedy that must be named."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "specimen or ill_table",
        *SPECIMENS,
    ]
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    files = [*ROOT.glob("tests/site/specimens/*"), *ROOT.glob("tests/sources/specimens/*")]
    passed = re.search(r"(\d+) passed", out.stdout)
    return Figure(
        f"{len(files)} specimens, {passed[1] if passed else 0} tests of them pass, exit code {out.returncode}",
        out.returncode == 0 and len(files) >= 40,
        {"specimens": len(files), "exit_code": out.returncode},
    )


BARS: tuple[Bar, ...] = (
    Bar(
        id="hybrid-month",
        sentence="A month of the hybrid example (four blocks, firm and batch hall, limit, demand charge, reserve; modelled "
        f"prices, hourly) is planned with a bound for the whole month, the general solver stopped after {SECONDS:.0f} s.",
        target="gap at most 1 %, no rule broken",
        covers=("src/megawatt/dispatch/*.py", "src/megawatt/dispatch/coupled/*.py", "src/megawatt/site/examples.py"),
        measure=hybrid_month,
    ),
    Bar(
        id="bad-input-specimens",
        sentence="Bad site files and data files are refused with place, value, rule and remedy, and nothing is half-written.",
        target="at least 40 specimens, all refused as stated beside them",
        covers=("src/megawatt/site/*.py", "src/megawatt/sources/*.py", "tests/site/test_specimens.py"),
        measure=specimens,
    ),
)
