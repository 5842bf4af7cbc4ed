"""Compare the shipped price model with the real year 2024 and write docs/reference-scenario.md.

python -m scripts.compare_price_model --data DIR [--seeds 40]
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from megawatt.power.price_model import SERVICES, PriceModel
from megawatt.sources.reference_power import REFERENCE_SEED, reference_power_parameters
from scripts.fit_price_model import YEAR, autocorrelation, read_real

Floats = NDArray[np.float64]
Year = Mapping[str, Floats]
Statistic = Callable[[Year], float]

OUT = Path(__file__).parents[1] / "docs" / "reference-scenario.md"
BREAK_EVENS = (62.5, 87.2, 107.1)
"""Break-even prices of machines of 30, 21.5 and 17.5 J/TH at a hashprice of 45 USD/PH/day [USD/MWh]."""


def _present(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _quantile(name: str, level: float) -> Statistic:
    return lambda year: float(np.quantile(_present(year[name]), level))


def _mean(name: str) -> Statistic:
    return lambda year: float(np.nanmean(year[name]))


def _share(name: str, test: Callable[[Floats], NDArray[np.bool_]]) -> Statistic:
    return lambda year: 100 * float(test(_present(year[name])).mean())


def _hours_above(name: str, limit: float) -> Statistic:
    return lambda year: 8784 * float((_present(year[name]) > limit).mean())


def _curtailment(name: str, limit: float) -> Statistic:
    return lambda year: float(np.maximum(0.0, _present(year[name]) - limit).mean())


def _memory(name: str, lag: int) -> Statistic:
    return lambda year: float(autocorrelation(year[name], np.array([lag]))[0])


def _run(name: str, limit: float) -> Statistic:
    def mean_run(year: Year) -> float:
        above = np.nan_to_num(year[name], nan=-1e9) > limit
        begun = above & ~np.concatenate(([False], above[:-1]))
        return float(above.sum() / max(1, begun.sum()))

    return mean_run


def _offered(service: str, limit: float | None) -> Statistic:
    def earned(year: Year) -> float:
        price, zone = year[f"as/{service}"], year["price_rt/LZ_WEST"]
        known = np.isfinite(price)
        taken = known if limit is None else known & (np.nan_to_num(zone, nan=np.inf) <= limit)
        return float(price[taken].sum()) * 8784 / float(known.sum()) / 1000

    return earned


def _agreement(a: str, b: str) -> Statistic:
    def correlation(year: Year) -> float:
        both = np.isfinite(year[a]) & np.isfinite(year[b])
        return float(np.corrcoef(np.arcsinh(year[a][both] / 20), np.arcsinh(year[b][both] / 20))[0, 1])

    return correlation


RT, DA, HUB, HUB_DA = "price_rt/LZ_WEST", "price_da/LZ_WEST", "price_rt/HB_WEST", "price_da/HB_WEST"

ROWS: tuple[tuple[str, str, Statistic], ...] = (
    ("LZ_WEST real time: mean", "USD/MWh", _mean(RT)),
    *(
        (f"LZ_WEST: {100 * q:g} % quantile", "USD/MWh", _quantile(RT, q))
        for q in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
    ),
    ("LZ_WEST: negative hours", "%", _share(RT, lambda p: p < 0)),
    *((f"LZ_WEST: hours above {k} USD/MWh", "h", _hours_above(RT, k)) for k in (62.5, 87.2, 107.1, 100, 250, 1000)),
    *((f"value of curtailment at {k} USD/MWh", "USD/MWh", _curtailment(RT, k)) for k in BREAK_EVENS),
    *((f"LZ_WEST: autocorrelation, {k} h", "", _memory(RT, k)) for k in (1, 2, 24)),
    *((f"LZ_WEST: mean run above {k} USD/MWh", "h", _run(RT, k)) for k in (62.5, 107.1, 250)),
    ("LZ_WEST day-ahead: mean", "USD/MWh", _mean(DA)),
    ("LZ_WEST: correlation of day-ahead and real time (asinh)", "", _agreement(DA, RT)),
    ("HB_WEST real time: mean", "USD/MWh", _mean(HUB)),
    ("HB_WEST: negative hours", "%", _share(HUB, lambda p: p < 0)),
    ("HB_WEST: 99 % quantile", "USD/MWh", _quantile(HUB, 0.99)),
    ("HB_WEST: value of curtailment at 87.2 USD/MWh", "USD/MWh", _curtailment(HUB, 87.2)),
    ("HB_WEST day-ahead: mean", "USD/MWh", _mean(HUB_DA)),
    *((f"{k}: 1 MW offered always", "k$/MW-year", _offered(k, None)) for k in SERVICES),
    *((f"{k}: offered when LZ_WEST <= 87.2", "k$/MW-year", _offered(k, 87.2)) for k in SERVICES),
    ("temperature: mean", "°C", _mean("temperature/ERCOT")),
    ("temperature: 1 % quantile", "°C", _quantile("temperature/ERCOT", 0.01)),
    ("temperature: 99 % quantile", "°C", _quantile("temperature/ERCOT", 0.99)),
)

QUARTER_ROWS: tuple[tuple[str, str, Statistic], ...] = (
    ("autocorrelation, 15 min", "", _memory("q", 1)),
    ("autocorrelation, 1 h", "", _memory("q", 4)),
    (
        "autocorrelation of asinh(price / 20), 15 min",
        "",
        lambda y: float(autocorrelation(np.arcsinh(y["q"] / 20), np.array([1]))[0]),
    ),
    (
        "mean absolute change from one quarter hour to the next",
        "USD/MWh",
        lambda y: float(np.abs(np.diff(y["q"])).mean()),
    ),
    ("quarter hours above 100 USD/MWh", "", lambda y: float((y["q"] > 100).sum())),
    ("quarter hours above 1000 USD/MWh", "", lambda y: float((y["q"] > 1000).sum())),
    *((f"value of curtailment at {k} USD/MWh", "USD/MWh", _curtailment("q", k)) for k in BREAK_EVENS),
)


def modelled_year(model: PriceModel, seed: int) -> dict[str, Floats]:
    """One modelled year by the hour."""
    data = model.simulate(YEAR, np.random.default_rng(seed))
    return {name: series.values for name, series in data.items()}


def table(rows: tuple[tuple[str, str, Statistic], ...], real: Year, modelled: list[Year]) -> list[str]:
    """Markdown rows: real value, shipped seed, mean and spread over the seeds, distance in spreads."""
    lines = [
        f"| statistic | unit | real 2024 | seed {REFERENCE_SEED} | mean of seeds | spread (1 sd) | real, in spreads from the mean |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for name, unit, statistic in rows:
        truth = statistic(real)
        values = np.array([statistic(year) for year in modelled])
        mean, spread = values.mean(), values.std(ddof=1)
        away = (truth - mean) / spread
        mark = " **(misfit)**" if abs(away) > 2 else ""
        lines.append(
            f"| {name} | {unit} | {truth:.4g} | {values[0]:.4g} | {mean:.4g} | {spread:.2g} | {away:+.1f}{mark} |"
        )
    return lines


def main() -> None:
    """Compare and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the ERCOT files")
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    model = PriceModel.from_dict(reference_power_parameters())
    real = read_real(args.data)
    seeds = range(REFERENCE_SEED, REFERENCE_SEED + args.seeds)
    quarters = _present(real["price_rt/HB_HUBAVG@15"])
    hourly = quarters.reshape(-1, 4).mean(axis=1)
    moved: list[Year] = [{"q": model.quarter_hours(hourly, np.random.default_rng(seed))} for seed in seeds]
    years: list[Year] = [modelled_year(model, seed) for seed in seeds]
    text = PAGE.format(
        n=args.seeds,
        sha=model.sha256[:16],
        source=model.source,
        hourly="\n".join(table(ROWS, real, years)),
        quarters="\n".join(table(QUARTER_ROWS, {"q": quarters}, moved)),
        first=REFERENCE_SEED,
        last=REFERENCE_SEED + args.seeds - 1,
        always=f"{8784 * np.nanmean(real[RT]) / 1000:.0f}",
        modelled=f"{8784 * np.mean(years[0][RT]) / 1000:.0f}",
    )
    args.out.write_text(text, encoding="utf-8")
    print(f"{args.out} written from {args.seeds} seeds")


PAGE = """# The reference scenario: how the modelled year compares with the real one

<!-- Made by `python -m scripts.compare_price_model --data DIR`; do not edit by hand. -->

The package ships no price data. It ships the parameters of a model of West Texas power prices ({source}; parameters
`{sha}...`), and everything made from them is labelled *modelled*. This page says how far to trust it. "Real" is ERCOT 2024
as read by `megawatt.sources.ercot`: LZ_WEST real time by the hour (8,783 h), day-ahead prices, HB_WEST and ancillary
services (8,614 h; 10 to 17 March missing at the source). Modelled years are those of seeds {first} to {last} ({n} years); seed {first} is the shipped one.

How the model is built stands in the docstring of `megawatt.power.price_model`. In short: quantiles per season and local
hour, driven by normal scores with a slow and a fast memory; the day-ahead price shares the foreseeable part of the scores;
hub = zone less a basis that depends on season and price; ancillary prices follow the day-ahead price of the hub.

## By the hour

{hourly}

Drawing 1 MW in every hour of the year costs {always} k$/MW-year at real LZ_WEST prices and {modelled} k$/MW-year in the shipped year.

## Within the hour

LZ_WEST is published by the hour in the data at hand; only the hub average (HB_HUBAVG) has 15-minute prices. Movement
within the hour is therefore fitted to the hub average and carried over to the zone: an assumption that the data cannot
check. What can be checked is the movement itself: below, the real hourly prices of the hub average, taken apart into quarter hours by the
model, against its real quarter hours.

{quarters}

## What does not fit

* **Persistence is a little short.** Real prices stay above a break-even for longer: a run above 62.5 USD/MWh lasts 3.6 h in reality. Two
  exponentials cannot show the daily echo of the real autocorrelation (24 h) in full. Switching costs and reaction
  delays weigh more in the modelled year than in the real one.
* **Day-ahead and real time** agree a little less than in reality (0.75 against 0.79): day-ahead rules look slightly worse here.
* **Quarter hours are too restless.** The model moves more from one quarter hour to the next than the hub average
  does, because calm and wild hours do not cluster in it. The value of curtailment is right, so the loss through a
  reaction delay is somewhat overstated: take it from real 15-minute prices.
* **Cold snaps are too mild, and temperature is independent of price.** Winter storms are not in the model.
* **Ancillary prices** follow the day-ahead price of the hub and a memory of two weeks at most. The real level moved with
  the months (ECRS: mean 18.8 USD/MW per h in January, 29.7 in May, 1.1 in December); the model does not know months, and the hours of the day enter only through the price.
* **A year is one draw.** Some ten hours above 1,000 USD/MWh carry a twentieth of the cost of energy, so the mean price of modelled years spreads by more than 2 USD/MWh.
  The spread is that of years like 2024. It is not a forecast of other years.
* **The tails stop where 2024 stopped**: no hour of a modelled year is dearer than the dearest range of quantiles fitted to 2024.
"""


if __name__ == "__main__":
    main()
