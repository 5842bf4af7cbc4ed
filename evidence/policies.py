"""Bars of policies that look ahead, on the second half of 2024: where foresight pays and where it does not.

Every setting was chosen on February to June 2024. `docs/plan.md` lists every run of the test half.
"""

import numpy as np

from evidence.bar import Bar, Figure
from evidence.year_2024 import DATA, HUB_FILE, needs_data
from megawatt.core.dataset import Dataset
from megawatt.dispatch.backtest import FORESIGHT
from megawatt.dispatch.case import case_of
from megawatt.dispatch.comparison import Comparison, compare
from megawatt.dispatch.solve import solve
from megawatt.site.read import Site
from megawatt.sources.bitcoin import read_network
from megawatt.sources.ercot import read_ercot, read_ercot_dataset

BLOCK = """\
schema = "megawatt/site/1"
[site]
name = "block"
zone = "ERCOT"
timezone = "America/Chicago"
load_settlement_point = "HB_HUBAVG"
meter_limit_mw = 40.0
interval_minutes = 15
[period]
start = {start}
end = {end}
[[fleet]]
name = "block"
model = "Antminer S19j Pro"
count = 6518  # 20 MW
blocks = 1
start_usd = {start_usd}
stop_usd = {stop_usd}
min_up_minutes = {up}
min_down_minutes = {down}
minutes_to_full_hashrate = {ramp}
"""
KINDS: dict[str, dict[str, float]] = {
    "free to switch": {"start_usd": 0, "stop_usd": 0, "up": 15, "down": 15, "ramp": 0},
    "5 USD/MW a start, half an hour": {"start_usd": 100, "stop_usd": 40, "up": 30, "down": 15, "ramp": 10},
    "20 USD/MW a start, four hours": {"start_usd": 400, "stop_usd": 100, "up": 240, "down": 120, "ramp": 30},
}
SLOW = "20 USD/MW a start, four hours"


def hub_data() -> Dataset:
    """The hub's 15-minute and day-ahead prices and the Bitcoin network of 2024."""
    power = DATA / "power"
    ahead = read_ercot_dataset(power / "ercot_hubavg_da_hourly_loadfc_temp_2024.csv")["price_da/HB_HUBAVG"]
    return Dataset([*read_ercot(power / HUB_FILE), ahead, *read_network(DATA / "bitcoin").values()])


def block_comparison(kind: str, start: str = "2024-07-01", end: str = "2025-01-01") -> Comparison:
    """One kind of block of 20 MW over a period."""
    site = Site.from_text(BLOCK.format(start=start, end=end, **KINDS[kind]))
    case = case_of(site, hub_data())
    return compare(case, solve(case.problem))


@needs_data
def block_policies() -> Figure:
    """Three blocks of 20 MW; recommended is what did not lose to the tuned hysteresis."""
    texts, numbers, passed = [], dict[str, float | int | str](), True
    for kind in KINDS:
        found = block_comparison(kind)
        shares = [f"{one.name} {one.gain_share or 0:.3f}" for one in found.results if one.name != FORESIGHT]
        nets = {one.name: one.net_usd for one in found.results}
        passed &= nets[found.advised] >= nets[found.record.bar]
        texts.append(f"{kind}: {', '.join(shares)}; advised {found.advised}")
        for one in found.results:
            name = f"{kind}/{one.name}"
            numbers[f"{name}/gain_share"] = round(one.gain_share or 0.0, 4)
            numbers[f"{name}/usd_per_mw_year"] = round(one.net_usd * found.per_mw_year)
            numbers[f"{name}/mean_regret_usd_per_day"] = round(float(np.mean(found.regret_usd_per_day(one.name))))
        for verdict in found.verdicts:
            numbers[f"{kind}/{verdict.candidate}/low_usd"] = round(verdict.low_usd)
            numbers[f"{kind}/{verdict.candidate}/high_usd"] = round(verdict.high_usd)
            if kind == SLOW and verdict.candidate == "stochastic":
                passed &= verdict.low_usd > 0
    return Figure("; ".join(texts), bool(passed), numbers)


BARS = (
    Bar(
        "policies-blocks-2024",
        "On 15-minute hub prices of July to December 2024 no policy is advised that earned less than the tuned "
        "hysteresis, and with slow restarts the stochastic policy earns more than it",
        "advised >= hysteresis in all three; slow restarts: 90 % interval of the lead above zero",
        (
            "src/megawatt/dispatch/stochastic.py",
            "src/megawatt/dispatch/rolling.py",
            "src/megawatt/dispatch/prospect.py",
            "src/megawatt/dispatch/forecast_policy.py",
            "src/megawatt/dispatch/comparison.py",
            "src/megawatt/dispatch/recommend.py",
            "src/megawatt/dispatch/policies.py",
            "src/megawatt/forecast/price_bins.py",
        ),
        block_policies,
    ),
)
