"""``megawatt portfolio`` as a user runs it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from megawatt.app.notebook import portfolio
from megawatt.app.portfolio_answer import answer_portfolio
from megawatt.app.portfolio_examples import FOUR_SITES
from megawatt.app.portfolio_file import portfolio_of
from tests.app.running import Run, refused, runner
from tests.app.schemas import published

run = pytest.fixture(runner)
FILE = Path("four-sites.toml")
FEW = ("--scenarios", "40")

SHADOW = """\
schema = "megawatt/portfolio/1"
[portfolio]
name = "105 M USD"
first_year = 2025
discount_rate = 0.10
capital_musd = [105.0]
power_mw = [500.0]
crews = [2.0]
[[project]]
site = "good"
mode = "host"
most_mw = 100.0
least_mw = 10.0
value_musd_per_mw = 2.0
capital_musd_per_mw = [1.0]
crews = [1.0]
[[project]]
site = "fair"
mode = "mine"
most_mw = 100.0
value_musd_per_mw = 1.0
capital_musd_per_mw = [1.0]
crews = [1.0]
"""


def test_the_example_is_written_and_chosen_from(run: Run) -> None:
    assert "megawatt portfolio four-sites.toml" in run("init", "four-sites").out
    answer = run("portfolio", FILE, *FEW)
    assert answer.code == 0, answer.err
    text = " ".join(answer.out.split())
    for words in ("in nine of ten scenarios", "of the scenarios lose", "proved", "Limits that bind", "13 candidates"):
        assert words in text


def test_the_json_keeps_its_schema_and_is_the_same_for_the_same_seed(run: Run) -> None:
    FILE.write_text(FOUR_SITES, encoding="utf-8")
    first, again = (run("portfolio", FILE, *FEW, "--json") for _ in range(2))
    found = json.loads(first.out)
    published("portfolio-answer-1", found)
    assert found == json.loads(again.out)
    assert len({one["site"] for one in found["chosen"]}) == len(found["chosen"])
    for limit in found["limits"]:
        assert limit["used"] <= limit["limit"] * (1 + 1e-6)


def test_one_more_unit_is_worth_what_it_buys() -> None:
    """105 M USD at 1 M a MW: 100 MW of the better one, 5 of the other; one more M USD buys one more MW of that: 1 M USD.

    A third crew would stand idle, and so would a megawatt more of power.
    """
    found = answer_portfolio(portfolio_of(SHADOW), scenarios=20)
    assert found.found.megawatts == pytest.approx({"good: host from 2025": 100.0, "fair: mine from 2025": 5.0})
    worth = {use.what: use.worth_usd for use in found.uses}
    assert worth == pytest.approx({"capital": 1e6, "power": 0.0, "crews": 0.0}, abs=1.0)
    assert [use.what for use in found.uses if use.binds] == ["capital"]


def test_a_limit_may_bind_without_being_full() -> None:
    """A phase of at least 10 MW does not fit in 9.5 M USD: one more M USD is worth all of it, and nothing is used."""
    text = SHADOW[: SHADOW.rindex("[[project]]")].replace("capital_musd = [105.0]", "capital_musd = [9.5]")
    found = answer_portfolio(portfolio_of(text), scenarios=20)
    capital = next(use for use in found.uses if use.what == "capital")
    assert (capital.used, capital.is_full, capital.binds) == (0.0, False, True)
    assert capital.worth_usd == pytest.approx(10.5 * 2e6)


def test_the_page_holds_the_choice_and_loads_nothing(run: Run) -> None:
    FILE.write_text(FOUR_SITES.replace('"River"', '"<i>River</i>"'), encoding="utf-8")
    answer = run("portfolio", FILE, *FEW, "--report", "four.html")
    assert answer.code == 0, answer.err
    page = answer.files["four.html"].decode()
    for words in ("What is done, MW", "What is used of each limit", "One more unit is worth", "&lt;i&gt;River"):
        assert words in page
    assert "<i>River" not in page
    assert not re.search(r'(?:src|href)="(?!#)', page)


def test_a_portfolio_of_nothing_says_so(run: Run) -> None:
    FILE.write_text(
        SHADOW.replace("value_musd_per_mw = 2.0", "value_musd_per_mw = -2.0").replace("= 1.0\ncap", "= -1.0\ncap")
    )
    answer = run("portfolio", FILE, *FEW, "--report", "none.html")
    assert answer.code == 0, answer.err
    assert "Nothing is worth doing" in answer.out
    assert "none.html" in answer.files


def test_the_notebook_gives_tidy_tables(tmp_path: Path) -> None:
    path = tmp_path / "four-sites.toml"
    path.write_text(FOUR_SITES, encoding="utf-8")
    found = portfolio(path, scenarios=50)
    table, limits = found.table(), found.limits()
    assert table["mw"].sum() == pytest.approx(sum(found.found.megawatts.values()))
    assert table["value_usd"].sum() == pytest.approx(found.found.value_usd.mean)
    assert list(limits["what"].unique()) == ["capital", "power", "crews"]
    assert np.isfinite(limits["worth_usd"]).all()
    assert "<table" in found._repr_html_()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("power_mw = [330.0, 330.0", "power_mw = [330.0", "all limits have the same"),
        ("crews = [2.0, 3.0, 3.0, 3.0, 3.0]", "crews = [2.0, 3.0, -3.0, 3.0, 3.0]", "no limit is negative"),
        ("least_mw = 40.0", "least_mw = 400.0", "the smallest phase fits in the largest"),
        ("value_musd_per_mw = [-0.4, 0.5, 1.6]", "value_musd_per_mw = [0.5, -0.4, 1.6]", "Sort the three numbers"),
        ("value_musd_per_mw = [-0.4, 0.5, 1.6]", "value_musd_per_mw = [nan, 0.5, 1.6]", "finite"),
        ("power_share = [0.1]", "power_share = [1.1]", "numbers from 0 to 1"),
        ("power_share = [0.1]", "power_share = []", "at least one number"),
        ('mode = "stand by"', 'mode = "standby"', "mode"),
        ("most_mw = 120.0\nvalue_musd_per_mw = [-0.4", "most_mw = 0.0\nvalue_musd_per_mw = [-0.4", "most_mw"),
        ("aversion = 0.3", "aversion = 30", "aversion"),
        ("start_years = [2026, 2027]", "start_years = [2029]", "needs money until 2030"),
        ("tail = 0.05", "tail = 0.002", "holds at least one scenario"),
        ("[portfolio]", "[portefeuille]", "portefeuille"),
    ],
)
def test_a_wrong_portfolio_is_answered_with_rule_and_remedy(run: Run, old: str, new: str, words: str) -> None:
    assert old in FOUR_SITES
    FILE.write_text(FOUR_SITES.replace(old, new, 1), encoding="utf-8")
    refused(run("portfolio", FILE, *FEW), words)


def test_a_missing_file_is_no_traceback(run: Run) -> None:
    refused(run("portfolio", "nowhere.toml"), "the portfolio file nowhere.toml", "megawatt init four-sites")
