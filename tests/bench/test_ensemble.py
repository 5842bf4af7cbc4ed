"""The bench of ensembles solves what it says, and its shares are of the machine measured beside it."""

import pytest

from bench import ensemble as bench
from bench.instances import Instance
from megawatt.dispatch.lanes import LANES


def test_a_run_on_a_day_agrees_with_the_scalar_recursion_and_names_every_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "YEAR", Instance(1, 15, 1))
    monkeypatch.setattr(bench, "MONTH", Instance(1, 15, 1))
    monkeypatch.setattr(bench, "PATHS", 2 * LANES)
    monkeypatch.setattr(bench, "prices", lambda: (Instance(1, 15, 1).price_usd_per_mwh, "one day"))
    record = bench.run(threads=(1,))
    assert [row["case"] for row in record["rows"]] == 2 * [case.name for case in bench.cases()]
    assert record["worst_relative"]["float64"] <= 1e-12
    assert record["worst_relative"]["float32"] <= 1e-5
    assert all(case.name in bench.table(record) for case in bench.cases())


def test_a_share_is_of_the_same_precision_and_threads() -> None:
    own = {"numpy_sum_gb_per_s": 4.0, "triad_gb_per_s": 8.0, "operations_g_per_s": 10.0, "stores_g_per_s": 5.0}
    other = dict.fromkeys(own, 1e9)
    record = {"machine": [{"precision": "float32", "threads": 1} | other, {"precision": "float32", "threads": 2} | own]}
    row = {
        "precision": "float32",
        "threads": 2,
        "prices_gb_per_s": 2.0,
        "operations_g_per_s": 5.0,
        "stores_g_per_s": 1.0,
    }
    assert bench.shares(record, row) == {"bandwidth": 0.25, "operations": 0.5, "stores": 0.2}
