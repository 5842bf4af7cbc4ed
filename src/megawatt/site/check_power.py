"""Checks that the loads fit the meter and the work fits the time."""

from collections.abc import Iterator
from math import ceil

from megawatt.site.finding import Finding, error, warning
from megawatt.site.hall import WINDOW_HOURS, Hall
from megawatt.site.read import Site

GPU_WATTS = (300.0, 3_000.0)
"""Critical IT power per GPU that can be, server included: a DGX H100 draws up to 10.2 kW for 8 (NVIDIA data sheet)."""


def hall_meter_mw(site: Site, hall: Hall, share: float = 1.0) -> float:
    """Power at the meter of ``share`` of a hall in the hottest hour of the PUE curve [MW]."""
    return site.connection.meter_mw(hall.critical_it_mw * share, site.pue.worst_hall)


def fleets_meter_mw(site: Site) -> float:
    """Power at the meter of all working machines in the hottest hour of the PUE curve [MW]."""
    return sum(site.connection.meter_mw(fleet.largest_mw, site.pue.worst_mining) for fleet in site.fleets)


def firm_meter_mw(site: Site) -> float:
    """Power at the meter that may never be switched off: firm and storage halls, and capped halls at their floor [MW]."""
    floor = {"firm": 1.0, "storage": 1.0}
    return sum(
        hall_meter_mw(site, hall, hall.min_power_fraction if hall.kind == "capped" else floor.get(hall.kind, 0.0))
        for hall in site.halls
    )


def backup_carries(site: Site, hall: Hall) -> bool:
    """Whether generators and batteries can carry a hall with its cooling."""
    return hall.backup_mw >= hall.critical_it_mw * site.pue.worst_hall


def check_has_load(site: Site) -> Iterator[Finding]:
    """A site without fleet and hall has nothing to decide."""
    if not site.fleets and not site.halls:
        yield error(
            site,
            ("site",),
            "the site has no [[fleet]] and no [[hall]]",
            "there is nothing to decide",
            "Add at least one.",
        )


def check_firm_load_fits(site: Site) -> Iterator[Finding]:
    """What may never be switched off fits through the meter in the hottest hour."""
    firm, limit = firm_meter_mw(site), site.connection.meter_limit_mw
    if firm > limit:
        yield error(
            site,
            ("site", "meter_limit_mw"),
            f"firm load of {firm:.4g} MW at the meter (PUE {site.pue.worst_hall:g}, losses {site.connection.loss_fraction:g})",
            f"meter_limit_mw is {limit:g}",
            f"Raise meter_limit_mw to {ceil(firm * 10) / 10:g} or more, or lower critical_it_mw of the firm halls.",
        )


def check_batch_fits(site: Site) -> Iterator[Finding]:
    """Each batch hall can run beside the firm load, and together they find room in time."""
    firm, limit = firm_meter_mw(site), site.connection.meter_limit_mw
    if firm > limit:
        return  # said by check_firm_load_fits
    needed = firm
    for number, hall in enumerate(site.halls):
        if hall.kind != "batch" or hall.duty_fraction == 0:
            continue
        batch = hall_meter_mw(site, hall)
        needed += batch * hall.duty_fraction
        if firm + batch > limit:
            yield error(
                site,
                ("hall", number, "critical_it_mw"),
                f"batch hall {hall.name!r} needs {batch:.4g} MW beside {firm:.4g} MW of firm load",
                f"meter_limit_mw is {limit:g}: it could never run in the hottest hours",
                f"Raise meter_limit_mw to {ceil((firm + batch) * 10) / 10:g} or more, or make the hall smaller.",
            )
    if needed > limit:
        yield error(
            site,
            ("site", "meter_limit_mw"),
            f"firm load and the duty of the batch halls need {needed:.4g} MW on average",
            f"meter_limit_mw is {limit:g}",
            "Lower duty_fraction or critical_it_mw, or raise meter_limit_mw.",
        )


def check_sum_of_loads(site: Site) -> Iterator[Finding]:
    """Loads above the limit are fine: the dispatch fills the limit. Saying so avoids a surprise."""
    total = fleets_meter_mw(site) + sum(hall_meter_mw(site, hall) for hall in site.halls)
    limit = site.connection.meter_limit_mw
    if total > limit * 1.000001:
        yield warning(
            site,
            ("site", "meter_limit_mw"),
            f"all loads together need up to {total:.4g} MW at the meter",
            f"meter_limit_mw is {limit:g}",
            "Nothing to do: in every interval the loads worth most fill the limit. 'Next megawatt' says what more limit is worth.",
        )
    elif 0 < total < limit / 3:
        yield warning(
            site,
            ("site", "meter_limit_mw"),
            f"meter_limit_mw is {limit:g}",
            f"all loads together need only {total:.4g} MW",
            "Check the count of machines and the limit.",
        )


def check_batch_duty_fits_run(site: Site) -> Iterator[Finding]:
    """The hours due in a window are at least one run long."""
    for number, hall in enumerate(site.halls):
        due = hall.duty_fraction * WINDOW_HOURS[hall.window] * 60
        if hall.kind == "batch" and 0 < due < hall.min_run_minutes:
            yield error(
                site,
                ("hall", number, "min_run_minutes"),
                f"batch hall {hall.name!r} is due for {due:g} minutes a {hall.window}",
                f"once started it runs {hall.min_run_minutes:g} minutes",
                "Lower min_run_minutes, raise duty_fraction, or choose a longer window.",
            )


def check_batch_is_due(site: Site) -> Iterator[Finding]:
    """A batch hall that is never due never runs, one that is always due is firm."""
    for number, hall in enumerate(site.halls):
        if hall.kind == "batch" and hall.duty_fraction in (0, 1):
            what = "never" if hall.duty_fraction == 0 else "always"
            yield warning(
                site,
                ("hall", number, "duty_fraction"),
                f"batch hall {hall.name!r} has a duty_fraction of {hall.duty_fraction:g}",
                f"it {what} runs",
                'Give the share of the window that is due, or use kind = "firm".',
            )


def check_backup_carries_hall(site: Site) -> Iterator[Finding]:
    """Backup power carries the hall with its cooling, or it carries nothing."""
    for number, hall in enumerate(site.halls):
        if hall.backup_mw > 0 and not backup_carries(site, hall):
            yield warning(
                site,
                ("hall", number, "backup_mw"),
                f"backup of {hall.backup_mw:g} MW for hall {hall.name!r}",
                f"with cooling the hall needs {hall.critical_it_mw * site.pue.worst_hall:.4g} MW",
                "Raise backup_mw, or set it to 0 when it only carries part.",
            )


def check_gpu_power(site: Site) -> Iterator[Finding]:
    """The number of GPUs goes with the power of the hall."""
    low, high = GPU_WATTS
    for number, hall in enumerate(site.halls):
        watts = hall.critical_it_mw * 1e6 / hall.gpus if hall.gpus else low
        if not low <= watts <= high:
            yield warning(
                site,
                ("hall", number, "gpus"),
                f"{hall.gpus:,} GPUs in {hall.critical_it_mw:g} MW are {watts:,.0f} W each",
                f"a GPU with its share of the server draws {low:g} to {high:,g} W",
                "Check gpus and critical_it_mw; an H100 server of 8 draws about 10 kW.",
            )


def check_export(site: Site) -> Iterator[Finding]:
    """Nothing on the site generates, so an export limit has no effect; resale of a block needs none."""
    if site.connection.export_limit_mw > 0:
        yield warning(
            site,
            ("site", "export_limit_mw"),
            f"export_limit_mw is {site.connection.export_limit_mw:g}",
            "no load of this site feeds in; a block of energy is sold back on paper",
            "Set it to 0.",
        )


CHECKS = (
    check_has_load,
    check_firm_load_fits,
    check_batch_fits,
    check_sum_of_loads,
    check_batch_duty_fits_run,
    check_batch_is_due,
    check_backup_carries_hall,
    check_gpu_power,
    check_export,
)
