"""The site: connection, fleets, halls, contracts and limits, read from one file and checked."""

from megawatt.site.charge import Charge
from megawatt.site.connection import Connection, DataChoice, Period, Pue
from megawatt.site.contract import Contract, CreditStep
from megawatt.site.debt import Loan
from megawatt.site.energy import EnergyBlock
from megawatt.site.faults import SiteFileError
from megawatt.site.finance import Finance
from megawatt.site.finding import Finding
from megawatt.site.fleet import Fleet, Mode
from megawatt.site.hall import Hall
from megawatt.site.machines import MACHINES, Machine, machine
from megawatt.site.programme import Programme
from megawatt.site.read import Site
from megawatt.site.treasury import Forward, Treasury

__all__ = [
    "MACHINES",
    "Charge",
    "Connection",
    "Contract",
    "CreditStep",
    "DataChoice",
    "EnergyBlock",
    "Finance",
    "Finding",
    "Fleet",
    "Forward",
    "Hall",
    "Loan",
    "Machine",
    "Mode",
    "Period",
    "Programme",
    "Pue",
    "Site",
    "SiteFileError",
    "Treasury",
    "machine",
]
