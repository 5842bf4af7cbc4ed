"""Bars of the site's forecasts on real data: peaks, batch work, difficulty, volatility, real-time prices, hall load.

Everything is fitted on earlier data than it is scored on. `docs/forecasts-site.md` lists every run of a test period.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evidence.bar import Bar, Figure
from evidence.year_2024 import DATA, needs_data
from megawatt.core.dataset import Dataset
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.batch_policy import (
    BatchInstance,
    block_run,
    replanned_run,
    stochastic_run,
    tuned_hysteresis_run,
)
from megawatt.dispatch.peak_policy import PeakScore, persistence_rule, score_peaks, stand_by
from megawatt.forecast import coin, real_time, score
from megawatt.forecast.ai_load import HallLoadModel
from megawatt.forecast.coincident_peak import PeakModel
from megawatt.forecast.difficulty import Epochs, HashRate, fit_wander
from megawatt.hosting.batch import Windows
from megawatt.power.coincident_peak import SUMMER, calendar_rule
from megawatt.sources.ai_load import concurrent_gpus, read_gpu_pods
from megawatt.sources.bitcoin import read_headers, read_network_daily, read_price_hourly
from megawatt.sources.ercot import MARKET_ZONE, read_ercot

Numbers = dict[str, float | int | str]

BREAK_EVEN_USD = 87.2
PEAK_USD_PER_MW = 60_000 / 4
USUAL_PRICE_USD = 30.0
"""Price assumed where none is at hand (June 2023): near the mean of 2024."""


def ercot_load() -> Series:
    """Hourly ERCOT load of 2022 to 2024 as one series; the hour stands in for the official 15 minutes."""
    parts = [
        next(s for s in read_ercot(DATA / "power" / f"ercot_native_load_hourly_{year}.csv") if s.name == "load/ERCOT")
        for year in (2022, 2023, 2024)
    ]
    grid = TimeGrid(parts[0].grid.start, 60, sum(one.grid.n for one in parts))
    values, known = (np.concatenate([getattr(one, name) for one in parts]) for name in ("values", "known_at"))
    return replace(parts[0], grid=grid, values=values, known_at=known)


def part_of(series: Series, first: str, end: str) -> Series:
    """The intervals of a period given in UTC."""
    a, b = (int((np.datetime64(x, "s") - series.grid.start) // series.grid.step) for x in (first, end))
    return replace(series, grid=series.grid.part(a, b), values=series.values[a:b], known_at=series.known_at[a:b])


def month_peaks(load: Series, months: tuple[int, ...]) -> NDArray[np.int64]:
    """Numbers of the hours of highest load of each counted month."""
    number, names = load.grid.local_months(MARKET_ZONE)
    out = []
    for m, name in enumerate(names):
        inside = np.flatnonzero(number == m)
        if int(name[5:]) in months and len(inside) > 600:
            out.append(int(inside[np.nanargmax(load.values[inside])]))
    return np.array(out, dtype=np.int64)


def peak_rules(year: int) -> dict[str, PeakScore]:
    """The three rules of one year, and ours with the worth of a peak misjudged, per MW at a break-even of 87.2 USD/MWh."""
    whole = ercot_load()
    until = np.datetime64(f"{year}-01-01T06:00", "s")
    model = PeakModel.fit(whole, until=until, timezone=MARKET_ZONE).calibrated(whole, 1, until=until)
    load, months = part_of(whole, f"{year}-05-20", f"{year}-10-10"), SUMMER
    file = "ercot_hubavg_rt_15min_2024.csv" if year == 2024 else "ercot_hb_west_and_node_rt_hourly_2023H2_2024.csv"
    price = read_ercot(DATA / "power" / file)[0]
    settled = np.nan_to_num(price.on(load.grid).values, nan=USUAL_PRICE_USD)
    known = np.nan_to_num(price.last_known(load.grid.starts), nan=USUAL_PRICE_USD)
    worth, peaks = 60_000 / len(months), month_peaks(load, months)
    chance = model.probability(load, 1, months=months)
    margin = BREAK_EVEN_USD - known
    ours = {
        name: stand_by(chance, worth_usd_per_mw=worth * x, margin_usd_per_mwh=margin, hours=1.0)
        for name, x in (("probability", 1.0), ("worth x 0.5", 0.5), ("worth x 0.7", 0.7), ("worth x 1.4", 1.4))
    }
    away = {
        **ours,
        "calendar": calendar_rule(load.grid, months=months),
        "persistence": persistence_rule(load, months=months, timezone=MARKET_ZONE),
    }
    return {
        name: score_peaks(one, peaks, worth_usd_per_mw=worth, margin_usd_per_mwh=BREAK_EVEN_USD - settled, hours=1.0)
        for name, one in away.items()
    }


def _told(results: dict[str, PeakScore]) -> str:
    return ", ".join(
        f"{name} {one.hits} of {one.peaks} in {one.hours:.0f} h ({one.paid_hours:.0f} h below break-even), "
        f"{one.net_usd_per_mw:,.0f} USD/MW"
        for name, one in results.items()
    )


@needs_data
def coincident_peaks() -> Figure:
    """Score = 60,000 x hits / 4 less the margin lost, fitted on earlier years; the hourly load stands in for 15 minutes."""
    texts: list[str] = []
    numbers: Numbers = {}
    passed = True
    for year in (2023, 2024):
        results = peak_rules(year)
        better = max(results["calendar"].net_usd_per_mw, results["persistence"].net_usd_per_mw)
        passed &= results["probability"].net_usd_per_mw >= better
        texts.append(f"{year}: {_told(results)}")
        for name, one in results.items():
            numbers[f"{year}/{name}/hits"] = one.hits
            numbers[f"{year}/{name}/hours"] = one.hours
            numbers[f"{year}/{name}/net_usd_per_mw"] = round(one.net_usd_per_mw)
    return Figure("; ".join(texts) + "; hourly loads stand in for 15 minutes", passed, numbers)


def batch_instance(first: str, end: str) -> BatchInstance:
    """HB_HUBAVG 15 min, 20 MW, 403 intervals of every local Monday week, 2,000 USD a restart; dates are Mondays."""
    price = read_ercot(DATA / "power" / "ercot_hubavg_rt_15min_2024.csv")[0]
    ahead = read_ercot(DATA / "power" / "ercot_hubavg_da_hourly_loadfc_temp_2024.csv")[0].on(price.grid)
    local = np.asarray(price.grid.index(MARKET_ZONE).tz_localize(None), dtype="datetime64[s]")
    a, b = np.searchsorted(local, np.array([first, end], dtype="datetime64[s]"))
    week = (local[a:b].astype("datetime64[D]").astype(np.int64) + 3) // 7
    number = week - week[0]
    due = Windows(number, np.full(int(number[-1]) + 1, 403, dtype=np.int64))
    return BatchInstance(price, ahead, due, int(a), 20.0 * price.grid.hours, 2000.0, MARKET_ZONE)


@needs_data
def batch_work() -> Figure:
    """Everything tuned on the first half of 2024; the second half is the 26 weeks from 1 July to 29 December."""
    past, instance = batch_instance("2024-02-05", "2024-07-01"), batch_instance("2024-07-01", "2024-12-30")
    bound = instance.foresight()
    runs = {
        "stochastic": stochastic_run(instance),
        "re-planned twice a day": replanned_run(instance, 48),
        "re-planned hourly": replanned_run(instance, 4),
        "tuned hysteresis": tuned_hysteresis_run(instance, past),
        "block at week start": block_run(instance),
    }
    cost = {name: instance.cost(run) for name, run in runs.items()}
    ratio = {name: one.cost_usd / bound.cost_usd for name, one in cost.items()}
    text = ", ".join(f"{name} {r:.3f} ({cost[name].starts} starts)" for name, r in ratio.items())
    numbers: Numbers = {name: round(r, 4) for name, r in ratio.items()}
    numbers["foresight_usd"] = round(bound.cost_usd)
    return Figure(f"{text}; perfect foresight 1 ({bound.starts} starts)", ratio["stochastic"] <= 1.10, numbers)


@needs_data
def real_time_hub() -> Figure:
    """Share of perfect foresight over doing nothing, July to December 2024, fitted anew each day on all before.

    The interval is of the gain over reacting to the last price, by a circular block bootstrap of whole weeks.
    """
    power = DATA / "power"
    ahead = read_ercot(power / "ercot_hubavg_da_hourly_loadfc_temp_2024.csv")
    data = Dataset([*read_ercot(power / "ercot_hubavg_rt_15min_2024.csv"), *ahead])
    price = data["price_rt/HB_HUBAVG"]
    X = real_time.features(data, "HB_HUBAVG", MARKET_ZONE)
    local = np.asarray(price.grid.index(MARKET_ZONE).tz_localize(None), dtype="datetime64[s]")
    days = np.arange(np.datetime64("2024-07-01"), local[-1].astype("datetime64[D]") + 1)
    fits = np.searchsorted(local, days.astype("datetime64[s]"))
    test = slice(int(fits[0]), price.grid.n)
    day = (local[test].astype("datetime64[D]") - local[test][0].astype("datetime64[D]")).astype(np.int64)
    last = price.last_known(price.grid.starts)
    texts: list[str] = []
    numbers: Numbers = {}
    passed = True
    chances = real_time.walk_forward(X, price, (40.0, 60.0, 100.0), fits.astype(np.int64))
    for limit, chance in chances.items():
        saved = (price.values - limit)[test]
        away = real_time.stand_by(chance, last, limit)[test]
        forecast, reaction = saved * away, saved * (last[test] > limit)
        best = np.maximum(saved, 0.0)
        share = 100 * forecast.sum() / best.sum()
        naive = 100 * reaction.sum() / best.sum()
        low, high = _weekly_bootstrap(forecast - reaction, best, day)
        texts.append(f"{limit:.0f} USD: {share:.1f} against {naive:.1f} %, gain {low:+.2f} to {high:+.2f} points")
        numbers |= {f"{limit:.0f}/share": share, f"{limit:.0f}/last_price": naive, f"{limit:.0f}/low": low}
        passed &= limit < 50 or (share - naive >= 0.5 and low > 0)
    return Figure("; ".join(texts), bool(passed), {k: round(float(v), 3) for k, v in numbers.items()})


def _weekly_bootstrap(gain: Floats, best: Floats, day: NDArray[np.int64]) -> tuple[float, float]:
    """5 and 95 % of the gain in points of perfect foresight."""
    rng, days = np.random.default_rng(2024), int(day[-1]) + 1
    a, c = np.bincount(day, gain, days), np.bincount(day, best, days)
    first = rng.integers(days, size=(4000, days // 7 + 1))
    drawn = ((first[:, :, np.newaxis] + np.arange(7)) % days).reshape(4000, -1)[:, :days]
    low, high = np.quantile(100 * a[drawn].sum(axis=1) / c[drawn].sum(axis=1), (0.05, 0.95))
    return float(low), float(high)


def epochs() -> Epochs:
    """The retarget blocks of the data folder."""
    headers = read_headers(DATA / "bitcoin" / "btc_retarget_headers.csv")
    return Epochs(
        np.array([h.height for h in headers]),
        np.array([h.time for h in headers]),
        np.log([h.difficulty for h in headers]),
    )


PROGRESS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 0.9)


def difficulty_errors(track: HashRate, first: str) -> tuple[dict[float, Floats], dict[int, Floats]]:
    """Absolute errors of the step, ours and the twin's: inside the epoch by progress, and ahead from its start."""
    chain = track.epochs
    inside: dict[float, list[tuple[float, float]]] = {p: [] for p in PROGRESS}
    ahead: dict[int, list[tuple[float, float]]] = {h: [] for h in (1, 2, 6, 13, 26)}
    for k in np.flatnonzero(chain.time[:-1] >= np.datetime64(first)):
        outlook = track.outlook(chain.time[k], horizon=26)
        for h, errors in ahead.items():
            if k + h < len(chain.time):
                truth = chain.log_difficulty[k + h] - chain.log_difficulty[k]
                errors.append((abs(outlook.ahead[h - 1] - truth), abs(chain.drift(int(k)) * h - truth)))
        truth, left = chain.log_difficulty[k + 1] - chain.log_difficulty[k], list(PROGRESS)
        for at in np.arange(
            chain.time[k].astype("datetime64[D]") + 1, chain.time[k + 1].astype("datetime64[D]") + 1
        ).astype("datetime64[s]"):
            if (
                left
                and chain.time[k] < at < chain.time[k + 1]
                and (now := track.outlook(at)).progress_fraction >= left[0]
            ):
                inside[left.pop(0)].append((abs(now.step - truth), abs(now.extrapolated - truth)))
    return {p: np.array(e) for p, e in inside.items()}, {h: np.array(e) for h, e in ahead.items()}


@needs_data
def difficulty() -> Figure:
    """Epochs that began in 2020 to 2024; the filter's one number is fitted on the days before."""
    chain, blocks = epochs(), read_network_daily(DATA / "bitcoin" / "btc_network_daily.csv")["btc/blocks"]
    track = HashRate.filtered(chain, blocks, fit_wander(chain, blocks, np.datetime64("2020-01-01", "s")))
    inside, ahead = difficulty_errors(track, "2020-01-01")
    texts: list[str] = []
    numbers: Numbers = {}
    passed = True
    for p, errors in inside.items():
        test = score.diebold_mariano(errors[:, 0], errors[:, 1])
        passed &= test.better if p <= 0.3 else test.statistic <= 1.0
        texts.append(f"{p:.0%}: {100 * errors[:, 0].mean():.2f} against {100 * errors[:, 1].mean():.2f} %")
        numbers |= {f"inside/{p}/mae": 100 * errors[:, 0].mean(), f"inside/{p}/t": test.statistic}
    for h, errors in ahead.items():
        test = score.diebold_mariano(errors[:, 0], errors[:, 1], lags=max(4, h))
        passed &= test.difference < 0 if h == 1 else not (test.difference > 0 and test.p_value < 0.05)
        numbers |= {f"ahead/{h}/mae": 100 * errors[:, 0].mean(), f"ahead/{h}/median": 100 * errors[:, 1].mean()}
    first = ahead[1].mean(axis=0) * 100
    texts.append(f"one epoch from its start: {first[0]:.2f} against {first[1]:.2f} %")
    return Figure("; ".join(texts), bool(passed), {k: round(float(v), 3) for k, v in numbers.items()})


@needs_data
def volatility() -> Figure:
    """Days from 20 July 2023 to the end of 2024; the regression is fitted anew each day on the days before."""
    variance, _ = coin.realised_variance(read_price_hourly(DATA / "bitcoin" / "btc_usdt_hourly_close.csv"))
    first, naive = int((np.datetime64("2023-07-20") - np.datetime64("2021-01-01")).astype(int)), coin.ewma(variance)
    texts: list[str] = []
    numbers: Numbers = {}
    passed = True
    for horizon in (1, 7, 30):
        losses = []
        for d in range(first - 1, len(variance) - horizon):
            model = coin.VolatilityModel.fit(variance[: d + 1], horizon)
            actual = variance[d + 1 : d + 1 + horizon].mean()
            forecast = model.predict(variance[d - 400 : d + 1])[-1]
            losses.append(coin.qlike(np.array([actual, actual]), np.array([forecast, naive[d]])))
        mean = np.mean(losses, axis=0)
        passed &= mean[0] <= mean[1]
        texts.append(f"{horizon} d: {mean[0]:.3f} against {mean[1]:.3f}")
        numbers |= {f"{horizon}/qlike": round(float(mean[0]), 4), f"{horizon}/ewma": round(float(mean[1]), 4)}
    return Figure("QLIKE " + "; ".join(texts), bool(passed), numbers)


@needs_data
def hall_load() -> Figure:
    """GPUs in use by the hour in a cluster's trace of 149 days; from the 101st on fitted each day on the last 28."""
    gpus = concurrent_gpus(read_gpu_pods(DATA / "ai_load" / "alibaba_openb_pods_2023.csv"), 3600)["gpus"].to_numpy()
    first, passed = 2400, True
    texts: list[str] = []
    numbers: Numbers = {}
    for lead in (1, 6, 24):
        issued = np.arange(first, len(gpus) - lead)
        point, band = np.empty(len(issued)), np.empty((len(issued), 2))
        for day in np.array_split(np.arange(len(issued)), len(issued) // 24):
            known = gpus[: issued[day[0]] + 1][-28 * 24 :]
            model = HallLoadModel.fit(known, steps_per_day=24, lead=lead)
            point[day] = model.predict(gpus)[issued[day] - 24]
            band[day] = model.quantiles(point[day], (0.05, 0.95))
        actual = gpus[issued + lead]
        error = float(np.abs(actual - point).mean())
        naive = min(float(np.abs(actual - one).mean()) for one in (gpus[issued], gpus[issued + lead - 24]))
        inside = float(((band[:, 0] <= actual) & (actual <= band[:, 1])).mean())
        passed &= error <= naive * 1.02
        texts.append(f"{lead} h: {error:.1f} against {naive:.1f} GPUs, {inside:.0%} in the 90 % band")
        numbers |= {
            f"{lead}/mae": round(error, 2),
            f"{lead}/naive": round(naive, 2),
            f"{lead}/in_band": round(inside, 3),
        }
    return Figure("; ".join(texts), passed, numbers)


FORECAST = "src/megawatt/forecast"
BARS = (
    Bar(
        "forecast-coincident-peak",
        "The chance of being the month's peak, weighed against the margin, earns no less than the calendar and the persistence rule in 2023 and 2024, fitted on earlier years",
        "not below the better of the two in either year",
        (f"{FORECAST}/coincident_peak.py", "src/megawatt/dispatch/peak_policy.py"),
        coincident_peaks,
    ),
    Bar(
        "forecast-batch-work",
        "Batch work under unknown prices, 20 MW, 403 of 672 intervals a week, second half of 2024: cost over that of perfect foresight",
        "at most 1.10",
        (f"{FORECAST}/price_bins.py", "src/megawatt/dispatch/batch_policy.py"),
        batch_work,
    ),
    Bar(
        "forecast-real-time-hub",
        "ERCOT 15-minute hub price, second half of 2024: share of perfect foresight, over reacting to the last price",
        "0.5 points more at 60 and 100 USD, 90 % interval above zero",
        (f"{FORECAST}/real_time.py", f"{FORECAST}/spike_odds.py"),
        real_time_hub,
    ),
    Bar(
        "forecast-difficulty",
        "The next difficulty from inside the epoch beats block-time extrapolation until 30 % of it and loses nowhere; ahead it beats the 52-epoch median at one epoch and loses to it nowhere",
        "significant at 5 % until 30 %; not one standard error worse later",
        (f"{FORECAST}/difficulty.py", f"{FORECAST}/score.py"),
        difficulty,
    ),
    Bar(
        "forecast-volatility",
        "Variance of the bitcoin price over 1, 7 and 30 days: QLIKE at most that of EWMA",
        "at most EWMA's at each horizon",
        (f"{FORECAST}/coin.py",),
        volatility,
    ),
    Bar(
        "forecast-hall-load",
        "GPUs in use 1, 6 and 24 hours ahead on a public trace: error of the blend over that of the better of last value and same hour yesterday",
        "at most 1.02",
        (f"{FORECAST}/ai_load.py",),
        hall_load,
    ),
)
