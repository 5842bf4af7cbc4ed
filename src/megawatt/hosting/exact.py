"""Exact numbers for settlement.

A contract says 121.50 and not the binary fraction next to it. So a float of a site file counts as the decimal number
it prints as, and everything after that is done in fractions; only the last step rounds, to the cent, half to even.
"""

import math
from fractions import Fraction

from megawatt.core.errors import InputError


def exact(number: Fraction | float | str, what: str) -> Fraction:
    """The decimal number that ``number`` prints as.

    Args:
        number: Integer, fraction, decimal text, or a float such as 0.1 (which gives 1/10 exactly).
        what: Name and unit for the error message.

    Raises:
        InputError: It is not a finite number.
    """
    if isinstance(number, float) and not math.isfinite(number):
        raise InputError(f"{what} is {number}", "an amount is a finite number", "Write a decimal number.")
    try:
        return Fraction(str(number))
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{what} is {number!r}", "an amount is a finite number", "Write a decimal number.") from None


def at_least_zero(number: float, what: str) -> float:
    """Pass ``number`` on if it is finite and not negative, else raise `InputError`."""
    if not (math.isfinite(number) and number >= 0):
        raise InputError(f"{what} is {number}", "it is a finite number of at least 0", "Correct its sign or unit.")
    return number


def fraction_of_one(number: float, what: str) -> float:
    """Pass ``number`` on if it lies in [0, 1], else raise `InputError`."""
    if not 0 <= number <= 1:
        raise InputError(f"{what} is {number}", "it is a fraction from 0 to 1", "Write 0.995 for 99.5 %.")
    return number
