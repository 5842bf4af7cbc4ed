"""The coupled bench reads times off courses as it says, keeps its records, and its page says what they say."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from bench import coupled, coupled_page, coupled_table
from bench.coupled_measure import PEERS, measure, peer_of
from bench.coupled_page import BEGIN, END, markdown, shortfall, to_plan, to_proof
from bench.coupled_peers.cbc_log import course_of
from bench.coupled_table import Best, Run, best_known
from bench.instances import DATA
from bench.linear import NO_COLUMN, Linear, before
from bench.site_check import faults, idle, value_usd
from bench.table import PAGE
from bench.windows import problem, window, windows

real = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")

BEST = Best("sha", 0.0, 1000.0, "A", 1000.5, "B")
RUN: Run = {
    "problem_sha256": "sha", "idle_usd": 0.0, "seconds_allowed": 60.0, "build_s": 1.0, "value_usd": 999.95,
    "bound_usd": 1000.8, "faults": [], "load": 0.1, "memory_mb": 5.0, "first_s": 2.0, "machine": "A, 2 cores", "status": "done",
    "course": [[0.1, None, 1100.0], [0.5, 990.0, 1010.0], [2.0, 999.95, 1001.0], [3.0, 999.95, 1000.8]],
}  # fmt: skip


def test_a_time_is_build_plus_solve_until_the_target() -> None:
    assert to_plan(RUN, BEST, 1e-4) == 3.0
    assert to_plan(RUN, BEST, 2e-2) == 1.5
    assert to_proof(RUN, BEST, 1e-3) == 4.0
    assert to_proof(RUN, BEST, 2e-2) == 3.0
    assert to_proof(RUN, BEST, 1e-4) == math.inf
    assert shortfall(RUN, BEST) == pytest.approx(5e-5)


@pytest.mark.parametrize(
    "illness",
    [{"faults": ["a block runs for 1 interval"]}, {"value_usd": 998.0}, {"value_usd": None}],
    ids=["breaks a rule", "is worth less than was said", "is not there"],
)
def test_a_plan_that_is_wrong_never_counts(illness: Run) -> None:
    run = RUN | illness
    assert to_plan(run, BEST, 1e-3) == to_proof(run, BEST, 1e-3) == shortfall(run, BEST) == math.inf


def test_a_bound_below_a_plan_that_exists_proves_nothing() -> None:
    run = RUN | {"bound_usd": 999.96, "course": [[0.5, 999.95, 999.96]]}
    assert to_proof(run, BEST, 1e-3) == math.inf
    assert to_plan(run, BEST, 1e-3) == 1.5


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(coupled_table, "RECORDS", tmp_path)
    monkeypatch.setattr(coupled_table, "BEST", tmp_path / "best.json")
    monkeypatch.setattr(coupled, "RECORDS", tmp_path)
    monkeypatch.setattr(coupled, "renew_page", lambda: None)
    return tmp_path


def test_a_run_that_is_in_the_record_is_not_repeated(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def one(peer: str, w: object, limit: float) -> Run:
        del w, limit
        asked.append(peer)
        return RUN

    monkeypatch.setattr(coupled, "one", one)
    words = ["--peers", "HiGHS counts", "SCIP counts", "--windows", "w002", "--limit"]
    assert coupled.main([*words, "60"]) == coupled.main([*words, "30"]) == 0
    assert sorted(asked) == ["HiGHS counts", "SCIP counts"]
    coupled.main([*words, "90"])
    assert len(asked) == 4, "more time is another run"
    assert json.loads((records / "best.json").read_text())["w002-1d-K4"]["value_usd"] == 999.95


def test_what_is_best_known_only_gets_better(records: Path) -> None:
    def note(peer: str, **change: object) -> Best:
        coupled_table.record_path(peer).write_text(json.dumps({"w002-1d-K4": RUN | change}))
        coupled_table.write_best()
        return best_known()["w002-1d-K4"]

    assert note("HiGHS counts").value_by == "HiGHS counts"
    better = note("SCIP counts", value_usd=1000.0, bound_usd=1000.9)
    assert (better.value_usd, better.value_by, better.bound_by) == (1000.0, "SCIP counts", "HiGHS counts")
    assert note("CP-SAT counts", value_usd=900.0).value_usd == 1000.0
    assert note("CBC counts", value_usd=2000.0, faults=["no"]).value_usd == 1000.0
    assert note("HiGHS naive", problem_sha256="other", value_usd=5000.0).value_usd == 1000.0
    assert len(list(records.glob("*.json"))) == 6


def test_any_beginning_of_the_order_is_spread_over_the_list() -> None:
    first = coupled.spread(windows())[:32]
    assert {w.days for w in first} == {1, 2, 7, 30}
    assert sorted(w.name for w in coupled.spread(windows())) == [w.name for w in windows()]


def test_the_tables_name_the_peer_that_is_first(records: Path) -> None:
    for peer, build in (("megawatt", 9.0), ("CBC counts", 1.0)):
        coupled_table.record_path(peer).write_text(json.dumps({"w002-1d-K4": RUN | {"build_s": build}}))
    found = {peer: coupled_table.read(peer) for peer in ("megawatt", "CBC counts")}
    rows = coupled_page.size_rows(found, best_known())
    assert [row[0] for row in rows] == ["**peer**", "**peer**", "nobody"]
    assert float(rows[0][1]) == pytest.approx(3.0 / 11.0, rel=1e-2)
    assert "CBC counts 1" in rows[0][-1]
    assert records.exists()


def test_the_page_says_what_the_records_say() -> None:
    text = PAGE.read_text()
    assert text[text.index(BEGIN) + len(BEGIN) : text.index(END)].strip() == markdown().strip()


def test_the_course_of_cbc_is_read_from_its_log_and_moved_outwards() -> None:
    log = """
     Nodes   OnTree  Depth         BestSol Method                 BestBound     Gap%   Time(s)
  ──────── ──────── ────── ─────────────── ──────────────── ─────────────── ──────── ─────────
         0        1      0         -140137                          -140675    0.38%      3.33
 ★      93       59     43         -140200 strong branching         -140300    0.07%      17.8
Result - Stopped on time limit
Lower bound:                    -140300
"""
    points = course_of(log).points
    assert [at for at, _, _ in points] == [3.33, 17.8]
    assert points[0][1:] == pytest.approx((140137, 140675), rel=1e-5)
    assert points[0][1] < 140137
    assert points[1][2] > 140300


def test_a_programme_adds_up_what_it_is_given() -> None:
    m = Linear()
    x, y = m.columns(3, cost=[1.0, 2.0, 3.0]), m.columns(3, most=5.0, whole=True)
    m.rows(3, [(x, 1.0), (before(y, 1), [9.0, 2.0, 2.0]), (x, 1.0)], upper=4.0)  # type: ignore[list-item]
    m.sums(2, np.array([0, 0, 1]), y, lower=[1.0, 0.0], upper=2.0)
    m.add_cost(x[:2], 10.0)
    assert m.cost.tolist() == [11.0, 12.0, 3.0, 0.0, 0.0, 0.0]
    assert m.matrix.toarray().tolist() == [
        [2, 0, 0, 0, 0, 0], [0, 2, 0, 2, 0, 0], [0, 0, 2, 0, 2, 0], [0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 0, 1],
    ]  # fmt: skip
    assert before(x, 5).tolist() == [NO_COLUMN] * 3
    assert m.whole.tolist() == [False] * 3 + [True] * 3


@real
@pytest.mark.parametrize("name", ["megawatt", "HiGHS loose counts", "scipy.milp counts"])
def test_the_peers_of_the_core_agree_on_a_day(name: str) -> None:
    run = measure(peer_of(name), window("w057-1d-K1"), 20.0)
    assert run["faults"] == []
    assert run["value_usd"] == pytest.approx(-39048.33609433195, rel=1e-9)
    assert name in PEERS


@real
def test_idle_is_feasible_but_for_what_ran_before() -> None:
    made = problem(window("w002-1d-K4"))
    plan = idle(made)
    assert faults(made, plan) == []
    assert value_usd(made, plan) < 0
