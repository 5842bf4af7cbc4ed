"""Income tax of monthly flows by calendar year: write-offs, losses carried forward up to a limit, paid at the year's end.

    income[y]  = taxable flows of the year - write-offs of the year
    used[y]    = min(losses carried, limit x max(income[y], 0))
    tax[y]     = rate x (max(income[y], 0) - used[y])
    carried    = carried - used[y] + max(-income[y], 0)

Tax of a year is paid in its last month (a year that the horizon cuts: in the horizon's last). Losses and write-offs left at the end
are worth nothing here, which never flatters a project whose owner has other income.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.tax_tables import TaxRules

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Property:
    """One purchase on every path, each array of shape (paths,); months count from the first one, below 0 lies before it.

    Attributes:
        kind: Class of property, a key of the rules' tables.
        cost_usd: Cost, at least 0 [USD]; 0 on paths that do not buy.
        in_service: Month in which it is placed in service; beyond the horizon nothing is written off.
        acquired: Month of the order or the binding contract, by which the bonus goes.
    """

    kind: str
    cost_usd: Floats
    in_service: NDArray[np.int64]
    acquired: NDArray[np.int64]

    def __post_init__(self) -> None:
        if not (self.cost_usd.shape == self.in_service.shape == self.acquired.shape and (self.cost_usd >= 0).all()):
            raise InputError(
                f"{self.kind} property with costs of shape {self.cost_usd.shape}",
                "there is one cost of at least 0, one month in service and one of purchase per path",
                "Give costs, not flows.",
            )


@dataclass(frozen=True, slots=True)
class TaxBill:
    """What is owed, and how it came about.

    Attributes:
        paid_usd: Tax by month paid, shape (paths, months) [USD], at least 0.
        written_off_usd: Write-offs by calendar year, shape (paths, years) [USD].
        income_usd: Taxable income by year before losses of other years, same shape [USD].
        losses_usd: Losses carried out of each year, same shape [USD].
    """

    paid_usd: Floats
    written_off_usd: Floats
    income_usd: Floats
    losses_usd: Floats


def income_tax(taxable_usd: Floats, bought: Iterable[Property], first_month: str, rules: TaxRules) -> TaxBill:
    """Tax of every path.

    Args:
        taxable_usd: Income less deductible cost (interest, too) by month, write-offs left out, shape (paths, months) [USD].
        bought: Property that is written off.
        first_month: ``"2025-01"``.
        rules: Rate, limit of losses, tables.
    """
    year = calendar_years(first_month, taxable_usd.shape[1])
    number = year - year[0]
    written = write_offs(bought, first_month, taxable_usd.shape, rules)
    income = yearly(taxable_usd, number) - written
    paid, losses = np.zeros(taxable_usd.shape), np.empty(income.shape)
    last = np.searchsorted(number, np.arange(income.shape[1]), side="right") - 1
    carried = np.zeros(len(income))
    for y in range(income.shape[1]):
        gain = np.maximum(income[:, y], 0.0)
        used = np.minimum(carried, rules.loss_limit_fraction * gain)
        paid[:, last[y]] = rules.rate * (gain - used)
        carried = carried - used + np.maximum(-income[:, y], 0.0)
        losses[:, y] = carried
    return TaxBill(paid, written, income, losses)


def write_offs(bought: Iterable[Property], first_month: str, shape: tuple[int, ...], rules: TaxRules) -> Floats:
    """Write-offs of each calendar year that the horizon touches, shape (paths, years) [USD]."""
    year = calendar_years(first_month, shape[1])
    out = np.zeros((shape[0], int(year[-1] - year[0]) + 1))
    for one in bought:
        used = (one.cost_usd > 0) & (one.in_service < shape[1])
        for month, ordered in sorted(set(zip(one.in_service[used].tolist(), one.acquired[used].tolist(), strict=True))):
            rows = used & (one.in_service == month) & (one.acquired == ordered)
            shares = rules.written_off(one.kind, int(year[month]), first_day(first_month, ordered))
            begin = int(year[month] - year[0])
            fits = min(len(shares), out.shape[1] - begin)
            out[rows, begin : begin + fits] += one.cost_usd[rows, None] * shares[:fits]
    return out


def first_day(first_month: str, month: int) -> dt.date:
    """First day of the month that many months after the first one (before it, where negative)."""
    day: dt.date = (np.datetime64(first_month, "M") + month).astype("datetime64[D]").item()
    return day


def calendar_years(first_month: str, months: int) -> NDArray[np.int64]:
    """Calendar year of each month, shape (months,)."""
    return (np.datetime64(first_month, "M") + np.arange(months)).astype("datetime64[Y]").astype(np.int64) + 1970


def yearly(flows_usd: Floats, number: NDArray[np.int64]) -> Floats:
    """Sums by year; ``number`` counts the year of each month from 0, shape (paths, years)."""
    begins = np.searchsorted(number, np.arange(number[-1] + 1))
    out: Floats = np.add.reduceat(flows_usd, begins, axis=1)
    return out
