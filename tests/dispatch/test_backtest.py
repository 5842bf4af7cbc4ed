"""Every policy on one simulator, beside what perfect foresight would have earned."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.dispatch.advice import recommended
from megawatt.dispatch.backtest import (
    ALL_HOSTING,
    FORESIGHT,
    Result,
    all_hosting,
    backtest,
    coins,
    run_rule,
    run_rules,
    with_shares,
)
from megawatt.dispatch.case import Case
from megawatt.dispatch.general import Effort
from megawatt.dispatch.policies import ALWAYS_ON, THRESHOLD
from megawatt.dispatch.schedule import violations
from megawatt.dispatch.solve import solve
from tests.dispatch.texts import case, fleet, series, site

SEEDS = st.integers(0, 2**32 - 1)
HALL = """\
[[hall]]
name = "hall"
kind = "firm"
critical_it_mw = 8.0
contract = "tenant"
[[contract]]
name = "tenant"
tenant = "T"
kind = "colocation"
start = 2023-01-01
years = 10.0
rent_usd_per_kw_month = 100.0
power = "pass_through"
"""
COINCIDENT = '[[charge]]\nname = "4cp"\nkind = "coincident"\nusd_per_kw_year = 60.0\n'
BLOCK = '[[energy]]\nname = "b"\nblock_mw = 30.0\nprice_usd_per_mwh = 30.0\nsettlement_point = "LZ"\nresale = "{}"\n'


def spiky(seed: int, n: int = 24) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(60, 50, n) + (rng.random(n) < 0.1) * rng.normal(500, 500, n)


@settings(deadline=None, max_examples=12)
@given(SEEDS)
def test_perfect_foresight_earns_at_least_as_much_as_every_policy_on_the_same_site(seed: int) -> None:
    text = site(
        fleet(blocks=2, more="start_usd = 40.0\nmin_up_minutes = 120.0"),
        fleet(name="small", count=2_000),
        HALL,
        COINCIDENT,
        BLOCK.format(["free", "forbidden"][seed % 2]),
        limit=[200.0, 70.0][seed // 2 % 2],
    )
    found = case(text, spiky(seed), [series("price_da/LZ", text.grid(), spiky(seed + 1), known_after_minutes=-600)])
    results = backtest(found, solve(found.problem, Effort(relative_gap=1e-9)), run_rules(found))
    best = results[-1]
    assert best.name == FORESIGHT
    assert {r.name for r in results} >= {
        "always-on",
        ALL_HOSTING,
        "threshold",
        "day-ahead",
        "hysteresis",
        "peak-calendar",
    }
    for one in results:
        if one.name != ALL_HOSTING:  # another site
            assert one.net_usd <= best.net_usd + 1e-5, one.name
            assert one.schedule is not None
            assert violations(found.problem, one.schedule) == []
    assert recommended(results).net_usd == max(r.net_usd for r in results if r.name not in {FORESIGHT, ALL_HOSTING})


def test_shares_by_hand() -> None:
    """100 of 160 is 62.5 % of the margin; of the gain from 80 to 160 it is a quarter."""
    one = Result("x", "", FakeLedger(100.0), None, 0.0, 0, 0)  # type: ignore[arg-type]
    shared = with_shares(one, always=80.0, best=160.0)
    assert (shared.margin_share, shared.gain_share) == (0.625, 0.25)
    nothing = with_shares(one, always=160.0, best=160.0)
    assert nothing.gain_share is None
    assert with_shares(one, always=-9.0, best=-5.0).margin_share is None


class FakeLedger:
    def __init__(self, net_usd: float) -> None:
        self.net_usd = net_usd


def test_foresight_has_all_of_the_gain_and_always_on_none() -> None:
    found = case(site(fleet()), spiky(5))
    by_name = {r.name: r for r in backtest(found, solve(found.problem), run_rules(found))}
    assert (by_name[FORESIGHT].margin_share, by_name[FORESIGHT].gain_share) == (1.0, 1.0)
    assert by_name["always-on"].gain_share == 0.0


def test_coins_are_those_of_the_own_machines_after_the_pools_fee() -> None:
    """2,000 PH/s x 50 USD/PH/day x 0.9 = 90,000 USD a day: 4.5 BTC at 20,000 USD."""
    text = fleet().replace("pool_fee_fraction = 0.0", "pool_fee_fraction = 0.1")
    found = case(site(text))
    assert coins(found, solve(found.problem).schedule) == pytest.approx(4.5)
    result = run_rule(found, ALWAYS_ON)
    assert result.btc == pytest.approx(4.5)
    assert result.energy_mwh == pytest.approx(960.0)
    assert (result.switches, result.corrected) == (0, 0)


def test_all_hosting_earns_the_contracts_rent_of_twelve_months() -> None:
    """8 IT MW at 100 USD/kW-month are 9.6 M USD a year, for the hall there is and the same again for the mine's power."""
    found = case(site(fleet(), HALL, start=dt.date(2024, 1, 1), end=dt.date(2025, 1, 1)))
    result = all_hosting(found)
    assert result.ledger.lines["tenant/rent"].sum() == pytest.approx(2 * 9_600_000)
    assert result.ledger.column("tenant").sum() == pytest.approx(2 * 9_600_000)  # the tenant pays the energy
    assert result.ledger.mining_mw.max() == 0.0
    assert "8 MW of IT" in result.what


def test_all_hosting_without_a_contract_is_shown_at_the_published_rent() -> None:
    """40 MW at the meter at a PUE of 1.25 are 32 IT MW; 3.5 bn USD / 12 years / 12 months / 200,000 kW = 121.5 USD."""
    found = case(site(fleet(), start=dt.date(2024, 1, 1), end=dt.date(2025, 1, 1)))
    assert all_hosting(found).net_usd == pytest.approx(3.5e9 / 12 / 200 * 32, rel=1e-9)


def test_all_hosting_keeps_the_meter_limit() -> None:
    """45 MW of limit less 10 MW of hall leave 35 MW at the meter, less than the mine's 40: 28 IT MW."""
    big = HALL.replace("critical_it_mw = 8.0", "critical_it_mw = 28.0")
    found = case(site(fleet(), big, limit=60.0))
    result = all_hosting(found)
    assert result.ledger.import_mw.max() <= 60.0 + 1e-9
    assert result.ledger.import_mw.max() == pytest.approx(60.0)
    full = case(site(fleet(), big, limit=35.0))
    assert all_hosting(full).ledger.lines["tenant/rent"].sum() == pytest.approx(2_800_000 * 24 / 744)


@pytest.mark.parametrize("seed", range(4))
def test_news_that_comes_later_earns_no_more_on_the_average_of_a_month(seed: int) -> None:
    """Prices that persist for some hours: each interval of delay costs."""
    rng = np.random.default_rng(seed)
    n = 24 * 31
    level = np.repeat(rng.choice([20.0, 300.0], n // 6), 6)[:n] + rng.normal(0, 5, n)
    found = case(site(fleet(), end=dt.date(2024, 8, 1)), level)
    nets = [run_rule(found, THRESHOLD, delay).net_usd for delay in (0, 1, 2, 4)]
    assert nets == sorted(nets, reverse=True)
    assert nets[0] == pytest.approx(solve(found.problem).value_usd)


def test_a_period_that_starts_in_the_middle_of_a_month_books_its_share_of_the_rent() -> None:
    found: Case = case(site(fleet(), HALL, start=dt.date(2024, 7, 16), end=dt.date(2024, 7, 18)))
    rent = run_rule(found, ALWAYS_ON).ledger.lines["tenant/rent"].sum()
    assert rent == pytest.approx(800_000 * 48 / 744)
