"""Profitability: the printed figures, the three lines, and who may say 'wins'."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError, UnitError
from megawatt.mining.profit import Line, Profitability, annuity, compare, mining_profitability, profitability


@pytest.mark.parametrize(
    ("hashprice", "efficiency", "million_usd_per_mw_year"),
    [  # before the halving, 1-7 May 2024, 1-7 June 2024, and the newest machines in June; all at 40 USD/MWh
        (104.4, 23.6, 1.26),
        (49.6, 23.6, 0.42),
        (62.1, 23.6, 0.61),
        (62.1, 17.5, 0.94),
    ],
)
def test_the_margin_after_power_is_the_printed_one(
    hashprice: float, efficiency: float, million_usd_per_mw_year: float
) -> None:
    mine = mining_profitability(
        hashprice_usd_per_ph_day=hashprice, efficiency_j_per_th=efficiency, power_price_usd_per_mwh=40.0
    )
    assert round(mine.per_it_mw_usd(Line.AFTER_POWER) / 1e6, 2) == million_usd_per_mw_year
    assert mine.per_gross_mw_usd(Line.AFTER_POWER) == mine.per_it_mw_usd(Line.AFTER_POWER)


def hosting() -> Profitability:
    """1.45 M USD per IT MW-year at a margin of 77.5 %; 70 IT MW from 100 gross MW."""
    return Profitability("hosting", pue=100 / 70, after_power_usd=1.45e6 * 0.775)


def mine(**costs: float) -> Profitability:
    return mining_profitability(
        hashprice_usd_per_ph_day=62.1, efficiency_j_per_th=17.5, power_price_usd_per_mwh=40.0, **costs
    )


def test_hosting_per_it_mw_and_per_gross_mw_are_two_figures() -> None:
    assert round(hosting().per_it_mw_usd(Line.AFTER_POWER) / 1e6, 2) == 1.12
    assert round(hosting().per_gross_mw_usd(Line.AFTER_POWER) / 1e6, 2) == 0.79


def test_a_comparison_after_power_says_earns_more_and_never_wins() -> None:
    sentence = compare(hosting(), mine(), Line.AFTER_POWER)
    assert sentence.startswith("mining earns more than hosting: 0.94 against 0.79 M USD per gross MW-year after power")
    assert "wins" not in sentence


def test_a_comparison_after_capital_needs_every_cost_stated() -> None:
    with pytest.raises(InputError, match="'hosting' has no figure after a capital charge"):
        compare(hosting(), mine(opex_usd_per_it_mw_year=1e5, capital_charge_usd_per_it_mw_year=3e5), Line.AFTER_CAPITAL)
    with pytest.raises(InputError, match="'mining' has no figure after power and opex"):
        mine(capital_charge_usd_per_it_mw_year=3e5).per_it_mw_usd(Line.AFTER_OPEX)


def test_a_capital_charge_can_turn_the_order_and_only_then_somebody_wins() -> None:
    # Machines at 20 USD/TH: 1000 / 17.5 PH = 57,143 TH for 1.14 M USD a MW; over 4 years at 15 % some 0.40 M USD a year.
    machines = annuity(20 * 1e6 / 17.5, rate=0.15, years=4)
    assert machines == pytest.approx(400_300, rel=1e-3)
    dear = mine(opex_usd_per_it_mw_year=1e5, capital_charge_usd_per_it_mw_year=machines)
    paid_by_tenant = profitability(
        "hosting", pue=100 / 70, after_power_usd=1.12e6, opex_usd=0.0, capital_charge_usd=2e5
    )
    assert compare(dear, paid_by_tenant, Line.AFTER_POWER).startswith("mining earns more")
    assert compare(dear, paid_by_tenant, Line.AFTER_CAPITAL).startswith("hosting wins over mining: 0.64 against 0.44")


def test_equal_to_the_printed_digit_is_level() -> None:
    a, b = Profitability("a", 1.0, 801_000.0), Profitability("b", 1.0, 799_000.0)
    assert compare(a, b, Line.AFTER_POWER).startswith("a and b are level")


@settings(deadline=None, max_examples=100)
@given(st.floats(-0.2, 1.0), st.integers(1, 40))
def test_the_annuity_repays_the_capital_exactly(rate: float, years: int) -> None:
    payment = annuity(1000.0, rate=rate, years=years)
    owed = 1000.0
    for _ in range(years):
        owed = owed * (1 + rate) - payment
    assert owed == pytest.approx(0.0, abs=1e-6 * 1000 * max(1.0, (1 + rate) ** years))


def test_overhead_raises_energy_and_lowers_the_gross_figure() -> None:
    lean, fat = (
        mining_profitability(
            hashprice_usd_per_ph_day=50.0, efficiency_j_per_th=20.0, power_price_usd_per_mwh=40.0, pue=pue
        )
        for pue in (1.0, 1.25)
    )
    assert lean.after_power_usd - fat.after_power_usd == pytest.approx(0.25 * 8760 * 40)
    assert fat.per_gross_mw_usd(Line.AFTER_POWER) == pytest.approx(fat.after_power_usd / 1.25)


@pytest.mark.parametrize(("rate", "years"), [(0.1, 0.0), (-1.0, 4.0), (float("nan"), 4.0)])
def test_an_annuity_has_years_and_a_rate(rate: float, years: float) -> None:
    with pytest.raises(InputError, match="a capital charge over"):
        annuity(1.0, rate=rate, years=years)


def test_impossible_machines_and_overheads_are_refused() -> None:
    with pytest.raises(InputError, match="J/TH"):
        mining_profitability(hashprice_usd_per_ph_day=50.0, efficiency_j_per_th=0.0, power_price_usd_per_mwh=40.0)
    with pytest.raises(UnitError, match="PUE"):
        mining_profitability(
            hashprice_usd_per_ph_day=50.0, efficiency_j_per_th=20.0, power_price_usd_per_mwh=40.0, pue=0.9
        )
