"""``megawatt plan`` and ``megawatt backtest``: answers, the state that is carried on, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.app.plan_commands import intervals_of
from megawatt.app.plan_state import read_record, read_state, record_text, state_text
from megawatt.core.errors import InputError
from megawatt.dispatch.problem import FREE, InitialState
from megawatt.dispatch.recommend import PolicyRecord
from megawatt.dispatch.state import Decided, SiteState, WorkState
from megawatt.site.examples import example
from tests.app.decisions import mine_text, period, without
from tests.app.running import Run, refused, runner
from tests.app.schemas import no_constant, published

NOON = "2024-03-14T12:00-05:00"
QUARTER = "2024-03-14T12:15-05:00"

run = pytest.fixture(runner)


@pytest.fixture
def sites(run: Run) -> Run:
    Path("mine.toml").write_text(mine_text("2024-03-04", "2024-03-18"), encoding="utf-8")
    hybrid = without(without(example("hybrid"), "charge"), "programme")
    Path("hybrid.toml").write_text(period(hybrid, "2024-07-01", "2024-07-20"), encoding="utf-8")
    return run


def record(lead: float, site: str = "texas-mine") -> None:
    rule = np.full(40, 1000.0)
    Path("record.json").write_text(
        record_text(PolicyRecord(site, "2024-02-01", {"hysteresis": rule, "rolling": rule + lead})), encoding="utf-8"
    )


def test_the_terminal_says_what_to_do_what_it_is_worth_and_what_it_rests_on(sites: Run) -> None:
    answer = sites("plan", "mine.toml", "--now", NOON)
    assert answer.code == 0, answer.err
    for word in (
        "plan by rolling",
        "s21:",
        "of 5 blocks on",
        "Expected",
        "price scenarios",
        "Prices: the day-ahead price",
    ):
        assert word in answer.out
    for word in ("information", "whatever comes after", "No state was given", "No record was given"):
        assert word in answer.out.replace("\n", " ")
    assert set(answer.files) == {"mine.toml", "hybrid.toml"}


@pytest.mark.parametrize(
    ("site", "now", "horizon"), [("mine.toml", NOON, "24h"), ("hybrid.toml", "2024-07-11T12:00Z", "6h")]
)
def test_the_json_holds_what_its_schema_describes(sites: Run, site: str, now: str, horizon: str) -> None:
    words = ("plan", site, "--now", now, "--horizon", horizon, "--scenarios", "2", "--risk", "0.5", "--json")
    answer = sites(*words)
    assert answer.code == 0, answer.err
    found = json.loads(answer.out, parse_constant=no_constant)
    published("plan-1", found)
    value = found["value"]
    ordered = [value[name] for name in ("low_usd", "tail_usd", "expected_usd", "high_usd")]
    assert (np.diff(ordered) > -1e-6).all()
    assert answer.out == sites(*words).out


def test_a_plan_made_again_goes_on_from_what_ran(sites: Run) -> None:
    first = sites("plan", "mine.toml", "--now", NOON, "--state", "state.json")
    assert first.code == 0, first.err
    kept = read_state(Path("state.json"))
    assert kept.decided is not None
    again = sites("plan", "mine.toml", "--now", QUARTER, "--state", "state.json", "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["state_assumed"] is False
    after = read_state(Path("state.json"))
    assert after.at == kept.at + np.timedelta64(900, "s")
    for name, states in after.blocks.items():
        assert [state.on for state in states] == [bool(word[0]) for word in kept.decided.blocks[name]]


def test_a_record_on_which_looking_ahead_lost_lets_the_rule_decide_and_says_so(sites: Run) -> None:
    record(-10.0)
    lost = sites("plan", "mine.toml", "--now", NOON, "--record", "record.json")
    assert lost.code == 0, lost.err
    assert "plan by hysteresis" in lost.out
    assert "lost 400 USD to the tuned rule" in lost.out.replace("\n", " ")
    record(+10.0)
    won = sites("plan", "mine.toml", "--now", NOON, "--record", "record.json", "--json")
    assert json.loads(won.out)["policy"]["name"] == "rolling"
    record(+10.0, "elsewhere")
    refused(sites("plan", "mine.toml", "--now", NOON, "--record", "record.json"), "a record of 'elsewhere'")


def test_work_that_no_longer_fits_is_told_with_exit_code_1(sites: Run) -> None:
    step = ("--horizon", "6h", "--scenarios", "2", "--state", "state.json")
    first = sites("plan", "hybrid.toml", "--now", "2024-07-11T12:00Z", *step)
    assert first.code == 0, first.err
    text = json.loads(Path("state.json").read_text())
    text["work"]["batch-hall"]["done"] = 0
    Path("state.json").write_text(json.dumps(text))
    late = sites("plan", "hybrid.toml", "--now", "2024-07-11T13:00Z", *step)
    assert late.code == 1, late.err
    assert "no longer fit" in late.out


def test_a_backtest_shows_every_policy_and_writes_the_record_that_a_plan_reads(sites: Run) -> None:
    answer = sites("backtest", "mine.toml", "--to", "2024-03-06", "--record", "r.json")
    assert answer.code == 1, answer.err  # two days recommend nothing
    assert "not recommended" in answer.out
    found = read_record(Path("r.json"))
    assert found.days == 2
    assert {"always-on", "threshold", "hysteresis", "stochastic", "rolling", "perfect-foresight"} <= set(
        found.usd_by_day
    )
    as_json = json.loads(sites("backtest", "mine.toml", "--to", "2024-03-06", "--json").out, parse_constant=no_constant)
    published("backtest-1", as_json)
    assert as_json["recommended"] not in {"stochastic", "rolling"}
    for one in as_json["policies"]:
        assert one["net_usd"] == pytest.approx(found.total_usd(one["name"]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--now", "2024-03-14T12:00"), "a time has a zone"),
        (("--now", "2024-03-05T12:00Z"), "7 days"),
        (("--now", NOON, "--horizon", "20m"), "whole number of intervals"),
        (("--now", NOON, "--horizon", "8d"), "at most 168 h"),
        (("--now", NOON, "--horizon", "soon"), "a horizon of 'soon'"),
        (("--now", NOON, "--state", "nowhere/state.json"), "does not exist"),
        (("--now", NOON, "--record", "mine.toml"), "a record of policies has another form"),
        (("--now", NOON, "--record", "none.json"), "cannot be read"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_what_to_do(sites: Run, words: tuple[str, ...], said: str) -> None:
    before = sites("--version").files
    answer = sites("plan", "mine.toml", *words)
    refused(answer, said)
    assert answer.files == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.pop("peak_mw"), "peak_mw: field required"),
        (lambda s: s.update(more=1), "more: extra inputs"),
        (lambda s: s["blocks"]["s21"][0].update(intervals=0), "greater than or equal to 1"),
        (lambda s: s["decided"]["import_mw"].pop(), "do not fit"),
        (lambda s: s["decided"]["blocks"]["s21"].pop(), "do not fit"),
        (lambda s: s.update(schema="megawatt/plan-state/2"), "schema"),
        (lambda s: s.update(site="another"), "a state of 'another'"),
        (lambda s: s.update(at="2024-03-20T00:00:00Z"), "a plan goes on from there"),
        (lambda s: s.update(at="yesterday"), "a time is ISO 8601"),
    ],
)
def test_a_spoilt_state_is_refused_and_left_as_it_is(sites: Run, change: object, said: str) -> None:
    sites("plan", "mine.toml", "--now", NOON, "--horizon", "2h", "--scenarios", "2", "--state", "state.json")
    state = json.loads(Path("state.json").read_text())
    assert callable(change)
    change(state)
    Path("state.json").write_text(json.dumps(state))
    before = Path("state.json").read_bytes()
    refused(sites("plan", "mine.toml", "--now", QUARTER, "--state", "state.json"), said)
    assert Path("state.json").read_bytes() == before


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_a_state_reads_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    at = np.datetime64("2024-07-20T17:00", "s")

    def word() -> tuple[int, ...]:
        return tuple(int(x) for x in rng.integers(0, 2, n))

    state = SiteState(
        "mine",
        at,
        15,
        {"s": (InitialState(True, FREE), InitialState(False, int(rng.integers(1, 99))))},
        {"train": WorkState(at, int(rng.integers(0, 99)), InitialState(False, 3))},
        {"demand": {"2024-07": round(float(rng.uniform(0, 90)), 3)}},
        Decided({"s": (word(), word())}, {"train": word()}, tuple(float(x) for x in rng.integers(0, 9, n))),
    )
    file = tmp_path_factory.mktemp("state") / "state.json"
    file.write_text(state_text(state))
    assert read_state(file) == state


def test_horizons_are_read_in_days_hours_and_minutes() -> None:
    assert [intervals_of(text, 15) for text in ("2d", "48h", "90m")] == [192, 192, 6]
    with pytest.raises(InputError, match="whole number"):
        intervals_of("0h", 15)
