"""Checks that names are unique and that what is named exists."""

from collections.abc import Iterator

from megawatt.site.faults import suggestion
from megawatt.site.finding import Finding, error, warning
from megawatt.site.read import Site
from megawatt.site.tables import TABLES

_CONTRACT_KINDS = {
    "firm": ("colocation",),
    "batch": ("batch", "colocation"),
    "capped": ("colocation", "batch"),
    "spot": ("spot",),
    "storage": ("storage",),
}
"""Kinds of contract that each kind of hall can earn by."""


def check_names_are_unique(site: Site) -> Iterator[Finding]:
    """A name stands for one thing; fleets and halls share their names, because a plan lists both as loads."""
    groups = [
        ("fleet", "hall"),
        *((name,) for name, one in TABLES.items() if one.many and name not in ("fleet", "hall")),
    ]
    for group in groups:
        seen: set[str] = set()
        rows = (
            (table, number, row) for table in group for number, row in enumerate(getattr(site, TABLES[table].attribute))
        )
        for table, number, row in rows:
            if row.name in seen:
                what = "fleets or halls" if table in ("fleet", "hall") else f"tables [[{table}]]"
                yield error(
                    site,
                    (table, number, "name"),
                    f"two {what} are named {row.name!r}",
                    "results and contracts refer to them by name",
                    "Rename one of them.",
                )
            seen.add(row.name)


def check_hall_contract(site: Site) -> Iterator[Finding]:
    """The contract of a hall exists and is of a kind that goes with the hall."""
    kinds = {one.name: one.kind for one in site.contracts}
    for number, hall in enumerate(site.halls):
        path = ("hall", number, "contract")
        if hall.contract not in kinds:
            yield error(
                site,
                path,
                f"hall {hall.name!r} has the contract {hall.contract!r}",
                "no [[contract]] has that name",
                _nearest(hall.contract, list(kinds)),
            )
        elif kinds[hall.contract] not in _CONTRACT_KINDS[hall.kind]:
            wanted = " or ".join(_CONTRACT_KINDS[hall.kind])
            yield error(
                site,
                path,
                f"hall {hall.name!r} of kind {hall.kind} has a contract of kind {kinds[hall.contract]}",
                f"a {hall.kind} hall earns by a contract of kind {wanted}",
                "Name another contract, or change one of the kinds.",
            )


def check_fleet_contract(site: Site) -> Iterator[Finding]:
    """The contract of a hosted fleet exists and is of kind hosted_mining."""
    kinds = {one.name: one.kind for one in site.contracts}
    for number, fleet in enumerate(site.fleets):
        path = ("fleet", number, "contract")
        if not fleet.contract:
            continue
        if fleet.contract not in kinds:
            yield error(
                site,
                path,
                f"fleet {fleet.name!r} has the contract {fleet.contract!r}",
                "no [[contract]] has that name",
                _nearest(fleet.contract, list(kinds)),
            )
        elif kinds[fleet.contract] != "hosted_mining":
            yield error(
                site,
                path,
                f"fleet {fleet.name!r} has a contract of kind {kinds[fleet.contract]}",
                "hosted machines earn by a contract of kind hosted_mining",
                "Name another contract.",
            )


def check_contract_is_used(site: Site) -> Iterator[Finding]:
    """A contract that no hall and no fleet names earns nothing."""
    used = {hall.contract for hall in site.halls} | {fleet.contract for fleet in site.fleets}
    for number, contract in enumerate(site.contracts):
        if contract.name not in used:
            yield warning(
                site,
                ("contract", number, "name"),
                f"contract {contract.name!r} is named by no hall and no fleet",
                "it earns nothing",
                "Name it in a [[hall]] or [[fleet]], or remove it.",
            )


def check_programme_excludes(site: Site) -> Iterator[Finding]:
    """Excluded programmes exist."""
    names = [one.name for one in site.programmes]
    for number, programme in enumerate(site.programmes):
        for other in programme.excludes:
            if other not in names:
                yield error(
                    site,
                    ("programme", number, "excludes"),
                    f"programme {programme.name!r} excludes {other!r}",
                    "no [[programme]] has that name",
                    _nearest(other, [name for name in names if name != programme.name]),
                )


def _nearest(name: str, known: list[str]) -> str:
    return suggestion(name, known) if known else "Add it, or remove the name."


CHECKS = (
    check_names_are_unique,
    check_hall_contract,
    check_fleet_contract,
    check_contract_is_used,
    check_programme_excludes,
)
