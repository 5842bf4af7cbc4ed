"""``megawatt explain``: the answer in words and as JSON, times that are none, and what cannot be explained."""

import importlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from megawatt.app import explain_commands
from megawatt.app.data import data_for
from megawatt.app.explain_commands import change_words
from megawatt.app.explanation import explain, instant
from megawatt.app.notebook import explain as explain_in_notebook
from megawatt.core.errors import InputError
from megawatt.core.timegrid import utc
from megawatt.dispatch.what_if import Change
from megawatt.site.read import Site
from tests.app.decisions import mine_text, small_hybrid, without
from tests.app.running import Run, refused, runner
from tests.app.schemas import described, no_constant

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "json" / "explain-1.schema.json").read_text(encoding="utf-8"))
EVENING = "2024-03-06T19:00-06:00"

run = pytest.fixture(runner)


@pytest.fixture
def week(run: Run) -> Run:
    Path("mine.toml").write_text(mine_text(), encoding="utf-8")
    Path("hybrid.toml").write_text(small_hybrid(), encoding="utf-8")
    return run


def test_the_terminal_says_who_won_by_how_much_and_how_long_it_stands(week: Run) -> None:
    answer = week("explain", "mine.toml", "--at", EVENING)
    assert answer.code == 0, answer.err
    assert "mine" in answer.out
    assert re.search(r"won|not drawing saves", answer.out)
    assert "Decision horizon: prices up to" in answer.out
    assert "The plan explained is the optimum" in answer.out
    assert set(answer.files) == {"mine.toml", "hybrid.toml"}


@pytest.mark.parametrize(("site", "at"), [("mine.toml", EVENING), ("hybrid.toml", "2024-07-01T17:00-05:00")])
def test_the_json_holds_what_its_schema_describes(site: str, at: str, week: Run) -> None:
    answer = week("explain", site, "--at", at, "--json")
    found = json.loads(answer.out, parse_constant=no_constant)
    assert answer.code == 0
    importlib.import_module("jsonschema").validate(found, SCHEMA)
    assert described(SCHEMA, found) == []
    bids = [one["usd_per_mwh"] for one in found["bidders"]]
    assert bids == sorted(bids, reverse=True)
    assert found["lead_usd_per_mwh"] == pytest.approx(bids[0] - bids[1])
    assert found["winner"]["name"] == found["bidders"][0]["name"]
    assert utc(found["interval"]["start"]) <= utc(at) < utc(found["interval"]["end"])


def test_a_coupled_site_proves_no_horizon_and_names_what_ties_it(week: Run) -> None:
    found = json.loads(week("explain", "hybrid.toml", "--at", "2024-07-01T17:00-05:00", "--json").out)
    assert found["decision_horizon"]["intervals"] == 0
    assert "batch work" in found["decision_horizon"]["reason"]
    assert [one["what"] for one in found["what_if"]] == [
        "1 MW more of meter limit in this interval",
        "1 MW more of meter limit throughout",
        "1 hour more to the deadline of batch-hall",
        "100 USD less for each restart of batch-hall",
        "up to 100 USD less for each start of a block",
    ]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2024-03-06T19:00", "Write 2024-03-06T19:00-06:00 for America/Chicago"),
        ("2024-03-10T02:30", "there is no such time"),
        ("2024-11-03T01:30", "Write 2024-11-03T01:30-05:00 for the first or 2024-11-03T01:30-06:00 for the second"),
        ("2024-03-06", "Write 2024-03-06T00:00-06:00"),
        ("2024-03-11T00:00-05:00", "the period runs from 2024-03-04T00:00:00-06:00 to 2024-03-11T00:00:00-05:00"),
        ("2024-03-03T23:59:59-06:00", "the period runs from"),
        ("0001-01-01T00:00+14:00", "the years 1 to 9999"),
        ("9999-12-31T23:59", "the years 1 to 9999"),
        ("yesterday", "a time is ISO 8601"),
        ("", "a time is ISO 8601"),
        ("2024-03-06T25:00Z", "a time is ISO 8601"),
    ],
)
def test_a_time_that_is_none_is_refused_with_what_to_write(at: str, said: str, week: Run) -> None:
    refused(week("explain", "mine.toml", "--at", at), said)


def test_a_time_must_be_given(week: Run) -> None:
    answer = week("explain", "mine.toml")
    assert answer.code == 2
    assert "--at" in answer.err


def test_the_first_and_last_second_of_an_interval_are_the_same_interval() -> None:
    site = Site.from_text(mine_text(), "mine.toml")
    data = data_for(site)
    first, last = (explain(site, data, utc(f"2024-03-07T01:{text}Z")) for text in ("15:00", "29:59"))
    assert first.interval == last.interval
    assert first.span[0] == pd.Timestamp("2024-03-06T19:15-06:00")


def test_an_interval_without_data_is_no_answer_and_exits_with_1(week: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_gap(site: Site, store: Path | None) -> object:
        data = data_for(site, store)
        price = data["price_rt/LZ_WEST"]
        missing = (price.grid.starts >= utc("2024-03-07T01:00Z")) & (price.grid.starts < utc("2024-03-07T02:00Z"))
        return data.with_series(replace(price, values=np.where(missing, np.nan, price.values)))

    monkeypatch.setattr(explain_commands, "data_for", with_gap)
    answer = week("explain", "mine.toml", "--at", EVENING)
    assert answer.code == 1
    assert "do not cover this interval" in answer.out
    as_json = week("explain", "mine.toml", "--at", EVENING, "--json")
    found = json.loads(as_json.out, parse_constant=no_constant)
    assert (as_json.code, found["interval"]["covered"], found["winner"], found["what_if"]) == (1, False, None, [])
    importlib.import_module("jsonschema").validate(found, SCHEMA)


def test_a_site_that_has_nothing_to_decide_says_so(run: Run) -> None:
    text = small_hybrid()
    for fleet in ("s21", "s19-xp", "s19j-pro"):
        text = without(text, "fleet", fleet)
    Path("firm.toml").write_text(without(text, "hall", "batch-hall"), encoding="utf-8")
    answer = run("explain", "firm.toml", "--at", "2024-07-01T17:00-05:00")
    assert answer.code == 0, answer.err
    assert "Nothing can be decided here" in answer.out
    assert "no later price changes what is done here" in answer.out


def test_the_notebook_gives_bids_and_worth_as_tables() -> None:
    found = explain_in_notebook(Site.from_text(mine_text(), "mine.toml"), EVENING)
    bids = found.bids()
    assert bids["usd_per_mwh"].is_monotonic_decreasing
    assert set(bids["buyer"]) == {"network", "grid"}
    assert found.worth()["resolved"].all()
    with pytest.raises(InputError, match="without a zone"):
        explain_in_notebook(found.case.site, "2024-03-06T19:00")


def test_times_with_an_offset_are_taken_as_they_are_even_where_the_local_clock_jumps() -> None:
    """03:30 by summer time is one of the instants that the missing 02:30 could have meant."""
    assert instant("2024-03-10T03:30-05:00", "America/Chicago") == np.datetime64("2024-03-10T08:30:00")
    with pytest.raises(InputError, match=r"Write 2024-03-10T01:30-06:00 or 2024-03-10T03:30-05:00"):
        instant("2024-03-10T02:30", "America/Chicago")


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (Change("x", 1234.0, 5.0), "x: 1.23 k USD."),
        (Change("x", 3.0, 5.0), "x: not resolved, smaller than the 5.00 USD that the two gaps leave open."),
        (Change("x", 0.0, 0.0), "x: worth nothing."),
        (Change("x", None, None, "no time"), "x: no answer: no time"),
    ],
)
def test_a_change_in_words(one: Change, words: str) -> None:
    assert change_words(one) == words
