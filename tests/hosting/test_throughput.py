"""Measured throughput under power caps, and the replay of a real grid event."""

import csv
import datetime as dt
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.hosting.throughput import SWEEP, ThroughputCurve, workloads

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
EMERALD = DATA / "validation" / "emerald"
real = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")

# GPUs of each job of the event: total over power per GPU in the sweep's rows; they add up to the 256 of the cluster.
EVENT_JOBS = {
    "ft_llama_8b_p3-c6rr6ijz": ("ft_llama_8b_p3", 32),
    "infer_llama_8b_32g-ssac4bap": ("infer_llama_8b_32g", 32),
    "infer_llama_8b_48g-hgfu2h87": ("infer_llama_8b_48g", 48),
    "infer_llama_8b_48g-xhganfr6": ("infer_llama_8b_48g", 48),
    "pt_mpt_13b_sm-gnn16mkt": ("pt_mpt_13b_sm", 48),
    "pt_mpt_7b_fast-qryepi9o": ("pt_mpt_7b_fast", 48),
}


def rows(name: str) -> list[dict[str, str]]:
    with (EMERALD / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@real
def test_the_table_is_the_published_file() -> None:
    published = rows("dvfs_sweep.csv")

    assert len(published) == len(SWEEP) == 48
    for point, row in zip(SWEEP, published, strict=True):
        assert (point.workload, point.cap_w) == (row["Workload"], int(row["GPU power cap"]))
        assert point.power_w == pytest.approx(float(row["power per GPU"]), abs=0.005001)
        assert point.throughput == pytest.approx(float(row["normalized throughput"]), abs=0.00005001)


def test_a_quarter_less_cap_costs_5_to_14_percent_and_half_costs_19_to_38() -> None:
    at = {(point.workload, point.cap_w): point.throughput for point in SWEEP}
    losses_300 = [1 - at[name, 300] for name in workloads()]
    losses_200 = [1 - at[name, 200] for name in workloads()]

    assert (round(min(losses_300), 2), round(max(losses_300), 2)) == (0.05, 0.14)
    assert (round(min(losses_200), 2), round(max(losses_200), 2)) == (0.19, 0.38)


@pytest.mark.parametrize("workload", workloads())
def test_the_envelope_is_concave_and_never_below_a_measured_point(workload: str) -> None:
    curve = ThroughputCurve.measured(workload)
    points = [point for point in SWEEP if point.workload == workload]
    full = max(point.power_w for point in points)

    slopes = [piece.slope for piece in curve.segments]
    assert slopes == sorted(slopes, reverse=True)
    for point in points:
        assert float(curve.throughput(point.power_w / full)) >= point.throughput - 1e-12
    assert float(curve.throughput(1.0)) == pytest.approx(1.0)


def test_a_point_below_the_line_of_its_neighbours_is_left_out() -> None:
    curve = ThroughputCurve.envelope([1, 2, 3, 4], [1.0, 3.0, 3.1, 4.0])

    assert [(piece.power_fraction, piece.throughput) for piece in curve.segments] == [(0.25, 0.5), (0.5, 0.25)]
    assert (curve.floor_fraction, curve.floor_throughput) == (0.25, 0.25)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50)), min_size=2, max_size=12, unique_by=lambda p: p[0]))
def test_the_envelope_equals_the_best_mix_of_two_measured_points(points: list[tuple[int, int]]) -> None:
    points = [*points, (60, 60)]
    curve = ThroughputCurve.envelope([p for p, _ in points], [y for _, y in points])

    for ask in np.linspace(min(p for p, _ in points), 60, 13):
        mixes = [
            y if p == q else y + (z - y) * (ask - p) / (q - p)
            for p, y in points
            for q, z in points
            if p <= ask <= q and (p < q or p == ask)
        ]
        assert float(curve.throughput(ask / 60)) * 60 == pytest.approx(max(mixes), abs=1e-9)


def test_sharing_between_jobs_is_the_best_split_of_power() -> None:
    first, second = ThroughputCurve.measured("ft_llama_8b_dolly"), ThroughputCurve.measured("pt_mpt_13b_lg")
    both = ThroughputCurve.shared([first, second], full_power=[100, 300], worth=[1, 3])

    for power in (0.4, 0.55, 0.75, 0.9):
        splits = [
            0.25 * float(first.throughput(share)) + 0.75 * float(second.throughput((power - 0.25 * share) / 0.75))
            for share in np.linspace(first.floor_fraction, 1, 2001)
            if second.floor_fraction <= (power - 0.25 * share) / 0.75 <= 1
        ]
        assert float(both.throughput(power)) == pytest.approx(max(splits), abs=2e-4)
        assert float(both.throughput(power)) >= max(splits) - 1e-12


def test_power_below_the_lowest_cap_is_not_extrapolated() -> None:
    with pytest.raises(InputError, match="measured from"):
        ThroughputCurve.measured("pt_mpt_7b_fast").throughput(0.1)


def test_an_unknown_workload_lists_those_measured() -> None:
    with pytest.raises(InputError, match="pt_mpt_13b_lg"):
        ThroughputCurve.measured("gpt")


def test_one_point_is_no_curve() -> None:
    with pytest.raises(InputError, match="two different powers"):
        ThroughputCurve.envelope([300.0, 300.0], [0.9, 0.8])


@real
def test_the_real_event_met_its_target_in_each_minute_of_three_hours_at_91_percent_performance() -> None:
    power = {dt.datetime.fromisoformat(row["timestamp"]): float(row["total"]) for row in rows("SRP_total_power.csv")}
    day = next(iter(power)).replace(hour=0, minute=0)
    before = [watt for at, watt in power.items() if at.hour == 15]
    event = [watt for at, watt in power.items() if 16.5 * 60 <= (at - day).total_seconds() / 60 < 19.5 * 60]
    target = 0.75 * sum(before) / len(before)

    assert (len(before), len(event)) == (60, 180)
    assert max(event) <= target
    weighted = next(row for row in rows("SRP_exp_performance.csv") if row["Model"] == "Weighted Performance")
    assert round(float(weighted["Performance"]), 2) >= 0.91


@real
def test_at_the_events_target_the_measured_curves_keep_more_throughput_per_gpu_than_the_event_did() -> None:
    """Counted per GPU (the event: 0.877), because the weights behind the published 0.91 are not published."""
    performance = {row["Model"].strip(): float(row["Performance"]) for row in rows("SRP_exp_performance.csv")}
    event = sum(performance[job] * gpus for job, (_, gpus) in EVENT_JOBS.items()) / 256
    watts = [
        gpus * max(point.power_w for point in SWEEP if point.workload == name) for name, gpus in EVENT_JOBS.values()
    ]
    hall = ThroughputCurve.shared(
        [ThroughputCurve.measured(name) for name, _ in EVENT_JOBS.values()],
        full_power=watts,
        worth=[gpus for _, gpus in EVENT_JOBS.values()],
    )
    before = [float(row["total"]) for row in rows("SRP_total_power.csv") if row["timestamp"][11:13] == "15"]
    target = 0.75 * sum(before) / len(before)

    assert sum(watts) == pytest.approx(sum(before) / len(before), rel=0.02)  # the sweep explains the cluster's power
    assert round(event, 3) == 0.877
    assert round(float(hall.throughput(target / sum(watts))), 3) == 0.890
