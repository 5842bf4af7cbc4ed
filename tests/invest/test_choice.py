"""Contract against bid: the parts add up, the turning points turn, and the article's choice."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from megawatt.app.deal_examples import CORE_2024, CORE_2024_BID, CORE_2024_REPLAY
from megawatt.app.deal_file import deal_of, offer_of
from megawatt.core.errors import InputError
from megawatt.core.units import ItMW
from megawatt.invest.bid import Bid
from megawatt.invest.company import Company, LeaseOutlook, Mine
from megawatt.invest.contract_or_bid import Choice, choose, shares_of_variance, turns
from megawatt.invest.lease import Firmness
from megawatt.invest.ranges import Range, Spread, conditional_value_at_risk, sample, turning_point, value_at_risk
from megawatt.invest.shares import Shares
from megawatt.mining.profit import Line, mining_profitability

exact = Range.exact


def host(**terms: Range) -> LeaseOutlook:
    """100 IT MW for ten years at 1.5 M USD a year and a margin of 80 %."""
    known: dict[str, Any] = {"rent_usd_per_it_mw_year": exact(1.5e6), "noi_margin": exact(0.8)} | terms
    return LeaseOutlook(name="lease", firmness=Firmness.CONTRACTED, it=ItMW(100.0), years=10.0, **known)


def company(*leases: LeaseOutlook, mine: Mine | None = None, **terms: Range) -> Company:
    return Company(
        name="miner",
        leases=leases,
        shares=Shares(100e6),
        mine=mine,
        **cast("Any", {"discount_rate": exact(0.0)} | terms),
    )


MINE = Mine(
    it=ItMW(50.0),
    efficiency_j_per_th=25.0,
    years=2.0,
    hashprice_usd_per_ph_day=exact(60.0),
    fade_per_year=exact(0.0),
    power_price_usd_per_mwh=exact(40.0),
    opex_usd_per_mw_year=exact(60_000.0),
)


# --- the parts --------------------------------------------------------------------------------------------------------


def test_a_contract_less_overhead_tax_and_debt_over_the_shares_is_the_value_per_share() -> None:
    """Undiscounted: 100 MW x 1.5 M x 80 % x 10 = 1,200; overhead 10 x 20 = 200; tax 10 % of 1,000; debt 100; 100 M shares."""
    one = company(host(), overhead_usd_per_year=exact(20e6), tax_fraction=exact(0.1), net_debt_usd=exact(100e6))
    parts = one.parts(one.likely())
    assert {name: round(float(value) / 1e6) for name, value in parts.items()} == {
        "mining": 0, "contracts": 1200, "options": 0, "mining given up": 0, "overhead": -200, "cash tax": -100, "net debt": -100,
    }  # fmt: skip
    assert float(one.usd_per_share(one.likely())) == pytest.approx(8.0)


def test_mining_is_worth_what_the_three_lines_say_for_as_long_as_the_machines_last() -> None:
    line = mining_profitability(
        hashprice_usd_per_ph_day=60.0,
        efficiency_j_per_th=25.0,
        power_price_usd_per_mwh=40.0,
        opex_usd_per_it_mw_year=60_000.0,
    )
    one = company(mine=MINE)
    assert one.parts(one.likely())["mining"] == pytest.approx(2 * 50 * line.per_it_mw_usd(Line.AFTER_OPEX))


def test_a_mine_stops_when_it_no_longer_pays_and_never_costs() -> None:
    one = company(mine=replace(MINE, hashprice_usd_per_ph_day=exact(10.0)))
    assert one.parts(one.likely())["mining"] == 0


def test_a_conversion_gives_up_the_mining_of_its_machines_from_the_month_they_stop() -> None:
    """Half the machines stop after 6 of 24 months: 3/8 of the mining is given up, before the first rent."""
    one = company(replace(host(), displaced=ItMW(25.0), cleared_month=6), mine=MINE)
    parts = one.parts(one.likely())
    assert parts["mining given up"] == pytest.approx(-parts["mining"] * 0.5 * 18 / 24)


def test_an_option_counts_with_its_probability_and_apart_from_contracts() -> None:
    option = replace(host(), name="option", firmness=Firmness.OPTIONAL, exercised=exact(0.25))
    one = company(host(), option)
    parts = one.parts(one.likely())
    assert parts["options"] == pytest.approx(0.25 * parts["contracts"])


# --- the answer -------------------------------------------------------------------------------------------------------


def test_at_a_turning_point_value_and_offer_are_equal() -> None:
    one = company(host(), discount_rate=exact(0.10))
    found = {turn.name: turn for turn in turns(one, 5.0)}
    for name in ("discount_rate", "lease noi_margin", "lease hazard_per_year", "lease delay_months"):
        at = found[name].at
        assert at is not None
        assert float(one.usd_per_share(one.likely() | {name: at})) == pytest.approx(5.0, rel=1e-9)


def test_an_input_that_cannot_turn_the_answer_says_so() -> None:
    found = {turn.name: turn.at for turn in turns(company(host()), 100.0)}
    assert found["lease noi_margin"] is None


def test_the_verdict_needs_nine_tenths_of_the_scenarios() -> None:
    spread = Spread(0.0, 0.0, 0.0, 0.0)
    for above, verdict in (
        (90, "worth more than the bid"),
        (50, "not decided by these ranges"),
        (10, "worth less than the bid"),
    ):
        values = np.array([2.0] * above + [0.0] * (100 - above))
        assert Choice(values, np.ones(100), {}, spread, None, (), {}).verdict == verdict


def test_the_input_that_alone_moves_the_value_has_all_of_its_variance() -> None:
    """Of two uncertain inputs, the failing tenant's successor matters nothing where no tenant fails."""
    one = company(host(noi_margin=Range(0.5, 0.7, 0.9), relet_fraction=Range(0.0, 0.5, 1.0)))
    shares = shares_of_variance(one, np.random.default_rng(0))
    assert shares["lease noi_margin"] == pytest.approx(1.0, abs=0.02)
    assert shares["lease relet_fraction"] == pytest.approx(0.0, abs=0.02)
    assert shares_of_variance(company(host()), np.random.default_rng(0)) == {}


def test_the_same_seed_gives_the_same_answer_and_a_further_input_leaves_the_others_alone() -> None:
    first, again = (sample({"a": Range(0, 1, 2), "b": Range(0, 1, 2)}, 500, np.random.default_rng(3)) for _ in range(2))
    assert (first["a"] == again["a"]).all()
    alone = sample({"a": Range(0, 1, 2)}, 500, np.random.default_rng(3))
    assert (alone["a"] == first["a"]).all()
    assert not (first["a"] == first["b"]).all()


# --- the article's choice ---------------------------------------------------------------------------------------------


def choice_of(deal: str, scenarios: int = 2_000) -> Choice:
    known = deal_of(deal).as_company()
    assert known is not None
    return choose(known, offer_of(CORE_2024_BID).bid, np.random.default_rng(0), scenarios=scenarios)


def test_with_what_was_known_on_6_june_2024_the_tenants_options_decide_about_5_75() -> None:
    """The contract alone does not reach the bid; the answer turns on how likely the further 300 MW are."""
    choice = choice_of(CORE_2024)
    assert choice.without_options_usd.high < 5.75
    assert next(iter(choice.shares_of_variance)) == "300 MW under discussion exercised"
    found = {turn.name: turn.at for turn in choice.turns}
    assert found["300 MW under discussion exercised"] is not None
    assert found["discount_rate"] is not None


def test_the_replay_of_what_happened_lies_above_the_bid_of_june_2024() -> None:
    """Known history, no forecast: all options were used, 590 MW for 10.2 bn USD, two years late."""
    assert "a replay of known history, not a forecast" in CORE_2024_REPLAY
    choice = choice_of(CORE_2024_REPLAY)
    assert Spread.of(choice.value_usd).median > 5.75


def test_nothing_of_the_first_file_was_published_after_6_june_2024() -> None:
    assert deal_of(CORE_2024).head.known.isoformat() == "2024-06-06"
    for later in ("590", "382", "10200", "2025-", "spring 2026"):
        assert later not in CORE_2024


def test_a_bid_for_a_mine_without_leases_is_valued_too() -> None:
    answer = choose(company(mine=MINE), Bid("bidder", 0.1), np.random.default_rng(1), scenarios=200)
    assert answer.verdict == "worth more than the bid"


# --- ranges -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), st.floats(0, 1))
def test_a_triangle_stays_between_its_ends(three: list[float], u: float) -> None:
    low, likely, high = sorted(three)
    value = float(Range(low, likely, high).at(np.array(u)))
    assert low - 1e-6 <= value <= high + 1e-6


def test_a_triangle_has_the_mean_of_its_three_numbers() -> None:
    draw = sample({"x": Range(0.0, 1.0, 5.0)}, 20_000, np.random.default_rng(0))["x"]
    assert draw.mean() == pytest.approx(2.0, abs=1e-3)


@given(st.lists(st.floats(-1e3, 1e3), min_size=20, max_size=200), st.sampled_from([0.05, 0.1, 0.25, 0.5]))
def test_cvar_is_the_mean_of_the_sorted_tail(values: list[float], tail: float) -> None:
    """The worst k scenarios, the one on the border in part."""
    worst, k = sorted(values), tail * len(values)
    whole = int(np.floor(k + 1e-12))
    part = k - whole
    mean = (sum(worst[:whole]) + (part * worst[whole] if part > 1e-12 else 0.0)) / k
    assert conditional_value_at_risk(np.array(values), tail) == pytest.approx(-mean, abs=1e-9 * 1e3)
    assert conditional_value_at_risk(np.array(values), tail) >= value_at_risk(np.array(values), tail) - 1e-9


def test_a_range_out_of_order_is_refused() -> None:
    with pytest.raises(InputError, match="from low over likely to high"):
        Range(2.0, 1.0, 3.0)


def test_no_turning_point_is_invented() -> None:
    assert turning_point(lambda x: x * x + 1, 0.0, 0.0, 10.0) is None
    assert turning_point(lambda x: x, 0.0, 0.0, 10.0) == 0.0
