"""Checks of the machines: figures, modes, blocks and times."""

from collections.abc import Iterator
from itertools import pairwise

from megawatt.core.errors import InputError
from megawatt.site.check_power import firm_meter_mw
from megawatt.site.finding import Finding, error, warning
from megawatt.site.machines import machine
from megawatt.site.read import Site

EFFICIENCY_J_PER_TH = (5.0, 150.0)
"""J/TH that a SHA-256 machine can have: 11 for the best model of the table, 98 for an S9; with room on both sides."""


def check_efficiency(site: Site) -> Iterator[Finding]:
    """J/TH of the figures given is one that a machine can have."""
    low, high = EFFICIENCY_J_PER_TH
    for number, fleet in enumerate(site.fleets):
        if not low <= fleet.efficiency_j_per_th <= high:
            yield error(
                site,
                ("fleet", number, "power_w"),
                f"{fleet.power_w:g} W for {fleet.hashrate_th_s:g} TH/s are {fleet.efficiency_j_per_th:.4g} J/TH",
                f"machines lie between {low:g} and {high:g} J/TH",
                "Give hash rate and power of one machine, for example 200 TH/s and 3500 W.",
            )


def check_figures_of_model(site: Site) -> Iterator[Finding]:
    """Own figures beside the name of a known model are close to its name plate."""
    for number, fleet in enumerate(site.fleets):
        try:
            plate = machine(fleet.model)
        except InputError:
            continue  # a free label
        if not 0.75 <= fleet.efficiency_j_per_th / plate.efficiency_j_per_th <= 1.25:
            yield warning(
                site,
                ("fleet", number, "power_w"),
                f"fleet {fleet.name!r} has {fleet.efficiency_j_per_th:.4g} J/TH",
                f"the name plate of {plate.model} says {plate.efficiency_j_per_th:.4g}",
                "Check the figures, or choose another label for model.",
            )


def check_blocks_divide_machines(site: Site) -> Iterator[Finding]:
    """Blocks are equal; machines that do not divide are spread as a fraction."""
    for number, fleet in enumerate(site.fleets):
        if fleet.count < fleet.blocks:
            yield error(
                site,
                ("fleet", number, "blocks"),
                f"{fleet.blocks} blocks of {fleet.count} machines",
                "a block holds at least one machine",
                "Lower blocks.",
            )
        elif fleet.count % fleet.blocks:
            yield warning(
                site,
                ("fleet", number, "blocks"),
                f"{fleet.count:,} machines in {fleet.blocks} blocks",
                "they do not divide evenly, and blocks are calculated as equal",
                f"Nothing to do if {fleet.count / fleet.blocks:,.1f} machines a block are close enough.",
            )


def check_block_can_run(site: Site) -> Iterator[Finding]:
    """A block fits beside the firm load, in its smallest mode at least."""
    room = site.connection.meter_limit_mw - firm_meter_mw(site)
    for number, fleet in enumerate(site.fleets):
        block = site.connection.meter_mw(fleet.smallest_block_mw, site.pue.worst_mining)
        if room > 0 and block > room:
            yield warning(
                site,
                ("fleet", number, "blocks"),
                f"a block of fleet {fleet.name!r} needs {block:.4g} MW at the meter",
                f"the limit leaves {room:.4g} MW beside the firm load, and a block is on or off as a whole",
                f"Switch the fleet in more blocks: {int(fleet.blocks * block / room) + 1} or more.",
            )


def check_modes_are_useful(site: Site) -> Iterator[Finding]:
    """No mode draws more and hashes less than another."""
    for number, fleet in enumerate(site.fleets):
        modes = sorted(fleet.modes, key=lambda mode: (mode.power_fraction, -mode.hashrate_fraction))
        for less, more in pairwise(modes):
            if more.hashrate_fraction <= less.hashrate_fraction:
                yield warning(
                    site,
                    ("fleet", number, "modes"),
                    f"mode {more.name!r} draws {more.power_fraction:g} for {more.hashrate_fraction:g} of the hash rate",
                    f"mode {less.name!r} gives {less.hashrate_fraction:g} for {less.power_fraction:g}",
                    "Drop the worse mode, or correct its figures.",
                )


def check_times_are_whole_intervals(site: Site) -> Iterator[Finding]:
    """Minimum times count in whole intervals and are rounded up."""
    step = site.connection.interval_minutes
    rows = [
        *(
            ("fleet", n, key, getattr(one, key))
            for n, one in enumerate(site.fleets)
            for key in ("min_up_minutes", "min_down_minutes")
        ),
        *(("hall", n, "min_run_minutes", one.min_run_minutes) for n, one in enumerate(site.halls)),
    ]
    for table, number, key, minutes in rows:
        if minutes % step:
            yield warning(
                site,
                (table, number, key),
                f"{key} is {minutes:g}",
                f"an interval has {step} minutes, so it counts as {-(-minutes // step) * step:g}",
                "Nothing to do, or choose a shorter interval_minutes.",
            )


def check_times_fit_period(site: Site) -> Iterator[Finding]:
    """A block can be switched at least once in the period."""
    minutes = (site.period.end - site.period.start).days * 1_440
    for number, fleet in enumerate(site.fleets):
        if fleet.min_up_minutes + fleet.min_down_minutes > minutes:
            yield warning(
                site,
                ("fleet", number, "min_up_minutes"),
                f"fleet {fleet.name!r} stays on {fleet.min_up_minutes:g} and off {fleet.min_down_minutes:g} minutes at least",
                f"the period has {minutes:,} minutes",
                "Lengthen the period, or check the two times.",
            )


def check_installed(site: Site) -> Iterator[Finding]:
    """Machines stand on the site during the period."""
    for number, fleet in enumerate(site.fleets):
        if fleet.installed and fleet.installed >= site.period.end:
            yield warning(
                site,
                ("fleet", number, "installed"),
                f"fleet {fleet.name!r} is installed on {fleet.installed}",
                f"the period ends on {site.period.end}; the fleet is calculated as new and in place all the time",
                "Correct the date, or remove the fleet from this period.",
            )


def check_payout(site: Site) -> Iterator[Finding]:
    """A pps pool keeps the transaction fees."""
    for number, fleet in enumerate(site.fleets):
        if fleet.payout == "pps" and fleet.owner == "own":
            yield warning(
                site,
                ("fleet", number, "payout"),
                f"fleet {fleet.name!r} is paid pps",
                "the pool keeps the transaction fees: 11 % of the revenue in the week before 20 April 2024, 75 % on that day",
                "Nothing to do if the pool's terms say so; most large pools pay fpps.",
            )


CHECKS = (
    check_efficiency,
    check_figures_of_model,
    check_blocks_divide_machines,
    check_block_can_run,
    check_modes_are_useful,
    check_times_are_whole_intervals,
    check_times_fit_period,
    check_installed,
    check_payout,
)
