"""The coupled site by the general path: ``python -m bench.hybrid DAYS SECONDS`` prints one line of JSON.

Nothing to compare with stands beside it: the general path *is* HiGHS on the tightened count model. What it needs for a
certified gap is recorded here, so that the next fast path has something to beat.
"""

import json
import sys
import time

import numpy as np

from megawatt.app.data import data_for
from megawatt.dispatch.case import case_of
from megawatt.dispatch.general import Effort
from megawatt.dispatch.solve import solve
from megawatt.site.examples import example
from megawatt.site.read import Site

MONTH_END, GAP = "end = 2024-08-01", 1e-4


def measure(days: int, seconds: float) -> dict[str, object]:
    """Time and gap of the shipped hybrid site over its first days of July 2024, hourly, on the shipped modelled data."""
    last = np.datetime64("2024-07-01") + days
    site = Site.from_text(example("hybrid").replace(MONTH_END, f"end = {last}"))
    case = case_of(site, data_for(site))
    begin = time.perf_counter()
    plan = solve(case.problem, Effort(GAP, seconds))
    return {
        "days": days,
        "intervals": case.problem.T,
        "asked_gap": GAP,
        "seconds_allowed": seconds,
        "seconds": time.perf_counter() - begin,
        "gap": plan.gap,
        "gap_usd": plan.gap_usd,
        "value_usd": plan.value_usd,
        "method": plan.method,
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), float(sys.argv[2]))))
