"""The network as a buyer: settlement of an interval, knowledge at an instant, and no look ahead."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError, UnitError
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid, Times, utc
from megawatt.core.units import Unit
from megawatt.mining.hashprice import Payout
from megawatt.mining.network import Network

MADE_UP = Provenance("made up for the test")
START = utc("2024-04-19T00:00Z")
HOURS = TimeGrid(START, 60, 72)
DAYS = TimeGrid(START, 1440, 3)


def series(name: str, unit: Unit, grid: TimeGrid, values: ArrayLike, known_at: Times) -> Series:
    return Series(name, unit, grid, np.asarray(values, dtype=np.float64), known_at, MADE_UP)


def three_days() -> Dataset:
    """Three days: the subsidy halves at 2024-04-20T00:09:27Z, the price rises by 1 USD an hour."""
    halving = utc("2024-04-20T00:09:27Z")
    before = HOURS.starts < halving
    return Dataset(
        [
            series("btc/price", Unit.USD_PER_BTC, HOURS, 64_000.0 + np.arange(72), HOURS.ends),
            series("btc/difficulty", Unit.DIFFICULTY, HOURS, np.full(72, 86e12), np.full(72, START)),
            series(
                "btc/subsidy",
                Unit.BTC_PER_BLOCK,
                HOURS,
                np.where(before, 6.25, 3.125),
                np.where(before, START, halving),
            ),
            series(
                "btc/fees",
                Unit.BTC_PER_BLOCK,
                DAYS,
                np.array([1.2, 9.3, 2.4]),
                DAYS.ends + np.timedelta64(3600, "s"),
            ),
        ]
    )


@pytest.fixture
def data() -> Dataset:
    return three_days()


def by_hand(difficulty: float, reward_btc: float, price: float) -> float:
    """Blocks a day of 1e15 hashes a second, times what a block pays."""
    return 86_400e15 / difficulty / 4_294_967_296 * reward_btc * price


def test_settlement_pays_price_fees_and_subsidy_of_the_interval_itself(data: Dataset) -> None:
    paid = Network.from_dataset(data).hashprice(HOURS)
    assert paid.shape == (72,)
    assert paid[5] == pytest.approx(by_hand(86e12, 6.25 + 1.2, 64_005), rel=1e-12)
    assert paid[30] == pytest.approx(by_hand(86e12, 3.125 + 9.3, 64_030), rel=1e-12)


def test_a_decision_sees_the_price_of_the_hour_before_and_the_fees_of_the_day_before(data: Dataset) -> None:
    network = Network.from_dataset(data)
    at = np.array([utc("2024-04-20T06:00Z"), utc("2024-04-20T06:59:59Z"), utc("2024-04-21T00:59:59Z")])
    known = network.hashprice_known(at)
    assert known[0] == pytest.approx(by_hand(86e12, 3.125 + 1.2, 64_029), rel=1e-12)
    assert known[1] == known[0]
    assert known[2] == pytest.approx(by_hand(86e12, 3.125 + 1.2, 64_047), rel=1e-12)  # fees of the 20th: from 01:00 on
    assert network.hashprice_known(at[2:] + 1)[0] == pytest.approx(by_hand(86e12, 3.125 + 9.3, 64_048), rel=1e-12)


def test_nothing_is_known_before_every_part_was_known_once(data: Dataset) -> None:
    known = Network.from_dataset(data).hashprice_known(np.array([utc("2024-04-20T00:59Z"), utc("2024-04-20T01:00Z")]))
    assert np.isnan(known[0])
    assert np.isfinite(known[1])


def test_pps_pays_the_subsidy_only(data: Dataset) -> None:
    network = Network.from_dataset(data)
    parts = network.parts(HOURS)
    np.testing.assert_array_equal(network.hashprice(HOURS, Payout.PPS), parts.subsidy)
    np.testing.assert_allclose(parts.fees[25:48] / parts.subsidy[25:48], 9.3 / 3.125, rtol=1e-12)
    at = HOURS.starts[30:]
    np.testing.assert_allclose(
        network.hashprice_known(at, Payout.FPPS) - network.hashprice_known(at, Payout.PPS),
        network.parts_known(at).fees,
        rtol=1e-9,
    )


def test_coins_times_price_is_money(data: Dataset) -> None:
    network = Network.from_dataset(data)
    for payout in Payout:
        np.testing.assert_allclose(
            network.btc_per_ph_day(HOURS, payout) * network.price.values, network.hashprice(HOURS, payout), rtol=1e-12
        )


def test_a_quarter_hour_is_paid_like_its_hour(data: Dataset) -> None:
    network = Network.from_dataset(data)
    quarters = TimeGrid(START, 15, 288)
    np.testing.assert_array_equal(network.hashprice(quarters), np.repeat(network.hashprice(HOURS), 4))


def test_a_gap_in_the_price_is_a_gap_in_settlement_and_the_old_value_in_knowledge(data: Dataset) -> None:
    price = data["btc/price"]
    values = price.values.copy()
    values[30:33] = np.nan
    network = Network.from_dataset(data.with_series(replace(price, values=values)))
    assert np.flatnonzero(np.isnan(network.hashprice(HOURS))).tolist() == [30, 31, 32]
    known = network.hashprice_known(HOURS.starts[30:35])
    assert np.ptp(known[:4]) == 0.0
    assert known[4] != known[3]


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 72 * 60 - 1), st.floats(0.1, 10.0))
def test_corrupting_all_that_is_not_known_at_t_changes_no_knowledge_at_or_before_t(minute: int, factor: float) -> None:
    truth = three_days()
    t = START + np.timedelta64(minute * 60, "s")
    corrupt = Dataset(
        replace(one, values=np.where(one.known_at > t, one.values * factor + 1, one.values)) for one in truth.values()
    )
    at = START + np.arange(minute + 1).astype("timedelta64[m]").astype("timedelta64[s]")
    np.testing.assert_array_equal(
        Network.from_dataset(truth).hashprice_known(at), Network.from_dataset(corrupt).hashprice_known(at)
    )


def test_a_missing_part_is_named(data: Dataset) -> None:
    with pytest.raises(InputError, match="btc/fees"):
        Network.from_dataset(Dataset(one for name, one in data.items() if name != "btc/fees"))


def test_a_part_in_another_unit_is_refused(data: Dataset) -> None:
    wrong = replace(data["btc/fees"], unit=Unit.BTC)
    with pytest.raises(UnitError, match="the network's fees is in BTC/block"):
        Network.from_dataset(data.with_series(wrong))
