"""The network for years ahead: equal to plain numpy, a martingale, and a network in what it does."""

import os
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from megawatt.core.errors import InputError
from megawatt.invest.network_model import SOURCES, NetworkModel, NetworkState
from megawatt.invest.network_paths import NetworkPaths, exp_lane, month_lengths, network_paths
from megawatt.mining.difficulty import bits_of_target, difficulty_of_bits, retarget, target_of_bits
from tests.invest.network_reference import philox_draws, reference_paths

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")

JUNE_2024 = NetworkState(
    price_usd=68_833.0, difficulty=84.38e12, height=846_300, hashrate_eh_s=613.0, fees_btc_per_block=0.3
)
"""3 June 2024 (Coin Metrics): hashprice about 56 USD/PH/day."""
CALM = NetworkModel(volatility=0.0, volatility_spread=0.0, jumps_per_year=0.0)
"""The price stands still."""


def stacked(paths: NetworkPaths) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.stack([paths.hashprice_usd_per_ph_day, paths.price_usd, paths.difficulty, paths.hashrate_eh_s])


def test_the_lanes_equal_plain_numpy_through_retargets_and_a_halving() -> None:
    """13 months from 1,000 blocks before the halving at 1,050,000; 40 paths are one full group of lanes and a part."""
    state, months = replace(JUNE_2024, height=1_049_000), month_lengths("2028-02", 13)
    mine = stacked(network_paths(NetworkModel(), state, months, seed=7, paths=40))
    plain = reference_paths(NetworkModel(), state, months, draws=philox_draws(40, 7), paths=40)
    assert np.abs(mine / plain - 1).max() < 1e-9


def test_the_same_seed_gives_the_same_paths_on_any_number_of_workers() -> None:
    months = month_lengths("2024-06", 12)
    one = stacked(network_paths(NetworkModel(), JUNE_2024, months, seed=11, paths=300))
    for workers in (2, 3, 7):
        many = stacked(network_paths(NetworkModel(), JUNE_2024, months, seed=11, paths=300, workers=workers))
        assert (many == one).all()
    tail = stacked(network_paths(NetworkModel(), JUNE_2024, months, seed=11, paths=100, first_path=200))
    assert (tail == one[:, 200:]).all()
    other = stacked(network_paths(NetworkModel(), JUNE_2024, months, seed=12, paths=300))
    assert not (other == one).any()


def test_the_price_is_a_martingale() -> None:
    """Within four standard errors of today's price after 1, 6 and 24 months, jumps and leverage included."""
    price = network_paths(NetworkModel(), JUNE_2024, month_lengths("2024-06", 24), seed=3, paths=40_000).price_usd
    for month in (0, 5, 23):
        at = price[:, month] / JUNE_2024.price_usd
        assert at.mean() == pytest.approx(1.0, abs=4 * at.std() / np.sqrt(len(at)))


def test_the_drift_takes_back_exactly_what_a_jump_adds() -> None:
    """E e^J of a triangle, by numbers: m + a (U + V - 1)."""
    model = NetworkModel(jump_mean=-0.03, jump_width=0.4)
    u = (np.arange(2000) + 0.5) / 2000
    inside = np.exp(model.jump_mean + model.jump_width * (u[:, None] + u[None, :] - 1)).mean()
    assert model.jump_factor == pytest.approx(inside, rel=1e-6)
    assert NetworkModel(jump_mean=0.1, jump_width=0.0).jump_factor == pytest.approx(np.exp(0.1))


def test_a_halving_halves_the_subsidy_and_machines_leave() -> None:
    """Price and fees stand still: the hashprice falls by half at once, then recovers as machines go and difficulty follows."""
    state = replace(JUNE_2024, height=1_050_000 - 144 * 30)
    model = replace(CALM, growth_per_year=0.0, growth_response=0.0, cost_fall_per_year=0.0, fees_btc_per_block=0.3)
    found = network_paths(model, state, [1] * 240, seed=0, paths=1)
    hashprice, hashrate = found.hashprice_usd_per_ph_day[0], found.hashrate_eh_s[0]
    fall = hashprice[1:] / hashprice[:-1]
    assert fall.min() == pytest.approx((1.5625 + 0.3) / (3.125 + 0.3), abs=0.01)
    assert hashrate[-1] < 0.8 * hashrate[0]
    assert hashprice[-1] > 1.2 * hashprice[fall.argmin() + 1]


def test_without_a_price_there_is_no_swing_of_difficulty() -> None:
    """Ten years in which nothing but time moves: difficulty approaches, and does not circle (halvings apart)."""
    model = replace(CALM, growth_per_year=0.0, growth_response=0.0, cost_fall_per_year=0.0, fees_memory_days=1e9)
    found = network_paths(model, replace(JUNE_2024, height=840_000), [14] * 90, seed=0, paths=1).difficulty[0]
    steps = np.diff(np.log(found[10:]))
    assert np.abs(steps).max() < 0.01


def test_the_retarget_is_that_of_the_consensus() -> None:
    """A hash rate that is 20 % above what the difficulty expects: the next one is what the integers of the rule say."""
    difficulty = 84.38e12
    steady = difficulty * 2**32 / 600 / 1e18
    state = NetworkState(
        price_usd=1e9, difficulty=difficulty, height=2016 * 420, hashrate_eh_s=1.2 * steady, fees_btc_per_block=0.0
    )
    still = replace(CALM, growth_per_year=0.0, growth_response=0.0, fees_btc_per_block=0.0)
    found = network_paths(still, state, [12], seed=0, paths=1)
    bits = bits_of_target(int(0xFFFF * 2**208 / difficulty))
    seconds = round(2015 * 600 / 1.2)
    expected = difficulty_of_bits(retarget(0, seconds, bits))
    assert target_of_bits(bits) > 0
    assert float(found.difficulty[0, 0]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("factor", "change"), [(20.0, 4.0), (0.04, 0.25)])
def test_a_retarget_moves_by_a_factor_of_four_at_most(factor: float, change: float) -> None:
    steady = 84.38e12 * 2**32 / 600 / 1e18
    state = NetworkState(
        price_usd=1e9, difficulty=84.38e12, height=2016 * 420, hashrate_eh_s=factor * steady, fees_btc_per_block=0.0
    )
    still = replace(CALM, growth_per_year=0.0, growth_response=0.0, fees_btc_per_block=0.0)
    days = int(np.ceil(14 / factor)) + (factor < 1)
    found = network_paths(still, state, [days], seed=0, paths=1)
    assert float(found.difficulty[0, 0]) / 84.38e12 == pytest.approx(change, rel=1e-9)


def test_low_prices_drive_machines_out_and_high_ones_bring_them_in_with_delay() -> None:
    def hashrate(price: float) -> list[float]:
        state = replace(JUNE_2024, price_usd=price, profit=1.0)
        found = network_paths(replace(CALM, cost_fall_per_year=0.0), state, [30] * 18, seed=0, paths=1)
        return [float(found.hashrate_eh_s[0, month]) for month in (0, 17)]

    low, high = hashrate(30_000.0), hashrate(200_000.0)
    assert low[1] < low[0]
    assert high[1] > 1.3 * high[0]


def test_the_lane_exponential_is_the_exponential() -> None:
    for reach, error in ((2.0, 1e-10), (4.0, 1e-8), (8.0, 3e-6)):
        x = np.linspace(-reach, reach, 401)
        assert np.abs(np.array([exp_lane.py_func(v) for v in x]) / np.exp(x) - 1).max() < error


def test_every_default_has_its_source() -> None:
    assert set(SOURCES) == {one.name for one in fields(NetworkModel)}


def test_months_are_those_of_the_calendar() -> None:
    assert month_lengths("2024-01", 4) == [31, 29, 31, 30]


@pytest.mark.parametrize(
    "terms",
    [{"paths": 0}, {"workers": 0}, {"seed": -1}, {"seed": 2**64}, {"first_path": -1}],
)
def test_numbers_that_make_no_ensemble_are_refused(terms: dict[str, int]) -> None:
    with pytest.raises(InputError, match="workers with seed"):
        network_paths(NetworkModel(), JUNE_2024, [30], **{"seed": 0, "paths": 1, **terms})


@pytest.mark.parametrize("terms", [{"volatility": -0.1}, {"leverage": 1.5}, {"cost_usd_per_ph_day": 0.0}])
def test_parameters_out_of_range_are_refused(terms: dict[str, float]) -> None:
    with pytest.raises(InputError):
        NetworkModel(**terms)


@needs_data
def test_daily_returns_have_the_moments_of_the_years_they_were_taken_from() -> None:
    """2021-2024: volatility 61 %, excess kurtosis 3.5, absolute returns that remember."""
    daily = pd.read_csv(DATA / "bitcoin" / "btc_network_daily.csv", index_col="date")["price_usd"].loc[
        "2021":"2024-12-31"
    ]
    real = np.diff(np.log(daily.to_numpy()))
    price = network_paths(NetworkModel(), JUNE_2024, [1] * 1460, seed=5, paths=64).price_usd
    made = np.diff(np.log(price), axis=1)

    def memory(returns: np.ndarray[tuple[int, ...], np.dtype[np.float64]], lag: int) -> float:
        size = np.abs(np.atleast_2d(returns))
        return float(np.mean([np.corrcoef(row[lag:], row[:-lag])[0, 1] for row in size]))

    assert made.std() == pytest.approx(real.std(), rel=0.05)
    kurtosis = np.mean([pd.Series(row).kurt() for row in made])
    assert 2.0 < float(kurtosis) < 5.0
    assert memory(made, 5) == pytest.approx(memory(real, 5), abs=0.08)
    assert np.mean([np.corrcoef(row[:-1], np.abs(row[1:]))[0, 1] for row in made]) < 0.0
