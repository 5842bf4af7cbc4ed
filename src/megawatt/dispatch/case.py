"""A site and its data become a problem to solve and the knowledge to decide by.

The problem holds what was settled; `Case.known` gives what could be known at each decision, by the one call that live
operation uses too. Intervals for which a price, the network or the temperature is missing are *not covered*: every load
and income there is zero, so that nothing is decided or earned on a number that nobody has; the case names the gaps and
counts the hours covered.
"""

import datetime as dt
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError, UnitError
from megawatt.core.series import Gap, Series
from megawatt.core.timegrid import TimeGrid, Times
from megawatt.core.units import Unit
from megawatt.dispatch.case_halls import Halls, halls_of
from megawatt.dispatch.case_power import hour_grid, peak_adder, peak_charges, positions, reserves
from megawatt.dispatch.problem import ElasticLoad, Floats, InitialState, MachineClass, Problem
from megawatt.mining import fleet as machines
from megawatt.mining.hashprice import Payout
from megawatt.mining.network import Network
from megawatt.site.fleet import Fleet
from megawatt.site.read import Site

TEMPERATURE = "temperature/{zone}"

UNITS = {
    "price_rt": Unit.USD_PER_MWH,
    "price_da": Unit.USD_PER_MWH,
    "as": Unit.USD_PER_MW_H,
    "gpu": Unit.USD_PER_GPU_H,
    "temperature": Unit.CELSIUS,
}
"""Unit that a series of each kind must have."""

USUAL_C = 20.0
"""Outdoor temperature that is assumed for a decision before any is known [°C]."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a decision maker knows when each interval is decided.

    Attributes:
        price_usd_per_mwh: Latest known spot price at the loads' settlement point, shape (T,); NaN before there is one.
        day_ahead_usd_per_mwh: Day-ahead price of the interval itself where it is known in time, shape (T,), else NaN.
        revenue_usd_per_h: Per machine class, revenue of a running block by mode at the known hashprice, (M, T).
        power_mw: Per machine class, meter power of a running block by mode at the known temperature, (M, T) [MW].
        elastic: Elastic loads at the known temperature and rental price.
    """

    price_usd_per_mwh: Floats
    day_ahead_usd_per_mwh: Floats
    revenue_usd_per_h: tuple[Floats, ...]
    power_mw: tuple[Floats, ...]
    elastic: tuple[ElasticLoad, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A site with the data of its period.

    Attributes:
        site: The site.
        data: All series at hand.
        problem: The problem with settled values.
        covered: Intervals for which all needed values exist, shape (T,).
        gaps: Missing runs inside the period, by series.
        inputs: Series that the problem rests on.
    """

    site: Site
    data: Dataset
    problem: Problem
    covered: NDArray[np.bool_]
    gaps: tuple[Gap, ...]
    inputs: tuple[Series, ...]

    @property
    def hours_covered(self) -> float:
        """Hours of the period for which all needed values exist."""
        return float(self.covered.sum()) * self.problem.grid.hours

    @property
    def price(self) -> Series:
        """Spot price at the loads' settlement point."""
        return self.data[price_name(self.site)]

    def known(self, delay_intervals: int = 1) -> Knowledge:
        """What is known when each interval is decided.

        Args:
            delay_intervals: 0: the interval's own price is known at its start (a bound on what faster data could
                bring); 1: everything published by the interval's start, which is today's practice; n: what was
                published n - 1 intervals before.
        """
        grid = self.problem.grid
        at = grid.starts - max(delay_intervals - 1, 0) * grid.step
        price = self.price.on(grid).values if delay_intervals == 0 else self.price.last_known(at)
        ahead = np.full(grid.n, np.nan)
        if (name := f"price_da/{self.site.connection.load_settlement_point}") in self.data:
            check_unit(self.data[name], self.site)
            ahead = self.data[name].known_for(grid, at)
        heat = self._temperature_known(at)
        power = tuple(_power(self.site, one, heat) for one in self.site.fleets)
        return Knowledge(price, ahead, self._revenue_known(at, heat), power, self._elastic_known(at, heat))

    def _revenue_known(self, at: Times, heat: Floats) -> tuple[Floats, ...]:
        network = Network.from_dataset(self.data) if self.site.fleets else None
        out = []
        for one in self.site.fleets:
            known_heat = heat if one.hashrate_derating_per_c else None
            out.append(np.nan_to_num(revenue(self.site, one, known_hashprice(network, one, at), known_heat)))
        return tuple(out)

    def _elastic_known(self, at: Times, heat: Floats) -> tuple[ElasticLoad, ...]:
        """The elastic loads as they look at each instant of ``at``, on the case's grid."""
        grid, priced = self.problem.grid, {hall.gpu_series for hall in self.site.halls if hall.gpu_series}
        known = self.data.with_series(
            *(
                replace(self.data[name], grid=grid, values=self.data[name].last_known(at), known_at=at)
                for name in priced
            )
        )
        return halls_of(self.site, known, grid, _meter_per_it(self.site, heat), np.ones(grid.n)).elastic

    def _temperature_known(self, at: Times) -> Floats:
        """Latest known temperature [°C]; before there is one, and where none is needed, ``USUAL_C``."""
        if not needs_temperature(self.site):
            return np.full(len(at), USUAL_C)
        known = self.data[temperature_name(self.site)].last_known(at)
        return np.where(np.isfinite(known), known, USUAL_C)


def price_name(site: Site) -> str:
    """Series of the price that the loads pay."""
    return f"price_rt/{site.connection.load_settlement_point}"


def temperature_name(site: Site) -> str:
    """Series of the outdoor temperature."""
    return TEMPERATURE.format(zone=site.connection.zone)


def case_of(site: Site, data: Dataset, grid: TimeGrid | None = None) -> Case:
    """State a site's period, or the intervals of ``grid`` instead, as a problem.

    Raises:
        InputError: A series is missing from the data, or covers none of the period.
    """
    grid = grid or site.grid()
    names = [price_name(site), *(f"price_rt/{e.settlement_point}" for e in site.energies)]
    if site.fleets:
        names += ["btc/price", "btc/difficulty", "btc/subsidy", "btc/fees"]
    if needs_temperature(site):
        names.append(temperature_name(site))
    names += [hall.gpu_series for hall in site.halls if hall.gpu_series]
    inputs = tuple(data[name] for name in dict.fromkeys(names))
    for series in inputs:
        check_unit(series, site)
    on_grid = {series.name: series.on(grid) for series in inputs}
    covered = np.logical_and.reduce([np.isfinite(series.values) for series in on_grid.values()])
    if not covered.any():
        raise uncovered(site, inputs)
    problem = _problem(
        site, data, grid, {name: np.where(covered, s.values, 0.0) for name, s in on_grid.items()}, covered
    )
    sold = tuple(data[p.price_series] for p in site.programmes if p.qualified)
    for series in sold:
        check_unit(series, site)
    sold_on_grid = [series.on(hour_grid(grid)) for series in sold]
    gaps = tuple(dict.fromkeys(gap for series in [*on_grid.values(), *sold_on_grid] for gap in series.gaps()))
    optional = [f"price_da/{site.connection.load_settlement_point}"]
    optional += [f"load/{site.connection.zone}" for one in site.charges if one.kind == "coincident"]
    read_too = tuple(data[name] for name in dict.fromkeys(optional) if name in data)
    return Case(site, data, problem, covered, gaps, tuple(dict.fromkeys(inputs + sold + read_too)))


def check_unit(series: Series, site: Site) -> None:
    """Refuse a series in another unit than the problem counts in; the network checks its own.

    Raises:
        UnitError: The unit is another; a currency is converted by whoever knows the rate and its date.
    """
    right = UNITS.get(series.name.split("/", maxsplit=1)[0], series.unit)
    if series.unit is not right:
        raise UnitError(
            f"the series {series.name!r} in {series.unit.value}",
            f"money and energy of a site are counted in {right.value}",
            "Convert it at a stated rate and import the result.",
            site.place,
        )


def uncovered(site: Site, inputs: tuple[Series, ...]) -> InputError:
    """The error of a period of which no hour has all its data; says which days each series covers."""
    # A modelled price is made for whatever period is asked for: it limits nothing.
    given = [one for one in inputs if not one.provenance.modelled] or list(inputs)
    spans = dict.fromkeys(f"{one.name} {_day(one.grid.start)} to {_day(one.grid.end)}" for one in given)
    first, end = max(one.grid.start for one in given), min(one.grid.end for one in given)
    inside = f"between {_day(first)} and {_day(end)}" if first < end else "in which all series overlap"
    return InputError(
        f"the period {site.period.start} to {site.period.end}",
        f"no hour of it has all its data: there are {', '.join(spans)}",
        f"Choose --from and --to {inside}, or import data of the period.",
        site.place,
    )


def _day(time: np.datetime64) -> str:
    return str(time.astype("datetime64[D]"))


def needs_temperature(site: Site) -> bool:
    """Whether power or hash rate of any load depends on the outdoor temperature."""
    by_heat = len(site.pue.mining_points) > 1 or len(site.pue.hall_points) > 1
    return by_heat or any(one.hashrate_derating_per_c for one in site.fleets)


def _problem(
    site: Site, data: Dataset, grid: TimeGrid, values: dict[str, Floats], covered: NDArray[np.bool_]
) -> Problem:
    mask = covered.astype(np.float64)
    heat = values.get(temperature_name(site), np.zeros(grid.n))
    price = values[price_name(site)]
    network = Network.from_dataset(data) if site.fleets else None
    classes = tuple(_class(site, one, network, grid, heat, mask) for one in site.fleets)
    halls: Halls = halls_of(site, data, grid, _meter_per_it(site, heat) * mask, mask)
    problem = Problem(
        grid,
        price_usd_per_mwh=price,
        adder_usd_per_mwh=site.connection.price_adder_usd_per_mwh * mask,
        peak_usd_per_mwh=peak_adder(site, data, grid) * mask,
        limit_mw=np.full(grid.n, site.connection.meter_limit_mw),
        machines=classes,
        firm=halls.firm,
        batches=halls.batches,
        elastic=halls.elastic,
        positions=positions(site, grid, values, covered),
        peaks=peak_charges(site, grid),
    )
    award_hour, programmes = reserves(site, data, problem)
    return replace(problem, reserves=programmes, award_hour=award_hour) if programmes else problem


def machines_of(one: Fleet, on: dt.date, since: dt.date) -> machines.Machines:
    """The fleet's figures as the mining package takes them, aged to a day; ``since`` stands where no age is stated."""
    return machines.Machines(
        name=one.name,
        hashrate_th_s=one.hashrate_th_s,
        power_w=one.power_w,
        count=one.count,
        blocks=one.blocks,
        modes=tuple(machines.Mode(m.name, m.power_fraction, m.hashrate_fraction) for m in one.modes),
        pool_fee_fraction=one.pool_fee_fraction,
        payout=Payout(one.payout),
        availability_fraction=one.availability_fraction,
        hashrate_derating_per_c=one.hashrate_derating_per_c,
        derating_from_c=one.derating_from_c,
        degradation_per_year=one.degradation_per_year,
        age_years=max((on - (one.installed or since)).days / 365.25, 0.0),
        minutes_to_full_hashrate=one.minutes_to_full_hashrate,
    )


def revenue(site: Site, one: Fleet, hashprice_usd_per_ph_day: Floats, heat: Floats | None) -> Floats:
    """What a running block brings the operator by mode, shape (M, T) [USD/h].

    Own machines earn the hashprice; hosted ones the fee on the energy at their plugs and a share of the hashprice. The
    age of the machines is that at the middle of the period: it moves by half a year at most within one.
    """
    middle = site.period.start + (site.period.end - site.period.start) / 2
    these = machines_of(one, middle, site.period.start)
    earned = machines.revenue_usd_per_h(these, hashprice_usd_per_ph_day, temperature_c=heat)
    if one.owner == "own":
        return earned
    contract = site.contract(one.contract)
    plugs_mw = machines.meter_mw(these)  # without cooling and losses: what the client's own meters show
    fee = plugs_mw * 1000.0 * contract.fee_usd_per_kwh
    out: Floats = fee + contract.revenue_share_fraction * earned
    return out


def known_hashprice(network: Network | None, one: Fleet, at: Times) -> Floats:
    """Hashprice known at each instant for a fleet's payout, shape (m,)."""
    if network is None:
        return np.zeros(len(at))
    return network.hashprice_known(at, Payout(one.payout))


def _power(site: Site, one: Fleet, heat: Floats) -> Floats:
    """Meter power of a running block by mode, shape (M, T) [MW]."""
    these = machines_of(one, site.period.start, site.period.start)
    return machines.meter_mw(these, pue=site.pue.mining_at(heat), loss_fraction=site.connection.loss_fraction)


def _meter_per_it(site: Site, heat: Floats) -> Floats:
    """Meter MW per IT MW of the halls, shape (T,)."""
    return site.pue.hall_at(heat) / (1 - site.connection.loss_fraction)


def _class(site: Site, one: Fleet, network: Network | None, grid: TimeGrid, heat: Floats, mask: Floats) -> MachineClass:
    step = grid.step_minutes
    settled = np.zeros(grid.n) if network is None else np.nan_to_num(network.hashprice(grid, Payout(one.payout)))
    return MachineClass(
        one.name,
        one.blocks,
        power_mw=_power(site, one, heat) * mask,
        revenue_usd_per_h=revenue(site, one, settled, heat if one.hashrate_derating_per_c else None) * mask,
        start_usd=one.start_usd,
        stop_usd=one.stop_usd,
        min_up=max(1, ceil(one.min_up_minutes / step)),
        min_down=max(1, ceil(one.min_down_minutes / step)),
        ramp_loss=machines.ramp_loss_shares(one.minutes_to_full_hashrate, step),
        initial=InitialState(on=True),
        hosted=one.owner == "hosted",
    )
