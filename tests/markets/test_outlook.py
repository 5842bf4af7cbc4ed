"""Outlook 2030: kinds are never mixed, every published figure follows from its parts, and the inverse question has an answer."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError, UnitError
from megawatt.core.series import Floats
from megawatt.markets.amounts import Amount, AmountKind, growth_needed
from megawatt.markets.estimates import (
    ACEMOGLU,
    BASE_2030,
    BITWISE,
    ESTIMATES,
    GOLDMAN,
    IDC_2030,
    IDC_SUM,
    MCKINSEY,
    PWC_AI,
    PWC_BLOCKCHAIN,
    highest_modelled,
    sum_of_parts,
)
from megawatt.markets.growth import RANGES, Factors, Range, must_be, product_needed, uplift_tn
from megawatt.markets.uncertainty import outlook, sobol_shares


def test_a_level_and_a_sum_over_years_are_neither_added_nor_compared() -> None:
    with pytest.raises(UnitError, match=r"19\.90 tn USD \(sum over years, 2024-2030\) were added"):
        _ = BITWISE.low + IDC_SUM.low
    with pytest.raises(UnitError, match="were compared"):
        _ = BITWISE.low < IDC_SUM.low
    with pytest.raises(UnitError):
        _ = MCKINSEY.low + PWC_AI.low
    with pytest.raises(UnitError):
        _ = Amount.level(1.0, 2030) + Amount.level(1.0, 2025)


@pytest.mark.parametrize("kind", [AmountKind.LEVEL, AmountKind.ANNUAL_FLOW, AmountKind.MARKET_VALUE])
def test_only_a_sum_runs_over_years(kind: AmountKind) -> None:
    with pytest.raises(InputError, match="only a sum runs over several years"):
        Amount(1.0, kind, 2024, 2030)


def test_the_parts_of_pwc_and_the_rest_of_bitwise_are_as_printed() -> None:
    assert PWC_AI.rebuilt == pytest.approx(15.7)
    assert PWC_BLOCKCHAIN.rebuilt == pytest.approx(1.746)
    assert BITWISE.rebuilt == pytest.approx(17.5)
    sums = sum_of_parts()
    assert sums.parts.tn_usd == pytest.approx(17.46)
    assert sums.unmodelled.tn_usd == pytest.approx(2.54)
    assert round(sums.unmodelled_share * 100, 1) == 14.5


def test_the_base_the_share_and_the_growth_are_as_printed() -> None:
    assert round(BASE_2030.tn_usd, 1) == 112.1
    assert BASE_2030.tn_usd == pytest.approx(112.14, rel=1e-3)
    uplift = sum_of_parts().share_of_base
    assert round(uplift * 100, 1) == 17.8
    assert uplift == pytest.approx(0.1783, rel=1e-3)
    assert round(growth_needed(uplift, 6) * 100, 2) == 2.77


def test_acemoglus_product_and_range_are_as_printed() -> None:
    assert pytest.approx(0.00659, rel=1e-3) == ACEMOGLU.rebuilt
    low, high = ACEMOGLU.share()
    assert (round(low * 100, 2), round(high * 100, 2)) == (0.93, 1.56)
    assert (round(ACEMOGLU.low.tn_usd, 1), round(ACEMOGLU.high.tn_usd, 2)) == (1.0, 1.75)


def test_the_other_estimates_are_as_printed_and_only_levels_have_a_share() -> None:
    assert GOLDMAN.low.tn_usd == pytest.approx(7.85, abs=0.005)
    assert IDC_2030.low.tn_usd == 4.9
    assert (MCKINSEY.low.tn_usd, MCKINSEY.high.tn_usd) == (2.6, 4.4)
    assert [e.name for e in ESTIMATES if not e.is_level] == ["IDC 2024, sum to 2030", "McKinsey 2023"]
    with pytest.raises(UnitError):
        IDC_SUM.share()
    assert highest_modelled().tn_usd == pytest.approx(17.46)


def test_twenty_trillion_without_synergy_needs_sixty_percent_of_tasks_fully_adopted_and_27_percent_saved() -> None:
    needed = product_needed(20.0, 1.76, 0.0)
    assert needed == pytest.approx(0.163, abs=0.0005)
    assert needed == pytest.approx(0.60 * 1.0 * 0.27 * 1.0, rel=0.01)


@settings(deadline=None, max_examples=60)
@given(st.floats(0.5, 15.0), st.floats(0.15, 0.6), st.floats(2027.0, 2029.5), st.floats(0.3, 0.9), st.floats(0.0, 0.1))
def test_what_must_be_true_reaches_the_target_when_it_is(
    target: float, exposed: float, midpoint: float, slope: float, synergy: float
) -> None:
    factors = Factors(exposed=exposed, midpoint=midpoint, slope=slope, synergy=synergy)
    for one in must_be(target, factors):
        if math.isnan(one.needed):
            continue
        changed = Factors(**{name: getattr(factors, name) for name in RANGES} | {one.factor: one.needed})
        assert float(uplift_tn(changed)) == pytest.approx(target, rel=1e-6), one.factor


def test_no_single_factor_at_its_central_value_path_reaches_twenty_trillion() -> None:
    answers = must_be(20.0, Factors())
    assert {one.factor for one in answers} == set(RANGES)
    assert not any(one.reachable for one in answers)


def test_the_monte_carlo_of_the_published_ranges_is_found_again() -> None:
    """Median 3.2, 90 % interval 0.7-10.1 and P(>= 20) = 0.05 % were computed before with another program."""
    result = outlook(np.random.default_rng(7), draws=200_000, sobol_power=10)
    assert result.quantiles[0.5] == pytest.approx(3.2, abs=0.06)
    assert result.quantiles[0.05] == pytest.approx(0.7, abs=0.06)
    assert result.quantiles[0.95] == pytest.approx(10.1, abs=0.2)
    assert result.probability == pytest.approx(0.0005, abs=0.0003)
    assert result.shares[0].factor == "midpoint"


def test_sobol_shares_of_ishigamis_function_are_the_exact_ones() -> None:
    span = Range(-math.pi, math.pi, None, "")

    def ishigami(x: Mapping[str, Floats]) -> Floats:
        return np.asarray(np.sin(x["a"]) + 7 * np.sin(x["b"]) ** 2 + 0.1 * x["c"] ** 4 * np.sin(x["a"]))

    found = {s.factor: s for s in sobol_shares(ishigami, dict.fromkeys("abc", span), np.random.default_rng(1))}
    assert [found[k].first for k in "abc"] == pytest.approx([0.3139, 0.4424, 0.0], abs=0.015)
    assert [found[k].total for k in "abc"] == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.01)


def test_a_triangular_range_has_the_quantiles_of_scipy() -> None:
    from scipy import stats  # noqa: PLC0415  # the oracle of this test only

    u = np.linspace(0.001, 0.999, 50)
    ours = Range(0.15, 0.60, 0.25, "").quantile(u)
    assert ours == pytest.approx(stats.triang.ppf(u, (0.25 - 0.15) / 0.45, 0.15, 0.45))


def test_the_table_of_the_markets_page_holds_every_estimate_as_computed() -> None:
    page = (Path(__file__).parents[2] / "docs" / "markets.md").read_text(encoding="utf-8")
    for one in ESTIMATES:
        low, high = f"{one.low.tn_usd:.2f}", f"{one.high.tn_usd:.2f}"
        amount = low if low == high else f"{low}-{high}"
        share = ""
        if one.is_level:
            ends = [f"{100 * value:.1f}" for value in one.share()]
            share = (ends[0] if ends[0] == ends[1] else "-".join(ends)) + " %"
        line = next(line for line in page.splitlines() if line.startswith(f"| {one.name} |"))
        cells = [cell.strip() for cell in line.split("|")]
        assert cells[3:5] == [amount, share], one.name
