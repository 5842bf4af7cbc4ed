"""The answer of ``decide`` as JSON, schema ``megawatt/decide/1``: keys are added in later versions, never renamed."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from megawatt.app.decision import Decision
from megawatt.dispatch.advice import Advice
from megawatt.dispatch.backtest import Result, refused
from megawatt.dispatch.ledger import BUYERS

SCHEMA = "megawatt/decide/1"


def answer(decision: Decision, report: Path | None = None) -> dict[str, Any]:
    """Everything a program needs of a decision; money in USD, energy in MWh, times in UTC."""
    case, plan, grid = decision.case, decision.plan, decision.case.problem.grid
    return {
        "schema": SCHEMA,
        "site": case.site.connection.name,
        "period": {"start": f"{grid.start}Z", "end": f"{grid.end}Z", "interval_minutes": grid.step_minutes},
        "hours_covered": case.hours_covered,
        "gaps": [str(gap) for gap in case.gaps],
        "modelled": decision.modelled,
        "inputs": [
            {
                "name": one.name,
                "unit": one.unit.value,
                "source": one.provenance.source,
                "licence": one.provenance.licence,
                "modelled": one.provenance.modelled,
                "sha256": one.sha256(),
            }
            for one in case.inputs
        ],
        "inputs_sha256": plan.inputs_sha256,
        "recommended": decision.advised,
        "recommended_on": _chosen_on(decision.advice),
        "refused": [
            {"name": one.name, "loses_to": bar.name, "by_usd": bar.net_usd - one.net_usd}
            for one, bar in refused(decision.results)
        ],
        "forecasts": [asdict(one) for one in decision.forecasts],
        "policies": [_policy(decision, one) for one in decision.results],
        "plan": {
            "value_usd": plan.value_usd,
            "bound_usd": plan.bound_usd,
            "idle_usd": plan.idle_usd,
            "gap": plan.gap,
            "gap_usd": plan.gap_usd,
            "method": plan.method,
            "gap_by_week": [
                {"start": f"{grid.starts[week.first]}Z", "intervals": week.end - week.first, "gap_usd": week.gap_usd}
                for week in plan.gap_by_week
            ],
        },
        "next_mw": [
            {
                "what": one.what,
                "usd_per_mw_year": one.usd_per_mw_year,
                "uncertainty_usd_per_mw_year": one.uncertainty_usd_per_mw_year,
                "resolved": one.resolved,
                "note": one.note,
            }
            for one in decision.next_mw
        ],
        "delay_net_usd": {str(n): usd for n, usd in decision.delays.items()},
        "sensitivity_net_usd": {one.what: one.net_usd for one in decision.sensitivities},
        "break_even_usd_per_mwh": decision.break_evens_usd_per_mwh,
        "rated_mw": decision.rated_mw,
        "report": str(report) if report else None,
    }


def _chosen_on(advice: Advice) -> dict[str, Any]:
    return {"first_day": f"{advice.first}", "end_day": f"{advice.end}", "before_period": advice.before}


def _policy(decision: Decision, one: Result) -> dict[str, Any]:
    cents = one.ledger.cents()
    return {
        "name": one.name,
        "what": one.what,
        "net_usd": cents["net"] / 100,
        "usd_per_mw_year": one.net_usd * decision.per_mw_year,
        "ledger": {f"{buyer}_usd": cents[buyer] / 100 for buyer in BUYERS},
        "lines_usd": {name: float(line.sum()) for name, line in one.ledger.lines.items()},
        "energy_mwh": one.energy_mwh,
        "compute_mwh": one.compute_mwh,
        "btc": one.btc,
        "switches": one.switches,
        "corrected": one.corrected,
        "margin_share": one.margin_share,
        "gain_share": one.gain_share,
        "forecast": one.forecast,
    }
