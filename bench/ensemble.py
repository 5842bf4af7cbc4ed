"""Ensembles in one run beside what bounds them: ``python -m bench.ensemble`` prints a table.

A block-year is one unit on one path of 35,040 quarter hours; equal blocks of a class count once, as they are solved once.
The machine is measured by three loops in the same run, on as many threads: reading memory and adding two arrays of the
ensemble's size into a third; arithmetic on numbers that stay in the first-level cache; and stores into it. Peers solve
path after path: our own scalar recursion, and HiGHS on the count model (linear programme, its best here).
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit

from bench.instances import HASHPRICE_USD_PER_PH_DAY, Floats, Instance, prices
from bench.peers.highs_direct import HighsLp
from megawatt.dispatch.ensemble import Ensemble, Precision
from megawatt.dispatch.lanes import LANES
from megawatt.dispatch.problem import MachineClass, Problem
from megawatt.dispatch.separable import plan_class

YEAR = Instance(365, 15, 1)
MONTH = Instance(30, 15, 1)
PATHS = 8 * LANES
REPEATS = 5
PEER_PATHS = 3
NOISE_SEED, NOISE_SHARE = 20_240_102, 0.2
OPERATIONS, STORES = 9, 6
"""Per block-interval of a unit with one mode: product and difference of the margin, two maxima, five sums; one row of
margins and five of state written."""


@dataclass(frozen=True, slots=True)
class Case:
    """A site of the table: what it is, and its machine classes."""

    name: str
    machines: tuple[MachineClass, ...]

    def problem(self) -> Problem:
        """The site on the year."""
        return replace(YEAR.problem(), machines=self.machines, limit_mw=np.full(YEAR.T, 1e6))


def machine(efficiency_j_per_th: float) -> MachineClass:
    """The class of the bench with another efficiency."""
    one = YEAR.problem().machines[0]
    revenue = HASHPRICE_USD_PER_PH_DAY / 24 * 1000 / efficiency_j_per_th * one.power_mw
    return replace(one, name=f"{efficiency_j_per_th} J/TH", revenue_usd_per_h=revenue)


def cases() -> list[Case]:
    """One class, three, sixteen; modes, ramps and long dwell times on three."""
    three = tuple(machine(efficiency) for efficiency in (30.0, 21.5, 17.5))
    eco = tuple(
        replace(
            one,
            power_mw=np.concatenate([one.power_mw, 0.7 * one.power_mw]),
            revenue_usd_per_h=np.concatenate([one.revenue_usd_per_h, 0.78 * one.revenue_usd_per_h]),
        )
        for one in three
    )
    lost = np.array([0.7, 0.2])
    return [
        Case("1 class", three[:1]),
        Case("3 classes", three),
        Case("16 classes", tuple(machine(16.0 + k) for k in range(16))),
        Case("3 classes, two modes", eco),
        Case("3 classes, ramp of 2 intervals", tuple(replace(one, ramp_loss=lost) for one in three)),
        Case("3 classes, two modes and ramp", tuple(replace(one, ramp_loss=lost) for one in eco)),
        Case("3 classes, 24 h on, 12 h off", tuple(replace(one, min_up=96, min_down=48) for one in three)),
    ]


def paths(precision: Precision) -> list[Any]:
    """Prices of the year times 1 + 20 % of seeded noise, in arrays of ``LANES`` columns."""
    held, rng = prices()[0][:, np.newaxis], np.random.default_rng(NOISE_SEED)
    noise = (rng.standard_normal((YEAR.T, LANES)) for _ in range(PATHS // LANES))
    return [np.ascontiguousarray(held * (1 + NOISE_SHARE * one), dtype=precision) for one in noise]


def seconds(work: Callable[[Any], Any], parts: Sequence[Any], threads: int) -> float:
    """Best time of the repeats for all parts, shared by the threads."""
    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, parts))  # compiled before the clock starts
        for _ in range(REPEATS):
            begin = time.perf_counter()
            list(pool.map(work, parts))
            best = min(best, time.perf_counter() - begin)
    return best


@njit(cache=True, nogil=True)
def triad(out: Any, a: Any, b: Any) -> None:
    """``out = a + 3 b``: two arrays read, one written."""
    for i in range(out.size):
        out[i] = a[i] + 3 * b[i]


@njit(cache=True, nogil=True)
def maxima_and_sums(x: Any, y: Any, rounds: int) -> None:
    """Four maxima and four sums per number and round, on numbers that stay in the first-level cache."""
    for _ in range(rounds):
        for i in range(x.size):
            a, b = x[i], y[i]
            a = max(a + b, b)
            a = max(a + b, b)
            a = max(a + b, b)
            a = max(a + b, b)
            x[i] = a


@njit(cache=True, nogil=True)
def stores(x: Any, value: Any, rounds: int) -> None:
    """Every number written once a round."""
    for k in range(rounds):
        v = value + x[k % x.size]
        for i in range(x.size):
            x[i] = v


def machine_rates(precision: Precision, threads: int) -> dict[str, float]:
    """Bytes, operations and stores per second of this machine at this moment."""
    size, rounds = PATHS * YEAR.T // threads, 5_000
    arrays = [tuple(np.zeros(size // 3, dtype=precision) for _ in range(3)) for _ in range(threads)]
    small = [tuple(np.zeros(1024, dtype=precision) for _ in range(2)) for _ in range(threads)]
    width = np.dtype(precision).itemsize
    one = np.dtype(precision).type(1)
    return {
        "numpy_sum_gb_per_s": threads * size / 3 * width
        / seconds(lambda three: three[0].sum(), arrays, threads) / 1e9,
        "triad_gb_per_s": threads * size * width / seconds(lambda three: triad(three[0], three[1], three[2]), arrays, threads) / 1e9,
        "operations_g_per_s": threads * 1024 * 8 * rounds
        / seconds(lambda two: maxima_and_sums(two[0], two[1], rounds), small, threads) / 1e9,
        "stores_g_per_s": threads * 1024 * rounds
        / seconds(lambda two: stores(two[0], one, rounds), small, threads) / 1e9,
    }  # fmt: skip


def measure(case: Case, chunks: list[Any], precision: Precision, threads: int) -> dict[str, float | str]:
    """Block-years per second of a case, and what of the machine that takes.

    Beside it stands the rate per second of a core's own time, which other work on the machine moves less.
    """
    ensemble = Ensemble.of([case.problem()], precision)
    best = seconds(ensemble.values_usd, chunks, threads)
    rate = len(case.machines) * PATHS / best
    busy = time.process_time()
    for prices_of_chunk in chunks:
        ensemble.values_usd(prices_of_chunk)
    busy = time.process_time() - busy
    return {
        "case": case.name,
        "precision": precision,
        "threads": threads,
        "block_years_per_s": rate,
        "block_years_per_core_s": len(case.machines) * PATHS / busy,
        "prices_gb_per_s": PATHS * YEAR.T * np.dtype(precision).itemsize / best / 1e9,
        "operations_g_per_s": rate * YEAR.T * OPERATIONS / 1e9,
        "stores_g_per_s": rate * YEAR.T * STORES / 1e9,
    }


def scalar(chunks: list[Any]) -> dict[str, float]:
    """Block-years per second of the scalar recursion with its plan, path after path on one thread."""
    one, columns = machine(21.5), [np.ascontiguousarray(chunks[0][:, i], dtype=np.float64) for i in range(8)]
    best = seconds(lambda price: plan_class(one, 0, price, 0.25), columns, 1)
    return {"block_years_per_s": len(columns) / best}


def highs() -> dict[str, float]:
    """Seconds of HiGHS per path of a month, model handed over each time, and the years of it that a second would hold."""
    peer = HighsLp()
    best = min(_timed(lambda: peer.solve(peer.build(MONTH))) for _ in range(PEER_PATHS))
    return {"s_per_month": best, "block_years_per_s_extrapolated": MONTH.T / YEAR.T / best}


def worst_relative(chunks: list[Any], precision: Precision) -> float:
    """Largest difference to the scalar recursion over a chunk's first eight paths, relative to the value."""
    worst = 0.0
    for case in cases():
        values = Ensemble.of([case.problem()], precision).values_usd(chunks[0])[0]
        for lane in range(8):
            price: Floats = chunks[0][:, lane].astype(np.float64)
            exact = sum(one.blocks * plan_class(one, 0, price, 0.25)[0] for one in case.machines)
            worst = max(worst, abs(values[lane] - exact) / abs(exact))
    return worst


def run(threads: Sequence[int] = (1, 2)) -> dict[str, Any]:
    """Everything, in one run; the machine before and after each group of cases, the better of the two counting."""
    record: dict[str, Any] = {"paths": PATHS, "rows": [], "machine": [], "worst_relative": {}}
    kinds: tuple[Precision, ...] = ("float64", "float32")
    for kind in kinds:
        chunks = paths(kind)
        for count in threads:
            before = machine_rates(kind, count)
            record["rows"] += [measure(case, chunks, kind, count) for case in cases()]
            after = machine_rates(kind, count)
            rates = {name: max(before[name], after[name]) for name in before}
            record["machine"].append({"precision": kind, "threads": count, **rates})
        record["worst_relative"][kind] = worst_relative(chunks, kind)
    record["scalar"], record["highs"] = scalar(chunks), highs()
    return record


def shares(record: dict[str, Any], row: dict[str, Any]) -> dict[str, float]:
    """What a row takes of the machine as measured in the same run."""
    own = next(m for m in record["machine"] if all(m[key] == row[key] for key in ("precision", "threads")))
    return {
        "bandwidth": row["prices_gb_per_s"] / max(own["numpy_sum_gb_per_s"], own["triad_gb_per_s"]),
        "operations": row["operations_g_per_s"] / own["operations_g_per_s"],
        "stores": row["stores_g_per_s"] / own["stores_g_per_s"],
    }


def table(record: dict[str, Any]) -> str:
    """The record as lines of text."""
    lines = [f"{record['paths']} paths of {YEAR.T} quarter hours"]
    for one in record["machine"]:
        rates = ", ".join(f"{name} {value:.1f}" for name, value in one.items() if name.endswith("_per_s"))
        lines.append(f"machine, {one['precision']}, {one['threads']} threads: {rates}")
    for row in record["rows"]:
        used = ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares(record, row).items())
        what = f"{row['case']:32s} {row['precision']} {row['threads']} threads"
        lines.append(
            f"{what}: {row['block_years_per_s']:8.0f} block-years/s; {used}; {row['block_years_per_core_s']:.0f} a core-second"
        )
    lines.append(f"scalar recursion, path after path: {record['scalar']['block_years_per_s']:.0f} block-years/s")
    extrapolated = record["highs"]["block_years_per_s_extrapolated"]
    lines.append(f"HiGHS LP, one thread, extrapolated from 30 days: {extrapolated:.3g} block-years/s")
    errors = ", ".join(f"{name} {value:.1e}" for name, value in record["worst_relative"].items())
    return "\n".join([*lines, f"largest difference to the scalar recursion: {errors}"])


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    print(table(run()))
