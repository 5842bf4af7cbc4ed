"""The hosting contract: the article's figures, closed forms, and what must hold for any contract."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from megawatt.core.errors import InputError, UnitError
from megawatt.core.units import GrossMW, ItMW
from megawatt.hosting.contract import rent_of_headline
from megawatt.invest.contract_or_bid import contract_alone
from megawatt.invest.lease import Firmness, Lease, Revenue, annual_equivalent_usd

YEARLY = 290e6
"""What the press made of 3.5 bn over 12 years [USD a year]."""


def core(noi_margin: float = 0.775, **terms: float) -> Lease:
    """The contract of 3 June 2024 as printed: 200 MW, 12 years, 290 M USD a year."""
    return Lease(it=ItMW(200.0), years=12, rent_usd_per_it_mw_year=YEARLY / 200, noi_margin=noi_margin, **terms)


def musd(value: object) -> float:
    return float(np.asarray(value)) / 1e6


def test_3_5_billion_over_12_years_is_290_million_a_year_and_1_458_million_per_it_mw_year() -> None:
    """AF15. The press rounds 291.7 down to 290; 1.458 is of the unrounded amount."""
    assert annual_equivalent_usd(3.5e9, 12) / 1e6 == pytest.approx(291.7, abs=0.05)
    assert round(annual_equivalent_usd(3.5e9, 12) / 200 / 1e6, 3) == 1.458
    assert rent_of_headline(3.5e9, years=12, it=ItMW(200.0)) * 12_000 / 1e6 == pytest.approx(1.458, abs=5e-4)


def test_undiscounted_revenue_is_a_type_of_its_own() -> None:
    """AF15: revenue over a term is no value; contracted and optional revenue never add."""
    contracted = Lease(it=ItMW(200.0), years=12, rent_usd_per_it_mw_year=3.5e9 / 12 / 200, noi_margin=0.775).revenue()
    assert contracted.usd == pytest.approx(3.5e9)
    with pytest.raises(UnitError, match=r"contracted revenue.*M USD optional revenue were added"):
        contracted + Revenue(1.225e9, Firmness.OPTIONAL)
    with pytest.raises(UnitError):
        contracted + 1.0
    assert str(contracted + contracted) == "7,000 M USD contracted revenue"


@pytest.mark.parametrize(
    ("rate", "at_75", "at_80"), [(0.08, 1639, 1748), (0.10, 1482, 1581), (0.12, 1347, 1437), (0.15, 1179, 1258)]
)
def test_the_contract_alone_is_worth_the_published_values(rate: float, at_75: int, at_80: int) -> None:
    """AF19: 290 M USD a year for 12 years, year-end flows, NOI margin 75 and 80 %."""
    assert round(musd(core(0.75).value_usd(rate, 1))) == at_75
    assert round(musd(core(0.80).value_usd(rate, 1))) == at_80


def test_the_contract_alone_equals_the_bid_at_19_4_percent_or_at_a_hazard_of_7_8_percent() -> None:
    """AF19: 1,022 M USD against 77.5 % margin; the hazard at 10 % and without a second tenant."""
    alone = contract_alone(core(), 1_022e6, rate=0.10)
    assert alone.even_rate is not None
    assert alone.even_hazard_per_year is not None
    assert round(100 * alone.even_rate, 1) == 19.4
    assert round(100 * alone.even_hazard_per_year, 1) == 7.8
    assert alone.label.startswith("contract alone: before lost mining")


@pytest.mark.parametrize(("hazard", "value_musd"), [(0.02, 1377), (0.05, 1178), (0.10, 920)])
def test_a_tenant_that_may_fail_is_worth_less(hazard: float, value_musd: int) -> None:
    assert round(musd(core(hazard_per_year=hazard).value_usd(0.10, 1))) == value_musd


def test_eighteen_months_of_delay_at_10_percent_leave_1_327_million() -> None:
    assert round(musd(core(delay_months=18).value_usd(0.10, 1))) == 1327


def test_gross_and_it_megawatts_do_not_mix_in_a_lease() -> None:
    """AF14: 70 IT MW stand on 100 gross MW at Muskogee."""
    with pytest.raises(UnitError):
        ItMW(70.0) + GrossMW(30.0)


def test_monthly_flows_without_interest_are_the_years_rent_times_the_margin() -> None:
    assert core().value_usd(0.0) == pytest.approx(12 * YEARLY * 0.775)
    assert core().flows_usd().shape == (144,)


def test_an_escalator_compounds_on_each_anniversary() -> None:
    noi = core(escalator_per_year=0.03).noi_usd()
    assert noi[11] == pytest.approx(noi[0])
    assert noi[12] == pytest.approx(noi[0] * 1.03)
    assert noi[143] == pytest.approx(noi[0] * 1.03**11)


def test_a_ramp_of_twelve_months_costs_half_a_years_rent() -> None:
    """Linear from nothing to all: the mean of the first year is one half."""
    lost = core().noi_usd().sum() - core(ramp_months=12).noi_usd().sum()
    assert lost == pytest.approx(0.5 * YEARLY * 0.775)
    first = core(ramp_months=12).noi_usd()[0] / core().noi_usd()[0]
    assert first == pytest.approx(1 / 24)


def test_a_second_tenant_at_the_same_rent_without_a_gap_makes_failure_harmless() -> None:
    assert core(hazard_per_year=0.2, relet_fraction=1.0).value_usd(0.1) == pytest.approx(core().value_usd(0.1))


def test_months_between_two_tenants_cost_the_rent_of_those_months() -> None:
    """Certain failure after the first day, six months empty, then the full rent: 138 of 144 months are paid."""
    gone = core(hazard_per_year=1.0, relet_months=6.0, relet_fraction=1.0)
    assert gone.value_usd(0.0) == pytest.approx(12 * YEARLY * 0.775 * 138 / 144)


def test_what_the_tenant_builds_comes_back_to_it_and_not_more() -> None:
    """104 M USD for the last 70 MW (AF22) is 1.49 M USD per MW; taken back from at most half of each month's rent."""
    lease = core(credited_capex_usd_per_it_mw=104e6 / 70)
    taken = core().flows_usd() - lease.flows_usd()
    assert taken.sum() == pytest.approx(104e6 / 70 * 200)
    assert taken.max() == pytest.approx(YEARLY / 12 * 0.5)


def test_the_hosts_capex_is_paid_once_per_it_mw() -> None:
    """AF22: the peer of August 2025 pays 8-10 M USD per MW itself."""
    assert core().value_usd(0.1) - core(host_capex_usd_per_it_mw=9e6).value_usd(0.1) == pytest.approx(1.8e9)


TERMS = st.fixed_dictionaries(
    {
        "noi_margin": st.floats(0.0, 1.0),
        "delay_months": st.floats(0.0, 60.0),
        "ramp_months": st.floats(0.0, 36.0),
        "hazard_per_year": st.floats(0.0, 0.5),
        "relet_fraction": st.floats(0.0, 1.0),
        "relet_months": st.floats(0.0, 24.0),
    }
)


@given(TERMS, st.floats(0.0, 0.4), st.sampled_from(["delay_months", "hazard_per_year", "ramp_months"]))
def test_more_delay_hazard_or_ramp_never_raises_the_value(terms: dict[str, float], rate: float, name: str) -> None:
    worse = {**terms, name: terms[name] * 1.5 if name != "hazard_per_year" else min(terms[name] * 1.5, 1.0)}
    assert core(**worse).value_usd(rate) <= core(**terms).value_usd(rate) * (1 + 1e-9) + 1e-6


@given(TERMS, st.floats(0.0, 0.4))
def test_scenarios_in_an_array_are_the_single_ones(terms: dict[str, float], rate: float) -> None:
    array = {name: np.array([value, 0.5 * value]) for name, value in terms.items() if name != "relet_months"}
    both = core(relet_months=terms["relet_months"], **array).value_usd(np.array([rate, rate]))  # type: ignore[arg-type]
    assert both[0] == pytest.approx(float(core(**terms).value_usd(rate)), rel=1e-12)
    assert both.shape == (2,)


@pytest.mark.parametrize(
    "terms", [{"noi_margin": 77.5}, {"hazard_per_year": -0.1}, {"relet_fraction": 1.2}, {"noi_margin": float("nan")}]
)
def test_percent_for_a_fraction_is_refused(terms: dict[str, float]) -> None:
    with pytest.raises(InputError, match="fraction from 0 to 1"):
        core(**terms)
