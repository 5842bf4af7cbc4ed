"""All tables of the site file, by their name there."""

from dataclasses import dataclass

from megawatt.site.charge import Charge
from megawatt.site.connection import Connection, DataChoice, Period, Pue
from megawatt.site.contract import Contract
from megawatt.site.debt import Loan
from megawatt.site.energy import EnergyBlock
from megawatt.site.field import Table
from megawatt.site.finance import Finance
from megawatt.site.fleet import Fleet
from megawatt.site.hall import Hall
from megawatt.site.programme import Programme
from megawatt.site.treasury import Forward, Treasury

SCHEMA = "megawatt/site/1"
"""First line of every site file. Later versions add tables and keys, and never rename one."""


@dataclass(frozen=True, slots=True)
class Place:
    """A table in the file and in Python.

    Attributes:
        table: Model of one table.
        attribute: Name of the attribute of `Site`.
        many: Whether the file may hold several, as ``[[name]]``.
        required: Whether the file must hold it.
    """

    table: type[Table]
    attribute: str
    many: bool = False
    required: bool = False


TABLES: dict[str, Place] = {
    "site": Place(Connection, "connection", required=True),
    "period": Place(Period, "period", required=True),
    "data": Place(DataChoice, "data"),
    "pue": Place(Pue, "pue"),
    "fleet": Place(Fleet, "fleets", many=True),
    "hall": Place(Hall, "halls", many=True),
    "contract": Place(Contract, "contracts", many=True),
    "energy": Place(EnergyBlock, "energies", many=True),
    "charge": Place(Charge, "charges", many=True),
    "programme": Place(Programme, "programmes", many=True),
    "finance": Place(Finance, "finance"),
    "debt": Place(Loan, "debt"),
    "treasury": Place(Treasury, "treasury"),
    "forward": Place(Forward, "forwards", many=True),
}
"""Tables by their name in the file, in the order of the reference page."""
