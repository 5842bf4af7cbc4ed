"""What the answer rests on: the inputs with their birth certificates, the gaps in them, the site file's own values."""

from megawatt.app import words
from megawatt.app.decision import Decision
from megawatt.app.report.table import Column, Row, Table
from megawatt.core.series import Series
from megawatt.site.field import Table as SiteTable
from megawatt.site.tables import TABLES

GAPS_SHOWN = 12
"""Gaps that are named one by one; more are counted."""


def inputs(decision: Decision) -> Table:
    """Source, licence, kind, coverage and hash of every input."""
    columns = (
        Column("Input", text=True),
        Column("Unit", text=True),
        Column("Source", text=True),
        Column("Licence", text=True),
        Column("Kind", text=True),
        Column("Covered", "h of the period"),
        Column("SHA-256", text=True),
    )
    rows = tuple(_input_row(decision, one) for one in decision.case.inputs)
    return Table("Inputs, with the first 12 digits of the hash of what was used", columns, rows)


def _input_row(decision: Decision, one: Series) -> Row:
    origin = one.provenance
    source = f"{origin.source}, read {origin.retrieved}" if origin.retrieved else origin.source
    kind = "modelled" if origin.modelled else "measured or published"
    hours = words.whole(one.on(decision.case.problem.grid).hours_covered)
    return Row((one.name, one.unit.value, source, origin.licence, kind, hours, one.sha256()[:12]))


def source_line(decision: Decision) -> str:
    """Source and date under every chart."""
    kinds = {False: "measured or published", True: "modelled"}
    parts = dict.fromkeys(f"{one.provenance.source} ({kinds[one.provenance.modelled]})" for one in decision.case.inputs)
    return f"Period {words.period(decision)}. Sources: {'; '.join(parts)}."


def gaps(decision: Decision) -> list[str]:
    """The missing runs in words, the first few by name."""
    found = list(dict.fromkeys(str(one) for one in decision.case.gaps))
    rest = len(found) - GAPS_SHOWN
    return found[:GAPS_SHOWN] + ([f"and {rest} more"] if rest > 0 else [])


def coverage(decision: Decision) -> str:
    """How many hours the result covers."""
    grid = decision.case.problem.grid
    whole, covered = grid.n * grid.hours, decision.case.hours_covered
    if covered == whole:
        return f"All {words.whole(whole)} hours of the period are covered: no input has a gap in it."
    return (
        f"{words.whole(covered)} of {words.whole(whole)} hours are covered. In the others an input is missing: nothing is "
        "decided or earned there, nothing is filled in, and amounts per year are scaled from the covered hours alone."
    )


def assumptions(decision: Decision) -> Table:
    """Every value that the site file states, with the meaning of its key."""
    site = decision.case.site
    rows = []
    for name, place in TABLES.items():
        value = getattr(site, place.attribute)
        there = value if place.many else (value,)
        for one in (each for each in there if each is not None):
            label = f"{name} {one.name}" if place.many else name
            for key, known in one.keys().items():
                if key in one.model_fields_set and key != "name":
                    shown = _shown(getattr(one, key))
                    unit = "" if known.unit in {"text", "choice", "date", "yes/no", "list", "count"} else known.unit
                    rows.append(Row((f"{label}: {key}", shown, unit, known.meaning)))
    columns = tuple(Column(head, text=True) for head in ("Key", "Value", "Unit", "Meaning"))
    return Table(
        f"Values stated in {site.place}; every other key has the default of the reference", columns, tuple(rows)
    )


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.12g}".replace("-", words.MINUS)
    if isinstance(value, tuple):
        return "; ".join(_shown(one) for one in value) if value else "none"
    if isinstance(value, SiteTable):
        return ", ".join(f"{key} {_shown(getattr(value, key))}" for key in type(value).keys())  # noqa: SIM118  # keys of the table's class, which is no dict
    return str(value)
