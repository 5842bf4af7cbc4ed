"""What is known about a key of the site file: unit, meaning, example, source and sane range, in one place.

Every key of every table is declared once, as ``name: Annotated[type, about(...)] = default``. The reader, the checks,
the reference page and the JSON Schema all read that one declaration.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

OPERATOR = "the operator's own papers"
"""Source of a key that only the operator can know: his contracts, name plates and meters."""

LONGEST_TEXT = 200
FIRST_DAY = dt.date(2000, 1, 1)
LAST_DAY = dt.date(2100, 12, 31)

MIXUPS: dict[str, dict[str, float]] = {
    "MW": {"kW": 1e-3, "W": 1e-6, "GW": 1e3},
    "W": {"kW": 1e3, "MW": 1e6},
    "TH/s": {"GH/s": 1e-3, "PH/s": 1e3, "EH/s": 1e6},
    "USD/MWh": {"USD/kWh": 1e3, "US cents/kWh": 10.0},
    "USD/IT-MWh": {"USD/kWh": 1e3, "US cents/kWh": 10.0},
    "USD/kWh": {"US cents/kWh": 1e-2, "USD/MWh": 1e-3},
    "USD/kW-month": {"USD/MW-month": 1e-3, "million USD/MW-year": 1e3 / 12},
    "USD/kW-year": {"USD/MW-year": 1e-3},
    "USD": {"million USD": 1e6},
    "PH/s": {"TH/s": 1e-3, "EH/s": 1e3},
    "USD/PH/day": {"USD/TH/day": 1e3},
    "USD/MW-year": {"USD/kW-year": 1e3, "million USD/MW-year": 1e6},
    "USD/IT-MW": {"million USD/IT-MW": 1e6, "USD/IT-kW": 1e3},
    "USD/IT-MW-year": {"million USD/IT-MW-year": 1e6, "USD/IT-kW-year": 1e3},
    "fraction": {"percent": 1e-2},
    "fraction/year": {"percent a year": 1e-2},
    "fraction/°C": {"percent per °C": 1e-2},
    "ratio": {"percent": 1e-2},
    "minutes": {"seconds": 1 / 60, "hours": 60.0},
    "TB": {"PB": 1e3, "GB": 1e-3},
}
"""Units people write by mistake, with the factor that turns them into the unit of the key."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known about one key, beside its type and default.

    Attributes:
        unit: Unit of the value; ``"text"``, ``"choice"``, ``"date"``, ``"yes/no"``, ``"list"`` or ``"count"`` where there is none.
        meaning: One sentence.
        example: A value that is valid.
        source: Where the figure, the range or the choice comes from.
        low: Smallest sane value, or none.
        high: Largest sane value, or none.
        least: Smallest sane size of a value that is not zero, or none: 0.04 USD/MWh is a price per kWh.
        kinds: Kinds of the table the key belongs to; empty = all.
        required_for: Kinds of the table that cannot do without the key.
        default_text: Default in words where it is not one value.
    """

    unit: str
    meaning: str
    example: Any
    source: str
    low: float | None
    high: float | None
    least: float | None
    kinds: tuple[str, ...]
    required_for: tuple[str, ...]
    default_text: str

    def is_sane(self, value: float) -> bool:
        """Whether a number lies in the sane range."""
        above = self.low is None or value >= self.low
        below = self.high is None or value <= self.high
        return above and below and not self.is_too_small(value)

    def is_too_small(self, value: float) -> bool:
        """Whether a number is not zero, yet closer to zero than is sane."""
        return self.least is not None and 0 < abs(value) < self.least

    def range_text(self) -> str:
        """The sane range as words, empty when there is none."""
        unit = "" if self.unit in ("count", "fraction", "ratio") else f" {self.unit}"
        parts = []
        if self.low is not None and self.high is not None:
            parts.append(f"between {self.low:,.12g} and {self.high:,.12g}{unit}")
        elif self.low is not None:
            parts.append(f"at least {self.low:,.12g}{unit}")
        elif self.high is not None:
            parts.append(f"at most {self.high:,.12g}{unit}")
        if self.least is not None:
            parts.append(f"0 or at least {self.least:,.12g}{unit} in size")
        return ", ".join(parts)

    def unit_hint(self, value: float) -> str:
        """Name the unit that ``value`` was probably written in, or nothing."""
        if abs(value) > 1e18:
            return ""  # no slip of a unit, and too large to calculate with
        for other, factor in MIXUPS.get(self.unit, {}).items():
            converted = float(f"{value * factor:.12g}")
            if self.is_sane(converted) and converted != 0:
                there = "as a" if self.unit.startswith(("fraction", "ratio")) else "in"
                return f"{value:,.12g} looks like {other}; {there} {self.unit} it is {converted:,.12g}."
        return ""


def about(
    unit: str,
    meaning: str,
    example: Any,
    *,
    source: str = OPERATOR,
    low: float | None = None,
    high: float | None = None,
    least: float | None = None,
    kinds: tuple[str, ...] = (),
    required_for: tuple[str, ...] = (),
    default_text: str = "",
) -> Any:
    """Declare a key inside ``Annotated``; see `About` for the arguments."""
    known = About(unit, meaning, example, source, low, high, least, kinds or required_for, required_for, default_text)
    extra: dict[str, Any] = {"unit": unit, "source": source}
    if known.kinds:
        extra["kinds"] = list(known.kinds)
    info = Field(description=meaning, ge=low, le=high, json_schema_extra=extra)
    info.metadata.append(known)
    if least is not None:
        info.metadata.append(AfterValidator(partial(_of_sane_size, known)))
    if unit in _RULES:
        info.metadata.append(AfterValidator(_RULES[unit]))
    return info


def _of_sane_size(known: About, value: float | None, info: ValidationInfo) -> float | None:
    if value is not None and known.is_too_small(value):
        remedy = known.unit_hint(value) or f"Check the unit: {known.unit}."
        raise breach(Breach("", f"{info.field_name} = {value:g}", f"it is {known.range_text()}", remedy))
    return value


def _printable(text: str, info: ValidationInfo) -> str:
    """Names stand in tables, file names and pages: no line breaks, nothing invisible, nothing endless."""
    if not text or text != text.strip() or not text.isprintable() or len(text) > LONGEST_TEXT:
        rule = f"it has 1 to {LONGEST_TEXT} visible characters, and no blank at its ends"
        shown = f"{info.field_name} = {text[:40]!r}" + " ..." * (len(text) > 40)
        raise breach(Breach("", shown, rule, "Shorten or clean it, or remove the key if it has a default."))
    return text


def _sane_day(day: dt.date | None, info: ValidationInfo) -> dt.date | None:
    if day is not None and not FIRST_DAY <= day <= LAST_DAY:
        rule = f"dates lie between {FIRST_DAY} and {LAST_DAY}"
        raise breach(Breach("", f"{info.field_name} = {day}", rule, "Correct the year."))
    return day


_RULES: dict[str, Callable[[Any, ValidationInfo], Any]] = {"text": _printable, "date": _sane_day}
"""Rules that every key of a unit obeys."""


def about_field(info: FieldInfo) -> About:
    """What was declared with `about` for a field of a table."""
    return next(one for one in info.metadata if isinstance(one, About))


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule on one key (``key`` empty) or between the keys of one table that does not hold."""

    key: str
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.value}, but {self.rule}. {self.remedy}"


def breach(*found: Breach) -> PydanticCustomError:
    """What a validator raises: pydantic shows the words, the reader of the site file takes the parts."""
    return PydanticCustomError("breaches", "{text}", {"text": " ".join(map(str, found)), "breaches": found})


class Table(BaseModel):
    """Base of all tables of the site file: frozen, unknown keys forbidden, no silent conversion, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def keys(cls) -> dict[str, About]:
        """What is known about each key, in the order of the reference page."""
        return {name: about_field(info) for name, info in cls.model_fields.items()}

    @classmethod
    def inner_tables(cls) -> dict[str, type["Table"]]:
        """Tables inside the keys, such as the modes of a fleet, by key."""
        parts = {key: getattr(info.annotation, "__args__", ()) for key, info in cls.model_fields.items()}
        return {key: one for key, of in parts.items() for one in of if isinstance(one, type) and issubclass(one, Table)}

    def breaches(self) -> Iterator[Breach]:
        """Rules between the keys of this table that do not hold; tables add their own."""
        yield from self._kind_breaches()

    def _kind_breaches(self) -> Iterator[Breach]:
        kind = getattr(self, "kind", None)
        for key, known in self.keys().items():
            if known.kinds and key in self.model_fields_set and kind not in known.kinds:
                yield Breach(
                    key,
                    f"{key} is given for kind = {kind!r}",
                    f"it belongs to kind {' or '.join(map(repr, known.kinds))}",
                    f"Remove {key}, or change kind.",
                )
            if kind in known.required_for and key not in self.model_fields_set:
                yield Breach(
                    "kind",
                    f"kind = {kind!r} without {key}",
                    f"this kind needs {key} [{known.unit}]",
                    f"Add for example: {key} = {known.example!r}",
                )

    @model_validator(mode="after")
    def _rules_hold(self) -> Self:
        found = tuple(self.breaches())
        if found:
            raise breach(*found)
        return self
