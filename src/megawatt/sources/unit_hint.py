"""Values that look like another unit than the one declared.

A price of 0.03 per MWh is a price of 3 cents per kWh written in the wrong column far more often than it is a price.
These are hints from size alone, so a user who has looked can say so and go on.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.units import Unit

PRICES = (Unit.USD_PER_MWH, Unit.EUR_PER_MWH)


@dataclass(frozen=True, slots=True)
class Hint:
    """One rule of thumb.

    Attributes:
        units: Declared units it applies to.
        at_least: Number of values below which it is silent.
        looks_wrong: Whether mean and largest absolute value look like the other unit.
        rule: What values of the declared unit look like.
        remedy: What to do.
    """

    units: tuple[Unit, ...]
    at_least: int
    looks_wrong: Callable[[float, float], bool]
    rule: str
    remedy: str


HINTS = (
    Hint(
        PRICES,
        24,
        lambda mean, largest: 0 < mean < 1 and largest < 10,
        "power costs tens per MWh on average; values of this size are per kWh",
        "Multiply the column by 1000",
    ),
    Hint(
        # A week: a single windy weekend may well be this cheap and this calm in USD/MWh, a whole week is not.
        PRICES,
        168,
        lambda mean, largest: 1 <= mean < 12 and largest < 25,
        "a week of prices per MWh has hours above 25; values of this size are cents per kWh",
        "Multiply the column by 10",
    ),
    Hint(
        (Unit.CELSIUS,),
        24,
        lambda mean, largest: mean > 45 or largest > 60,
        "the air has never been that warm; values of this size are °F",
        "Convert with (°F - 32) / 1.8",
    ),
    Hint(
        (Unit.FRACTION,),
        1,
        lambda _, largest: 1.5 < largest <= 100,
        "a fraction is about 0 to 1; values of this size are percent",
        "Divide the column by 100",
    ),
    Hint(
        (Unit.USD_PER_BTC,),
        24,
        lambda mean, largest: 0 < mean < 1 and largest < 10,
        "a bitcoin has cost thousands since 2017; values of this size are thousands or coins per dollar",
        "Multiply or invert the column",
    ),
)


def refuse_other_unit(values: Floats, unit: Unit, what: str, place: str) -> None:
    """Raise `InputError` where the size of ``values`` says that they have another unit than ``unit``."""
    size = np.abs(values[np.isfinite(values)])
    if not size.size:
        return
    mean, largest = float(size.mean()), float(size.max())
    for hint in HINTS:
        if unit in hint.units and size.size >= hint.at_least and hint.looks_wrong(mean, largest):
            raise InputError(
                f"{what} declared in {unit.value} has a mean size of {mean:.4g} and a largest of {largest:.4g}",
                hint.rule,
                f"{hint.remedy}, declare the unit it has, or pass unit_checked=True (--unit-checked) if the values are right.",
                place,
            )
