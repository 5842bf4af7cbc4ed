"""The Bitcoin network as a buyer: what it paid, and what could be known of it at an instant.

Two questions, two methods. `Network.hashprice` is settlement: what an interval paid, with the price, difficulty, subsidy
and fees of that very interval. `Network.hashprice_known` is knowledge: the last known value of each part at an instant.
Backtest and live both decide by the second; there is no third path.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from megawatt.core.errors import UnitError
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid, Times
from megawatt.core.units import Unit
from megawatt.mining.hashprice import Payout, hashprice_usd_per_ph_day

UNITS = {
    "price": Unit.USD_PER_BTC,
    "difficulty": Unit.DIFFICULTY,
    "subsidy": Unit.BTC_PER_BLOCK,
    "fees": Unit.BTC_PER_BLOCK,
}
"""Unit that each part must have; the parts are the series ``btc/price``, ``btc/difficulty`` and so on."""


@dataclass(frozen=True, slots=True)
class HashpriceParts:
    """Hashprice by who pays it, each of shape (n,) [USD/PH/day].

    Attributes:
        subsidy: From new coins.
        fees: From transaction fees.
    """

    subsidy: Floats
    fees: Floats

    def paid(self, payout: Payout) -> Floats:
        """What a pool with this payout passes on, before its fee [USD/PH/day]."""
        return self.subsidy + self.fees if payout.pays_fees else self.subsidy


@dataclass(frozen=True, slots=True)
class Network:
    """Price, difficulty, subsidy and fees of the network, each with the time at which it was known.

    Attributes:
        price: Coin price [USD/BTC].
        difficulty: Network difficulty.
        subsidy: New coins per block [BTC/block].
        fees: Mean transaction fees per block [BTC/block].
    """

    price: Series
    difficulty: Series
    subsidy: Series
    fees: Series

    def __post_init__(self) -> None:
        for part, unit in UNITS.items():
            series: Series = getattr(self, part)
            if series.unit is not unit:
                raise UnitError(
                    f"series {series.name!r} in {series.unit.value}",
                    f"the network's {part} is in {unit.value}",
                    "Convert the series, or pass the one that is meant.",
                )

    @classmethod
    def from_dataset(cls, data: Mapping[str, Series]) -> "Network":
        """The network of a `megawatt.core.dataset.Dataset`.

        Args:
            data: Holds ``btc/price``, ``btc/difficulty``, ``btc/subsidy`` and ``btc/fees``.

        Raises:
            InputError: A series is missing or in another unit.
        """
        return cls(**{part: data[f"btc/{part}"] for part in UNITS})

    @property
    def series(self) -> tuple[Series, Series, Series, Series]:
        """The four inputs, for listing their hashes and gaps."""
        return self.price, self.difficulty, self.subsidy, self.fees

    def parts(self, grid: TimeGrid) -> HashpriceParts:
        """What each interval paid, by source; NaN where a part is missing (a gap is not filled)."""
        return _parts(*(one.on(grid).values for one in self.series))

    def parts_known(self, at: Times) -> HashpriceParts:
        """What was known at each instant, by source; NaN before everything was known once."""
        return _parts(*(one.last_known(at) for one in self.series))

    def hashprice(self, grid: TimeGrid, payout: Payout = Payout.FPPS) -> Floats:
        """What each interval actually paid, for settlement, before the pool's fee [USD/PH/day], shape (n,)."""
        return self.parts(grid).paid(payout)

    def hashprice_known(self, at: Times, payout: Payout = Payout.FPPS) -> Floats:
        """What a decision maker knows at each instant of ``at``, before the pool's fee [USD/PH/day], shape (m,).

        Args:
            at: Decision instants, ``datetime64[s]`` UTC.
            payout: What the pool passes on.
        """
        return self.parts_known(at).paid(payout)

    def btc_per_ph_day(self, grid: TimeGrid, payout: Payout = Payout.FPPS) -> Floats:
        """Coins that one PH/s earned in each interval, before the pool's fee [BTC/PH/day], shape (n,)."""
        _, difficulty, subsidy, fees = (one.on(grid).values for one in self.series)
        return _parts(1.0, difficulty, subsidy, fees).paid(payout)


def _parts(price: Floats | float, difficulty: Floats, subsidy: Floats, fees: Floats) -> HashpriceParts:
    common = {"difficulty": difficulty, "price_usd_per_btc": price}
    return HashpriceParts(
        subsidy=hashprice_usd_per_ph_day(subsidy_btc=subsidy, fees_btc_per_block=0.0, **common),
        fees=hashprice_usd_per_ph_day(subsidy_btc=0.0, fees_btc_per_block=fees, **common),
    )
