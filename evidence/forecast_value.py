"""What forecasts earned on the example sites in the real year 2024, by source.

Nothing is fitted to the year but what each policy learns on its way through it. LZ_WEST is at hand by the hour only, and
hourly prices flatter a forecast: the mine is measured at the hub too, whose price comes by the quarter hour.
"""

from evidence.bar import Bar, Figure
from evidence.forecast_site import ercot_load
from evidence.year_2024 import DATA, HUB_FILE, needs_data
from megawatt.app.forecast_value import ForecastValue, forecast_values
from megawatt.core.dataset import Dataset
from megawatt.dispatch.backtest import run_rule
from megawatt.dispatch.case import Case, case_of
from megawatt.dispatch.forecast_policies import contests
from megawatt.dispatch.policies import rules_for
from megawatt.site.examples import example
from megawatt.site.read import Site
from megawatt.sources.bitcoin import read_network
from megawatt.sources.ercot import read_ercot, read_ercot_dataset

FILES = (
    "ercot_hourly_da_rt_2024.csv",
    "ercot_hourly_as_generation_2024.csv",
    "ercot_hubavg_da_hourly_loadfc_temp_2024.csv",
)
YEAR = {"start = 2024-07-01\nend = 2024-08-01": "start = 2024-01-01\nend = 2025-01-01"}
HUB = {"LZ_WEST": "HB_HUBAVG", "HB_WEST": "HB_HUBAVG"}
SITES = {
    "texas-mine at LZ_WEST, hourly prices": ("texas-mine", {}),
    "texas-mine at the hub, quarter hours": ("texas-mine", HUB),
    "hybrid at LZ_WEST, hourly prices": ("hybrid", YEAR),
}


def data(*, hub: bool) -> Dataset:
    """Prices, awards, load and network of 2024; the hub's own quarter hours for the site at the hub."""
    series = {**read_ercot_dataset(*(DATA / "power" / name for name in FILES)), **read_network(DATA / "bitcoin")}
    series["load/ERCOT"] = ercot_load()
    if hub:
        quarters = read_ercot(DATA / "power" / HUB_FILE)[0]
        series[quarters.name] = quarters
    return Dataset(series.values())


def values(case: Case) -> tuple[ForecastValue, ...]:
    """What each source's forecast earned, without the optimum that `decide` seeks besides."""
    held = contests(case)
    rules = tuple(run_rule(case, rule) for rule in rules_for(case))
    return forecast_values(case, rules, held)


@needs_data
def earned() -> Figure:
    """USD per MW-year over the best simple rule of the year, with its 90 % interval."""
    texts: list[str] = []
    numbers: dict[str, float | int | str] = {}
    passed = True
    for title, (name, changes) in SITES.items():
        text = example(name)
        for old, new in changes.items():
            text = text.replace(old, new)
        found = values(case_of(Site.from_text(text), data(hub=changes is HUB)))
        for one in found:
            if one.measured_usd_per_mw_year is None or one.low_usd_per_mw_year is None:
                passed &= bool(one.note)
                continue
            low, high = one.low_usd_per_mw_year, one.high_usd_per_mw_year or 0.0
            mean = one.measured_usd_per_mw_year
            texts.append(f"{title}, {one.source}: {mean:+,.0f} ({low:+,.0f} to {high:+,.0f}) over {one.simple}")
            numbers |= {f"{title}/{one.source}": round(mean), f"{title}/{one.source}/low": round(low)}
            numbers |= {f"{title}/{one.source}/high": round(high)}
    return Figure("; ".join(texts), passed, numbers)


BARS = (
    Bar(
        "forecast-value-2024",
        "What the policies on forecasts earned over the best simple rule of 2024 on the example sites, USD per MW-year",
        "a figure with its interval, or a reason, for every source",
        (
            "src/megawatt/app/forecast_value.py",
            "src/megawatt/dispatch/forecast_policies.py",
            "src/megawatt/dispatch/reserve_policy.py",
            "src/megawatt/dispatch/batch_policy.py",
            "src/megawatt/forecast/guard.py",
            "src/megawatt/forecast/next_day.py",
            "src/megawatt/forecast/price_bins.py",
        ),
        earned,
    ),
)
