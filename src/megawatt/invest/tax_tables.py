"""Tax and depreciation of the United States as dated data, each figure with the law or table it is from.

Property is written off by the tables of IRS Publication 946 (half-year convention) after what the bonus of its date takes at
once. A lawyer's questions are left out and said so: the mid-quarter convention, what states write off, the limit on interest of
26 U.S.C. 163(j), and the shell of a building, which is 39-year property without a bonus where it is not an improvement.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats

COMPUTERS, IMPROVEMENTS = "5-year", "15-year"
"""Classes of property: computers and peripheral equipment; qualified improvements and improvements of land."""

TABLE_A1: Mapping[str, tuple[float, ...]] = {
    COMPUTERS: (0.2000, 0.3200, 0.1920, 0.1152, 0.1152, 0.0576),
    IMPROVEMENTS: (
        *(0.0500, 0.0950, 0.0855, 0.0770, 0.0693, 0.0623, 0.0590, 0.0590),
        *(0.0591, 0.0590, 0.0591, 0.0590, 0.0591, 0.0590, 0.0591, 0.0295),
    ),
}
"""Share of the cost written off in each year from the one in service on: IRS Publication 946, Appendix A, Table A-1."""

PERMANENT_BONUS_FROM = dt.date(2025, 1, 20)
"""Property acquired after 19 January 2025: 100 % again (Public Law 119-21, section 70301); a binding contract acquires."""

PHASE_DOWN: Mapping[int, float] = {2023: 0.8, 2024: 0.6, 2025: 0.4, 2026: 0.2}
"""Bonus by year in service of property acquired before that: 26 U.S.C. 168(k)(6) as of Public Law 115-97; nothing from 2027 on."""

_FULL_BONUS_FROM = dt.date(2017, 9, 28)
"""Acquired after 27 September 2017: 100 % where in service before 2023 (Public Law 115-97, section 13201)."""

SOURCES = {
    "rate": "21 %: 26 U.S.C. 11(b), tax years from 2018 on (Public Law 115-97, section 13001)",
    "loss_limit": "80 % of taxable income: 26 U.S.C. 172(a)(2), losses of years from 2018 on, carried forward without end",
    "tables": "IRS Publication 946, Appendix A, Table A-1, half-year convention, 200 % and 150 % declining balance",
    "bonus": "26 U.S.C. 168(k): 100 % to 2022, 80, 60, 40 % in 2023 to 2025, 100 % for property acquired after 2025-01-19 "
    "(Public Law 119-21, section 70301)",
}
"""Where the figures come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRules:
    """The rules a cash flow is taxed by; a site may give its own.

    Attributes:
        rate: Tax / taxable income.
        loss_limit_fraction: Largest share of a year's income that losses of earlier years may take away.
        tables: Share written off by year in service, by class of property.
        bonus_fraction: Share written off at once whatever the date; None: by the law of the dates.
    """

    rate: float = 0.21
    loss_limit_fraction: float = 0.8
    tables: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: TABLE_A1)
    bonus_fraction: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("rate", self.rate), ("loss limit", self.loss_limit_fraction), ("bonus", self.bonus)):
            if not 0 <= value <= 1:
                raise InputError(f"a {name} of {value}", "it is a fraction from 0 to 1", "Write 0.21 for 21 %.")
        for name, table in self.tables.items():
            if not table or min(table) < 0 or abs(sum(table) - 1) > 1e-9:
                raise InputError(
                    f"a table of {name} property that adds up to {sum(table):.4f}",
                    "a cost is written off once: shares are at least 0 and add up to 1",
                    "Copy the table again.",
                )

    @property
    def bonus(self) -> float:
        """The bonus that holds at every date, 0 where the dates decide."""
        return self.bonus_fraction or 0.0

    def written_off(self, kind: str, in_service: int, acquired: dt.date) -> Floats:
        """Share of a cost deducted in the year in service and each year after it, shape (years,).

        Args:
            kind: Class of property, a key of ``tables``.
            in_service: Calendar year in which it is placed in service.
            acquired: Day on which it was bought, or a binding contract was signed.
        """
        if kind not in self.tables:
            raise InputError(
                f"property of the class {kind!r}",
                f"classes are {', '.join(self.tables)}",
                "Add its table to the rules.",
            )
        if in_service < acquired.year:
            raise InputError(
                f"property in service in {in_service} that was acquired on {acquired}",
                "it is acquired before it is in service",
                "Swap the dates.",
            )
        at_once = bonus_of(acquired, in_service) if self.bonus_fraction is None else self.bonus_fraction
        shares: Floats = (1 - at_once) * np.array(self.tables[kind])
        shares[0] += at_once
        return shares


def bonus_of(acquired: dt.date, in_service: int) -> float:
    """Share of a cost that the law of its dates lets write off at once.

    Args:
        acquired: Day of purchase or of a binding contract, after 27 September 2017.
        in_service: Calendar year in which it is placed in service.

    Raises:
        InputError: The property is older than the law this table begins with.
    """
    if acquired < _FULL_BONUS_FROM:
        raise InputError(
            f"property acquired on {acquired}",
            f"the table of bonuses begins on {_FULL_BONUS_FROM}",
            "Give bonus_fraction for older property.",
        )
    if acquired >= PERMANENT_BONUS_FROM:
        return 1.0
    return 1.0 if in_service < min(PHASE_DOWN) else PHASE_DOWN.get(in_service, 0.0)
