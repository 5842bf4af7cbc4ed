"""A site on its way from machines to halls: which variants of it are dispatched, and what each fleet and each hall adds.

Where loads share something (a limit, a demand charge, an award, batch work), what a fleet brings depends on who else stands there. So
the site is dispatched as a whole, with the least efficient fleet gone, with the two least efficient gone, and so on (M), and with halls
in their places (V); a fleet brings what the site loses with it, a hall what the site gains or loses by it beside its rent:

    mine k = M(k - 1) - M(k)        hall k = [V(k) - M(k)] - [V(k - 1) - M(k - 1)]        V(0) = M(0)

The sums are exact when all machines run, when fleets convert in that order, and while all halls are built at once; in another order each
is what it would add in this one. Where nothing is shared a fleet or a hall alone brings what it brings beside others, in any order.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from megawatt.core.series import Floats
from megawatt.core.units import ItMW
from megawatt.invest.operations import Operations
from megawatt.invest.plan_book import PlanBook
from megawatt.invest.scenarios import Scenarios
from megawatt.site.contract import Contract
from megawatt.site.fleet import Fleet
from megawatt.site.hall import Hall
from megawatt.site.read import Site

HASHRATE_STEP = 0.02
"""Where loads share something, fleets' hash rates relative to the freshest one are told apart by this: each new ratio is solved anew."""

REMEMBERED = 3
"""Scenarios of which operations are kept: alternatives ask for the same ones one after the other."""

Sum = tuple[tuple[float, str], ...]
"""Variants with their signs."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Variants to dispatch, and how they make up fleets and halls.

    Attributes:
        sites: The variants by name.
        mine: What each fleet's machines bring, as a sum of variants.
        hall: What each hall brings beside its rent; empty where that is nothing.
        cannot: Why a fleet's place can hold no hall, by name.
        shared: Whether loads share something.
    """

    sites: Mapping[str, Site]
    mine: Mapping[str, Sum]
    hall: Mapping[str, Sum]
    cannot: Mapping[str, str]
    shared: bool

    @property
    def none(self) -> str:
        """Name of the variant without machines."""
        return "machines-none" if self.shared else "none"


def steps_of(site: Site, it: Mapping[str, ItMW]) -> Steps:
    """The steps of a site.

    Args:
        site: The site.
        it: Critical IT power of the hall that would stand in the place of each own fleet.
    """
    fleets = sorted((one for one in site.fleets if one.name in it), key=lambda one: -one.power_w / one.hashrate_th_s)
    lets, cannot = _fitting(site, fleets, it)
    chain = [*lets, *(one.name for one in fleets if one.name in cannot)]
    if not _shares(site, {name: it[name] for name in lets}):
        return _apart(site, chain, {name: it[name] for name in lets}, cannot)
    machines = ["machines-all", *(f"machines-{len(chain) - k}" for k in range(1, len(chain))), "machines-none"]
    halls = ["machines-all", *(f"halls-{k + 1}" for k in range(len(lets)))]
    found = {name: _without(site, chain[:k]) for k, name in enumerate(machines)}
    found |= {
        name: _with_halls(found[machines[k]], [it[one] for one in chain[:k]]) for k, name in enumerate(halls) if k > 0
    }
    mine: dict[str, Sum] = {}
    hall: dict[str, Sum] = {}
    for k, name in enumerate(chain):
        mine[name] = ((1.0, machines[k]), (-1.0, machines[k + 1]))
        if name not in cannot:
            before: Sum = ((-1.0, halls[k]), (1.0, machines[k])) if k else ()
            hall[name] = ((1.0, halls[k + 1]), (-1.0, machines[k + 1]), *before)
    return Steps(found, mine, hall, cannot, shared=True)


def _apart(site: Site, chain: list[str], lets: Mapping[str, ItMW], cannot: Mapping[str, str]) -> Steps:
    """Each fleet alone, and each hall where there are peaks to pay: coincident ones bind nobody to others, but bill a hall too."""
    idle = _without(site, chain)
    alone = {name: _without(site, [other for other in chain if other != name]) for name in chain}
    halls = {name: _with_halls(idle, [mw]) for name, mw in lets.items()} if site.charges else {}
    named = {f"only-{i}": (name, one) for i, (name, one) in enumerate(alone.items())}
    built = {f"hall-{i}": (name, one) for i, (name, one) in enumerate(halls.items())}
    return Steps(
        {variant: one for variant, (_, one) in (named | built).items()} | {"none": idle},
        mine={name: ((1.0, variant), (-1.0, "none")) for variant, (name, _) in named.items()},
        hall={name: ((1.0, variant), (-1.0, "none")) for variant, (name, _) in built.items()},
        cannot=cannot,
        shared=False,
    )


class StepOperations:
    """What fleets and halls bring in any scenarios, read from the plans of the variants."""

    def __init__(self, steps: Steps, books: Mapping[str, PlanBook]) -> None:
        """Args as returned by `steps_of`, and the plans of its variants by name."""
        self.steps, self.books = steps, books
        self._known: list[tuple[Scenarios, dict[str, Operations]]] = []

    def mine(self, fleet: str, scenarios: Scenarios) -> Operations:
        """What a fleet's machines bring as long as they stand."""
        return self._total(self.steps.mine[fleet], scenarios)

    def hall(self, fleet: str, scenarios: Scenarios) -> Operations | None:
        """What the hall in a fleet's place brings beside its rent from its opening on; None where it changes nothing."""
        terms = self.steps.hall.get(fleet)
        return self._total(terms, scenarios) if terms else None

    def of(self, variant: str, scenarios: Scenarios) -> Operations:
        """What a variant as a whole brings."""
        found = next((found for known, found in self._known if known is scenarios), None)
        if found is None:
            found = {}
            self._known = [(scenarios, found), *self._known[: REMEMBERED - 1]]
        if variant not in found:
            found[variant] = self.books[variant].operations(scenarios)
        return found[variant]

    def _total(self, terms: Sum, scenarios: Scenarios) -> Operations:
        return total([(sign, self.of(name, scenarios)) for sign, name in terms])


def total(terms: Iterable[tuple[float, Operations]]) -> Operations:
    """Sum of operations with their signs."""
    parts = list(terms)
    return Operations(
        **{
            one.name: sum((sign * getattr(part, one.name) for sign, part in parts), start=np.zeros(()))
            for one in fields(Operations)
        }
    )


def rounded(site: Site, hashrate: Mapping[str, Floats]) -> dict[str, Floats]:
    """Hash rates of a site's fleets whose ratio to the freshest one is a multiple of `HASHRATE_STEP`, so that few ratios occur."""
    named = {one.name: hashrate[one.name] for one in site.fleets if one.name in hashrate}
    if len(named) <= 1:
        return named
    most = np.maximum.reduce(list(named.values()))
    return {name: np.round(one / most / HASHRATE_STEP) * HASHRATE_STEP * most for name, one in named.items()}


def _fitting(site: Site, fleets: list[Fleet], it: Mapping[str, ItMW]) -> tuple[list[str], dict[str, str]]:
    """Fleets whose halls the connection carries beside the site's own at the largest PUE, and why the others' it does not."""
    limit = site.connection.meter_limit_mw
    per_it = site.pue.worst_hall / (1 - site.connection.loss_fraction)
    taken = sum(one.critical_it_mw for one in site.halls) * per_it
    lets, cannot = list[str](), {}
    for one in fleets:
        asks = it[one.name].mw * per_it
        if taken + asks <= limit:
            taken += asks
            lets.append(one.name)
        else:
            cannot[one.name] = (
                f"its hall of {it[one.name].mw:.1f} IT MW takes {asks:.0f} MW at the meter on the hottest day, and the "
                f"halls before it leave {max(limit - taken, 0.0):.0f} of {limit:g} MW"
            )
    return lets, cannot


def _shares(site: Site, halls: Mapping[str, ItMW]) -> bool:
    """Whether loads are tied together now or with halls in the places of machines."""
    mine, hall = (worst / (1 - site.connection.loss_fraction) for worst in (site.pue.worst_mining, site.pue.worst_hall))
    places = [
        max(one.largest_mw * mine, halls[one.name].mw * hall if one.name in halls else 0.0) for one in site.fleets
    ]
    largest = sum(places) + sum(one.critical_it_mw for one in site.halls) * hall
    return bool(
        largest > site.connection.meter_limit_mw
        or any(one.kind == "demand" for one in site.charges)
        or any(one.kind == "batch" for one in site.halls)
        or any(one.qualified for one in site.programmes)
        or any(one.resale != "free" for one in site.energies)
    )


def _without(site: Site, gone: list[str]) -> Site:
    return replace(site, fleets=tuple(one for one in site.fleets if one.name not in gone))


def _with_halls(site: Site, halls: list[ItMW]) -> Site:
    """The site with one more firm hall whose tenant pays its energy; its rent belongs to the cash flow."""
    name = _free_name(site, "let")
    contract = Contract.model_validate(
        {
            "name": name,
            "tenant": "a tenant to come",
            "kind": "colocation",
            "start": dt.date(2000, 1, 1),
            "years": 99.0,
            "rent_usd_per_kw_month": 1.0,
            "power": "pass_through",
            "take_or_pay": True,
            "uptime_fraction": 0.5,
        }
    )
    hall = Hall.model_validate(
        {"name": name, "kind": "firm", "critical_it_mw": sum(one.mw for one in halls), "contract": name}
    )
    return replace(site, halls=(*site.halls, hall), contracts=(*site.contracts, contract))


def _free_name(site: Site, name: str) -> str:
    taken = {one.name for table in (site.halls, site.contracts, site.fleets) for one in table}
    while name in taken:
        name += "-"
    return name
