"""From what pydantic found to errors that say value, rule, remedy and place."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from megawatt.core.errors import InputError
from megawatt.site.field import About, Breach, Table
from megawatt.site.lines import Path

LONGEST_SHOWN = 60
_NUMBER = re.compile(r"(-?\d[\d,]*(?:\.\d+)?)(?![\d.])")
_WHOLE = re.compile(r"(\d[\d,]*)(?![\d.])")
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})$")
_YES_NO = re.compile(r"(true|false)$")

_TYPE_WORDS = {
    "float_type": "it is a number",
    "int_type": "it is a whole number",
    "int_from_float": "it is a whole number",
    "string_type": "it is text in quotation marks",
    "bool_type": "it is true or false, without quotation marks",
    "date_type": "it is a date without quotation marks",
    "date_from_datetime_inexact": "it is a date without a time of day",
    "tuple_type": "it is a list in square brackets",
    "model_type": "it is a table of keys and values",
    "finite_number": "it is a finite number",
}


class SiteFileError(InputError):
    """A site file is wrong; all its problems are in ``problems``.

    Attributes:
        problems: One error per problem, in the order of the file.
    """

    def __init__(self, problems: tuple[InputError, ...]) -> None:
        self.problems = problems
        first = problems[0]
        super().__init__(first.value, first.rule, first.remedy, first.place)
        if len(problems) > 1:
            self.args = (f"{len(problems)} problems:\n" + "\n".join(f"- {one}" for one in problems),)

    def __reduce__(self) -> tuple[type["SiteFileError"], tuple[tuple[InputError, ...]]]:  # type: ignore[override]  # one argument of its own
        """Let the error cross process borders."""
        return type(self), (self.problems,)


def toml(value: Any) -> str:
    """A value as it is written in a TOML file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, int) and value.bit_length() > 63:
        return "a number beyond 64 bits"  # which TOML does not know, and which may be too long to print
    return f"{value}"


def shown(value: Any) -> str:
    """A value of the file for a message: as it is written there, shortened."""
    text = toml(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]} ..."


def suggestion(name: str, known: list[str]) -> str:
    """A sentence that names the nearest known name, or all when none is near."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(known)}."


def faults(error: ValidationError, table: type[Table]) -> Iterator[tuple[Path, Breach]]:
    """What pydantic found wrong in one table, each with its path inside that table."""
    for detail in error.errors(include_url=False):
        if detail["type"] == "breaches":
            for one in detail["ctx"]["breaches"]:
                yield (*detail["loc"], *([one.key] if one.key else [])), one
        else:
            yield detail["loc"], Breach("", *_words(detail, table))


def _words(detail: ErrorDetails, table: type[Table]) -> tuple[str, str, str]:
    """Value, rule and remedy of one finding of pydantic."""
    keys, known = _keys_at(table, detail["loc"])
    key, kind = str(detail["loc"][-1]), detail["type"]
    if kind == "missing":
        example = f" Write for example: {key} = {toml(known.example)}" if known else ""
        return f"{key} is missing", "it has no default", f"Add {key}.{example}"
    if kind == "extra_forbidden":
        return f"the key {shown(key)}", "it is unknown in this table", suggestion(key, keys)
    found = f"{key} = {shown(detail['input'])}"
    if kind == "literal_error":
        return found, f"it is one of {detail['ctx']['expected']}", _literal_remedy(detail)
    if known and kind in ("greater_than_equal", "less_than_equal"):
        return found, f"it is {known.range_text()}", known.unit_hint(detail["input"]) or _check_unit(known)
    rule = _TYPE_WORDS.get(kind, detail["msg"][0].lower() + detail["msg"][1:])
    if unquoted := _unquoted(detail):
        return found, rule, f"Write {key} = {unquoted}"
    remedy = f"Write for example: {key} = {toml(known.example)}" if known else "Correct the value."
    return found, rule, remedy


def _unquoted(detail: ErrorDetails) -> str:
    """The number or date inside a text that should not be one: ``"50 MW"`` was meant as ``50``."""
    pattern = {"float_type": _NUMBER, "int_type": _WHOLE, "date_type": _DATE, "bool_type": _YES_NO}.get(detail["type"])
    if pattern is None or not isinstance(detail["input"], str):
        return ""
    inside = pattern.match(detail["input"].strip())
    return inside.group(1).replace(",", "") if inside else ""


def _check_unit(known: About) -> str:
    unit = f" (unit: {known.unit})" if known.unit != "count" else ""
    return f"Check the value{unit}; for example {toml(known.example)}."


def _literal_remedy(detail: ErrorDetails) -> str:
    choices = [one.strip("'") for one in detail["ctx"]["expected"].replace(" or ", ", ").split(", ")]
    given = detail["input"].lower() if isinstance(detail["input"], str) else ""
    near = get_close_matches(given, choices, n=1, cutoff=0.5)
    return f"Did you mean {toml(near[0])}?" if near else "Choose one of them."


def _keys_at(table: type[Table], location: tuple[str | int, ...]) -> tuple[list[str], About | None]:
    """The known keys of the innermost table at ``location``, and what is known about the last key."""
    known: About | None = None
    for part in location:
        if isinstance(part, int):
            continue
        if part not in table.model_fields:
            return list(table.model_fields), None
        known = table.keys()[part]
        if part != location[-1]:
            table = table.inner_tables().get(part, table)
    return list(table.model_fields), known
