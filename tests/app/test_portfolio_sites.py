"""A portfolio straight from site files: the values of ``megawatt invest``, joint scenarios, and the best of all combinations."""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest

from megawatt.app.dispatched_site import How
from megawatt.app.investment import invest
from megawatt.app.notebook import portfolio
from megawatt.app.portfolio_answer import PortfolioAnswer
from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.alternatives import KEEP
from megawatt.site.examples import example
from megawatt.site.read import Site
from tests.app.running import Run, refused, runner
from tests.app.schemas import published

run = pytest.fixture(runner)
TWO = """\
schema = "megawatt/portfolio/1"
[portfolio]
name = "Two of a kind"
first_year = 2025
discount_rate = 0.10
aversion = 0.5
tail = 0.1
sites = ["north.toml", "south.toml"]
convert_years = [2025, 2026]
crews_per_hall = [1.0]
capital_musd = [400.0, 400.0, 400.0]
power_mw = [60.0, 60.0, 60.0]
crews = [1.0, 1.0, 1.0]
"""


def site(name: str, count: int) -> str:
    """A site of one fleet, whose halls are cheap, dear to leave empty and let for two years."""
    head, fleet, *others = example("texas-mine").split("[[fleet]]")
    _, header, rest = others[-1].partition("\n[[")
    text = f"{head}[[fleet]]{fleet}{header}{rest}".replace('"texas-mine"', f'"{name}"')
    cheap = "[finance]\nhall_life_years = 2.0\nhall_capex_usd_per_it_mw = 1.2e6\n"
    return re.sub(r"\ncount = [\d_]+", f"\ncount = {count}", text, count=1).replace("[finance]\n", cheap)


def write(folder: Path, text: str = TWO) -> Path:
    """Both sites and the portfolio."""
    for name, count in (("north", 8_000), ("south", 12_000)):
        (folder / f"{name}.toml").write_text(site(name, count), encoding="utf-8")
    (folder / "two.toml").write_text(text, encoding="utf-8")
    return folder / "two.toml"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> PortfolioAnswer:
    return portfolio(write(tmp_path_factory.mktemp("two")), scenarios=200, seed=3)


def test_a_fleet_whose_hall_the_connection_does_not_carry_only_mines(tmp_path: Path) -> None:
    path = write(tmp_path)
    north = tmp_path / "north.toml"
    text = north.read_text(encoding="utf-8")
    north.write_text(re.sub(r"\nmeter_limit_mw = [\d_.]+", "\nmeter_limit_mw = 20.0", text), encoding="utf-8")
    names = [one.project.name for one in portfolio(path, scenarios=20, seed=3).candidates]
    assert [name for name in names if name.startswith("north")] == ["north: mine from 2025"]


def values(one: PortfolioAnswer) -> dict[str, Floats]:
    """USD of every candidate by scenario."""
    return {each.project.name: each.project.values_usd_per_mw * each.project.most_mw for each in one.candidates}


def test_every_fleet_may_mine_on_or_convert_in_the_years_asked_for(found: PortfolioAnswer) -> None:
    ways = ("mine from 2025", "host from 2025", "host from 2026")
    assert list(values(found)) == [f"{name}: {way}" for name in ("north", "south") for way in ways]
    for one in found.candidates:
        assert one.project.least_mw == one.project.most_mw
    north = {one.project.name: one.project for one in found.candidates if one.table.site == "north"}
    assert north["north: host from 2026"].power_share.tolist() == [1.0, 0.0, 1.0]
    assert north["north: host from 2026"].crews.tolist() == [0.0, 1.0, 0.0]
    capital = north["north: host from 2026"].capital_usd_per_mw
    assert capital[[0, 2]].tolist() == [0.0, 0.0]
    assert 0.8e6 < capital[1] < 1.4e6


def test_mining_on_is_worth_what_megawatt_invest_says_on_the_same_paths(found: PortfolioAnswer) -> None:
    """It judges on the second half of the scenarios; five years are the portfolio's horizon."""
    one = invest(Site.from_text(site("north", 8_000)), years=5, decide_years=1, paths=200, seed=3, how=How("mean"))
    keep = one.project.projects[KEEP]
    assert values(found)["north: mine from 2025"][100:] == pytest.approx(keep.npv_usd)


def test_mines_share_their_luck_and_tenants_do_not(found: PortfolioAnswer) -> None:
    by_name = values(found)
    mines = np.corrcoef(by_name["north: mine from 2025"], by_name["south: mine from 2025"])[0, 1]
    halls = np.corrcoef(by_name["north: host from 2025"], by_name["south: host from 2025"])[0, 1]
    assert mines > 0.999
    assert 0.0 < halls < 0.95


def test_the_choice_is_the_best_of_all_combinations(found: PortfolioAnswer) -> None:
    """Every pair of ways under the limits, weighed by mean and by the mean of the twenty worst of 200 scenarios."""
    limits = found.file.limits()
    ways = [[None, *(one for one in found.candidates if one.table.site == name)] for name in ("north", "south")]
    best = 0.0
    for pair in itertools.product(*ways):
        done = [one.project for one in pair if one is not None]
        if not done:
            continue
        spent = sum((one.capital_usd_per_mw * one.most_mw for one in done), np.zeros(3))
        drawn = sum((one.power_share * one.most_mw for one in done), np.zeros(3))
        busy = sum((one.crews for one in done), np.zeros(3))
        if (spent > limits.capital_usd).any() or (drawn > limits.power_mw).any() or (busy > limits.crews).any():
            continue
        together = np.sum([one.values_usd_per_mw * one.most_mw for one in done], axis=0)
        best = max(best, 0.5 * float(together.mean()) + 0.5 * float(np.sort(together)[:20].mean()))
    assert best > 0
    assert found.found.objective_usd == pytest.approx(best, rel=1e-6)


def test_the_verb_answers_from_site_files_and_names_them(run: Run) -> None:
    path = write(Path())
    answer = run("portfolio", path, "--scenarios", "20", "--json", "--report", "two.html")
    assert answer.code == 0, answer.err
    given = json.loads(answer.out)
    published("portfolio-answer-1", given)
    assert given["sites"] == ["north", "south"]
    assert given["candidates"] == 6
    assert "on the same scenarios of coin, network, rents and power" in answer.files["two.html"].decode()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"south.toml"', '"west.toml"', "west.toml"),
        ('"south.toml"', '"north.toml"', "each stands once"),
        ("first_year = 2025", "first_year = 2026", "limits are of 2026 to 2028"),
        ("convert_years = [2025, 2026]", "convert_years = [2028]", "limits are of 2025 to 2027"),
        ("crews_per_hall = [1.0]", "crews_per_hall = [1.0, 1.0, 1.0]", "needs crews until 2028"),
        ("crews_per_hall = [1.0]", "crews_per_hall = [-1.0]", "crews are from 0"),
        ('sites = ["north.toml", "south.toml"]\n', "", "something can be chosen"),
    ],
)
def test_a_wrong_portfolio_of_sites_is_answered_with_rule_and_remedy(run: Run, old: str, new: str, words: str) -> None:
    assert old in TWO
    refused(run("portfolio", write(Path(), TWO.replace(old, new, 1)), "--scenarios", "20"), words)


def test_sites_of_different_days_have_no_joint_scenarios(tmp_path: Path) -> None:
    path = write(tmp_path)
    text = (tmp_path / "south.toml").read_text(encoding="utf-8")
    assert "end = 2025-01-01" in text
    (tmp_path / "south.toml").write_text(text.replace("end = 2025-01-01", "end = 2024-12-01"), encoding="utf-8")
    with pytest.raises(InputError, match="begin in one month of first_year = 2025"):
        portfolio(path, scenarios=20)


def test_a_site_with_errors_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    text = (tmp_path / "south.toml").read_text(encoding="utf-8")
    (tmp_path / "south.toml").write_text(text.replace("America/Chicago", "America/New_York"), encoding="utf-8")
    with pytest.raises(InputError, match="America/New_York"):
        portfolio(path, scenarios=20)
