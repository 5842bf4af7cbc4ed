"""The bench compares like with like, catches a wrong plan, and its page says what its records say."""

import numpy as np
import pytest

from bench.counts_form import counts, matrix
from bench.instances import BLOCKS, FULL, SITE_MW, SMALL, Instance, instance
from bench.measure import PEERS, SINGLE, measure, peer_of
from bench.peers.highs_direct import HighsLp, HighsMip
from bench.peers.megawatt_plan import MegawattKernel, MegawattPlan
from bench.peers.peer import Peer
from bench.peers.scipy_milp import ScipyMilp
from bench.plan_check import faults, value_usd
from bench.table import EQUAL, PAGE, disagreements, lines, page, records

DAY = Instance(1, 15, 4)
RECORDS = records()


@pytest.mark.parametrize("kind", [MegawattPlan, MegawattKernel, HighsLp, HighsMip, ScipyMilp])
@pytest.mark.parametrize("size", [DAY, Instance(2, 5, 16), Instance(3, 15, 1)], ids=lambda one: one.name)
def test_every_peer_of_the_core_finds_the_same_money_on_small_instances(kind: type[Peer], size: Instance) -> None:
    peer, oracle = kind(), MegawattPlan()
    stated, plan = peer.answer(size, peer.solve(peer.build(size)))
    best, _ = oracle.answer(size, oracle.solve(oracle.build(size)))
    assert faults(size, plan) == []
    assert stated == pytest.approx(best, rel=EQUAL)
    assert value_usd(size, plan) == pytest.approx(best, rel=EQUAL)


def test_the_check_names_each_way_in_which_a_plan_breaks_the_rules() -> None:
    size = Instance(1, 15, 1)  # least run 4 intervals, least rest 2

    def plan(*off: int) -> list[str]:
        n = np.ones((1, size.T))
        n[0, list(off)] = 0
        return faults(size, n)

    assert plan() == []
    assert plan(10, 11) == []
    assert plan(95) == []  # the horizon cuts a rest
    assert "rests for less" in plan(10)[0]
    assert "runs for less" in plan(10, 11, 14, 15)[0]
    assert "whole number" in faults(size, np.full((1, size.T), 0.5))[0]
    assert "more blocks" in faults(size, np.full((1, size.T), 2.0))[0]


def test_money_is_counted_interval_by_interval() -> None:
    size = Instance(1, 15, 1)
    only = size.classes()[0]
    n = np.ones((1, size.T))
    n[0, 10:14] = 0
    expected = only.margin_usd.sum() - only.margin_usd[10:14].sum() - 500.0 - 200.0  # 100 MW at 5 and 2 USD/MW
    assert value_usd(size, n) == pytest.approx(expected, rel=1e-12)


def test_the_matrix_holds_exactly_the_plans_that_the_check_lets_pass() -> None:
    """Random counts: the rows of the formulation and the check agree on which may run."""
    size = Instance(1, 15, 1)
    model, rng, seen = matrix(size), np.random.default_rng(7), set()
    for _ in range(300):
        edges = np.sort(rng.choice(np.arange(1, size.T), 2 * int(rng.integers(1, 3)), replace=False))
        n = 1.0 - np.searchsorted(edges, np.arange(size.T), side="right") % 2
        change = np.diff(n, prepend=1.0)
        x = np.concatenate([n, np.maximum(change, 0), np.maximum(-change, 0)])
        row = model.a @ x
        allowed = bool((row >= model.lower - 1e-9).all() and (row <= model.upper + 1e-9).all())
        assert allowed == (not faults(size, counts(size, x)))
        seen.add(allowed)
    assert seen == {True, False}


def test_a_measurement_counts_build_and_solve_apart() -> None:
    row = measure(peer_of("megawatt kernel"), DAY, 60.0)
    assert row["faults"] == []
    assert row["build_s"] == min(row["all_build_s"])  # type: ignore[call-overload]
    assert row["solve_s"] == min(row["all_solve_s"])  # type: ignore[call-overload]


def test_every_instance_has_the_same_power_and_the_name_of_its_size() -> None:
    for k, split in BLOCKS.items():
        assert sum(split.values()) == k
        assert sum(c.blocks * c.block_mw for c in Instance(1, 15, k).classes()) == pytest.approx(SITE_MW)
    for size in (*SMALL, *FULL):
        assert instance(size.name) == size


def test_a_peer_that_is_off_by_more_than_1e_9_is_named() -> None:
    good = {"instance": "a", "peer": "x", "outcome": "done", "faults": [], "value_usd": 1e6, "stated_usd": 1e6}
    assert disagreements([good, {**good, "peer": "y", "stated_usd": 1e6 + 5e-4}]) == []
    assert "y: value_usd" in disagreements([good, {**good, "peer": "y", "value_usd": 1e6 - 5e-3}])[0]
    assert "y: a count" in disagreements([good, {**good, "peer": "y", "faults": ["a count is half"]}])[0]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record["mode"]))
def test_a_record_agrees_within_1e_9_and_has_every_peer(record: dict[str, object]) -> None:
    rows = record["uncoupled"]
    assert isinstance(rows, list)
    assert disagreements(rows) == []
    blocks = set(SINGLE) - {"megawatt", "megawatt kernel"}
    assert {row["peer"] for row in rows} == (set(SINGLE) if record["mode"] == "single" else set(PEERS) - blocks)
    assert sum(line[0] == "fastest" for line in lines(record)) == len({row["instance"] for row in rows})


def test_the_page_shows_the_records_and_nothing_older() -> None:
    assert RECORDS, "run make bench"
    assert PAGE.read_text() == page(PAGE.read_text(), RECORDS)
