"""The look-ahead test: spoil everything that is not known at an instant and see whether an earlier decision moves."""

from dataclasses import replace

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.core.series import Series
from megawatt.dispatch.case import Case, case_of
from megawatt.dispatch.policies import Rule, wish
from megawatt.dispatch.simulate import simulate


def spoilt(data: Dataset, at: np.datetime64, rng: np.random.Generator) -> Dataset:
    """The same data with every value that becomes known after ``at`` replaced by a wrong one."""
    return Dataset(_spoilt(series, at, rng) for series in data.values())


def _spoilt(series: Series, at: np.datetime64, rng: np.random.Generator) -> Series:
    later = series.known_at > at
    noise = rng.standard_normal(series.grid.n)
    if series.name.startswith(("btc/", "load")):
        wrong = series.values * np.exp(noise)  # these stay positive
    elif series.name.startswith("temperature/"):
        wrong = series.values + 15.0 * noise
    else:
        wrong = 300.0 * noise
    return replace(series, values=np.where(later & np.isfinite(series.values), wrong, series.values))


def decisions(case: Case, rule: Rule) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """What a rule wishes and what then happens, one column per interval, shape (rows, T)."""
    wanted = wish(case, rule)
    done = simulate(case.problem, wanted).schedule
    modes = [np.where(on, mode, -1) for on, mode in zip(wanted.on, wanted.mode, strict=True)]
    rows = [*wanted.on, *modes, *wanted.elastic_mw, *(unit.on for unit in done.units), *done.elastic_mw]
    return np.array(rows, dtype=np.float64)


def moved(case: Case, rule: Rule, other: Case, at: np.datetime64) -> int:
    """Number of decisions at or before an instant that differ between two cases of the same site."""
    until = case.problem.grid.starts <= at
    return int((decisions(case, rule) != decisions(other, rule))[:, until].sum())


def spoilt_case(case: Case, at: np.datetime64, rng: np.random.Generator) -> Case:
    """The same site on spoilt data."""
    return case_of(case.site, spoilt(case.data, at, rng))


def closest(case: Case, n: int = 400) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The intervals in which the last known price lies nearest to some class's break-even, nearest first."""
    known, adder = case.known(1), case.site.connection.price_adder_usd_per_mwh
    own = [revenue[0] / power[0] for revenue, power in zip(known.revenue_usd_per_h, known.power_mw, strict=True)]
    lead = np.abs(np.array(own) - known.price_usd_per_mwh - adder).min(axis=0)
    return np.argsort(np.nan_to_num(lead, nan=np.inf))[:n]
