"""``megawatt forecast real-time``: what is refused, what the figures are of, and the whole verb."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest

from megawatt.app.forecast_commands import real_time_table
from megawatt.app.forecast_real_time import Bands, RealTimeScores, Spikes, _spikes
from megawatt.forecast.score import Comparison
from tests.app.running import Run, refused, runner
from tests.forecast.test_real_time import prices

run = pytest.fixture(runner)


def written(days: int) -> tuple[Path, Path]:
    """The made prices as two files of ERCOT's form, from 1 January 2024."""
    data = prices(days)
    files = Path("rt.csv"), Path("da.csv")
    for path, name, column in zip(files, data, ("price_usd_per_mwh", "da_price_usd_per_mwh"), strict=True):
        one = data[name]
        rows = [f"{start}Z,{value:.2f}" for start, value in zip(one.grid.starts, one.values, strict=True)]
        path.write_text("\n".join([f"interval_start_utc,{column}", *rows]) + "\n")
    return files


def test_the_saving_of_each_rule_is_counted_by_hand() -> None:
    """56 days of 96 quarter hours, one spike of 100 USD in each: the odds see all of it, the last price its second half."""
    day = np.repeat(np.arange(56), 96)
    price, chance = np.full(day.size, 20.0), np.zeros(day.size)
    price[40::96] = price[41::96] = 160.0
    chance[40::96] = chance[41::96] = 1.0
    last = np.concatenate(([20.0], price[:-1]))
    got = _spikes(60.0, chance, last, price, day)
    assert got.share == pytest.approx(1.0)
    assert got.last_price_share == pytest.approx((100 - 40) / 200)
    assert got.gain_usd_per_mw == pytest.approx(56 * 140 / 4)
    assert (got.low_usd_per_mw, got.high_usd_per_mw) == pytest.approx((56 * 35, 56 * 35))
    none = _spikes(500.0, chance * 0, last, price, day)
    assert (none.share, none.last_price_share, none.gain_usd_per_mw) == (None, None, 0.0)


def test_a_gain_that_is_not_sure_is_said_to_be_none() -> None:
    bands = Bands("trees", 6.0, (0.5, 0.8, 0.9)), Bands("last price", 5.9, (0.5, 0.8, 0.9))
    spikes = Spikes(60.0, 0.95, 0.94, 84.0, -3.0, 145.0), Spikes(900.0, None, None, 0.0, 0.0, 0.0)
    first = dt.date(2024, 4, 1)
    text = real_time_table(RealTimeScores("price_rt/X", first, 28, {}, bands, Comparison(0.1, 1.0, 0.3), spikes))
    assert "not significantly better" in text
    assert "+84 (-3 to +145)  not surely a gain: react to the last price" in text
    assert "none above" in text


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--from", "soon"), "it is a day"),
        (("--from", "2024-01-20", "--days", "28"), "30 days of prices before"),
        (("--from", "2024-02-10", "--days", "90"), "Choose other days"),
        (("--from", "2024-02-10", "--days", "28", "--point", "HB_WEST"), "no such series"),
        (("--from", "2024-02-10", "--days", "28", "--break-even", "inf"), "each is a number"),
    ],
)
def test_what_cannot_be_scored_is_refused(run: Run, words: tuple[str, ...], why: str) -> None:
    refused(run("forecast", "real-time", *written(75), *words), why)


def test_hourly_prices_are_refused(run: Run) -> None:
    _, hourly = written(40)
    hourly.write_text(hourly.read_text().replace("da_price", "price"))
    refused(run("forecast", "real-time", hourly, "--from", "2024-02-05", "--days", "28"), "by 60 minutes")


@pytest.mark.full
def test_the_whole_verb_on_made_prices(run: Run) -> None:
    pytest.importorskip("lightgbm")
    files = written(62)
    words = ("forecast", "real-time", *files, "--from", "2024-02-01", "--days", "28", "--break-even", "60")
    table = run(*words)
    assert table.code == 0, table.err
    answer = json.loads(run(*words, "--json").out)
    assert answer["schema"] == "megawatt/forecast-real-time/1"
    assert list(answer["inputs"]) == ["price_rt/HB_HUBAVG", "price_da/HB_HUBAVG"]
    ours, naive = answer["bands"]
    assert ours["crps"] < naive["crps"]
    for band, inside in zip((0.5, 0.8, 0.9), ours["coverage"], strict=True):
        assert inside == pytest.approx(band, abs=0.06)
    (row,) = answer["spikes"]
    assert row["share"] > row["last_price_share"]  # spikes begin at stated hours
    assert f"{100 * row['share']:.1f} %" in table.out
