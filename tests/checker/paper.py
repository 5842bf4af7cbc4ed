"""A problem small enough for paper, with its plan; the sums stand in the comments."""

import copy
import json
from pathlib import Path
from typing import Any

from checker.check_plan import main

HERE = Path(__file__).parent / "specimens"
NAMES = sorted(path.name for path in HERE.iterdir())
Files = tuple[dict[str, Any], dict[str, Any]]


def specimen(name: str) -> Files:
    """A fresh copy of the problem and the plan of a specimen."""
    if name == "paper":
        return copy.deepcopy(PROBLEM), copy.deepcopy(PLAN)
    folder = HERE / name
    return json.loads((folder / "problem.json").read_text()), json.loads((folder / "plan.json").read_text())


def checked(folder: Path, files: Files) -> int:
    """The exit code for a problem and a plan."""
    paths = [folder / "problem.json", folder / "plan.json"]
    for path, found in zip(paths, files, strict=True):
        path.write_text(json.dumps(found))
    return main([str(path) for path in paths])


PROBLEM: dict[str, Any] = {
    "schema": "megawatt/problem/1",
    "grid": {"start": "2024-01-01T00:00:00", "step_minutes": 60, "intervals": 2},
    "price_usd_per_mwh": [10, 50],
    "adder_usd_per_mwh": [0, 0],
    "peak_usd_per_mwh": [0, 0],
    "limit_mw": [10, 10],
    "machines": [
        {
            "name": "only",
            "blocks": 1,
            "power_mw": [[2, 2]],
            "revenue_usd_per_h": [[60, 60]],
            "start_usd": 3,
            "stop_usd": 1,
            "min_up": 1,
            "min_down": 1,
            "ramp_loss": [],
            "initial": {"on": False, "steps": 9},
            "hosted": False,
        }
    ],
    "firm": [{"name": "firm", "power_mw": [1, 1], "rent_usd": [5, 5], "pass_through": False}],
    "batches": [],
    "elastic": [],
    "positions": [],
    "peaks": [
        {
            "name": "demand",
            "usd_per_mw_month": [4],
            "month": [0, 0],
            "measured": [True, True],
            "floor_mw": [0],
            "ratchet_fraction": 0,
        }
    ],
    "reserves": [],
    "award_hour": [],
    "fixed_usd": [1, 1],
}

# Running pays 60 - 2 x 10 = 40 in the first interval and 60 - 2 x 50 = -40 in the second: run in the first alone.
#   revenue 60, energy -3 x 10 - 1 x 50 = -80, start -3, stop -1, rent 10, fixed -2, demand -4 x 3 = -12: value -28.
#   idle: energy -10 - 50 = -60, rent 10, fixed -2, demand -4 x 1 = -4: -56.
# With nothing running and without the demand charge: -60 + 10 - 2 = -52 (part 1).
# At running prices 0 the block's best word is to rest: 0 (part 2). A peak of at most 2.5 MW lets no block run, part 5 is
#   0 less the piece's charge: B = -52 for a peak of 0 .. 1 (0 USD), -56 for one of 1 .. 2.5 (4 USD), both below -28.
# At running prices 40 and -40 the best word runs once: 40 - 3 - 1 = 36; part 5 is 0 in both intervals, less 4 x 2.5 = 10 for
#   a peak of 2.5 .. 3: B = -52 + 36 - 10 = -26.
_FREE: dict[str, Any] = {"running": [[0], [0]], "cover": [0, 0], "wage": [[], []]}
WEEKS = [{"first": 0, "end": 1, "gap_usd": 0.25}, {"first": 1, "end": 2, "gap_usd": 0.75}]
"""The plan's gap of 1 USD in two weeks of an interval each; the paper's plan has none, for they may be absent."""

PLAN: dict[str, Any] = {
    "schema": "megawatt/plan/2",
    "inputs_sha256": "0" * 64,
    "method": "paper",
    "value_usd": -28.0,
    "idle_usd": -56.0,
    "bound_usd": -27.0,
    "units": [{"machine": 0, "blocks": 1, "share": [[1, 0]]}],
    "batch_on": [],
    "elastic_mw": [],
    "award_mw": [],
    "certificate": {
        "bound_usd": -26 + 27e-9,
        "prices": {"running": [[40], [-40]], "cover": [0, 0], "wage": [[], []]},
        "cuts": [],
        "pieces": [[{"least_mw": 2.5, "most_mw": 3, "usd": 10}]],
        "exclusions": [
            {"month": 0, "pieces": [{"least_mw": 0, "most_mw": 1, "usd": 0}], "prices": _FREE},
            {"month": 0, "pieces": [{"least_mw": 1, "most_mw": 2.5, "usd": 4}], "prices": _FREE},
        ],
    },
}
