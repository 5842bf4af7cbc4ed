"""The answers of ``megawatt markets`` as JSON: keys are added in later versions, never renamed."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from megawatt.app.markets.files import MarketFiles
from megawatt.app.markets.outlook import OutlookReport
from megawatt.markets.estimates import BASE_2030, ESTIMATES
from megawatt.markets.event_report import EventReport
from megawatt.markets.growth import RANGES
from megawatt.markets.parametric import Statistic
from megawatt.markets.rotation_report import GROUPS, RotationReport

ROTATION, EVENTS, OUTLOOK = (f"megawatt/markets-{verb}/1" for verb in ("rotation", "events", "outlook"))


def rotation_answer(report: RotationReport, files: MarketFiles, notes: tuple[str, ...]) -> dict[str, Any]:
    """Groups, trail, regime and leads; levels are 100 on the first day of the trail."""
    trail = report.trail
    return {
        "schema": ROTATION,
        "as_of": report.as_of,
        "window_days": report.window,
        "groups": [
            {
                "group": row.group,
                "members": row.members,
                "change": row.change,
                "quadrant": row.quadrant,
                "breadth": _number(row.breadth),
                "beta_btc": _interval(row.beta_btc),
                "beta_nvda": _interval(row.beta_nvda),
            }
            for row in report.rows
        ],
        "trail": {
            "days": [str(day) for day in trail.days],
            "level": _columns(trail.level),
            "strength": _columns(trail.strength),
            "momentum": _columns(trail.momentum),
        },
        "regime": asdict(report.rotation),
        "leads": {name: asdict(one) for name, one in report.leads.items()},
        "breaks": list(report.breaks),
        **_vintage(files, notes, report.data_sha256),
    }


def events_answer(report: EventReport, files: MarketFiles) -> dict[str, Any]:
    """Verdict, windows, tests, assets, path and counterfactuals; returns are log returns."""
    q, judged = report.question, report.judgement
    finding, placebo = judged.finding, judged.finding.placebo
    return {
        "schema": EVENTS,
        "question": {**asdict(q), "assets": list(q.assets), "factors": list(q.factors), "rows": list(q.rows)},
        "day_zero": report.day_zero,
        "verdict": str(judged.verdict),
        "because": judged.because,
        "n": finding.n,
        "estimates": dict(finding.estimates),
        "p_values": dict(finding.p_values),
        "method": finding.method,
        "placebo": asdict(placebo) | {"share": placebo.share} if placebo else None,
        "confounders": list(finding.confounders),
        "correlation": report.correlation,
        "tests": [_statistic(one) for one in report.tests.statistics],
        "bootstrap": {
            name: asdict(one) | {"t": _number(one.t)}
            for name, one in (("by_day", report.tests.by_day), ("by_group", report.tests.by_group))
        },
        "assets": [asdict(one) for one in report.assets],
        "left_out": list(report.left_out),
        "path": {"days": list(report.path.days), "mean": report.path.mean.tolist(), "band": report.path.band.tolist()},
        "what_if": [
            asdict(one) | {"low": _number(one.low), "high": _number(one.high), "controls": list(one.controls)}
            for one in report.what_if
        ],
        **_vintage(files, (), finding.data_sha256),
    }


def outlook_answer(report: OutlookReport) -> dict[str, Any]:
    """Published estimates by kind, the target's parts, our range, what must be true, Sobol shares."""
    found = report.outlook
    return {
        "schema": OUTLOOK,
        "target_tn_usd": report.target_tn,
        "base_tn_usd": BASE_2030.tn_usd,
        "share_of_base": report.sums.share_of_base,
        "growth_a_year": report.growth_a_year,
        "published_parts_tn_usd": report.sums.parts.tn_usd,
        "unmodelled_tn_usd": report.sums.unmodelled.tn_usd,
        "estimates": [
            {
                "name": one.name,
                "subject": one.subject,
                "kind": one.low.kind.name.lower(),
                "first_year": one.low.first_year,
                "last_year": one.low.last_year,
                "low_tn_usd": one.low.tn_usd,
                "high_tn_usd": one.high.tn_usd,
                "rebuilt": one.rebuilt,
                "parts": dict(one.parts),
                "source": one.source,
                "remark": one.remark,
            }
            for one in ESTIMATES
        ],
        "quantiles_tn_usd": {f"{q:.0%}": value for q, value in found.quantiles.items()},
        "probability": found.probability,
        "draws": found.draws,
        "seed": report.seed,
        "sobol": [asdict(one) for one in found.shares],
        "needed": [asdict(one) | {"needed": _number(one.needed)} for one in report.needed],
        "product_needed": report.product,
        "ranges": {name: asdict(one) for name, one in RANGES.items()},
    }


def _vintage(files: MarketFiles, notes: tuple[str, ...], sha256: str) -> dict[str, Any]:
    return {
        "files": [{"name": name, "sha256": sha} for name, sha in files.sources],
        "notes": [*files.notes, *notes],
        "data_sha256": sha256,
    }


def _columns(table: Any) -> dict[str, list[float | None]]:
    return {name: [_number(float(value)) for value in table[:, i]] for i, name in enumerate(GROUPS)}


def _interval(triple: tuple[float, float, float] | None) -> Mapping[str, float] | None:
    return None if triple is None else dict(zip(("slope", "low", "high"), triple, strict=True))


def _statistic(one: Statistic) -> dict[str, Any]:
    return asdict(one) | {"value": _number(one.value)}


def _number(value: float) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if math.isfinite(value) else None
