"""Single values of a site file replaced for one run: ``--set debt.dscr=1.4``."""

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from megawatt.core.errors import InputError
from megawatt.site.faults import SiteFileError, faults, suggestion
from megawatt.site.read import Site
from megawatt.site.tables import TABLES

CHANGEABLE = ("finance", "debt", "treasury")
"""Tables that hold terms and no equipment."""


def with_values(site: Site, given: Sequence[str]) -> Site:
    """The site with values replaced; a table that the file has not begins from its defaults.

    Args:
        site: As read.
        given: ``"debt.dscr=1.4"``, the value as in TOML.

    Raises:
        InputError: One of them is not of that form, or names another table.
        SiteFileError: A table does not hold with its new values; every problem is in ``problems``.
    """
    changed: dict[str, dict[str, Any]] = {}
    for one in given:
        table, key, value = _parts(one)
        changed.setdefault(table, {})[key] = value
    problems: list[InputError] = []
    tables: dict[str, Any] = {}
    for table, values in changed.items():
        place = TABLES[table]
        there = getattr(site, place.attribute)
        before = there.model_dump(exclude_unset=True) if there else {}
        try:
            tables[place.attribute] = place.table.model_validate(before | values)
        except ValidationError as error:
            problems += [
                InputError(found.value, found.rule, found.remedy, ", ".join(["--set", f"[{table}]", *map(str, inside)]))
                for inside, found in faults(error, place.table)
            ]
    if problems:
        raise SiteFileError(tuple(problems))
    return replace(site, **tables)


def _parts(one: str) -> tuple[str, str, Any]:
    name, equals, text = one.partition("=")
    table, dot, key = name.strip().partition(".")
    if not (equals and dot and key.isidentifier()):
        raise InputError(f"--set {one}", "it is TABLE.KEY=VALUE", "Write for example: --set debt.dscr=1.4")
    if table not in CHANGEABLE:
        raise InputError(
            f"--set {one}",
            f"it changes the tables {', '.join(CHANGEABLE)}",
            suggestion(table, list(CHANGEABLE)) if table else "Name a table.",
        )
    try:
        return table, key, tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        raise InputError(
            f"--set {one}", "the value is written as in TOML", "Put text in quotation marks; numbers stand without."
        ) from None
