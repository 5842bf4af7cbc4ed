"""Tax tables as published, and the tax of hand-made years."""

import datetime as dt

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.invest.income_tax import Property, income_tax
from megawatt.invest.tax_tables import COMPUTERS, IMPROVEMENTS, TABLE_A1, TaxRules, bonus_of

NO_BONUS = TaxRules(bonus_fraction=0.0)


def declining_balance(years: int, factor: float) -> list[float]:
    """The half-year convention as the law words it: declining balance, straight line once that is more."""
    left, shares = 1.0, []
    for year in range(years + 1):
        remaining = years - year + 0.5 if year else years
        rate = max(factor / years, 1 / remaining) * (0.5 if year == 0 else 1.0)
        shares.append(min(left, left * rate))
        left -= shares[-1]
    return shares


@pytest.mark.parametrize(("kind", "years", "factor"), [(COMPUTERS, 5, 2.0), (IMPROVEMENTS, 15, 1.5)])
def test_the_published_tables_follow_from_their_method(kind: str, years: int, factor: float) -> None:
    assert sum(TABLE_A1[kind]) == pytest.approx(1.0, abs=1e-12)
    assert TABLE_A1[kind] == pytest.approx(declining_balance(years, factor), abs=1.01e-4)  # printed to 0.01 %


@pytest.mark.parametrize(
    ("acquired", "in_service", "share"),
    [
        ("2018-05-01", 2018, 1.0),
        ("2022-12-31", 2022, 1.0),
        ("2022-12-31", 2023, 0.8),
        ("2024-03-01", 2024, 0.6),
        ("2025-01-19", 2025, 0.4),
        ("2025-01-19", 2026, 0.2),
        ("2025-01-19", 2027, 0.0),
        ("2025-01-20", 2025, 1.0),
        ("2025-01-20", 2031, 1.0),
    ],
)
def test_the_bonus_goes_by_the_day_of_purchase_and_the_year_in_service(
    acquired: str, in_service: int, share: float
) -> None:
    assert bonus_of(dt.date.fromisoformat(acquired), in_service) == share


def test_property_older_than_the_table_is_refused() -> None:
    with pytest.raises(InputError, match="begins on 2017-09-28"):
        bonus_of(dt.date(2015, 1, 1), 2015)


def test_a_table_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(InputError, match="written off once"):
        TaxRules(tables={COMPUTERS: (0.2, 0.2)})


def test_a_bonus_takes_its_share_at_once_and_the_table_the_rest() -> None:
    shares = TaxRules().written_off(COMPUTERS, 2024, dt.date(2024, 2, 1))
    assert shares == pytest.approx([0.6 + 0.4 * 0.2, 0.4 * 0.32, 0.4 * 0.192, 0.4 * 0.1152, 0.4 * 0.1152, 0.4 * 0.0576])
    assert shares.sum() == pytest.approx(1.0)


def test_a_loss_is_carried_and_takes_at_most_four_fifths_of_a_year() -> None:
    """-100 in 2025, +50 in 2026, +200 in 2027: 21 % of 50 - 40, then of 200 - 60."""
    flows = np.zeros((1, 36))
    flows[0, [0, 12, 24]] = [-100.0, 50.0, 200.0]
    bill = income_tax(flows, [], "2025-01", NO_BONUS)
    assert bill.paid_usd[0, [11, 23, 35]] == pytest.approx([0.0, 0.21 * 10, 0.21 * 140])
    assert bill.paid_usd.sum() == pytest.approx(0.21 * 150)
    assert bill.losses_usd[0] == pytest.approx([100.0, 60.0, 0.0])


def test_years_are_calendar_years_wherever_the_horizon_begins_and_ends() -> None:
    flows = np.ones((2, 18))
    bill = income_tax(flows, [], "2024-10", NO_BONUS)
    assert bill.income_usd.tolist() == [[3.0, 12.0, 3.0]] * 2
    assert np.flatnonzero(bill.paid_usd[0]).tolist() == [2, 14, 17]


def test_property_is_written_off_from_its_service_on_and_the_bonus_goes_by_purchase() -> None:
    """Both in service in June 2026; the first path ordered in January 2025, before the cut."""
    months, zero = np.array([17, 17]), np.zeros((2, 48))
    bought = Property(IMPROVEMENTS, np.array([100.0, 100.0]), months, np.array([0, 1]))
    bill = income_tax(zero, [bought], "2025-01", TaxRules())
    assert bill.written_off_usd[1].tolist() == [0.0, 100.0, 0.0, 0.0]
    assert bill.written_off_usd[0] == pytest.approx([0.0, 20 + 80 * 0.05, 80 * 0.095, 80 * 0.0855])


def test_what_opens_after_the_horizon_is_not_written_off() -> None:
    late = Property(COMPUTERS, np.array([50.0]), np.array([30]), np.array([10]))
    assert income_tax(np.zeros((1, 24)), [late], "2025-01", TaxRules()).written_off_usd.sum() == 0


def test_negative_costs_are_refused() -> None:
    with pytest.raises(InputError, match="at least 0"):
        Property(COMPUTERS, np.array([-1.0]), np.array([0]), np.array([0]))
