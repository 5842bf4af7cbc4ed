"""Joint scenarios, month by month: the Bitcoin network, power, AI leases and rented GPUs, with their correlations stated.

Every random number is a function of (seed, path, month), so that a path is the same on any number of workers and in any part of
an ensemble. Correlations are those of the monthly shocks:

    e_gpu = rho_gb b + sqrt(1 - rho_gb^2) n1        b: the coin's monthly log return, standardised over its path's model
    e_lease = rho_lb b + rho_lg' n1 + rest          so that corr(e_lease, e_gpu) is the one stated

Power is bootstrapped by whole years, so that its months, peaks and weeks stay together: each path-year draws one year of a bank
(years of the fitted model, or real ones) times a level that follows a random walk in logs. The bank's year is part of the answer,
because dispatch is solved once per year of the bank and not once per path.
"""

import math
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.market_paths import GPU_H100, LEASE, MarketModel, Regimes, market_paths, regime_paths
from megawatt.invest.network_model import NetworkModel, NetworkState
from megawatt.invest.network_paths import NetworkPaths, month_lengths, network_paths
from megawatt.invest.philox import monthly_draws

MONTHS = 12
_AI, _POWER = 1, 2
"""Streams of random numbers beside the network's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlations:
    """Correlations of monthly shocks, all assumptions: no pair of these series is long enough to fit one.

    Attributes:
        gpu_coin: GPU rental and coin price: both draw on the appetite for risk.
        lease_coin: AI leases and coin price.
        lease_gpu: AI leases and GPU rental.
    """

    gpu_coin: float = 0.1
    lease_coin: float = 0.1
    lease_gpu: float = 0.5

    def __post_init__(self) -> None:
        matrix = np.array(
            [
                [1, self.gpu_coin, self.lease_coin],
                [self.gpu_coin, 1, self.lease_gpu],
                [self.lease_coin, self.lease_gpu, 1],
            ]
        )
        if not (np.abs(matrix) <= 1).all() or np.linalg.eigvalsh(matrix).min() < -1e-12:
            raise InputError(
                f"correlations {self.gpu_coin}, {self.lease_coin}, {self.lease_gpu}",
                "together they are a correlation matrix",
                "Lower the largest of them.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioModel:
    """Everything that moves.

    Attributes:
        network: Parameters of the Bitcoin network.
        state: The network on the first day.
        power_bank_usd_per_mwh: Mean price of each calendar month of each year of the bank, shape (years, 12).
        power_volatility: Yearly volatility of the level of power prices around the bank.
        lease: AI leases.
        gpu: Rented GPUs.
        scarce_now: Whether AI capacity is scarce on the first day.
        regime_months: Mean length of a loose and of a scarce market.
        correlations: Of monthly shocks.
    """

    state: NetworkState
    power_bank_usd_per_mwh: Floats
    network: NetworkModel = field(default_factory=NetworkModel)
    power_volatility: float = 0.15
    lease: MarketModel = LEASE
    gpu: MarketModel = GPU_H100
    scarce_now: bool = True
    regime_months: tuple[float, float] = (18.0, 18.0)
    correlations: Correlations = field(default_factory=Correlations)

    def __post_init__(self) -> None:
        bank = np.asarray(self.power_bank_usd_per_mwh)
        if bank.ndim != 2 or bank.shape[1] != MONTHS or not len(bank) or not np.isfinite(bank).all():
            raise InputError(
                f"a bank of power prices of shape {bank.shape}",
                "it has a row per year and a finite mean for each of twelve months",
                "Average whole years by month.",
            )


@dataclass(frozen=True, slots=True)
class Scenarios:
    """Paths, each of shape (paths, months).

    Attributes:
        first_month: ``"2024-06"``.
        network: Hashprice, price, difficulty, hash rate.
        power_usd_per_mwh: Mean of the month.
        power_year: Row of the bank, same shape.
        power_level: Factor on that row, same shape.
        lease_usd_per_kw_month: Rent of a lease signed that month.
        gpu_usd_per_h: Rental of a GPU.
        scarce: Whether AI capacity is scarce.
    """

    first_month: str
    network: NetworkPaths
    power_usd_per_mwh: Floats
    power_year: NDArray[np.int64]
    power_level: Floats
    lease_usd_per_kw_month: Floats
    gpu_usd_per_h: Floats
    scarce: Regimes

    def of_paths(self, rows: slice | NDArray[np.int64]) -> "Scenarios":
        """The same scenarios on some of the paths."""
        network = NetworkPaths(*(getattr(self.network, one.name)[rows] for one in fields(NetworkPaths)))
        rest = {one.name: getattr(self, one.name)[rows] for one in fields(self)[2:]}
        return Scenarios(first_month=self.first_month, network=network, **rest)


def simulate(
    model: ScenarioModel,
    first_month: str,
    months: int,
    *,
    seed: int,
    paths: int,
    first_path: int = 0,
    workers: int = 1,
) -> Scenarios:
    """Simulate all of it.

    Args:
        model: Parameters.
        first_month: Calendar month that begins on day 0, ``"2024-06"``.
        months: Number of months.
        seed: 64 bits.
        paths: Number of paths.
        first_path: Number of the first one: an ensemble may be made in parts.
        workers: Threads; they change nothing but the time it takes.
    """
    lengths = month_lengths(first_month, months)
    network = network_paths(
        model.network, model.state, lengths, seed=seed, paths=paths, first_path=first_path, workers=workers
    )
    draws = {
        stream: monthly_draws(seed, stream, first_path=first_path, paths=paths, months=months)
        for stream in (_AI, _POWER)
    }
    scarce = regime_paths(model.scarce_now, model.regime_months, draws[_AI][2])
    gpu, lease = _ai_shocks(model, network.price_usd, draws[_AI][0], draws[_AI][1])
    year, level = _power(model, first_month, months, draws[_POWER])
    calendar = (int(first_month[5:7]) - 1 + np.arange(months)) % MONTHS
    return Scenarios(
        first_month=first_month,
        network=network,
        power_usd_per_mwh=np.asarray(model.power_bank_usd_per_mwh)[year, calendar] * level,
        power_year=year,
        power_level=level,
        lease_usd_per_kw_month=market_paths(model.lease, scarce, lease),
        gpu_usd_per_h=market_paths(model.gpu, scarce, gpu),
        scarce=scarce,
    )


def _ai_shocks(model: ScenarioModel, price: Floats, n1: Floats, n2: Floats) -> tuple[Floats, Floats]:
    """Shocks of GPU rental and leases that correlate with the coin's return and with each other as stated."""
    returns = np.diff(np.log(price), axis=1, prepend=math.log(model.state.price_usd))
    network = model.network
    jumps = network.jumps_per_year * (network.jump_mean**2 + network.jump_width**2 / 6)
    coin = returns / math.sqrt((network.volatility**2 + jumps) / MONTHS)
    r = model.correlations
    own = math.sqrt(1 - r.gpu_coin**2)
    shared = (r.lease_gpu - r.lease_coin * r.gpu_coin) / own if own else 0.0
    rest = math.sqrt(max(1 - r.lease_coin**2 - shared**2, 0.0))
    return r.gpu_coin * coin + own * n1, r.lease_coin * coin + shared * n1 + rest * n2


def _power(model: ScenarioModel, first_month: str, months: int, draws: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Row of the bank and level of each month; both change where a calendar year begins, the mean level stays 1."""
    year_of = (int(first_month[5:7]) - 1 + np.arange(months)) // MONTHS
    begins = np.unique(year_of, return_index=True)[1]
    row = np.floor(draws[2][:, begins] * len(model.power_bank_usd_per_mwh)).astype(np.int64)
    shocks = model.power_volatility * draws[0][:, begins] - model.power_volatility**2 / 2
    level = np.exp(np.cumsum(shocks, axis=1))
    return row[:, year_of], level[:, year_of]
