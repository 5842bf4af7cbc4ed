"""The monthly cash of each mode of a site, for the question what it should be from month to month."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from megawatt.app.dispatched_site import DispatchedSite
from megawatt.app.words import number, percent, usd
from megawatt.core.series import Floats
from megawatt.invest.conversion import Block, lease_usd_per_mw, machines_of
from megawatt.invest.monthly_operations import monthly_operations
from megawatt.invest.operations import Operations
from megawatt.invest.ranges import Spread
from megawatt.invest.scenarios import MONTHS, Scenarios
from megawatt.invest.site_modes import RESTART_MONTHS, SELDOM, ModeCash, SiteModes
from megawatt.invest.switching import CONVERTING, HOST, MODES, SELL_POWER, STAND_BY
from megawatt.site.read import Site


def mode_cash(
    site: Site,
    blocks: Mapping[str, Block],
    scenarios: Scenarios,
    cannot: Mapping[str, str],
    real: DispatchedSite | None,
) -> ModeCash:
    """What each mode of a site brings.

    Args:
        site: The site.
        blocks: Own fleets by name.
        scenarios: All of them.
        cannot: Why a fleet's place can hold no hall: its machines mine on in all modes but the last three.
        real: The site's dispatch; None: machines at monthly means, and nothing else there.
    """
    power = {one.name: one.full_mw for one in site.fleets}
    shape = scenarios.power_level.shape
    idle = real.read.of(real.steps.none, scenarios).net_usd if real else np.zeros(shape)
    mine, host = idle.copy(), idle.copy()
    staff, bought, lease, standing = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    opex = 0.0
    for name, block in blocks.items():
        full = block.mining_opex_usd_per_mw_year * power[name] / MONTHS
        one = _operations(name, block, power[name], scenarios, real)
        paid = np.where(one.energy_mwh > 0, full, 0.0)
        stand, price = machines_of(block, power[name]).renewed(one.net_usd - paid)
        earned = (one.net_usd - full) * stand - price
        mine += earned
        bought += price
        staff += full * stand
        opex += full
        standing += power[name] * stand / sum(power[own] for own in blocks)
        if name in cannot:
            host += earned
            continue
        it = power[name] / block.mining_mw
        lease += it * lease_usd_per_mw(block, scenarios.lease_usd_per_kw_month, site.finance.discount_rate)
        hall = real.read.hall(name, scenarios) if real else None
        host += 0.0 if hall is None else hall.net_usd
    poor = real.standing_by(scenarios) if real else None
    return ModeCash(
        mine=mine,
        idle=idle,
        host=host,
        stand_by=None if poor is None else (_programmes_only(poor) - idle) * standing,
        lease=lease,
        staff=staff,
        bought=bought,
        standing=standing,
        restart_usd=RESTART_MONTHS * opex,
        cannot=closed(site, list(blocks), cannot, real),
    )


def closed(site: Site, fleets: list[str], cannot: Mapping[str, str], real: DispatchedSite | None) -> dict[str, str]:
    """Modes that a site cannot take, with the reason."""
    out: dict[str, str] = {}
    if all(name in cannot for name in fleets):
        out |= dict.fromkeys((MODES[CONVERTING], MODES[HOST]), next(iter(cannot.values())))
    if real is None:
        means = "monthly means know no programmes and no power bought ahead; choose --dispatch typical"
        return out | dict.fromkeys((MODES[STAND_BY], MODES[SELL_POWER]), means)
    if real.stand_by is None:
        out[MODES[STAND_BY]] = "the site file has no programme that it is qualified for"
    if not site.energies:
        out[MODES[SELL_POWER]] = "no power is bought ahead that could be sold"
    elif all(one.resale == "forbidden" for one in site.energies):
        out[MODES[SELL_POWER]] = "its contracts forbid the resale of power bought ahead"
    return out


def modes_answer(one: SiteModes) -> dict[str, Any]:
    """The answer on modes for programs [USD of the whole site before tax and debt]."""
    return {
        "policy_usd": asdict(one.rule),
        "policy_standard_error_usd": one.error_usd,
        "foresight_usd": one.foresight_usd,
        "fixed": [{"mode": name, "value_usd": asdict(found)} for name, found in one.fixed.items()],
        "advice": one.advice,
        "months_fraction": dict(one.months_fraction),
        "changes": [{**asdict(change), "words": change.words()} for change in one.changes],
        "cannot": dict(one.cannot),
    }


def _operations(name: str, block: Block, mw: float, scenarios: Scenarios, real: DispatchedSite | None) -> Operations:
    return real.read.mine(name, scenarios) if real else monthly_operations(block, mw, scenarios)


def _programmes_only(one: Operations) -> Floats:
    """Money of a site whose machines run for programmes: the coins of these hours are left out."""
    out: Floats = one.net_usd - one.mining_usd
    return out


def print_modes(console: Console, one: SiteModes) -> None:
    """What the whole site should be, on the terminal."""
    console.print(f"What the site should be from month to month: {modes_words(one)}", highlight=False)
    console.print(_table(one))
    for line in (*(f"{each.words()}." for each in one.changes), *cannot_words(one)):
        console.print(f"  {line}", highlight=False)


def modes_words(one: SiteModes) -> str:
    """The answer in a sentence with its range and its bound."""
    value = f"{usd(one.rule.mean)} before tax and debt, halls and power bought ahead included ({usd(one.rule.low)} to {usd(one.rule.high)})"
    bound = f"knowing every month beforehand would bring {usd(one.foresight_usd)}"
    if one.advice:
        return f"{one.advice}, for changing did no better on the scenarios that taught; {value}, {bound}."
    times = [f"{name} {percent(part, 2)}" for name, part in one.months_fraction.items() if part >= SELDOM]
    return f"change by the learned rule ({', '.join(times)} of all months); {value}, {bound}."


def cannot_words(one: SiteModes) -> list[str]:
    """Why modes are closed, a line a reason."""
    reasons: dict[str, list[str]] = {}
    for name, why in one.cannot.items():
        reasons.setdefault(why, []).append(name)
    return [f"{' and '.join(names)}: not here, {why}." for why, names in reasons.items()]


def mode_rows(one: SiteModes) -> dict[str, Spread]:
    """Value of the rule and of each mode kept."""
    return {"learned rule" if one.advice is None else f"advice: {one.advice}": one.rule, **one.fixed}


def _table(one: SiteModes) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for i, head in enumerate(("M USD before tax", "mean", "5 %", "50 %", "95 %")):
        table.add_column(head, justify="left" if i == 0 else "right")
    for name, found in (mode_rows(one) | {"perfect foresight (a bound)": one.foresight}).items():
        table.add_row(name, *(number(value / 1e6) for value in (found.mean, found.low, found.median, found.high)))
    return table
