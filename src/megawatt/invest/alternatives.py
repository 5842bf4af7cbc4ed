"""The alternatives of a site beside each other: keep mining, convert now, convert by the rule that was learned.

All are played on the same paths with the same draws of what nobody knows (how late a hall is, whether its tenant stays, what it costs),
so that a difference between two alternatives is theirs and not chance's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.units import GrossMW, ItMW
from megawatt.invest.conversion import Block, machines_of
from megawatt.invest.hall_works import Works
from megawatt.invest.lease import MONTHS, Lease
from megawatt.invest.operations import Operations
from megawatt.invest.project import Part, Project, Terms, project
from megawatt.invest.ranges import Range
from megawatt.invest.scenarios import Scenarios
from megawatt.invest.tenancy import KW_PER_MW, Tenancy

KEEP, NOW, RULE = "keep mining", "convert now", "convert by the rule"

RENT, LATE, RAMP, HAZARD, RELET, CAPEX = (
    "rent",
    "months late",
    "months of ramp",
    "tenant's hazard",
    "re-let rent",
    "capex",
)
HASHPRICE, POWER, RATE = "hashprice", "power price", "discount rate"

ASSUMED: Mapping[str, Range] = {
    RENT: Range(0.85, 1.0, 1.1),
    LATE: Range(0.0, 3.0, 21.0),
    RAMP: Range(0.0, 3.0, 12.0),
    HAZARD: Range(0.01, 0.04, 0.12),
    RELET: Range(0.3, 0.7, 1.0),
    CAPEX: Range(0.9, 1.0, 1.2),
    HASHPRICE: Range(0.8, 1.0, 1.25),
    POWER: Range(0.8, 1.0, 1.25),
}
"""What is not known beside the scenarios; rent, capex, hashprice and power are factors on what they say."""

SOURCES: Mapping[str, str] = {
    RENT: "what this hall fetches / what the market pays: judgement",
    LATE: "after the planned month; overruns of building works, as in the deal of June 2024 valued beside its bid: judgement",
    RAMP: "linear; published ramps of 12 to 30 months are of halls of 200 MW and more, a block is smaller: judgement",
    HAZARD: "per year; one young tenant without a rating: judgement, the prior of the deal of June 2024",
    RELET: "rent of the second tenant / of the first: judgement, the same prior",
    CAPEX: "published 8 to 10 M USD per IT MW around the site's figure",
    HASHPRICE: "level / the scenarios' own: for what flips the answer; drawn at 1",
    POWER: "level / the scenarios' own: for what flips the answer; drawn at 1",
    RATE: "the site's [finance]; a fifth up and down for what flips the answer",
}
"""Where the ranges come from."""

DRAWN = (LATE, RAMP, HAZARD, RELET, CAPEX)
"""Inputs that every path draws; the others move by path already and are searched only for what flips the answer."""

RELET_MONTHS = 12.0

Operate = Callable[[str, Block, float, Scenarios], Operations]
"""What a mine of so many IT MW brings on scenarios: by name of the fleet, its block, MW. Monthly means, or the real dispatch."""

OperateHall = Callable[[str, Scenarios], Operations | None]
"""What the hall in a fleet's place brings beside its rent, to itself and to the others; None: nothing."""


def _nothing(_: str, __: Scenarios) -> None:
    """A hall whose tenant pays its energy, beside loads that share nothing with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A fleet in its place.

    Attributes:
        name: Name.
        block: Costs per IT MW of hall.
        mining_mw: IT power of the machines.
        hall_opex_usd_per_it_mw_year: Running costs of the hall.
    """

    name: str
    block: Block
    mining_mw: float
    hall_opex_usd_per_it_mw_year: float

    @property
    def it(self) -> ItMW:
        """Critical IT power of the hall that fits in the machines' place."""
        return ItMW(self.mining_mw / self.block.mining_mw)

    @property
    def gross(self) -> GrossMW:
        """Power at the meter of the machines, and of the hall in their place."""
        return GrossMW(self.mining_mw * self.block.pue)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCase:
    """A site on its scenarios.

    Attributes:
        plants: Its fleets.
        scenarios: Joint paths.
        terms: Tax, debt, billing.
        operate: Where operations come from.
        works: Costs of a conversion beside the hall itself, per IT MW of hall: demolition, staff, back-up, what machines bring.
        drawn: Inputs by name, one value per path; those that are not named are at their likely value.
        fails: Draws in (0, 1) of each plant's tenant, shape (plants, paths).
        operate_hall: Where operations of halls come from.
    """

    plants: tuple[Plant, ...]
    scenarios: Scenarios
    terms: Terms
    operate: Operate
    works: Works
    drawn: Mapping[str, Floats]
    fails: Floats
    operate_hall: OperateHall = _nothing

    @property
    def shape(self) -> tuple[int, int]:
        """Paths and months."""
        paths, months = self.scenarios.power_usd_per_mwh.shape
        return paths, months

    def of_paths(self, rows: slice | NDArray[np.int64]) -> "SiteCase":
        """The same case on some of its paths."""
        return replace(
            self,
            scenarios=self.scenarios.of_paths(rows),
            drawn={name: values[rows] for name, values in self.drawn.items()},
            fails=self.fails[:, rows],
        )

    def project(self, signed: Mapping[str, NDArray[np.int64]], **changed: Floats | float) -> Project:
        """The site's cash flow when plants sign in given months.

        Args:
            signed: Month of signing by path for the plants that may convert; the others keep mining.
            changed: Inputs held at other values than those drawn, single or one per path, by name.
        """
        inputs = self._inputs(changed)
        scenarios = _moved(self.scenarios, inputs[HASHPRICE], inputs[POWER])
        terms = replace(self.terms, rate=inputs[RATE])
        parts = [
            self._part(one, self.fails[i], scenarios, inputs, signed.get(one.name)) for i, one in enumerate(self.plants)
        ]
        return project(parts, scenarios.lease_usd_per_kw_month, terms)

    def _inputs(self, changed: Mapping[str, Floats | float]) -> dict[str, Floats]:
        unknown = set(changed) - {*ASSUMED, RATE}
        if unknown:
            raise InputError(
                f"the inputs {sorted(unknown)}", f"inputs are {', '.join((*ASSUMED, RATE))}", "Correct the name."
            )
        likely = {name: one.likely for name, one in ASSUMED.items()}
        given = {**likely, RATE: self.terms.rate, **self.drawn, **changed}
        return {
            name: np.broadcast_to(np.asarray(value, dtype=np.float64), self.shape[0]) for name, value in given.items()
        }

    def _part(
        self,
        one: Plant,
        fails: Floats,
        scenarios: Scenarios,
        inputs: Mapping[str, Floats],
        signed: NDArray[np.int64] | None,
    ) -> Part:
        mining = Part(
            name=one.name,
            mine=self.operate(one.name, one.block, one.mining_mw, scenarios),
            it=one.it,
            gross=one.gross,
            machines=machines_of(one.block, one.mining_mw),
            mining_opex_usd_per_month=one.block.mining_opex_usd_per_mw_year * one.mining_mw / MONTHS,
        )
        if signed is None:
            return mining
        paths, months = self.shape
        market = scenarios.lease_usd_per_kw_month[np.arange(paths), np.minimum(signed, months - 1)]
        rent = market * inputs[RENT] * KW_PER_MW * MONTHS
        lease = Lease(
            it=one.it,
            years=one.block.lease_years,
            rent_usd_per_it_mw_year=rent,
            noi_margin=np.clip(1 - one.hall_opex_usd_per_it_mw_year / rent, 0.0, 1.0),
            delay_months=one.block.build_months + inputs[LATE],
            ramp_months=inputs[RAMP],
            hazard_per_year=inputs[HAZARD],
            relet_months=RELET_MONTHS,
            relet_fraction=inputs[RELET],
        )
        per_mw = self.works
        works = replace(
            per_mw,
            capex_usd=one.block.capex_usd_per_mw * one.it.mw * inputs[CAPEX],
            build_months=one.block.build_months,
            backup_usd=per_mw.backup_usd * one.it.mw,
            demolition_usd=per_mw.demolition_usd * one.it.mw,
            staff_usd=per_mw.staff_usd * one.it.mw,
            sale_usd=per_mw.sale_usd * one.it.mw,
            curtailable_usd_per_month=per_mw.curtailable_usd_per_month * one.it.mw,
        )
        return replace(
            mining,
            signed=signed,
            works=works,
            tenancy=Tenancy(lease=lease),
            fails=fails,
            hall=self.operate_hall(one.name, scenarios),
        )


def _moved(scenarios: Scenarios, hashprice: Floats, power: Floats) -> Scenarios:
    """The scenarios with hashprice and power at other levels, a factor per path."""
    if (hashprice == 1).all() and (power == 1).all():
        return scenarios
    network = scenarios.network
    return replace(
        scenarios,
        network=replace(network, hashprice_usd_per_ph_day=network.hashprice_usd_per_ph_day * hashprice[:, None]),
        power_usd_per_mwh=scenarios.power_usd_per_mwh * power[:, None],
        power_level=scenarios.power_level * power[:, None],
    )
