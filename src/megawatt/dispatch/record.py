"""Problem and plan as JSON that a stranger can check: the format is the page `docs/plan-format.md`."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from megawatt.dispatch.certificate import Certificate, Prices
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Problem

PROBLEM_SCHEMA = "megawatt/problem/1"
PLAN_SCHEMA = "megawatt/plan/2"


def problem_record(problem: Problem) -> dict[str, Any]:
    """A problem as plain values; every attribute under its own name, arrays as nested lists."""
    record = _plain(problem)
    grid = problem.grid
    record["grid"] = {"start": str(grid.start), "step_minutes": grid.step_minutes, "intervals": grid.n}
    return {"schema": PROBLEM_SCHEMA, **record}


def plan_record(problem: Problem, plan: Plan) -> dict[str, Any]:
    """A plan with its money and its certificate as plain values."""
    schedule = plan.schedule
    return {
        "schema": PLAN_SCHEMA,
        "inputs_sha256": problem.sha256(),
        "method": plan.method,
        "value_usd": plan.value_usd,
        "idle_usd": plan.idle_usd,
        "bound_usd": plan.bound_usd,
        "units": [_plain(unit) for unit in schedule.units],
        "batch_on": schedule.batch_on.tolist(),
        "elastic_mw": schedule.elastic_mw.tolist(),
        "award_mw": schedule.award_mw.tolist(),
        "certificate": None if plan.certificate is None else _certificate(plan.certificate),
        "gap_by_week": [_plain(week) for week in plan.gap_by_week],
    }


def text_of(record: Mapping[str, Any]) -> str:
    """One line of JSON, keys in order, numbers in the fewest digits that read back to the same double."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n"


def _certificate(certificate: Certificate) -> dict[str, Any]:
    return {
        "bound_usd": certificate.bound_usd,
        "together": certificate.together,
        "floor_usd": certificate.floor_usd,
        "prices": _prices(certificate.prices),
        "pieces": [[_plain(piece) for piece in month] for month in certificate.pieces],
        "cuts": [points.tolist() for points in certificate.cuts],
        "exclusions": [
            {
                "prices": _prices(gone.prices),
                "month": gone.month,
                "pieces": [_plain(piece) for piece in gone.pieces],
            }
            for gone in certificate.exclusions
        ],
    }


def _prices(prices: Prices) -> dict[str, Any]:
    return {name: getattr(prices, name).tolist() for name in ("running", "cover", "wage")}


def _plain(value: Any) -> Any:
    """A dataclass, array or number as what JSON can hold."""
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, float) and value == np.inf:
        return None
    return value
