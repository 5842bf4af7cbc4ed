"""The model of docs/riot.md: a published miner month by month, from public figures and real prices."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from megawatt.core.dataset import Dataset
from megawatt.dispatch.backtest import Result, run_rule
from megawatt.dispatch.case import Case, case_of
from megawatt.dispatch.policies import ALWAYS_ON, PEAK_CALENDAR, Rule
from megawatt.dispatch.problem import Floats
from megawatt.dispatch.solve import solve
from megawatt.site.read import Site
from megawatt.sources.bitcoin import read_network
from megawatt.sources.ercot import read_ercot_dataset
from megawatt.sources.miners import read_riot_monthly

MONTHS = ("2023-07", "2023-08", "2023-09", "2024-03", "2024-04", "2024-06", "2024-07", "2024-08", "2024-12")
FIRST_WHOLE_DAY = "2023-07-06"
CALENDAR_ONLY = Rule("calendar", "off in the hours in which peaks fall", by="none", calendar=True)
S19J_PRO_J_PER_TH, UNSTATED_J_PER_TH, OVERHEAD = 29.5, 27.0, 1.05
MACHINE_TH_S = 100.0
POINT = "HB_WEST"
OTHER_POINTS = ("HB_NORTH", "LZ_WEST", "LZ_LCRA", "LZ_AEN", "LZ_CPS", "LZ_RAYBN")

SITE = """
schema = "megawatt/site/1"
[site]
name = "rockdale"
zone = "ERCOT"
timezone = "America/Chicago"
load_settlement_point = "{point}"
meter_limit_mw = {limit}
loss_fraction = {loss}
interval_minutes = 60
[period]
start = {start}
end = {end}
[data]
power = "store"
network = "store"
[[fleet]]
name = "all"
hashrate_th_s = {th_s}
power_w = {power_w}
count = {count}
blocks = 1
[[charge]]
name = "4cp"
kind = "coincident"
usd_per_kw_year = 60.0
months = [6, 7, 8, 9]
billing = "following_calendar_year"
"""


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the model beside what was published, credits in M USD."""

    month: str
    hours: float
    mw: float
    published: float
    rule: float
    calendar_only: float
    foresight: float
    rule_running: float
    published_running: float
    mined_btc: float
    published_btc: float
    published_reserve: float
    reserve: float

    @property
    def ratio(self) -> float:
        """Modelled over published power credits."""
        return self.rule / self.published

    @property
    def available(self) -> float:
        """Share of the deployed machines that must have been able to run, if those followed the rule."""
        return self.published_running / self.rule_running


@cache
def data(folder: Path) -> Dataset:
    """Prices, reserves and network of the data folder."""
    power = folder / "power"
    west = read_ercot_dataset(power / "ercot_hb_west_and_node_rt_hourly_2023H2_2024.csv")
    zones = read_ercot_dataset(power / "ercot_load_zones_rt_hourly_2024.csv")
    north = read_ercot_dataset(power / "ercot_hourly_da_rt_2024.csv")["price_rt/HB_NORTH"]
    reserve = read_ercot_dataset(power / "ercot_hourly_as_generation_2024.csv")["as/rrs"]
    network = read_network(folder / "bitcoin")
    return Dataset([west["price_rt/HB_WEST"], north, reserve, *zones.values(), *network.values()])


def published(folder: Path) -> dict[str, dict[Hashable, float]]:
    """What was published, by month."""
    table = read_riot_monthly(folder / "miners" / "riot_monthly.csv")
    return {f"{row['month']:%Y-%m}": row for row in table.to_dict("records")}


def case(month: str, row: Mapping[Hashable, float], folder: Path, point: str = POINT) -> Case:
    """The site in a month, as large as the published deployed hash rate."""
    j_per_th = S19J_PRO_J_PER_TH if month < "2024" else row["fleet_efficiency_j_per_th"]
    j_per_th = UNSTATED_J_PER_TH if np.isnan(j_per_th) else j_per_th
    begin = pd.Timestamp(f"{month}-01")
    count = round(row["deployed_hash_ehs"] * 1e6 / MACHINE_TH_S)
    text = SITE.format(
        point=point,
        limit=2e-6 * count * MACHINE_TH_S * j_per_th,
        loss=1 - 1 / OVERHEAD,
        start=max(f"{begin:%Y-%m-%d}", FIRST_WHOLE_DAY),
        end=f"{begin + pd.DateOffset(months=1):%Y-%m-%d}",
        th_s=MACHINE_TH_S,
        power_w=MACHINE_TH_S * j_per_th,
        count=count,
    )
    return case_of(Site.from_text(text), data(folder))


def months(folder: Path) -> Iterator[Month]:
    """All months of the page."""
    rows = published(folder)
    for month in MONTHS:
        row = rows[month]
        one = case(month, row, folder)
        rule, always = run_rule(one, PEAK_CALENDAR), run_rule(one, ALWAYS_ON)
        block = always.ledger.import_mw
        calendar, plan = run_rule(one, CALENDAR_ONLY), solve(one.problem)
        yield Month(
            month,
            one.hours_covered,
            float(block.max()),
            row["power_credits_musd"],
            _credit(one, block, rule.ledger.import_mw),
            _credit(one, block, calendar.ledger.import_mw),
            _credit(one, block, plan.ledger.import_mw),
            rule.energy_mwh / always.energy_mwh,
            row["avg_operating_hash_ehs"] / row["deployed_hash_ehs"],
            rule.btc,
            row["btc_produced"],
            row["demand_response_credits_musd"],
            _reserve(one, rule),
        )


def _credit(one: Case, block: Floats, drawn: Floats) -> float:
    """What is not drawn of the block, at the spot price of its hour [M USD]."""
    return float((block - drawn) @ one.problem.price_usd_per_mwh) * one.problem.grid.hours / 1e6


def _reserve(one: Case, rule: Result) -> float:
    """Half of the running load as responsive reserve, at the day-ahead price [M USD]; NaN without prices."""
    price = one.data["as/rrs"].on(one.problem.grid).values
    known = np.isfinite(price)
    return float(0.5 * rule.ledger.import_mw[known] @ price[known]) / 1e6 if known.any() else np.nan


def power_table(rows: list[Month]) -> list[str]:
    """The lines of the first table of the page."""
    return [
        f"| {one.month} | {one.mw:.0f} | {one.published:.1f} | {one.rule:.1f} | {one.ratio:.2f} | {_verdict(one.ratio)} "
        f"| {one.calendar_only:.1f} | {one.foresight:.1f} |"
        for one in rows
    ]


def running_table(rows: list[Month]) -> list[str]:
    """The lines of the second table: months with a published operating hash rate."""
    return [
        f"| {one.month} | {_percent(one.published_running)} | {_percent(one.rule_running)} | {_percent(one.available)} "
        f"| {one.published:.1f} | {one.rule * one.available:.1f} | {one.rule * one.available / one.published:.2f} "
        f"| {one.published_btc:.0f} | {one.mined_btc * one.available:.0f} |"
        for one in rows
        if not np.isnan(one.available)
    ]


def reserve_table(rows: list[Month]) -> list[str]:
    """The lines of the third table: months with reserve prices."""
    return [
        f"| {one.month} | {one.published_reserve:.1f} | {one.reserve:.1f} "
        f"| {one.reserve / one.published_reserve:.2f} | {_verdict(one.reserve / one.published_reserve)} |"
        for one in rows
        if not np.isnan(one.reserve)
    ]


def points_table(folder: Path) -> list[str]:
    """The lines of the fourth table: the rule's credits of the months of 2024 at each settlement point."""
    late, rows, lines = [month for month in MONTHS if month > "2024"], published(folder), []
    for point in (POINT, *OTHER_POINTS):
        cases = [case(month, rows[month], folder, point) for month in late]
        rule = [run_rule(one, PEAK_CALENDAR).ledger.import_mw for one in cases]
        block = [run_rule(one, ALWAYS_ON).ledger.import_mw for one in cases]
        credits_musd = [_credit(*three) for three in zip(cases, block, rule, strict=True)]
        ratios = [ours / rows[month]["power_credits_musd"] for month, ours in zip(late, credits_musd, strict=True)]
        cells = [f"{ours:.1f}" for ours in credits_musd]
        lines.append(f"| {point} | {' | '.join(cells)} | {sum(0.5 <= ratio <= 2 for ratio in ratios)} |")
    cells = [f"{rows[month]['power_credits_musd']:.1f}" for month in late]
    return [*lines, f"| published | {' | '.join(cells)} | |"]


def _verdict(ratio: float) -> str:
    return "fits" if 0.5 <= ratio <= 2 else "**does not**"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
