"""From the portfolio's file to what can be chosen."""

import numpy as np
import pytest

from megawatt.app.portfolio_examples import FOUR_SITES
from megawatt.app.portfolio_file import portfolio_of
from megawatt.core.errors import InputError
from megawatt.invest.candidates import Candidate
from megawatt.invest.portfolio import choose_portfolio

ONE = """\
schema = "megawatt/portfolio/1"
[portfolio]
name = "one"
first_year = 2025
discount_rate = 0.10
capital_musd = [100.0, 100.0, 100.0]
power_mw = [50.0, 50.0, 50.0]
crews = [1.0, 1.0, 1.0]
[[project]]
site = "A"
mode = "host"
start_years = [2025, 2026]
most_mw = 10.0
value_musd_per_mw = 2.0
meanwhile_musd_per_mw_year = 0.33
capital_musd_per_mw = [4.0, 5.0]
power_share = [0.2, 1.0]
crews = [1.0]
"""


def named(text: str, name: str, scenarios: int = 200) -> Candidate:
    found = portfolio_of(text).candidates(scenarios, np.random.default_rng(0))
    return next(one for one in found if one.project.name == name)


def test_a_later_start_moves_money_power_and_crews_and_discounts_the_value() -> None:
    one = named(ONE, "A: host from 2026").project
    assert one.capital_usd_per_mw.tolist() == [0.0, 4e6, 5e6]
    assert one.power_share.tolist() == [0.0, 0.2, 1.0]
    assert one.crews.tolist() == [0.0, 1.0, 0.0]
    assert one.values_usd_per_mw == pytest.approx(np.full(200, (2.0 + 0.33) * 1e6 / 1.1))


def test_the_last_share_of_power_holds_for_all_later_years() -> None:
    assert named(ONE, "A: host from 2025").project.power_share.tolist() == [0.2, 1.0, 1.0]


def test_values_of_one_mode_move_together_and_starts_of_one_project_share_their_luck() -> None:
    def values(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return named(FOUR_SITES, name, 5_000).project.values_usd_per_mw

    north, south = values("North: host from 2025"), values("South: host from 2025")
    assert np.corrcoef(north, south)[0, 1] == pytest.approx(0.7, abs=0.04)
    assert np.corrcoef(north, values("River: mine from 2025"))[0, 1] == pytest.approx(0.0, abs=0.04)
    assert np.corrcoef(north, values("North: host from 2027"))[0, 1] == pytest.approx(1.0)


def test_a_range_keeps_its_triangle() -> None:
    """Low a, likely c, high b: the mean of the triangle is (a + b + c) / 3, whatever moves with it."""
    found = named(FOUR_SITES, "North: host from 2025", 20_000).project.values_usd_per_mw
    assert found.mean() == pytest.approx((-2.5 + 1.8 + 4.5) / 3 * 1e6, rel=0.03)
    assert found.min() >= -2.5e6
    assert found.max() <= 4.5e6


def test_a_bundle_is_done_at_both_sites_or_at_none_from_any_of_its_years() -> None:
    file = portfolio_of(FOUR_SITES)
    projects = [one.project for one in file.candidates(100, np.random.default_rng(1))]
    both = choose_portfolio(projects, file.limits())
    sites = {name.partition(":")[0] for name in both.megawatts if ": host" in name}
    assert {"North", "South"} <= sites
    without = [one for one in projects if not one.name.startswith("South: host")]
    alone = choose_portfolio(without, file.limits())
    assert any(name.startswith("North: host") for name in alone.megawatts)  # nobody else is left in the bundle


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("start_years = [2025, 2026]", "start_years = [2024]", "projects start in the years 2025 to 2027"),
        ("start_years = [2025, 2026]", "start_years = [2027]", "needs money until 2028"),
        ("start_years = [2025, 2026]", "start_years = [2025, 2025]", "stands 2 times"),
    ],
)
def test_a_project_outside_the_years_is_refused(old: str, new: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        portfolio_of(ONE.replace(old, new)).candidates(10, np.random.default_rng(0))
