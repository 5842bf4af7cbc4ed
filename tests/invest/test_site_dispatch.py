"""A site in scenarios: closed form at a flat price, every month solved one by one, and the same digits after a stop."""

from dataclasses import fields, replace

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.dispatch.crew import Threads
from megawatt.invest.operations import Operations
from megawatt.invest.plan_book import ageing, mean_price_usd
from megawatt.invest.site_dispatch import FULL, ITSELF, TYPICAL, SiteDispatch, groups_of
from tests.invest.bank import bank_year, drawn, mine, scenarios, site_operations, spiky

PH_S, MW, FEE = 2_000.0, 35.0, 0.01
DEMAND = '[[charge]]\nname = "d"\nkind = "demand"\nusd_per_kw_month = 1.0\n'
AGED = "installed = 2023-06-01\ndegradation_per_year = 0.1\n"


class Kept(dict[str, bytes]):
    """A store in memory."""

    def read(self, name: str) -> bytes | None:
        return self.get(name)

    def write(self, name: str, content: bytes) -> None:
        self[name] = content


def same(one: SiteDispatch, other: SiteDispatch) -> bool:
    lines = [field.name for field in fields(Operations)]
    return all((getattr(one.operations, name) == getattr(other.operations, name)).all() for name in lines)


def test_at_a_flat_price_a_machine_earns_its_hashprice_less_energy_or_nothing() -> None:
    """Break-even is 42 USD/MWh x 35 MW x 24 h / (2,000 PH/s x 99 %) = 17.8 USD/PH/day at level 1."""
    hashprice = np.array([[17.0, 18.0, 60.0], [17.0, 40.0, 17.0]])
    level = np.array([[1.0, 1.0, 1.0], [0.9, 2.0, 2.0]])
    found = site_operations(
        mine(), [bank_year(lambda n: np.full(n, 40.0))], scenarios(hashprice, level), accuracy=ITSELF
    ).operations
    days = np.array([30.0, 31.0, 31.0])
    earned = hashprice * PH_S * (1 - FEE) * days
    energy = MW * 24 * days
    paid = energy * (40.0 * level + 2.0)
    runs = earned > paid
    assert runs.tolist() == [[False, True, True], [True, True, False]]
    assert found.mining_usd == pytest.approx(np.where(runs, earned, 0.0))
    assert found.energy_usd == pytest.approx(np.where(runs, -paid, 0.0))
    assert found.energy_mwh == pytest.approx(np.where(runs, energy, 0.0))
    assert found.btc == pytest.approx(np.where(runs, earned, 0.0) / 50_000.0)
    for nothing in (found.tenant_usd, found.grid_usd, found.peak_usd, found.switching_usd):
        assert (nothing == 0).all()


@pytest.mark.parametrize("more", ["", DEMAND])
def test_what_is_typical_misses_no_more_than_it_says_of_months_solved_one_by_one(more: str) -> None:
    bank, asked = [bank_year(spiky(1)), bank_year(spiky(2))], drawn(3, paths=30, months=2, years=2)
    truth = site_operations(mine(more), bank, asked, accuracy=ITSELF)
    typical = site_operations(mine(more), bank, asked)
    full = site_operations(mine(more), bank, asked, accuracy=FULL)
    scale = np.abs(truth.operations.net_usd).mean()
    search = 1e-3 * scale if more else 1e-6 * scale  # with a shared peak the search is no proof
    for found in (typical, full):
        missed = truth.operations.net_usd - found.operations.net_usd
        assert (missed >= -search).all()
        assert (missed <= found.open_usd + search).all()
    assert 0 < typical.open_fraction <= TYPICAL.share
    assert full.open_usd.max() <= 1.5 * FULL.share * scale  # the rule takes each group's own mean
    assert typical.solved < full.solved
    assert truth.solved == 60


def test_every_path_month_is_in_one_group_with_its_own_level_and_hashprice() -> None:
    asked = drawn(5, paths=30, months=14, years=2)
    groups = groups_of(mine(), [bank_year(spiky(1))] * 2, asked)
    where = np.concatenate([one.where for one in groups])
    assert np.sort(where).tolist() == list(range(30 * 14))
    assert len(groups) == 2 * 12
    for one in groups:
        path, t = np.divmod(one.where, 14)
        assert (asked.power_year[path, t] == one.bank).all()
        assert ((5 + t) % 12 + 1 == one.month).all()
        assert (asked.power_level[path, t] == one.level).all()


def test_a_tariff_that_ends_divides_the_months_before_from_those_after() -> None:
    ends = DEMAND + "valid_to = 2025-07-01\n"
    asked = drawn(5, paths=3, months=14)
    found = site_operations(mine(ends), [bank_year(spiky(1))], asked).operations
    assert (found.peak_usd[:, :13] < 0).all()
    assert found.demand_usd is not None
    assert found.demand_usd.tolist() == found.peak_usd.tolist()
    assert (found.peak_usd[:, 13:] == 0).all()
    assert len(groups_of(mine(ends), [bank_year(spiky(1))], asked)) == 13


def test_machines_that_age_earn_as_new_ones_at_a_lower_hashprice() -> None:
    asked, bank = drawn(5, paths=4, months=3), [bank_year(spiky(1))]
    left = ageing(mine(AGED), "2024-06", 3)["s21"]
    assert left == pytest.approx(0.9 ** (366 / 365.25 + (np.arange(3) + 0.5) / 12))
    network = replace(asked.network, hashprice_usd_per_ph_day=asked.network.hashprice_usd_per_ph_day * left)
    poorer = replace(asked, network=network)
    aged = site_operations(mine(AGED), bank, asked)
    assert same(aged, site_operations(mine(), bank, poorer))
    assert same(aged, site_operations(mine(), bank, asked, hashrate={"s21": left}))


def test_a_fleet_replaced_by_a_better_one_earns_more_from_that_month_on() -> None:
    asked, bank = drawn(5, paths=4, months=4), [bank_year(spiky(1))]
    as_it_is = site_operations(mine(), bank, asked).operations
    better = site_operations(mine(), bank, asked, hashrate={"s21": np.array([1.0, 1.0, 1.5, 1.5])}).operations
    assert (better.mining_usd[:, :2] == as_it_is.mining_usd[:, :2]).all()
    assert (better.mining_usd[:, 2:] > as_it_is.mining_usd[:, 2:]).all()


def test_a_run_that_was_stopped_goes_on_and_any_crew_gives_the_same_digits() -> None:
    asked, bank, store = drawn(5, paths=5, months=6), [bank_year(spiky(1))], Kept()
    whole = site_operations(mine(), bank, asked)

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        site_operations(mine(), bank, asked, store=store, progress=stop)
    heard: list[int] = []
    again = site_operations(
        mine(), bank, asked, store=store, crew=Threads(2), progress=lambda done, _: heard.append(done)
    )
    assert heard == [2, 3, 4, 5, 6]
    assert same(whole, again)
    with pytest.raises(InputError, match="in the store"):
        site_operations(mine(), bank, asked, accuracy=FULL, store=store)


def test_coins_are_counted_at_the_mean_of_the_months_two_ends() -> None:
    asked = drawn(1, paths=1, months=3)
    network = replace(asked.network, price_usd=np.array([[100.0, 400.0, 900.0]]))
    assert mean_price_usd(replace(asked, network=network)).tolist() == [[100.0, 200.0, 600.0]]


def test_scenarios_of_another_bank_and_factors_of_no_fleet_are_refused() -> None:
    asked, bank = drawn(5, paths=5, months=3, years=3), [bank_year(spiky(1))]
    with pytest.raises(InputError, match="draw year 2 of a bank of 1"):
        site_operations(mine(), bank, asked)
    with pytest.raises(InputError, match="for the fleet 's19'"):
        site_operations(mine(), bank * 3, asked, hashrate={"s19": np.ones(3)})
    with pytest.raises(InputError, match="above 0"):
        site_operations(mine(), bank * 3, replace(asked, power_level=asked.power_level * 0))
