"""The halls of a site as loads of the problem, each with its contract's income."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import ItMW
from megawatt.dispatch.problem import BatchJob, ElasticLoad, FirmLoad, Floats, Ints
from megawatt.hosting import batch, contract, spot, storage, throughput
from megawatt.hosting.exact import exact
from megawatt.hosting.uptime_credit import CreditStep, CreditTable
from megawatt.site.contract import Contract
from megawatt.site.hall import Hall
from megawatt.site.read import Site


@dataclass(frozen=True, slots=True)
class Halls:
    """All halls of a site by the way they run."""

    firm: tuple[FirmLoad, ...]
    batches: tuple[BatchJob, ...]
    elastic: tuple[ElasticLoad, ...]


def halls_of(site: Site, data: Dataset, grid: TimeGrid, meter_per_it: Floats, mask: Floats) -> Halls:
    """Every hall of the site.

    Args:
        site: The site.
        data: Holds the GPU price series that spot halls name.
        grid: Time grid.
        meter_per_it: Meter MW per IT MW, shape (T,); 0 where the period is not covered.
        mask: 1 where the period is covered, else 0, shape (T,).
    """
    firm, batches, elastic = [], [], []
    for hall in site.halls:
        terms = site.contract(hall.contract)
        if hall.kind in {"firm", "storage"}:
            firm.append(_firm(site, hall, terms, grid, meter_per_it, mask))
        elif hall.kind == "batch":
            batches.append(_batch(site, hall, terms, grid, meter_per_it, mask))
        elif hall.kind == "capped":
            elastic.append(_capped(site, hall, terms, grid, meter_per_it, mask))
        else:
            elastic.append(_spot(hall, terms, data, grid, meter_per_it, mask))
    return Halls(tuple(firm), tuple(batches), tuple(elastic))


def terms_of(one: Contract) -> contract.Contract:
    """A colocation contract as the hosting package takes it."""
    return contract.Contract(
        tenant=one.tenant,
        rent_usd_per_kw_month=one.rent_usd_per_kw_month,
        start=one.start,
        end=one.end,
        escalator_per_year=one.escalator_per_year,
        power=contract.PowerTerms(one.power),
        take_or_pay_fraction=1.0 if one.take_or_pay else 0.0,
        uptime_fraction=one.uptime_fraction,
        credits=CreditTable(tuple(CreditStep(step.below, step.credit_fraction) for step in one.credits)),
        curtailable_hours_per_year=one.curtailable_hours_per_year,
    )


def _rent(site: Site, hall: Hall, one: Contract, grid: TimeGrid) -> Floats:
    return terms_of(one).rent_per_interval(grid, site.connection.timezone, ItMW(hall.critical_it_mw))


def _firm(site: Site, hall: Hall, one: Contract, grid: TimeGrid, meter_per_it: Floats, mask: Floats) -> FirmLoad:
    power = hall.critical_it_mw * meter_per_it
    if hall.kind == "storage":
        shelves = storage.StorageHall(
            ItMW(hall.critical_it_mw), hall.capacity_tb, one.utilisation_fraction, one.usd_per_tb_month
        )
        rent = shelves.rent_per_interval(grid, site.connection.timezone)
    else:
        rent = _rent(site, hall, one, grid)
    return FirmLoad(hall.name, power, rent * mask, pass_through=one.power == "pass_through")


def _batch(site: Site, hall: Hall, one: Contract, grid: TimeGrid, meter_per_it: Floats, mask: Floats) -> BatchJob:
    job = batch.BatchJob(
        ItMW(hall.critical_it_mw),
        batch.WindowKind(hall.window),
        hall.duty_fraction,
        hall.restart_usd,
        int(hall.min_run_minutes),
        one.fee_usd_per_it_mwh,
    )
    due = job.windows(grid, site.connection.timezone)
    return BatchJob(
        hall.name,
        power_mw=hall.critical_it_mw * meter_per_it,
        fee_usd_per_h=hall.critical_it_mw * one.fee_usd_per_it_mwh * mask,
        window=due.number,
        need=_due(hall.duty_fraction, due.number, mask),
        restart_usd=hall.restart_usd,
        min_run=job.min_run_steps(grid),
        pass_through=one.power == "pass_through",
    )


def _due(duty_fraction: float, window: Ints, mask: Floats) -> Ints:
    """Intervals due in each window: the duty's share of those that the data cover, rounded up as the contract does."""
    covered = np.bincount(window, weights=mask)
    duty = exact(duty_fraction, "duty_fraction")
    return np.array([ceil(duty * int(n)) for n in covered], dtype=np.int64)


def _capped(site: Site, hall: Hall, one: Contract, grid: TimeGrid, meter_per_it: Floats, mask: Floats) -> ElasticLoad:
    """Power-capped work: the tenant pays for the throughput, so the rent follows the measured curve."""
    curve = throughput.ThroughputCurve.measured(hall.workload)
    full = hall.critical_it_mw * meter_per_it
    rent_usd_per_h = _rent(site, hall, one, grid) / grid.hours * mask
    least = max(curve.floor_fraction, hall.min_power_fraction)
    widths, rewards, reached = [], [], curve.floor_fraction
    for piece in curve.segments:
        width = min(piece.power_fraction, max(0.0, reached + piece.power_fraction - least))
        reached += piece.power_fraction
        if width > 0:
            widths.append(width * full)
            worth = np.divide(piece.slope * rent_usd_per_h, full, out=np.zeros(grid.n), where=full > 0)
            rewards.append(worth)
    floor = float(curve.throughput(least))
    return ElasticLoad(
        hall.name,
        floor_mw=least * full,
        floor_usd_per_h=floor * rent_usd_per_h,
        segment_mw=np.array(widths).reshape(len(widths), grid.n),
        segment_usd_per_mwh=np.array(rewards).reshape(len(widths), grid.n),
        pass_through=one.power == "pass_through",
    )


def _spot(hall: Hall, one: Contract, data: Dataset, grid: TimeGrid, meter_per_it: Floats, mask: Floats) -> ElasticLoad:
    """GPU-hours at the dated price of a series, or at the contract's price where no series is named."""
    density = float(Fraction(hall.gpus) / Fraction(hall.critical_it_mw))
    rented = spot.SpotHall(ItMW(hall.critical_it_mw), density, one.utilisation_fraction, one.platform_fee_fraction)
    price = data[hall.gpu_series].on(grid).values if hall.gpu_series else np.full(grid.n, one.usd_per_gpu_hour)
    per_it_mwh = np.nan_to_num(rented.usd_per_it_mwh(price)) * mask
    worth = np.divide(per_it_mwh, meter_per_it, out=np.zeros(grid.n), where=meter_per_it > 0)
    zero = np.zeros(grid.n)
    power = hall.critical_it_mw * meter_per_it
    return ElasticLoad(hall.name, zero, zero, power[np.newaxis], worth[np.newaxis], one.power == "pass_through")
