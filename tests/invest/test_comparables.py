"""What others pay, from the published deals."""

import math
import os
from pathlib import Path

import numpy as np
import pytest

from megawatt.app.comparable_deals import read_comparables
from megawatt.core.errors import InputError
from megawatt.core.units import GrossMW, ItMW
from megawatt.invest.comparables import Comparable, rent_quantiles, steps

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")


IT = ItMW(100.0)


def lease(rent: float, power: ItMW | GrossMW = IT, kind: str = "lease") -> Comparable:
    return Comparable(f"{rent} {power}", kind, power, 10.0, rent * power.mw * 10.0, "press")


def test_the_steps_of_the_contract_are_70_mw_for_1_225_then_112_and_120_mw_for_2_0_billion() -> None:
    """AF16: 270, 382, 500 and 590 MW; 4.7, 6.7, 8.7 and 10.2 bn USD over 12 years."""
    totals = {200.0: 3.5e9, 270.0: 4.725e9, 382.0: 6.7e9, 500.0: 8.7e9, 590.0: 10.2e9}
    added = [mw for mw, _ in steps(totals, 12)]
    assert added == [200, 70, 112, 118, 90]  # the release says 120 and "about 500"
    assert round(steps({200.0: 3.5e9, 270.0: 3.5e9 + 1.225e9}, 12)[1][1] / 1e6, 3) == 1.458
    rents = [round(usd / 12 / mw / 1e6, 3) for mw, usd in {270: 4.7e9, 382: 6.7e9, 500: 8.7e9, 590: 10.2e9}.items()]
    assert rents == [1.451, 1.462, 1.450, 1.441]


def test_steps_that_add_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="every step adds megawatts"):
        steps({200.0: 3.5e9, 199.0: 4.0e9}, 12)


def test_gross_and_it_rents_are_never_pooled() -> None:
    deals = [lease(1.0), lease(2.0), lease(3.0), *(lease(x, GrossMW(100.0)) for x in (10.0, 20.0))]
    found = rent_quantiles(deals)
    assert set(found) == {ItMW}
    assert found[ItMW].quantiles_usd == pytest.approx([1.5, 2.0, 2.5])


def test_a_quantile_shows_how_far_a_single_deal_moves_it() -> None:
    found = rent_quantiles([lease(1.0), lease(2.0), lease(9.0)])[ItMW]
    assert found.without_one_usd[1] == pytest.approx([1.5, 5.5])


def test_a_gpu_cloud_and_a_bid_are_no_rent() -> None:
    assert lease(9.7, kind="gpu_cloud").why_not == "a gpu cloud is no rent"
    assert lease(1.0, kind="takeover_bid").worth_usd_per_mw((0.08, 0.12)) is None


def test_a_flat_rent_without_interest_is_worth_term_times_margin_less_what_the_host_builds() -> None:
    one = Comparable("x", "lease", ItMW(10.0), 10.0, 10 * 10 * 1.5e6, "press", (0.8, 0.9), (9e6, 10e6))
    assert one.worth_usd_per_mw((0.0, 0.0)) == pytest.approx((12e6 - 10e6, 13.5e6 - 9e6))


@needs_data
def test_all_deals_of_the_data_folder_are_read_and_each_is_valued_or_says_why_not() -> None:
    deals = read_comparables(DATA / "miners" / "miner_ai_deals.csv")
    assert len(deals) == 14
    valued = {one.name: one.worth_usd_per_mw((0.08, 0.12)) for one in deals if not one.why_not}
    assert len(valued) == 8
    assert all(low < high for low, high in filter(None, valued.values()))
    assert [one.why_not for one in deals if one.why_not].count("a takeover bid is no rent") == 2
    stated = [one for one in deals if one.power and math.isfinite(one.usd_per_mw_year)]
    assert {round(one.usd_per_mw_year / 1e6, 3) for one in stated} >= {
        1.458,
        1.389,
        1.867,
        1.85,
        1.875,
        1.901,
        1.786,
        1.222,
    }


@needs_data
def test_the_rents_of_the_data_folder_per_it_mw_year_lie_between_1_389_and_1_901() -> None:
    found = rent_quantiles(read_comparables(DATA / "miners" / "miner_ai_deals.csv"))
    assert set(found) == {ItMW}  # only one lease is on gross MW
    assert len(found[ItMW].names) == 7
    assert found[ItMW].quantiles_usd[1] == pytest.approx(1.85e6)
    assert np.all(found[ItMW].quantiles_usd > 1.389e6)
    assert np.all(found[ItMW].quantiles_usd < 1.901e6)
