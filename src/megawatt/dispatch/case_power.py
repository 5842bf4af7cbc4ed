"""Energy blocks, peak charges and programmes of a site as parts of the problem."""

import numpy as np

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


def positions(site: Site, grid: TimeGrid, values: dict[str, Floats]) -> tuple[EnergyPosition, ...]:
    """Fixed-price blocks; outside its validity a block is worth nothing."""
    out = []
    for block in site.energies:
        window = Window(site.connection.timezone, valid_from=block.valid_from, valid_to=block.valid_to)
        valid = window.mask(grid)
        if block.resale != "free" and not valid.all():
            raise InputError(
                f"block {block.name!r} with restricted resale is valid in {int(valid.sum())} of {grid.n} intervals",
                "its resale rule is planned for a whole period only",
                "Choose a period inside the block's validity.",
                site.place,
            )
        price = values[f"price_rt/{block.settlement_point}"]
        settled = np.where(valid, price, block.price_usd_per_mwh)
        out.append(
            EnergyPosition(
                block.name, block.block_mw, block.price_usd_per_mwh, settled, block.resale, block.spread_usd_per_mwh
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
        )
        past = (one.past_peak_mw,) if one.past_peak_mw else ()
        terms = demand_terms(DemandCharge(one.name, one.usd_per_kw_month, window, one.ratchet_fraction, past), grid)
        month, _ = grid.local_months(site.connection.timezone)
        measured = np.asarray(terms.masks.any(axis=0), dtype=np.bool_)
        price = terms.price_usd_per_mw_month
        out.append(PeakCharge(one.name, price, month, measured, terms.floor_mw, one.ratchet_fraction))
    return tuple(out)


def coincident_charge(site: Site, one: Charge) -> CoincidentCharge:
    """A coincident-peak charge as the power package takes it."""
    first = one.valid_from.year if one.valid_from else None
    return CoincidentCharge(
        one.name, one.usd_per_kw_year, tuple(one.months), site.connection.timezone, valid_from=first
    )


def system_peaks(site: Site, data: Dataset, one: Charge, grid: TimeGrid) -> tuple[CoincidentPeak, ...]:
    """Measured peak intervals of the system: from its load where the data hold whole months, else from the table."""
    name = f"load/{site.connection.zone}"
    if name in data:
        load: Series = data[name]
        touched = load.on(TimeGrid(grid.start, load.grid.step_minutes, int((grid.end - grid.start) // load.grid.step)))
        return peak_intervals(touched, months=tuple(one.months), timezone=site.connection.timezone)
    if site.connection.zone == "ERCOT" and set(one.months) <= {6, 7, 8, 9}:
        return ERCOT_4CP_HOURS
    raise InputError(
        f"the coincident charge {one.name!r} in {site.connection.zone}",
        "its peak intervals follow from the system load, which the data do not hold",
        f"Import the series {name!r} with 'megawatt data import'.",
        site.place,
    )


def peak_adder(site: Site, data: Dataset, grid: TimeGrid) -> Floats:
    """All coincident-peak charges as an adder on the measured intervals, shape (T,) [USD/MWh]."""
    adder = np.zeros(grid.n)
    for one in site.charges:
        if one.kind == "coincident":
            charge = coincident_charge(site, one)
            adder += peaks_adder_usd_per_mwh(charge, grid, system_peaks(site, data, one, grid))
    return adder


def reserves(site: Site, data: Dataset, problem: Problem) -> tuple[Ints, tuple[Reserve, ...]]:
    """Qualified programmes with their hourly prices, and the award hour of each interval."""
    grid = problem.grid
    rows = [one for one in site.programmes if one.qualified]
    if not rows:
        return np.zeros(0, dtype=np.int64), ()
    hour = (grid.starts - grid.start) // np.timedelta64(3600, "s")
    hours = int(hour[-1]) + 1
    hourly = TimeGrid(grid.start, 60, hours)
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
