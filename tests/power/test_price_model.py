"""The shipped price model: same seed, same bytes; and close to the real year it was fitted to."""

import datetime as dt
import hashlib

import numpy as np
import pytest

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.power.price_model import Persistence, PriceModel
from megawatt.sources.reference_power import REFERENCE_SEED, reference_power_parameters

MODEL = PriceModel.from_dict(reference_power_parameters())


def simulated(first: str, end: str, step_minutes: int = 15, seed: int = REFERENCE_SEED) -> Dataset:
    grid = TimeGrid.of_local_days(
        dt.date.fromisoformat(first),
        dt.date.fromisoformat(end),
        timezone="America/Chicago",
        step_minutes=step_minutes,
    )
    return MODEL.simulate(grid, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def twenty_years() -> list[Dataset]:
    return [simulated("2024-01-01", "2025-01-01", seed=seed) for seed in range(20)]


def test_the_same_seed_gives_the_same_bytes() -> None:
    data = simulated("2024-07-01", "2024-07-08")
    digest = hashlib.sha256()
    for name in sorted(data):
        digest.update(data[name].sha256().encode())
    assert digest.hexdigest() == "cb57f3c7ea51c6f76140886c69f1c37739874492160b57eae8953850102d8f23"


def test_every_series_is_labelled_modelled_and_has_no_gap() -> None:
    data = simulated("2024-03-01", "2024-04-01")
    assert set(data) == {
        "price_rt/LZ_WEST",
        "price_rt/HB_WEST",
        "price_da/LZ_WEST",
        "price_da/HB_WEST",
        "as/regup",
        "as/regdn",
        "as/rrs",
        "as/nspin",
        "as/ecrs",
        "temperature/ERCOT",
    }
    assert all(series.provenance.modelled and not series.gaps() for series in data.values())


def test_a_week_taken_alone_equals_the_same_week_of_the_year() -> None:
    year, week = simulated("2024-01-01", "2025-01-01"), simulated("2024-11-01", "2024-11-08")
    for name, series in week.items():
        assert np.array_equal(year[name].on(series.grid).values, series.values)
        assert np.array_equal(year[name].on(series.grid).known_at, series.known_at)


def test_a_period_across_new_year_joins_the_two_years() -> None:
    across = simulated("2023-12-25", "2024-01-08")
    alone = simulated("2024-01-02", "2024-01-08")
    name = "price_rt/LZ_WEST"
    assert np.array_equal(across[name].on(alone[name].grid).values, alone[name].values)


def test_values_are_known_when_the_market_would_publish_them() -> None:
    data = simulated("2024-07-10", "2024-07-11")
    at = {
        name: str(data[name].known_at[0])
        for name in ("price_rt/LZ_WEST", "price_da/LZ_WEST", "as/rrs", "temperature/ERCOT")
    }
    assert at == {
        "price_rt/LZ_WEST": "2024-07-10T05:15:00",
        "price_da/LZ_WEST": "2024-07-09T18:30:00",
        "as/rrs": "2024-07-09T18:30:00",
        "temperature/ERCOT": "2024-07-10T07:00:00",
    }


def test_the_seasons_follow_the_local_calendar() -> None:
    # The evening peak of summer stands at the same local hour before and after the clock changes the UTC offset.
    means = {}
    for month, end in (("2024-10-01", "2024-11-02"), ("2024-11-04", "2024-12-01")):
        by_hour = []
        for seed in range(10):
            price = simulated(month, end, 60, seed)["price_da/LZ_WEST"]
            hour = np.asarray(price.grid.index("America/Chicago").hour)
            by_hour.append(np.bincount(hour, price.values) / np.bincount(hour))
        means[month] = int(np.mean(by_hour, axis=0).argmax())
    assert means["2024-10-01"] == means["2024-11-04"]


# Real LZ_WEST 2024 (ERCOT, 8,783 h) and the tolerance for the mean of 20 modelled years.
REAL = {
    "mean": (35.69, 2.0),
    "5 %": (-1.06, 0.5),
    "median": (22.36, 1.0),
    "95 %": (98.2, 5.0),
    "99 %": (203.9, 25.0),
    "negative share": (0.077, 0.012),
    "hours above 100": (420, 60),
    "hours above 250": (63, 15),
    "hours above 1000": (10, 4),
    "curtailment at 62.5": (8.36, 1.2),
    "curtailment at 87.2": (5.94, 1.1),
    "curtailment at 107.1": (4.89, 1.0),
    "autocorrelation 1 h": (0.623, 0.06),
    "autocorrelation 24 h": (0.153, 0.06),
}


def statistics(hourly: np.ndarray) -> dict[str, float]:
    x = hourly - hourly.mean()
    out = {
        "mean": hourly.mean(),
        "5 %": np.quantile(hourly, 0.05),
        "median": np.median(hourly),
        "95 %": np.quantile(hourly, 0.95),
        "99 %": np.quantile(hourly, 0.99),
        "negative share": (hourly < 0).mean(),
        "autocorrelation 1 h": (x[1:] * x[:-1]).mean() / (x * x).mean(),
        "autocorrelation 24 h": (x[24:] * x[:-24]).mean() / (x * x).mean(),
    }
    out |= {f"hours above {k}": (hourly > k).sum() for k in (100, 250, 1000)}
    out |= {f"curtailment at {k}": np.maximum(0, hourly - k).mean() for k in (62.5, 87.2, 107.1)}
    return {name: float(value) for name, value in out.items()}


def test_twenty_modelled_years_have_the_character_of_the_real_one(twenty_years: list[Dataset]) -> None:
    each = [statistics(data["price_rt/LZ_WEST"].values.reshape(-1, 4).mean(axis=1)) for data in twenty_years]
    off = {
        name: (real, float(np.mean([one[name] for one in each])))
        for name, (real, tolerance) in REAL.items()
        if abs(np.mean([one[name] for one in each]) - real) > tolerance
    }
    assert off == {}


def test_the_day_ahead_price_is_a_premium_above_real_time_and_agrees_with_it(twenty_years: list[Dataset]) -> None:
    premium, agreement = [], []
    for data in twenty_years:
        rt = data["price_rt/LZ_WEST"].values.reshape(-1, 4).mean(axis=1)
        da = data["price_da/LZ_WEST"].values[::4]
        premium.append(da.mean() - rt.mean())
        agreement.append(np.corrcoef(np.arcsinh(da / 20), np.arcsinh(rt / 20))[0, 1])
    assert np.mean(premium) == pytest.approx(1.1, abs=1.0)  # real 2024: 36.79 - 35.69
    assert np.mean(agreement) == pytest.approx(0.785, abs=0.05)


def test_reserves_are_dear_when_energy_is(twenty_years: list[Dataset]) -> None:
    # Real 2024: 42 to 46 % of the year's reserve value lies in the 2 % of hours with the dearest day-ahead energy.
    for name, real in (("as/regup", 0.42), ("as/rrs", 0.46), ("as/nspin", 0.46), ("as/ecrs", 0.46)):
        shares = []
        for data in twenty_years:
            energy, reserve = data["price_da/HB_WEST"].values[::4], data[name].values[::4]
            shares.append(reserve[energy > np.quantile(energy, 0.98)].sum() / reserve.sum())
        assert np.mean(shares) == pytest.approx(real, abs=0.08)


def test_quarter_hours_average_to_their_hour() -> None:
    hourly = np.array([20.0, -5.0, 900.0, 35.0, 0.0])
    quarters = MODEL.quarter_hours(hourly, np.random.default_rng(1))
    assert quarters.reshape(-1, 4).mean(axis=1) == pytest.approx(hourly)


def test_a_latent_score_is_standard_normal_with_the_stated_memory() -> None:
    memory = Persistence(slow_hours=30.0, fast_hours=3.0, slow_share=0.4)
    scores = memory.sample(200_000, 1.0, np.random.default_rng(3))
    assert (scores.mean(), scores.std()) == pytest.approx((0.0, 1.0), abs=0.03)
    for lag in (1, 6, 24):
        assert (scores[lag:] * scores[:-lag]).mean() == pytest.approx(
            float(memory.autocorrelation(np.array(lag))), abs=0.04
        )


def test_parameters_of_another_schema_are_refused() -> None:
    with pytest.raises(InputError, match="Fit the model again"):
        PriceModel.from_dict({"schema": "megawatt/price-model/0"})
