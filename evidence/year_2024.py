"""Bars on the real year 2024; they need the data folder, which is not shipped."""

import os
import tempfile
import time
from functools import wraps
from pathlib import Path
from typing import Protocol

import numpy as np

from evidence.bar import ROOT, Bar, Figure
from megawatt.app.decision import decide
from megawatt.app.report import write_report
from megawatt.core.dataset import Dataset
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.dispatch.backtest import run_rule, with_shares
from megawatt.dispatch.case import Case, case_of
from megawatt.dispatch.policies import ALWAYS_ON, THRESHOLD
from megawatt.dispatch.solve import solve
from megawatt.mining.hashprice import blocks_per_ph_day
from megawatt.site.examples import example
from megawatt.site.read import Site
from megawatt.sources.bitcoin import read_network
from megawatt.sources.ercot import read_ercot, read_ercot_dataset

DATA = Path(os.environ.get("MEGAWATT_DATA", ROOT.parent / "shared" / "data"))
POWER_FILES = (
    "ercot_load_zones_rt_hourly_2024.csv",
    "ercot_hb_west_and_node_rt_hourly_2023H2_2024.csv",
    "ercot_hubavg_da_hourly_loadfc_temp_2024.csv",
    "ercot_hourly_as_generation_2024.csv",
)
HUB_FILE = "ercot_hubavg_rt_15min_2024.csv"


class Measure(Protocol):
    """What a bar calls."""

    def __call__(self) -> Figure:
        """Make the figure."""


def needs_data(measure: Measure) -> Measure:
    """A measurement that says it was not run where the data folder is absent."""

    @wraps(measure)
    def guarded() -> Figure:
        if not DATA.is_dir():
            return Figure("not run: the data folder is absent", passed=None, numbers={})
        return measure()

    return guarded


@needs_data
def texas_mine() -> Figure:
    """`decide` on 15-minute intervals, after reading the files and after one run and report on a day, which loads what is compiled."""
    series = {**read_ercot_dataset(*(DATA / "power" / name for name in POWER_FILES)), **read_network(DATA / "bitcoin")}
    data = Dataset(series.values())
    text = example("texas-mine")
    day = decide(Site.from_text(text.replace("end = 2025-01-01", "end = 2024-01-02")), data)
    with tempfile.TemporaryDirectory() as folder:
        write_report(day, Path(folder) / "day.html")
    begin = time.perf_counter()
    decision = decide(Site.from_text(text), data)
    decided = time.perf_counter() - begin
    with tempfile.TemporaryDirectory() as folder:
        write_report(decision, Path(folder) / "texas-mine.html")
    seconds = time.perf_counter() - begin
    gap = decision.plan.gap
    covered = f"{decision.case.hours_covered:.0f} of {decision.case.problem.T * decision.case.problem.grid.hours:.0f} h"
    return Figure(
        f"gap {gap:.0e}, decided in {decided:.1f} s, with the report in {seconds:.1f} s; {covered} covered",
        gap is not None and gap <= 1e-9 and seconds <= 10,
        {
            "gap": float("nan") if gap is None else gap,
            "seconds": round(seconds, 2),
            "decide_seconds": round(decided, 2),
            "intervals": decision.case.problem.T,
            "hours_covered": decision.case.hours_covered,
            "optimum_usd": round(decision.plan.value_usd, 2),
            "advised": decision.advised,
        },
    )


ONE_BLOCK = """\
schema = "megawatt/site/1"
[site]
name = "one-block"
zone = "ERCOT"
timezone = "UTC"
load_settlement_point = "HB_HUBAVG"
meter_limit_mw = 2.0
loss_fraction = 0.0
interval_minutes = 15
[pue]
mining_points = [[20.0, 1.0]]
[period]
start = 2024-01-01
end = 2025-01-01
[[fleet]]
name = "block"
hashrate_th_s = 100.0
power_w = {power_w}
count = {count}
blocks = 1
pool_fee_fraction = 0.0
availability_fraction = 1.0
payout = "fpps"
minutes_to_full_hashrate = 0.0
start_usd = 0.0
stop_usd = 0.0
min_up_minutes = 15.0
min_down_minutes = 15.0
"""
HASHPRICE_USD_PER_PH_DAY, DIFFICULTY, SUBSIDY_BTC = 45.0, 9.0e13, 3.125
PRINTED = {30.0: (99.0, 91.8), 21.5: (99.3, 88.8), 17.5: (99.4, 86.2)}
"""margin_share and gain_share of the last-price rule in percent, by J/TH."""


@needs_data
def hub_last_price() -> Figure:
    """Nothing but price and break-even: no adders, losses, cooling, fees or switching cost."""
    hub = next(one for one in read_ercot(DATA / "power" / HUB_FILE) if one.name == "price_rt/HB_HUBAVG")
    shares = {}
    for efficiency in PRINTED:
        case = hub_case(hub, efficiency)
        plan = solve(case.problem)
        always = run_rule(case, ALWAYS_ON).net_usd
        rule = with_shares(run_rule(case, THRESHOLD), always=always, best=plan.value_usd)
        shares[efficiency] = (round(100 * (rule.margin_share or 0), 1), round(100 * (rule.gain_share or 0), 1))
    margin, gain = (" / ".join(str(pair[i]) for pair in shares.values()) for i in (0, 1))
    numbers = {
        f"{name}_percent_at_{e}_j_per_th": pair[i]
        for e, pair in shares.items()
        for i, name in enumerate(("margin", "gain"))
    }
    return Figure(f"{margin} % of the margin, {gain} % of the gain", shares == PRINTED, dict(numbers))


def hub_case(hub: Series, efficiency_j_per_th: float) -> Case:
    """One megawatt at the hub (no price a load pays) and a network that always pays 45 USD/PH/day."""
    text = ONE_BLOCK.format(power_w=100.0 * efficiency_j_per_th, count=round(1e4 / efficiency_j_per_th))
    days = TimeGrid(hub.grid.start - np.timedelta64(86_400, "s"), 1440, 368)
    price = HASHPRICE_USD_PER_PH_DAY / float(blocks_per_ph_day(DIFFICULTY)) / SUBSIDY_BTC

    def constant(name: str, unit: Unit, value: float) -> Series:
        return Series(name, unit, days, np.full(days.n, value), days.starts, Provenance("constant", modelled=True))

    network = (
        constant("btc/price", Unit.USD_PER_BTC, price),
        constant("btc/difficulty", Unit.DIFFICULTY, DIFFICULTY),
        constant("btc/subsidy", Unit.BTC_PER_BLOCK, SUBSIDY_BTC),
        constant("btc/fees", Unit.BTC_PER_BLOCK, 0.0),
    )
    return case_of(Site.from_text(text), Dataset((hub, *network)))


BARS: tuple[Bar, ...] = (
    Bar(
        id="texas-mine-2024",
        sentence="`texas-mine` on the real year 2024 (LZ_WEST, HB_WEST, the network through the halving), 15-minute "
        "intervals: optimal, and decided at once.",
        target="gap at most 1e-9; decide and report at most 10 s",
        covers=(
            "src/megawatt/app/decision.py",
            "src/megawatt/app/report/*",
            "src/megawatt/app/figures.py",
            "src/megawatt/app/chart_rows.py",
            "src/megawatt/dispatch/*.py",
            "src/megawatt/mining/*.py",
            "src/megawatt/power/coincident_peak.py",
            "src/megawatt/site/examples.py",
            "src/megawatt/sources/bitcoin.py",
            "src/megawatt/sources/ercot.py",
        ),
        measure=texas_mine,
    ),
    Bar(
        id="hub-2024-last-price-rule",
        sentence="Hub average 2024, 15 minutes (hub, not a price a load pays), 45 USD/PH/day, no switching cost: what "
        "the last-price rule has of perfect foresight at 30 / 21.5 / 17.5 J/TH.",
        target="99.0 / 99.3 / 99.4 % of the margin, 91.8 / 88.8 / 86.2 % of the gain, to the printed digit",
        covers=(
            "src/megawatt/dispatch/backtest.py",
            "src/megawatt/dispatch/case.py",
            "src/megawatt/dispatch/kernel.py",
            "src/megawatt/dispatch/policies.py",
            "src/megawatt/dispatch/simulate.py",
            "src/megawatt/mining/fleet.py",
            "src/megawatt/mining/hashprice.py",
            "src/megawatt/sources/ercot.py",
        ),
        measure=hub_last_price,
    ),
)
