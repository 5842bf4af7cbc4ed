"""Checks of a site beyond its single keys: do the parts fit each other, the meter, the market and the contracts?"""

from dataclasses import replace

from megawatt.site import check_contract, check_finance, check_fleet, check_market, check_names, check_power
from megawatt.site.finding import Finding
from megawatt.site.read import Site

CHECKS = (
    *check_names.CHECKS,
    *check_power.CHECKS,
    *check_fleet.CHECKS,
    *check_contract.CHECKS,
    *check_market.CHECKS,
    *check_finance.CHECKS,
)
"""Every check, a function of the site; its name without ``check_`` is the name of its findings."""


def check(site: Site) -> list[Finding]:
    """Run every check.

    Returns:
        All findings, errors first; empty when there is nothing to say.
    """
    found = [replace(finding, check=rule.__name__.removeprefix("check_")) for rule in CHECKS for finding in rule(site)]
    return sorted(found, key=lambda finding: finding.severity != "error")
