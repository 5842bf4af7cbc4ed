"""Bars of the day-ahead forecasts: the open benchmark's 728 test days of three markets, beside its published forecasts.

Nothing is fitted or chosen on the test days. They are walked once per release; the run is kept in parts and taken up
again where it stopped: about 20 minutes on two quiet cores for all bars together.
"""

import datetime as dt
import os
import time
import warnings
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path

import numpy as np

from evidence.bar import ROOT, Bar, Figure
from megawatt.app.forecast_score import REFERENCE, WARM_UP_DAYS, Scoreboard, scoreboard
from megawatt.core.dataset import Dataset
from megawatt.forecast import score
from megawatt.forecast.combination import Combination
from megawatt.forecast.day_ahead import Scale, regressors
from megawatt.forecast.day_table import WEEK, DayTable, table_of
from megawatt.forecast.lear import Lear
from megawatt.forecast.model import Floats
from megawatt.forecast.scoreboard import BANDS
from megawatt.sources.entsoe import read_epf

DATA = Path(os.environ.get("MEGAWATT_DATA", ROOT.parent / "shared" / "data")) / "power" / "epf"
PARTS = Path(os.environ.get("MEGAWATT_FORECASTS", ROOT / "build" / "forecast"))
FIRST = {"NP": dt.date(2016, 12, 27), "PJM": dt.date(2016, 12, 27), "DE": dt.date(2016, 1, 4)}
DAYS, BAND_DAYS = 728, 546
MOST_MAE = {"NP": 1.683, "PJM": 2.862, "DE": 3.413}
MOST_CRPS = {"NP": 1.41, "PJM": 2.27, "DE": 2.71}
OURS = Combination.name
COVERS = ("src/megawatt/forecast/*.py", "src/megawatt/app/forecast_score.py", "src/megawatt/app/forecast_runs.py")
ABSENT = Figure("the folder of market files is absent", None, {})


def one_core() -> AbstractContextManager[object]:
    """One thread of linear algebra: CPU time also counts threads that do no more than wait for one another."""
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    limits: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limits


@lru_cache
def board(market: str) -> Scoreboard:
    """The scoreboard of a market's test days."""
    with one_core():
        return scoreboard(
            DATA / f"{market}.csv",
            timezone="UTC",
            first=FIRST[market],
            days=DAYS,
            folder=PARTS,
            peers=DATA / f"{market}_published_forecasts.csv",
            say=print,
        )


def accuracy() -> Figure:
    """MAE of our combination and its test against the published LEAR ensemble."""
    if not DATA.is_dir():
        return ABSENT
    numbers: dict[str, float | int | str] = {}
    for market in FIRST:
        one = board(market)
        test = one.against(OURS, REFERENCE)
        numbers |= {f"{market}/mae": next(row.mae for row in one.rows if row.model == OURS)}
        numbers |= {f"{market}/{row.model}": row.mae for row in one.rows if row.model != OURS}
        numbers |= {f"{market}/t_against_lear": test.statistic, f"{market}/p_against_lear": test.p_value}
    passed = all(
        float(numbers[f"{m}/mae"]) <= most and board(m).against(OURS, REFERENCE).better for m, most in MOST_MAE.items()
    )
    text = ", ".join(f"{m} {numbers[f'{m}/mae']:.3f} (t {numbers[f'{m}/t_against_lear']:.1f})" for m in FIRST)
    return Figure(text, passed, numbers)


def bands() -> Figure:
    """CRPS and coverage of the last 546 days."""
    if not DATA.is_dir():
        return ABSENT
    numbers: dict[str, float | int | str] = {}
    for market in FIRST:
        one = board(market).forecasts[OURS]
        actual, quantiles = one.actual(board(market).data)[-BAND_DAYS:], one.quantiles[-BAND_DAYS:]
        numbers[f"{market}/crps"] = float(np.nanmean(score.crps(actual, quantiles, one.levels)))
        for band in BANDS:
            numbers[f"{market}/coverage_{band:g}"] = score.coverage(actual, quantiles, one.levels, band)
    passed = all(float(numbers[f"{m}/crps"]) <= most for m, most in MOST_CRPS.items()) and all(
        abs(float(numbers[f"{m}/coverage_{band:g}"]) - band) <= 0.02 for m in FIRST for band in BANDS
    )
    text = "; ".join(
        f"{m} {numbers[f'{m}/crps']:.3f}, coverage "
        + "/".join(f"{100 * float(numbers[f'{m}/coverage_{band:g}']):.1f}" for band in BANDS)
        for m in FIRST
    )
    return Figure(text, passed, numbers)


def cost() -> Figure:
    """CPU seconds per market-day of the whole ensemble, every recalibration included."""
    if not DATA.is_dir():
        return ABSENT
    numbers = {f"{m}/{name}": s for m in FIRST for name, s in board(m).cpu_seconds.items()}
    totals = {m: sum(board(m).cpu_seconds.values()) for m in FIRST}
    text = ", ".join(f"{m} {seconds:.2f} s" for m, seconds in totals.items())
    return Figure(text, max(totals.values()) <= 0.3, {**numbers, "days": WARM_UP_DAYS + DAYS})


def fidelity() -> Figure:
    """Our long-window LEAR against the published one, mean absolute difference."""
    if not DATA.is_dir():
        return ABSENT
    numbers: dict[str, float | int | str] = {}
    for market in FIRST:
        one = board(market)
        for days in (1092, 1456):
            apart = one.forecasts[f"lear-{days}"].median - one.peers[f"lear_{days}"].median
            numbers[f"{market}/{days}"] = float(np.nanmean(np.abs(apart)))
    worst = max(float(value) for value in numbers.values())
    return Figure(f"largest of six mean differences {worst:.3f} EUR/MWh", worst <= 0.05, numbers)


def speed() -> Figure:
    """LEAR against the same model by scikit-learn's calls: 24 penalties and 24 lassos, on days before the test."""
    try:
        import sklearn  # noqa: F401, PLC0415
    except ImportError:
        return Figure("scikit-learn is not installed", None, {})
    if not DATA.is_dir():
        return ABSENT
    data = Dataset(read_epf(DATA / "NP.csv", timezone="UTC"))
    target, *others = data
    table = table_of(data, target, others, timezone="UTC", end=np.datetime64("2016-12-27"))
    last = table.row(np.datetime64("2016-12-26"))
    numbers: dict[str, float | int | str] = {}
    for days in (56, 1092):
        model = Lear(target, others, timezone="UTC", days=days)
        with one_core():
            model.learn(table, last - 28)
            begin = time.process_time()
            for row in range(last - 27, last + 1):
                model.learn(table, row)
                ours = model.answer(table, row)
            mine = (time.process_time() - begin) / 28
            begin = time.process_time()
            theirs = by_scikit_learn(table, last, days)
            reference = time.process_time() - begin
        numbers |= {f"{days}/ratio": reference / mine, f"{days}/ms_per_day": 1000 * mine}
        numbers[f"{days}/mean_difference"] = float(np.abs(ours - theirs).mean())
    ratios = [float(numbers[f"{days}/ratio"]) for days in (56, 1092)]
    text = ", ".join(f"{days} days {ratio:.0f} times" for days, ratio in zip((56, 1092), ratios, strict=True))
    return Figure(text, min(ratios) >= 200 and float(numbers["1092/mean_difference"]) <= 0.05, numbers)


def by_scikit_learn(table: DayTable, row: int, days: int) -> Floats:
    """One day of LEAR as the reference does it: the criterion of its old version on its path, then its lasso."""
    from sklearn.linear_model import Lasso, lars_path  # noqa: PLC0415

    first = row - days + WEEK
    raw = regressors(table.values[:, first - WEEK : row + 1], table.weekdays(slice(first, row + 1)))
    raw[:, :-WEEK] = Scale.of(raw[:-1, :-WEEK]).transform(raw[:, :-WEEK])
    scale = Scale.of(table.values[0, first:row])
    X, Y, today = raw[:-1], scale.transform(table.values[0, first:row]), raw[-1:]
    centred = X - X.mean(axis=0)
    norm = np.sqrt((centred**2).sum(axis=0))
    centred /= np.where(norm > 0, norm, 1)
    answers = np.zeros(Y.shape[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of paths that end early and lassos that do not converge
        for h in range(Y.shape[1]):
            y = Y[:, h] - Y[:, h].mean()
            alphas, _, path = lars_path(centred, y, method="lasso", max_iter=2500)
            errors = ((y[:, None] - centred @ path) ** 2).mean(axis=0)
            best = np.argmin(len(y) * errors / y.var() + 2 * (path != 0).sum(axis=0))
            answers[h] = Lasso(alpha=alphas[best], max_iter=2500).fit(X, Y[:, h]).predict(today)[0]
    return scale.restore(answers)


BARS = (
    Bar(
        id="forecast-day-ahead-accuracy",
        sentence="Day-ahead prices of NP, PJM and DE, the benchmark's 728 days: mean absolute error of our combination, "
        "and Diebold-Mariano t of its daily error against the published LEAR ensemble.",
        target="at most 1.683, 2.862, 3.413 (the published DNN ensemble); better than LEAR at 5 % in all three",
        covers=COVERS,
        measure=accuracy,
    ),
    Bar(
        id="forecast-day-ahead-bands",
        sentence="Day-ahead prices of NP, PJM and DE, the last 546 of these days: CRPS (twice the mean pinball loss of "
        "99 percentiles) and coverage of the 50/80/90/98 % bands.",
        target="at most 1.41, 2.27, 2.71; coverage within 2 points",
        covers=COVERS,
        measure=bands,
    ),
    Bar(
        id="forecast-day-ahead-cost",
        sentence="CPU time of the whole day-ahead ensemble per market and day, all recalibration included.",
        target="at most 0.3 s",
        covers=COVERS,
        measure=cost,
    ),
    Bar(
        id="forecast-lear-fidelity",
        sentence="LEAR with windows of 1092 and 1456 days against the published forecasts of NP, PJM and DE: mean "
        "absolute difference over 728 days.",
        target="at most 0.05 EUR/MWh each",
        covers=COVERS,
        measure=fidelity,
    ),
    Bar(
        id="forecast-lear-speed",
        sentence="LEAR, one day recalibrated and forecast, against the same model by scikit-learn's calls, on one core "
        "in one run (NP, days before the test).",
        target="at least 200 times at 56 and 1092 days, forecasts of the latter within 0.05 EUR/MWh",
        covers=(
            "src/megawatt/forecast/lasso.py",
            "src/megawatt/forecast/lear.py",
            "src/megawatt/forecast/day_ahead.py",
        ),
        measure=speed,
    ),
)
