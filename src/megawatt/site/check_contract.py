"""Checks of what was promised: uptime, curtailment, terms."""

from collections.abc import Iterator

from megawatt.site.check_power import backup_carries
from megawatt.site.finding import Finding, warning
from megawatt.site.hall import Hall
from megawatt.site.read import Site


def _halls_with_uptime(site: Site) -> Iterator[tuple[int, Hall, float, float]]:
    """Number and hall, availability promised and hours excused, where the contract exists and promises any."""
    contracts = {one.name: one for one in site.contracts}
    for number, hall in enumerate(site.halls):
        contract = contracts.get(hall.contract)
        if contract and contract.uptime_fraction > 0:
            yield number, hall, contract.uptime_fraction, contract.curtailable_hours_per_year


def check_emergency_curtailment(site: Site) -> Iterator[Finding]:
    """A hall that the grid may switch off has a tenant who excuses it, or backup."""
    for number, hall, uptime, excused in _halls_with_uptime(site):
        if hall.emergency_curtailable and excused == 0 and not backup_carries(site, hall):
            yield warning(
                site,
                ("hall", number, "emergency_curtailable"),
                f"the grid may switch off hall {hall.name!r}",
                f"its contract promises {uptime:.3%} and excuses no hour",
                "Add curtailable_hours_per_year to the contract or backup_mw to the hall, or expect credits.",
            )


def check_interruptible_connection(site: Site) -> Iterator[Finding]:
    """An uptime promise behind an interruptible connection needs backup."""
    if site.connection.grid_firmness == "firm":
        return
    for number, hall, uptime, excused in _halls_with_uptime(site):
        if excused == 0 and not backup_carries(site, hall):
            yield warning(
                site,
                ("hall", number, "backup_mw"),
                f"hall {hall.name!r} promises {uptime:.3%} with {hall.backup_mw:g} MW of backup",
                "the connection is interruptible",
                f"Add backup_mw of at least {hall.critical_it_mw * site.pue.worst_hall:.4g}, or curtailable_hours_per_year.",
            )


def check_uptime_has_credits(site: Site) -> Iterator[Finding]:
    """A promise of uptime says what is owed when it is missed, and owes nothing while it is kept."""
    for number, contract in enumerate(site.contracts):
        path = ("contract", number, "credits")
        if contract.uptime_fraction > 0 and not contract.credits:
            yield warning(
                site,
                path,
                f"contract {contract.name!r} promises {contract.uptime_fraction:.3%} without credits",
                "missing it costs nothing, so a plan may do so",
                "Add credits = [{below = ..., credit_fraction = ...}].",
            )
        if contract.credits and contract.credits[0].below > contract.uptime_fraction > 0:
            yield warning(
                site,
                path,
                f"the first credit is due below {contract.credits[0].below:.4%}",
                f"the promise is {contract.uptime_fraction:.4%}: credits are due while it is kept",
                "Lower the first step, or raise uptime_fraction.",
            )


def check_contract_covers_period(site: Site) -> Iterator[Finding]:
    """The contract runs in the whole period."""
    for number, contract in enumerate(site.contracts):
        if contract.start > site.period.start or contract.end < site.period.end:
            yield warning(
                site,
                ("contract", number, "start"),
                f"contract {contract.name!r} runs from {contract.start} to {contract.end}",
                f"the period is {site.period.start} to {site.period.end}; outside its term it earns nothing",
                "Correct start and years, or shorten the period.",
            )


def check_hosting_fee_covers_energy(site: Site) -> Iterator[Finding]:
    """The fee of hosted mining is above the price of the energy blocks."""
    dearest = max((block.price_usd_per_mwh for block in site.energies), default=None)
    for number, contract in enumerate(site.contracts):
        fee = contract.fee_usd_per_kwh * 1_000
        if contract.kind == "hosted_mining" and dearest is not None and fee < dearest:
            yield warning(
                site,
                ("contract", number, "fee_usd_per_kwh"),
                f"hosted miners pay {fee:g} USD/MWh",
                f"the block costs {dearest:g} USD/MWh before losses and cooling",
                "Check the fee: it is USD per kWh.",
            )


CHECKS = (
    check_emergency_curtailment,
    check_interruptible_connection,
    check_uptime_has_credits,
    check_contract_covers_period,
    check_hosting_fee_covers_energy,
)
