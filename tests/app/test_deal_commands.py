"""``megawatt deal`` as a user runs it."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from megawatt.app.deal_examples import CORE_2024, CORE_2024_BID
from megawatt.app.deal_figures import lease_steps, per_share
from megawatt.app.deal_file import deal_of
from megawatt.invest.ranges import Spread
from tests.app.running import Run, refused, runner
from tests.app.schemas import published

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")
run = pytest.fixture(runner)

DEAL, BID = Path("core-2024.toml"), Path("core-2024-bid.toml")
STOCK = """\
schema = "megawatt/bid/1"
[bid]
bidder = "CoreWeave"
ratio = 0.1235
bidder_price_usd = [99.97, 165.2, 190.0]
break_fee_musd = 270.0
[vote]
votes_for = 20752327.0
votes_against = 203451498.0
abstained = 21588639.0
present_fraction = 0.7997
"""


def test_the_examples_are_written_and_valued(run: Run) -> None:
    for name in ("core-2024", "core-2024-bid"):
        assert run("init", name).code == 0
    answer = run("deal", DEAL, "--against", BID, "--scenarios", "500")
    assert answer.code == 0, answer.err
    text = " ".join(answer.out.split())
    for words in (
        "3.50 bn USD is undiscounted contracted revenue, not value.",
        "5.25 bn USD is undiscounted optional revenue, not value.",
        "= 1.022 bn USD",
        "stands for 278 M shares",
        "Premium: 18.1 % on last close, 55.0 % on 3-month VWAP.",
        "What would turn the answer",
        "in nine of ten scenarios",
        "nothing here is investment advice",
    ):
        assert words in text


def test_the_json_is_the_same_for_the_same_seed(run: Run) -> None:
    DEAL.write_text(CORE_2024, encoding="utf-8")
    BID.write_text(CORE_2024_BID, encoding="utf-8")
    words = ("deal", DEAL, "--against", BID, "--json", "--scenarios", "300")
    first, again = run(*words), run(*words)
    assert first.out == again.out
    found = json.loads(first.out)
    published("deal-answer-1", found)
    assert found["revenue_usd"] == pytest.approx({"contracted": 3.5e9, "optional": 5.25e9})
    assert found["against"]["bridge"]["unconverted_usd"] == 260e6
    assert found["against"]["unexplained_prices"] == {"last close": 4.87}


BACKED = (
    CORE_2024.replace(
        "total_revenue_musd = 3500.0",
        'total_revenue_musd = 3500.0\nbackstop_musd = 1800.0\nbackstop_strike = "guarantor"',
        1,
    )
    + """
[[strike]]
name = "guarantor"
count_million = 16.0
strike_usd = 0.01
"""
)
"""The contract of 2024 as if a guarantor of 1.8 bn USD had taken penny warrants on some 8 % of the company for it."""


def test_a_guarantee_is_weighed_against_the_warrants_that_pay_for_it(run: Run) -> None:
    BID.write_text(CORE_2024_BID, encoding="utf-8")
    shares = {}
    for name, text in (("plain", CORE_2024), ("backed", BACKED)):
        DEAL.write_text(text, encoding="utf-8")
        answer = run("deal", DEAL, "--against", BID, "--json", "--scenarios", "300")
        assert answer.code == 0, answer.err
        found = json.loads(answer.out)
        published("deal-answer-1", found)
        shares[name] = found["against"]["value_usd_per_share"]["mean"]
    gain = found["against"]["backstop_usd_per_share"]
    assert gain["mean"] == pytest.approx(shares["backed"] - shares["plain"], abs=1e-9)
    assert gain["low"] < gain["high"]
    assert found["leases"][0]["backstop_usd"]["low"] > 0
    assert found["leases"][1]["backstop_usd"] is None
    told = " ".join(run("deal", DEAL, "--against", BID, "--scenarios", "300").out.split())
    assert "The guarantee behind CoreWeave 200 MW adds" in told
    assert "With its guarantees and the warrants that pay for them a share gains" in told


def test_a_guarantee_paid_by_unknown_warrants_is_refused(run: Run) -> None:
    DEAL.write_text(BACKED.replace('name = "guarantor"', 'name = "somebody"'), encoding="utf-8")
    BID.write_text(CORE_2024_BID, encoding="utf-8")
    refused(run("deal", DEAL, "--against", BID), "'guarantor'", "somebody", "Add the [[strike]]")


def test_a_bid_in_stock_has_a_range_and_its_vote(run: Run) -> None:
    DEAL.write_text(CORE_2024, encoding="utf-8")
    BID.write_text(STOCK, encoding="utf-8")
    answer = run("deal", DEAL, "--against", BID, "--json", "--scenarios", "300")
    assert answer.code == 0, answer.err
    published("deal-answer-1", json.loads(answer.out))
    against = json.loads(answer.out)["against"]
    offer = against["offer_usd_per_share"]
    assert 12.35 < offer["low"] < offer["median"] < offer["high"] < 23.5
    assert round(100 * against["vote"]["for_fraction"], 2) == 6.75
    assert against["vote"]["carried"] is False


@needs_data
def test_other_deals_are_shown_beside_it(run: Run) -> None:
    DEAL.write_text(CORE_2024, encoding="utf-8")
    answer = run("deal", DEAL, "--among", DATA / "miners" / "miner_ai_deals.csv", "--scenarios", "200")
    assert "7 published leases: 1.85 M USD per IT MW-year in the middle" in answer.out
    found = json.loads(run("deal", DEAL, "--among", DATA / "miners" / "miner_ai_deals.csv", "--json").out)
    published("deal-answer-1", found)
    assert len(found["comparables"]) == 14


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("critical_it_mw = 200.0", "critical_mw = 200.0", ("critical_mw", "Did you mean critical_it_mw?")),
        ("noi_margin = [0.60, 0.775, 0.80]", "noi_margin = 77.5", ("noi_margin", "lies between 0 and 1 fraction")),
        ("noi_margin = [0.60, 0.775, 0.80]", "noi_margin = [0.8, 0.7, 0.6]", ("Sort the three numbers",)),
        ("noi_margin = [0.60, 0.775, 0.80]", "noi_margin = [0.6, nan, 0.8]", ("finite",)),
        ("noi_margin = [0.60, 0.775, 0.80]", "noi_margin = [0.6, 0.8]", ("noi_margin",)),
        ('firmness = "optional"', "", ("only an option has one",)),
        ("years = 12.0", "years = 12.03", ("whole months",)),
        ("total_revenue_musd = 3500.0", 'total_revenue_musd = "3.5 bn"', ("total_revenue_musd",)),
        ('schema = "megawatt/deal/1"', 'schema = "megawatt/site/1"', ('schema = "megawatt/deal/1"',)),
        ("[company]", "[firm]", ("firm",)),
    ],
)
def test_a_wrong_deal_is_answered_with_place_rule_and_remedy(
    run: Run, old: str, new: str, words: tuple[str, ...]
) -> None:
    assert old in CORE_2024
    DEAL.write_text(CORE_2024.replace(old, new, 1), encoding="utf-8")
    refused(run("deal", DEAL), "core-2024.toml", *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (STOCK.replace("bidder_price_usd = [99.97, 165.2, 190.0]\n", ""), "needs that price"),
        (STOCK.replace("ratio = 0.1235", "ratio = 0.1235\nvalue_usd = 20.4"), "one of them is fixed"),
        (STOCK.replace("ratio = 0.1235\n", ""), "a bid pays something"),
        (STOCK.replace("ratio = 0.1235", "ratio = 0.1235\ncollar_usd = [180.0, 150.0]"), "two rising prices"),
        ("", "the bid file is empty"),
    ],
)
def test_a_wrong_bid_is_answered_too(run: Run, text: str, words: str) -> None:
    DEAL.write_text(CORE_2024, encoding="utf-8")
    BID.write_text(text, encoding="utf-8")
    refused(run("deal", DEAL, "--against", BID), words)


def test_a_bid_needs_the_company_that_it_is_for(run: Run) -> None:
    text = CORE_2024[: CORE_2024.index("[company]")]
    DEAL.write_text(text, encoding="utf-8")
    BID.write_text(CORE_2024_BID, encoding="utf-8")
    assert run("deal", DEAL, "--scenarios", "100").code == 0
    refused(run("deal", DEAL, "--against", BID), "a bid buys a whole company")


def test_a_missing_file_is_no_traceback(run: Run) -> None:
    refused(run("deal", "nowhere.toml"), "the deal file nowhere.toml", "megawatt init core-2024")


def test_the_page_holds_the_answer_its_charts_and_loads_nothing(run: Run) -> None:
    DEAL.write_text(CORE_2024.replace("CoreWeave 200 MW", "<b>lease</b>"), encoding="utf-8")
    BID.write_text(CORE_2024_BID, encoding="utf-8")
    answer = run("deal", DEAL, "--against", BID, "--scenarios", "300", "--report", "deal.html")
    assert answer.code == 0, answer.err
    page = answer.files["deal.html"].decode()
    for words in ("What flips the answer", "From the headline to a value", "USD per diluted share", "&lt;b&gt;lease"):
        assert words in page
    assert "<b>lease" not in page
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert page.count("<svg") == 8  # four charts, each for a desk and for a phone


def test_a_page_or_workbook_that_cannot_be_written_is_refused_before_any_work(run: Run) -> None:
    DEAL.write_text(CORE_2024, encoding="utf-8")
    refused(run("deal", DEAL, "--report", "nowhere/deal.html"), "the folder nowhere does not exist")
    refused(run("deal", DEAL, "--xlsx", "."), "is a folder")


def test_without_the_extra_a_workbook_names_the_command_that_installs_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    DEAL.write_text(CORE_2024, encoding="utf-8")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    refused(run("deal", DEAL, "--xlsx", "deal.xlsx"), "openpyxl", "pip install 'megawatt[spreadsheet]'")


def test_the_bars_of_a_share_add_up_to_its_value_on_both_sides_of_the_warrants() -> None:
    for text in (CORE_2024, CORE_2024.replace("total_revenue_musd = 3500.0", "total_revenue_musd = 9000.0")):
        company = deal_of(text).as_company()
        assert company is not None
        one = per_share(company)
        assert sum(one.parts.values()) == pytest.approx(one.value)
        assert one.value == pytest.approx(float(company.usd_per_share(company.likely())))


def test_the_steps_from_the_headline_add_up_to_the_value_of_the_lease() -> None:
    outlook = deal_of(CORE_2024).outlooks()[0]
    *steps, total = lease_steps(outlook, 0.10, Spread(0.0, 0.0, 0.0, 0.0))
    assert steps[0].value == pytest.approx(3.5e9)
    assert sum(step.value for step in steps) == pytest.approx(total.value)
    likely = {name: one.likely for name, one in outlook.ranges().items()}
    assert total.value == pytest.approx(float(outlook.lease(likely).value_usd(0.10)))
