"""Energy blocks, peak charges and programmes of a site as parts of the problem."""

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.problem import EnergyPosition, Floats, Ints, PeakCharge, Problem, Reserve
from megawatt.power.coincident_peak import (
    ERCOT_4CP_HOURS,
    CoincidentCharge,
    CoincidentPeak,
    peak_intervals,
    peaks_adder_usd_per_mwh,
)
from megawatt.power.demand_charge import DemandCharge, demand_terms
from megawatt.power.programme import Direction, Programme, deployment_adder_usd_per_mw_h
from megawatt.power.window import Window
from megawatt.site.charge import Charge
from megawatt.site.read import Site


def positions(
    site: Site, grid: TimeGrid, values: dict[str, Floats], covered: NDArray[np.bool_]
) -> tuple[EnergyPosition, ...]:
    """Fixed-price blocks; outside its validity, and where the period is not covered, a block delivers nothing."""
    out = []
    for block in site.energies:
        window = Window(site.connection.timezone, valid_from=block.valid_from, valid_to=block.valid_to)
        delivered = window.mask(grid) & covered
        out.append(
            EnergyPosition(
                block.name,
                np.where(delivered, block.block_mw, 0.0),
                block.price_usd_per_mwh,
                values[f"price_rt/{block.settlement_point}"],
                block.resale,
                block.spread_usd_per_mwh,
            )
        )
    return tuple(out)


def peak_charges(site: Site, grid: TimeGrid) -> tuple[PeakCharge, ...]:
    """Demand charges."""
    out = []
    for one in site.charges:
        if one.kind != "demand":
            continue
        window = Window(
            site.connection.timezone,
            hours_ending=tuple(range(one.hours[0], one.hours[1] + 1)),
            months=one.months,
            weekdays_only=one.weekdays_only,
            valid_from=one.valid_from,
            valid_to=one.valid_to,
        )
        past = (one.past_peak_mw,) if one.past_peak_mw else ()
        terms = demand_terms(DemandCharge(one.name, one.usd_per_kw_month, window, one.ratchet_fraction, past), grid)
        month, _ = grid.local_months(site.connection.timezone)
        measured = np.asarray(terms.masks.any(axis=0), dtype=np.bool_)
        price = terms.price_usd_per_mw_month
        out.append(PeakCharge(one.name, price, month, measured, terms.floor_mw, one.ratchet_fraction))
    return tuple(out)


def coincident_charge(site: Site, one: Charge) -> CoincidentCharge:
    """A coincident-peak charge as the power package takes it; the days on which it holds are kept in `peak_adder`."""
    return CoincidentCharge(one.name, one.usd_per_kw_year, tuple(one.months), site.connection.timezone)


def system_peaks(site: Site, data: Dataset, one: Charge, grid: TimeGrid) -> tuple[CoincidentPeak, ...]:
    """Peak intervals of the system in each month that the charge measures and the period touches.

    From the system's load where the data hold the whole month, else from the table.

    Raises:
        InputError: The peak of a month is in neither.
    """
    number, names = grid.local_months(site.connection.timezone)
    needed = [names[m] for m in np.unique(number[in_force(site, one, grid)])]
    known = {peak.month: peak for peak in ERCOT_4CP_HOURS} if site.connection.zone == "ERCOT" else {}
    name = f"load/{site.connection.zone}"
    peaks: list[CoincidentPeak] = []
    for month in needed:
        load = _whole_month(data[name], month, site.connection.timezone) if name in data else None
        if load is not None:
            peaks += peak_intervals(load, months=tuple(one.months), timezone=site.connection.timezone)
        elif month in known:
            peaks.append(known[month])
        else:
            raise InputError(
                f"the coincident charge {one.name!r} in {site.connection.zone} in {month}",
                "its peak interval follows from the system load of the whole month, which the data do not hold",
                f"Import the series {name!r} with 'megawatt data import', or end the charge with valid_to.",
                site.place,
            )
    return tuple(peaks)


def _whole_month(load: Series, month: str, timezone: str) -> Series | None:
    """The part of a series that is one local month, if it holds every interval of it."""
    first = dt.date.fromisoformat(f"{month}-01")
    end = (first + dt.timedelta(days=32)).replace(day=1)
    part = load.on(TimeGrid.of_local_days(first, end, timezone=timezone, step_minutes=load.grid.step_minutes))
    return part if np.isfinite(part.values).all() else None


def in_force(site: Site, one: Charge, grid: TimeGrid) -> NDArray[np.bool_]:
    """Intervals of the months and days in which a coincident charge measures, shape (T,)."""
    days = Window(site.connection.timezone, months=one.months, valid_from=one.valid_from, valid_to=one.valid_to)
    return days.mask(grid)


def peak_adder(site: Site, data: Dataset, grid: TimeGrid) -> Floats:
    """All coincident-peak charges as an adder on the measured intervals, shape (T,) [USD/MWh]."""
    adder = np.zeros(grid.n)
    for one in site.charges:
        if one.kind == "coincident":
            peaks = system_peaks(site, data, one, grid)
            measured = in_force(site, one, grid)  # the charge holds by the day, the power package counts years
            adder += measured * peaks_adder_usd_per_mwh(coincident_charge(site, one), grid, peaks)
    return adder


def reserves(site: Site, data: Dataset, problem: Problem) -> tuple[Ints, tuple[Reserve, ...]]:
    """Qualified programmes with their hourly prices, and the award hour of each interval."""
    grid = problem.grid
    rows = [one for one in site.programmes if one.qualified]
    if not rows:
        return np.zeros(0, dtype=np.int64), ()
    hour = (grid.starts - grid.start) // np.timedelta64(3600, "s")
    hourly = hour_grid(grid)
    hours = hourly.n
    flexible = sum((c.blocks * c.power_mw.max(axis=0) for c in problem.machines), np.zeros(grid.n)).max()
    cost = _hourly(problem.price_usd_per_mwh + problem.adder_usd_per_mwh, hour, hours)
    value = _hourly(cheapest_value(problem), hour, hours)
    out = []
    for one in rows:
        if one.direction != "up":
            raise InputError(
                f"programme {one.name!r} asks the load to step up",
                "dispatch sells stepping down only",
                "Set qualified = false, or remove it.",
                site.place,
            )
        terms = Programme(one.name, one.price_series, Direction.UP, call_probability=one.call_probability)
        price = data[one.price_series].on(hourly).values
        call = np.where(np.isfinite(price), deployment_adder_usd_per_mw_h(terms, cost, value), -1.0)
        out.append(
            Reserve(
                one.name,
                np.nan_to_num(price),
                call,  # where no price is known an award is a loss, so none is sold
                max_mw=one.share_fraction * float(flexible),
                min_mw=one.min_offer_mw,
                share_fraction=one.share_fraction,
                excludes=tuple(one.excludes),
            )
        )
    return hour.astype(np.int64), tuple(out)


def hour_grid(grid: TimeGrid) -> TimeGrid:
    """The award hours of a period, from its first instant: local hours, also where the zone is half an hour off UTC."""
    return TimeGrid(grid.start, 60, -(-grid.n * grid.step_minutes // 60))


def cheapest_value(problem: Problem) -> Floats:
    """What a MWh of the load that is called first earns: the least earning class, shape (T,) [USD/MWh]."""
    value = np.full(problem.T, np.inf)
    for c in problem.machines:
        per_mwh = np.divide(c.revenue_usd_per_h[0], c.power_mw[0], out=np.zeros(problem.T), where=c.power_mw[0] > 0)
        value = np.minimum(value, per_mwh)
    return np.where(np.isfinite(value), value, 0.0)


def _hourly(values: Floats, hour: Ints, hours: int) -> Floats:
    mean: Floats = np.bincount(hour, weights=values, minlength=hours) / np.bincount(hour, minlength=hours)
    return mean
