"""Joint scenarios: correlations as stated, prices that return, whole years of power, the same path wherever it is made."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.invest.market_paths import GPU_H100, MarketModel, market_paths, regime_paths
from megawatt.invest.network_model import NetworkModel, NetworkState
from megawatt.invest.power_bank import bank_of, modelled_bank
from megawatt.invest.scenarios import Correlations, ScenarioModel, Scenarios, simulate
from megawatt.power.price_model import PriceModel
from megawatt.sources.reference_power import reference_power_parameters

BANK = np.arange(36, dtype=np.float64).reshape(3, 12) + 20.0
MODEL = ScenarioModel(
    state=NetworkState(
        price_usd=68_833.0, difficulty=84.38e12, height=846_300, hashrate_eh_s=613.0, fees_btc_per_block=0.3
    ),
    power_bank_usd_per_mwh=BANK,
)


def parts(one: Scenarios) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    return [one.network.price_usd, one.power_usd_per_mwh, one.lease_usd_per_kw_month, one.gpu_usd_per_h]


def test_a_path_is_the_same_on_any_number_of_workers_and_in_any_part_of_an_ensemble() -> None:
    whole = simulate(MODEL, "2024-06", 18, seed=4, paths=200)
    again = simulate(MODEL, "2024-06", 18, seed=4, paths=200, workers=3)
    tail = simulate(MODEL, "2024-06", 18, seed=4, paths=70, first_path=130)
    for a, b, c in zip(parts(whole), parts(again), parts(tail), strict=True):
        assert (a == b).all()
        assert (a[130:] == c).all()


def test_correlations_of_monthly_shocks_are_the_stated_ones() -> None:
    """GPU and lease follow the same regime, so their shocks are compared in a market that never changes."""
    still = {"scarce": 2.0, "loose": 2.0, "memory_months": 1e9}
    model = replace(
        MODEL,
        network=NetworkModel(volatility_spread=0.0, jumps_per_year=0.0),
        gpu=MarketModel(today=2.0, volatility=0.3, **still),
        lease=MarketModel(today=2.0, volatility=0.3, **still),
        correlations=Correlations(gpu_coin=0.3, lease_coin=-0.2, lease_gpu=0.6),
    )
    found = simulate(model, "2024-06", 40, seed=1, paths=5_000)
    coin, gpu, lease = (
        np.diff(np.log(x), axis=1).ravel()
        for x in (found.network.price_usd, found.gpu_usd_per_h, found.lease_usd_per_kw_month)
    )
    assert np.corrcoef([coin, gpu, lease])[np.triu_indices(3, 1)] == pytest.approx([0.3, -0.2, 0.6], abs=0.01)
    assert gpu.std() == pytest.approx(0.3 / np.sqrt(12), rel=0.01)


def test_correlations_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(InputError, match="together they are a correlation matrix"):
        Correlations(gpu_coin=0.9, lease_coin=0.9, lease_gpu=-0.9)


def test_the_price_of_a_gpu_hour_falls_and_rises_in_wide_bounds() -> None:
    """A rise by 40 % from the trough, as from 1.70 to 2.60, is nothing unusual: a quarter of the paths have one in three years."""
    found = simulate(MODEL, "2024-06", 36, seed=2, paths=2_000).gpu_usd_per_h
    low, high = np.quantile(found[:, -1], [0.05, 0.95])
    assert low < 1.70
    assert high > 2.60
    trough = found.min(axis=1)
    assert (found[:, -1] / trough > 1.4).mean() > 0.25


def test_without_shocks_a_price_returns_to_the_level_of_its_regime() -> None:
    model = replace(GPU_H100, trend_per_year=0.0, volatility=0.0)
    scarce = np.repeat([[True], [False]], 60, axis=1)
    found = market_paths(model, scarce, np.zeros((2, 60)))
    assert found[:, -1] == pytest.approx([model.scarce, model.loose], rel=1e-3)
    assert found[0, 5] == pytest.approx(model.scarce * (model.today / model.scarce) ** np.exp(-1), rel=1e-9)


def test_regimes_last_as_long_as_they_should() -> None:
    uniforms = np.random.default_rng(0).random((400, 2_000))
    scarce = regime_paths(True, (10.0, 30.0), uniforms)
    assert scarce[:, 200:].mean() == pytest.approx(30 / 40, abs=0.01)
    with pytest.raises(InputError, match="at least one"):
        regime_paths(True, (0.5, 10.0), uniforms)


def test_power_keeps_whole_years_of_the_bank_together() -> None:
    found = simulate(replace(MODEL, power_volatility=0.0), "2024-06", 31, seed=3, paths=500)
    assert found.power_level == pytest.approx(np.ones((500, 31)))
    first, second = found.power_usd_per_mwh[:, :7], found.power_usd_per_mwh[:, 7:19]
    assert {tuple(row) for row in first} == {tuple(year[5:]) for year in BANK}  # June to December
    assert {tuple(row) for row in second} == {tuple(year) for year in BANK}
    assert np.bincount(found.power_year[:, 7]) == pytest.approx([500 / 3] * 3, abs=60)


def test_the_level_of_power_prices_keeps_its_mean() -> None:
    level = simulate(MODEL, "2024-01", 120, seed=3, paths=5_000).power_level
    assert level[:, -1].mean() == pytest.approx(1.0, abs=4 * level[:, -1].std() / np.sqrt(5_000))
    assert (level[:, 0] == level[:, 11]).all()
    assert not (level[:, 11] == level[:, 12]).any()


def year_of(first: str, last: str, value: float = 30.0) -> Series:
    grid = TimeGrid(
        np.datetime64(first, "s"), 60, int((np.datetime64(last) - np.datetime64(first)) / np.timedelta64(1, "h"))
    )
    return Series(
        "price_rt/LZ_WEST", Unit.USD_PER_MWH, grid, np.full(grid.n, value), grid.starts, Provenance("made up")
    )


def test_a_bank_takes_whole_local_years_only() -> None:
    """A Texan year begins at 06:00 UTC."""
    assert bank_of([year_of("2023-01-01T06:00:00", "2024-01-01T06:00:00")], "America/Chicago") == pytest.approx(
        np.full((1, 12), 30.0)
    )
    for first, last in (("2023-01-01T00:00:00", "2024-01-01T00:00:00"), ("2023-01-01T06:00:00", "2023-12-01T06:00:00")):
        with pytest.raises(InputError, match="one whole year of America/Chicago"):
            bank_of([year_of(first, last)], "America/Chicago")
    with pytest.raises(InputError, match="without a gap"):
        bank_of([year_of("2023-01-01T06:00:00", "2024-01-01T06:00:00", float("nan"))], "America/Chicago")


def test_the_fitted_model_fills_a_bank() -> None:
    bank = modelled_bank(PriceModel.from_dict(reference_power_parameters()), 2, np.random.default_rng(1))
    assert bank.shape == (2, 12)
    assert 20 < bank.mean() < 60  # LZ_WEST 2024: 35.55 USD/MWh
    assert not (bank[0] == bank[1]).any()


@pytest.mark.parametrize("bank", [np.zeros((0, 12)), np.zeros((2, 11)), np.full((1, 12), np.nan), np.zeros(12)])
def test_a_bank_of_another_shape_is_refused(bank: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    with pytest.raises(InputError, match="a row per year"):
        replace(MODEL, power_bank_usd_per_mwh=bank)
