"""Every kind of tampering with a right plan is refused, by the check that it is against."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checker.check_plan import main
from tests.checker.paper import WEEKS, Files, checked, specimen

Tool = Callable[[dict[str, Any], dict[str, Any]], None]
TABLE: list[tuple[str, str, str, Tool]] = []
"""Name, specimen, how the line begins that must say 'wrong' (or 'unreadable'), and the tool."""


def tampering(name: str, check: str) -> Callable[[Tool], Tool]:
    def add(tool: Tool) -> Tool:
        TABLE.append((tool.__name__, name, check, tool))
        return tool

    return add


def put(*path: Any, to: Any) -> Tool:
    """A tool that replaces what stands at a path; of the plan, or of the problem when it begins with 'problem'."""

    def tool(problem: dict[str, Any], plan: dict[str, Any]) -> None:
        found: Any = problem if path[0] == "problem" else plan
        steps = path[1:] if path[0] == "problem" else path
        for step in steps[:-1]:
            found = found[step]
        was = found[steps[-1]]
        found[steps[-1]] = to(was) if callable(to) else to

    return tool


def gone(*path: Any) -> Tool:
    """A tool that takes a key or an item away."""

    def tool(problem: dict[str, Any], plan: dict[str, Any]) -> None:
        found: Any = problem if path[0] == "problem" else plan
        steps = path[1:] if path[0] == "problem" else path
        for step in steps[:-1]:
            found = found[step]
        del found[steps[-1]]

    return tool


def more(share: float) -> Callable[[float], float]:
    return lambda was: was + share * abs(was)


CERT = "certificate"
TABLE += [
    # feasible, 1: units and shares
    ("blocks too few", "three-jobs", "feasible", gone("units", 0)),
    ("a unit for two blocks", "three-jobs", "feasible", put("units", 0, "blocks", to=2)),
    ("a share below 0", "windows", "feasible", put("units", 0, "share", 0, 0, to=-0.01)),
    ("shares above 1", "windows", "feasible", put("units", 0, "share", 0, 1, to=0.5)),
    ("shares of a half", "exclusive", "feasible", put("units", 0, "share", 0, 2, to=0.5)),
    # feasible, 2: dwell
    ("a run too short", "exclusive", "feasible", put("units", 0, "share", 0, 4, to=0.0)),
    ("a rest too short", "three-jobs", "feasible", put("units", 4, "share", 0, 10, to=1.0)),
    ("one interval moved", "three-jobs", "feasible", put("units", 0, "share", 0, 2, to=1.0)),
    ("a rest before the horizon too short", "three-jobs", "feasible", put("problem", "machines", 0, "initial", "steps", to=0)),
    ("a longer rest asked for", "three-jobs", "feasible", put("problem", "machines", 1, "min_down", to=4)),
    # feasible, 3: limit and elastic loads
    ("a lower limit", "three-jobs", "feasible", put("problem", "limit_mw", 3, to=20.0)),
    ("import above the limit", "elastic-reserves", "feasible", put("elastic_mw", 0, 0, to=30.0)),
    ("elastic power below 0", "elastic-reserves", "feasible", put("elastic_mw", 0, 4, to=-0.1)),
    ("elastic power above its segments", "exclusive", "feasible", put("elastic_mw", 0, 0, to=3.001)),
    # feasible, 4: jobs
    ("a job one short", "three-jobs", "feasible", put("batch_on", 0, 9, to=0)),
    ("a job one long", "three-jobs", "feasible", put("batch_on", 0, 10, to=1)),
    ("a job in the wrong window", "three-jobs", "feasible", put("batch_on", 1, to=[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 1])),
    ("a job where it cannot run", "three-jobs", "feasible", put("batch_on", 2, to=[0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0])),
    ("a job run too short", "three-jobs", "feasible", put("batch_on", 0, to=[1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0])),
    ("half a job", "three-jobs", "feasible", put("batch_on", 0, 5, to=0.5)),
    ("a longer run asked for", "three-jobs", "feasible", put("problem", "batches", 0, "min_run", to=10)),
    ("another need", "three-jobs", "feasible", put("problem", "batches", 0, "need", 0, to=8)),
    # feasible, 5: awards
    ("an award too high", "three-jobs", "feasible", put("award_mw", 0, 3, to=2.0001)),
    ("an award below 0", "exclusive", "feasible", put("award_mw", 0, 0, to=-0.5)),
    ("an award below its least", "three-jobs", "feasible", put("award_mw", 0, 3, to=0.5)),
    ("excluded programmes both sold", "exclusive", "feasible", put("award_mw", 1, 1, to=0.25)),
    ("an award without cover", "exclusive", "feasible", put("award_mw", 0, 0, to=2.0)),
    ("a smaller share", "windows", "feasible", put("problem", "reserves", 0, "share_fraction", to=0.5)),
    # value and idle
    ("value raised", "three-jobs", "value", put("value_usd", to=more(1e-4))),
    ("value lowered", "three-jobs", "value", put("value_usd", to=more(-1e-4))),
    ("idle lowered", "three-jobs", "idle", put("idle_usd", to=more(-1e-4))),
    ("idle raised", "exclusive", "idle", put("idle_usd", to=more(1e-4))),
    ("another spot price", "windows", "value", put("problem", "price_usd_per_mwh", 4, to=more(0.01))),
    ("another revenue", "windows", "value", put("problem", "machines", 0, "revenue_usd_per_h", 0, 4, to=more(0.01))),
    ("no loss after a start", "exclusive", "value", put("problem", "machines", 0, "ramp_loss", to=[])),
    ("another start charge", "exclusive", "value", put("problem", "machines", 0, "start_usd", to=61.0)),
    ("another stop charge", "elastic-reserves", "value", put("problem", "machines", 1, "stop_usd", to=9.0)),
    ("another restart charge", "three-jobs", "value", put("problem", "batches", 0, "restart_usd", to=601.0)),
    ("another job fee", "three-jobs", "value", put("problem", "batches", 0, "fee_usd_per_h", 3, to=7.0)),
    ("a job that pays for its energy", "exclusive", "value", put("problem", "batches", 0, "pass_through", to=False)),
    ("resale allowed", "three-jobs", "idle", put("problem", "positions", 0, "resale", to="spread")),
    ("another fixed price", "three-jobs", "value", put("problem", "positions", 0, "fixed_usd_per_mwh", to=37.0)),
    ("another demand charge", "three-jobs", "value", put("problem", "peaks", 0, "usd_per_mw_month", 0, to=21.0)),
    ("a higher ratchet", "three-jobs", "value", put("problem", "peaks", 0, "ratchet_fraction", to=0.99)),
    ("a higher floor", "three-jobs", "value", put("problem", "peaks", 0, "floor_mw", 1, to=40.0)),
    ("another call price", "three-jobs", "value", put("problem", "reserves", 0, "call_usd_per_mw_h", 0, to=-0.6)),
    ("another rent", "exclusive", "value", put("problem", "firm", 0, "rent_usd", 0, to=81.0)),
    ("other fixed fees", "exclusive", "value", put("problem", "fixed_usd", 0, to=1.6)),
    ("modes swapped", "windows", "value", put("units", 0, "share", to=lambda was: was[::-1])),
    ("less elastic power", "exclusive", "value", put("elastic_mw", 0, 0, to=2.0)),
    ("no award", "three-jobs", "value", put("award_mw", 0, 3, to=0.0)),
    # pieces
    ("a piece missing", "three-jobs", "pieces", gone(CERT, "pieces", 0, 3)),
    ("the top piece missing", "three-jobs", "pieces", gone(CERT, "pieces", 0, 0)),
    ("the lowest piece missing", "paper", "pieces", gone(CERT, "exclusions", 0)),
    ("a piece's usd raised", "three-jobs", "pieces", put(CERT, "pieces", 0, 3, "usd", to=more(1e-6))),
    ("a piece upside down", "three-jobs", "pieces", put(CERT, "pieces", 0, 13, "most_mw", to=1.0)),
    ("a gap between pieces", "three-jobs", "pieces", put(CERT, "pieces", 0, 3, "most_mw", to=more(-1e-5))),
    ("an excluded piece's usd raised", "paper", "pieces", put(CERT, "exclusions", 1, "pieces", 0, "usd", to=5)),
    ("a second piece without a charge", "exclusive", "pieces", put(CERT, "pieces", 0, to=lambda was: was * 2)),
    # prices
    ("a cover below 0", "exclusive", "prices", put(CERT, "prices", "cover", 2, to=-1e-9)),
    ("an exclusion's cover below 0", "elastic-reserves", "prices", put(CERT, "exclusions", 0, "prices", "cover", 0, to=-1.0)),
    ("a wage of the first job", "exclusive", "prices", put(CERT, "prices", "wage", 0, 0, to=1.0)),
    # cuts
    ("a cut at 0", "three-jobs", "cuts", put(CERT, "cuts", 6, 0, to=0.0)),
    ("a cut below 0", "three-jobs", "cuts", put(CERT, "cuts", 6, 0, to=-1e-9)),
    ("a cut at the cap", "three-jobs", "cuts", put(CERT, "cuts", 6, 3, to=2.0)),
    ("a cut moved outside", "windows", "cuts", put(CERT, "cuts", 0, 5, to=6.001)),
    ("cuts that fall", "three-jobs", "cuts", put(CERT, "cuts", 6, to=lambda was: was[::-1])),
    ("a cut twice", "three-jobs", "cuts", put(CERT, "cuts", 6, to=lambda was: [was[0], *was])),
    ("a cut where a month begins", "elastic-reserves", "cuts", put(CERT, "cuts", 1, to=[3.0])),
    ("a cut dropped", "three-jobs", "bound", gone(CERT, "cuts", 11, 5)),
    ("all cuts dropped", "three-jobs", "bound", put(CERT, "cuts", to=[])),
    ("a cut moved", "three-jobs", "bound", put(CERT, "cuts", 9, 4, to=more(-0.01))),
    ("a cut added", "windows", "bound", put(CERT, "cuts", 0, to=lambda was: [*was, 5.1375])),
    ("cuts of two hours swapped", "three-jobs", "bound", put(CERT, "cuts", to=lambda was: [*was[:9], was[10], was[9], was[11]])),
    # exclusions
    ("an exclusion with other prices", "paper", "exclusions", put(CERT, "exclusions", 0, "prices", "running", 0, 0, to=60)),
    ("an excluded piece made cheap", "elastic-reserves", "exclusions", put(CERT, "exclusions", 0, "pieces", 0, "usd", to=-5000.0)),
    ("too much excluded", "paper", "exclusions", put(CERT, "exclusions", 1, "pieces", 0, to={"least_mw": 1, "most_mw": 3, "usd": 4})),
    ("all excluded at the last prices", "three-jobs", "exclusions", put(CERT, "exclusions", 0, "pieces", to=lambda was: [*was, {"least_mw": 6.6, "most_mw": None, "usd": 132.0}])),
    ("an exclusion in another month", "three-jobs", "pieces", put(CERT, "exclusions", 0, "month", to=1)),
    # bound
    ("the certificate's bound lowered", "three-jobs", "bound", put(CERT, "bound_usd", to=more(-1e-6))),
    ("the certificate's bound raised", "three-jobs", "bound", put(CERT, "bound_usd", to=more(1e-6))),
    ("the bound below the value", "paper", "bound", put("bound_usd", to=-28.1)),
    ("the bound above the certificate's", "paper", "bound", put("bound_usd", to=-25.9)),
    ("the bound of nothing", "paper", "bound", put("bound_usd", to=None)),
    ("other running prices", "three-jobs", "bound", put(CERT, "prices", "running", 8, 0, to=more(0.05))),
    ("other cover prices", "windows", "bound", put(CERT, "prices", "cover", 4, to=9.0)),
    ("other wages", "windows", "bound", put(CERT, "prices", "wage", 4, 1, to=90.0)),
    ("a piece made cheap", "paper", "bound", put(CERT, "pieces", 0, 0, "usd", to=9.0)),
    # the bound together
    ("together denied", "together", "bound", put(CERT, "together", to=False)),
    ("together left out", "together", "bound", gone(CERT, "together")),
    ("the bound together lowered", "together", "bound", put(CERT, "bound_usd", to=more(-1e-6))),
    ("the bound together raised", "together", "bound", put(CERT, "bound_usd", to=more(1e-6))),
    ("a piece of the bound together made cheap", "together", "bound", put(CERT, "pieces", 0, to=lambda was: [one | {"usd": 0.0} for one in was])),
    ("a cut of the bound together dropped", "together", "bound", put(CERT, "cuts", to=[])),
    ("a floor above the bound", "together", "bound", put(CERT, to=lambda was: was | {"floor_usd": 1e9})),
    ("a floor without together", "three-jobs", "unreadable", put(CERT, to=lambda was: was | {"floor_usd": 0.0})),
    ("a floor that is no number", "together", "unreadable", put(CERT, to=lambda was: was | {"floor_usd": "low"})),
    ("together that is no truth value", "together", "unreadable", put(CERT, "together", to=1)),
    # premises
    ("a revenue below 0 with a loss", "three-jobs", "premises", put("problem", "machines", 0, "revenue_usd_per_h", 2, 0, to=-5.0)),
    ("a demand charge below 0", "three-jobs", "premises", put("problem", "peaks", 0, "usd_per_mw_month", 0, to=-1.0)),
    # what the page does not describe
    ("NaN", "exclusive", "unreadable", put("value_usd", to=math.nan)),
    ("infinity in a price", "exclusive", "unreadable", put("problem", "price_usd_per_mwh", 0, to=math.inf)),
    ("a missing key", "exclusive", "unreadable", gone("idle_usd")),
    ("a missing key of the problem", "exclusive", "unreadable", gone("problem", "fixed_usd")),
    ("a missing key of a piece", "exclusive", "unreadable", gone(CERT, "pieces", 0, 0, "usd")),
    ("a missing price", "exclusive", "unreadable", gone(CERT, "prices", "running")),
    ("an interval missing", "exclusive", "unreadable", gone("batch_on", 0, 3)),
    ("a mode missing", "exclusive", "unreadable", gone("units", 0, "share", 2)),
    ("an hour missing", "exclusive", "unreadable", gone("award_mw", 0, 1)),
    ("a month missing", "three-jobs", "unreadable", gone(CERT, "pieces", 1)),
    ("prices of the wrong shape", "exclusive", "unreadable", put(CERT, "prices", "running", 0, to=[1.0, 2.0])),
    ("no cuts", "exclusive", "unreadable", gone(CERT, "cuts")),
    ("an hour without its cuts", "three-jobs", "unreadable", gone(CERT, "cuts", 3)),
    ("cuts of an hour too many", "exclusive", "unreadable", put(CERT, "cuts", to=lambda was: [*was, []])),
    ("cuts without programmes", "paper", "unreadable", put(CERT, "cuts", to=[[1.0], []])),
    ("cuts that are no list", "exclusive", "unreadable", put(CERT, "cuts", 0, to=1.0)),
    ("null for a cut", "exclusive", "unreadable", put(CERT, "cuts", 0, 0, to=None)),
    ("null for cuts", "exclusive", "unreadable", put(CERT, "cuts", to=None)),
    ("infinity for a cut", "exclusive", "unreadable", put(CERT, "cuts", 0, 1, to=math.inf)),
    ("another schema", "exclusive", "unreadable", put("schema", to="megawatt/plan/1")),
    ("another problem schema", "exclusive", "unreadable", put("problem", "schema", to="megawatt/plan/1")),
    ("a text for a number", "exclusive", "unreadable", put("value_usd", to="812.84")),
    ("true for a number", "exclusive", "unreadable", put("batch_on", 0, 0, to=True)),
    ("null for a number", "exclusive", "unreadable", put("bound_usd", to=[])),
    ("an unknown class", "exclusive", "unreadable", put("units", 0, "machine", to=1)),
    ("a class below 0", "exclusive", "unreadable", put("units", 0, "machine", to=-1)),
    ("an unknown month", "three-jobs", "unreadable", put(CERT, "exclusions", 0, "month", to=2)),
    ("an unknown resale", "three-jobs", "unreadable", put("problem", "positions", 0, "resale", to="often")),
    ("windows that fall", "three-jobs", "unreadable", put("problem", "batches", 1, "window", 0, to=1)),
    ("segments that rise", "exclusive", "unreadable", put("problem", "elastic", 0, "segment_usd_per_mwh", 2, 0, to=99.0)),
]  # fmt: skip


@tampering("paper", "weeks")
def a_week_above_its_part(_: dict[str, Any], plan: dict[str, Any]) -> None:
    plan["gap_by_week"] = [WEEKS[0], WEEKS[1] | {"gap_usd": 0.75001}]


@tampering("paper", "weeks")
def a_week_below_0(_: dict[str, Any], plan: dict[str, Any]) -> None:
    plan["gap_by_week"] = [WEEKS[0] | {"gap_usd": -0.25}, WEEKS[1] | {"gap_usd": 1.25}]


@tampering("paper", "weeks")
def a_week_twice(_: dict[str, Any], plan: dict[str, Any]) -> None:
    plan["gap_by_week"] = [WEEKS[0] | {"end": 2}, WEEKS[1] | {"first": 0}]


@tampering("exclusive", "feasible")
def all_awards_above_the_cover(problem: dict[str, Any], plan: dict[str, Any]) -> None:
    """Two programmes that do not exclude each other: 2 + 2 MW on 3 x 1.125 MW of mining."""
    for programme in problem["reserves"]:
        programme["excludes"] = []
    plan["award_mw"][1][1] = 2.0


@tampering("paper", "bound")
def prices_swapped(_: dict[str, Any], plan: dict[str, Any]) -> None:
    """The prices of the certificate and of the first exclusion change places."""
    certificate = plan[CERT]
    first = certificate["exclusions"][0]
    assert first["prices"] != certificate["prices"]
    first["prices"], certificate["prices"] = certificate["prices"], first["prices"]


@tampering("three-jobs", "bound")
def classes_swapped(_: dict[str, Any], plan: dict[str, Any]) -> None:
    """The running prices of the two classes change places."""
    prices = plan[CERT]["prices"]
    prices["running"] = [row[::-1] for row in prices["running"]]


@tampering("paper", "exclusions")
def value_and_plan_worse(_: dict[str, Any], plan: dict[str, Any]) -> None:
    """An honest but worse plan under exclusions that hold for the better one only."""
    plan["units"][0]["share"] = [[0, 1]]
    # revenue 60, energy -10 - 150, start -3, rent 10, fixed -2, demand -12
    plan["value_usd"] = -107.0
    plan["bound_usd"] = -30.0


@tampering("day", "idle")
def a_day_with_two_prices_exchanged(problem: dict[str, Any], _: dict[str, Any]) -> None:
    """The first and the last price change places."""
    prices = problem["price_usd_per_mwh"]
    prices[0], prices[-1] = prices[-1], prices[0]
    assert prices[0] != prices[-1]


@tampering("day", "feasible")
def a_day_moved_by_one_interval(_: dict[str, Any], plan: dict[str, Any]) -> None:
    """The job of the day begins an interval earlier and stops where it did."""
    on = plan["batch_on"][0]
    on[on.index(0)] = 1


def test_the_table_holds_what_it_should() -> None:
    names = [name for name, *_ in TABLE]
    assert len(names) == len(set(names)) >= 50


@pytest.mark.parametrize(("where", "check", "tool"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_tampering_is_refused(
    where: str, check: str, tool: Tool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem, plan = specimen(where)
    tool(problem, plan)
    code = checked(tmp_path, (problem, plan))
    lines = capsys.readouterr().out.splitlines()
    if check == "unreadable":
        assert code == 2
        assert lines[-1].startswith("unreadable: ")
    else:
        assert code == 1
        assert any(line.startswith(f"{check}: wrong: ") for line in lines), lines


SPOILT = [
    ("no file", None),
    ("no text", b"\xff\xfe"),
    ("no JSON", b"{"),
    ("no object", b"[]"),
    ("a key twice", b'{"schema": "megawatt/plan/2", "schema": "megawatt/plan/2"}'),
    ("too deep", b"[" * 200_000),
    ("a number too great", b'{"schema": "megawatt/plan/2", "inputs_sha256": "", "method": "", "value_usd": 1e999}'),
]


@pytest.mark.parametrize("content", [row[1] for row in SPOILT], ids=[row[0] for row in SPOILT])
def test_a_spoilt_file_is_unreadable(content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files: Files = specimen("paper")
    checked(tmp_path, files)
    capsys.readouterr()
    path = tmp_path / "plan.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert main([str(tmp_path / "problem.json"), str(path)]) == 2
    assert capsys.readouterr().out.startswith("unreadable: ")
    assert json.loads((tmp_path / "problem.json").read_text()) == files[0]
