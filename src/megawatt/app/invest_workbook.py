"""An investment as a workbook: each fleet's lease and mine as formulas, and the site's cash flow by month under each alternative.

A lease signed today is linear in its rent, so its sheet at the mean of the scenarios' rents gives the mean over the scenarios to the
cent. A mine that may stop is not: its sheet runs along the mean path of hashprice and power, and the mean over the scenarios
stands beside it. The sheets of the site hold the mean over the scenarios of every line; what they add up to, and its value today,
are formulas. With a treasury, a sheet an alternative follows cash, coins and forwards along the mean.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from megawatt.app.investment import Investment
from megawatt.app.treasury_sheet import treasury_inputs, treasury_sheet
from megawatt.app.workbook import (
    COUNT,
    FACTOR,
    MONEY,
    PER_SHARE,
    Cell,
    Formula,
    Inputs,
    Line,
    Sheet,
    letter,
    write_workbook,
)
from megawatt.invest.conversion import Block, mining_usd_per_mw
from megawatt.invest.project import statement
from megawatt.invest.ranges import Spread
from megawatt.invest.scenarios import MONTHS, Scenarios

NOTE = (
    "Column B of Inputs may be changed: what is computed by formula follows. Ranges and means over the scenarios are those of the "
    "run and do not move. Values of fleets are per critical IT MW of hall, before tax and debt. Nothing here is investment advice."
)
UNITS = {
    "efficiency_j_per_th": "J/TH",
    "degradation_per_year": "fraction/year",
    "age_years": "years",
    "machine_life_years": "years",
    "machine_usd_per_mw": "USD/MW",
    "mining_opex_usd_per_mw_year": "USD/MW-year",
    "pool_fee_fraction": "fraction",
    "pue": "ratio",
    "adder_usd_per_mwh": "USD/MWh",
    "mining_mw": "MW of machines per IT MW of hall",
    "noi_margin": "NOI / rent",
    "capex_usd_per_mw": "USD/IT-MW",
    "build_months": "months",
    "hazard_per_year": "fraction/year",
}
"""Inputs of a fleet: fields of `Block`."""


def write_invest_workbook(one: Investment, path: Path) -> None:
    """Write it.

    Raises:
        MissingExtraError: openpyxl is not installed.
        InputError: The file cannot be written.
    """
    write_workbook(invest_sheets(one), path)


def invest_sheets(one: Investment) -> list[Sheet]:
    """Answer, Inputs, two sheets a fleet, one an alternative of the site."""
    mean = mean_path(one.scenarios)
    inputs = Inputs()
    inputs.sheet.add("Inputs", look="title")
    inputs.sheet.add("Input", "Value", "Unit", look="head")
    inputs.put("discount_rate", one.site.finance.discount_rate, "fraction/year")
    answer = Sheet("Answer", (62, 20, 16, 16, 16, 16))
    answer.add(f"{one.site.connection.name}: mine on, or turn the megawatts over to AI?", look="title")
    answer.add(NOTE, look="note")
    answer.add()
    answer.add("USD today", "By formula", "5 %", "50 %", "95 %", "mean", look="head")
    sheets = []
    for number, (fleet, (block, found)) in enumerate(one.fleets.items(), start=1):
        for field, unit in UNITS.items():
            inputs.put(f"{fleet} {field}", float(getattr(block, field)), unit)
        inputs.put(f"{fleet} rent today", float(mean.lease_usd_per_kw_month[0, 0]), "USD/kW-month")
        lease, signed = _lease(f"Lease {number}", fleet, block, inputs)
        mine, mined = _mine(f"Mine {number}", fleet, mean, inputs)
        sheets += [lease, mine]
        _result(answer, f"{fleet}: sign today", Formula(signed), found.now_usd)
        _result(answer, f"{fleet}: mine on, along the mean path", Formula(mined), None)
        _result(answer, f"{fleet}: mine on, over the scenarios (it may stop in bad ones)", None, found.never_usd)
        _result(answer, f"{fleet}: learned policy, over the scenarios", None, found.policy_usd)
    for number, name in enumerate(one.project.projects, start=1):
        sheet, value = _alternative(f"Site {number}", one, name, inputs)
        sheets.append(sheet)
        spread = one.project.appraisals[name].equity_npv_usd
        _result(answer, f"whole site, {name}: what the owner receives after tax and debt", Formula(value), spread)
    sheets += _treasury(one, answer, inputs)
    return [answer, inputs.sheet, *sheets]


def _treasury(one: Investment, answer: Sheet, inputs: Inputs) -> list[Sheet]:
    """A sheet an alternative, and lowest cash and runway on the answer; nothing where the site has no treasury."""
    treasury = one.project.treasury
    if treasury is None:
        return []
    treasury_inputs(treasury, inputs)
    sheets = []
    for number, (name, standing) in enumerate(treasury.standings.items(), start=1):
        sheet, lowest, runway = treasury_sheet(f"Treasury {number}", one, name, f"Site {number}", inputs)
        sheets.append(sheet)
        _result(answer, f"treasury, {name}: lowest cash along the mean", Formula(lowest), standing.least_cash_usd)
        answer.add(f"treasury, {name}: months of runway along the mean", Formula(runway), formats=("General", COUNT))
        _result(
            answer,
            f"treasury, {name}: cash today that is enough in 95 % of the scenarios",
            standing.enough_cash_usd,
            None,
        )
    return sheets


def mean_path(scenarios: Scenarios) -> Scenarios:
    """One path: the means of the half of the scenarios that judges, month by month."""
    half = len(scenarios.power_usd_per_mwh) // 2
    first = scenarios.of_paths(slice(half, half + 1))
    network = replace(
        first.network,
        hashprice_usd_per_ph_day=scenarios.network.hashprice_usd_per_ph_day[half:].mean(axis=0, keepdims=True),
    )
    return replace(
        first,
        network=network,
        power_usd_per_mwh=scenarios.power_usd_per_mwh[half:].mean(axis=0, keepdims=True),
        lease_usd_per_kw_month=scenarios.lease_usd_per_kw_month[half:].mean(axis=0, keepdims=True),
    )


def mined_usd(block: Block, mean: Scenarios, rate: float) -> float:
    """Value today of mining on along the mean path, per IT MW of hall: what the sheet of the mine computes [USD]."""
    earned = mining_usd_per_mw(block, mean)[0] * block.mining_mw
    return float(earned @ (1 + rate) ** (-np.arange(1, len(earned) + 1) / MONTHS))


def _result(sheet: Sheet, name: str, value: Cell, spread: Spread | None) -> None:
    ranges = (spread.low, spread.median, spread.high, spread.mean) if spread else ()
    sheet.add(name, value, *ranges, formats=("General", MONEY))


def _lease(name: str, fleet: str, block: Block, inputs: Inputs) -> tuple[Sheet, str]:
    """A lease signed today, and the cell with its value."""
    sheet = Sheet(name, (34, 16, 16, 16, 16, 16))
    sheet.add(f"Fleet {fleet}: a lease signed today, per critical IT MW", look="title")
    value = sheet.add()
    sheet.add(
        "Month", "Tenant still there", "Rent, USD", "NOI, USD", "Discount factor", "Value today, USD", look="head"
    )

    def of(field: str) -> str:
        return inputs.ref(f"{fleet} {field}")

    first = sheet.next_row
    for k in range(1, round(block.lease_years * MONTHS) + 1):
        r = sheet.next_row
        sheet.add(
            float(k),
            Formula(f"(1-{of('hazard_per_year')})^(A{r}/12)"),
            Formula(f"{of('rent today')}*1000*B{r}"),
            Formula(f"C{r}*{of('noi_margin')}"),
            Formula(f"(1+{inputs.ref('discount_rate')})^(-({of('build_months')}+A{r})/12)"),
            Formula(f"D{r}*E{r}"),
            formats=(COUNT, FACTOR, MONEY, MONEY, FACTOR, MONEY),
        )
    total = Formula(f"SUM(F{first}:F{sheet.next_row - 1})-{of('capex_usd_per_mw')}")
    sheet.lines[value - 1] = Line(("Value today less the hall, USD", total), "sum", ("General", MONEY))
    return sheet, sheet.at("B", value)


def _mine(name: str, fleet: str, mean: Scenarios, inputs: Inputs) -> tuple[Sheet, str]:
    """Mining on along the mean path, and the cell with its value."""
    sheet = Sheet(name, (34, 14, 14, 12, 16, 12, 12, 16, 16, 14, 16))
    sheet.add(f"Fleet {fleet}: mining on along the mean path, per MW of machines", look="title")
    value = sheet.add()
    heads = ("Month", "Hashprice, USD/PH/day", "Power, USD/MWh", "Age, years", "Margin if renewed, USD", "Worn out")
    sheet.add(
        *heads, "Still run", "New machines, USD", "Earned, USD", "Discount factor", "Value today, USD", look="head"
    )

    def of(field: str) -> str:
        return inputs.ref(f"{fleet} {field}")

    life, price, fade = of("machine_life_years"), of("machine_usd_per_mw"), of("degradation_per_year")
    first = sheet.next_row
    hashprice, power = mean.network.hashprice_usd_per_ph_day[0], mean.power_usd_per_mwh[0]
    for k in range(len(power)):
        r = sheet.next_row
        paid = f"B{r}*(1-{of('pool_fee_fraction')})*(1-{fade})^D{r}*1000/(24*{of('efficiency_j_per_th')})"
        margin = f"({paid}-{of('pue')}*(C{r}+{of('adder_usd_per_mwh')}))*8760-{of('mining_opex_usd_per_mw_year')}"
        year = f"AVERAGE(I{max(r - MONTHS, first)}:I{r - 1})*12/(1-{fade})^MAX({life}-1,0)*{life}"
        stands = f"IF(F{r}=1,IF({year}>={price},G{r - 1},0),G{r - 1})" if k else "1"
        sheet.add(
            float(k + 1),
            float(hashprice[k]),
            float(power[k]),
            Formula(f"MOD({of('age_years')}+(A{r}-1)/12,{life})"),
            Formula(f"MAX({margin},0)/12"),
            Formula(f"IF(D{r}<D{r - 1},1,0)") if k else 0.0,
            Formula(stands),
            Formula(f"F{r}*G{r}*{price}"),
            Formula(f"E{r}*G{r}-H{r}"),
            Formula(f"(1+{inputs.ref('discount_rate')})^(-A{r}/12)"),
            Formula(f"I{r}*J{r}"),
            formats=(COUNT, PER_SHARE, PER_SHARE, PER_SHARE, MONEY, COUNT, COUNT, MONEY, MONEY, FACTOR, MONEY),
        )
    total = Formula(f"SUM(K{first}:K{sheet.next_row - 1})*{of('mining_mw')}")
    sheet.lines[value - 1] = Line(("Value today per IT MW of hall, USD", total), "sum", ("General", MONEY))
    return sheet, sheet.at("B", value)


def _alternative(name: str, one: Investment, alternative: str, inputs: Inputs) -> tuple[Sheet, str]:
    """The site's statement under an alternative: means over the scenarios, sums and value by formula."""
    table = statement(one.project.projects[alternative]).iloc[:, :-1]
    sheet = Sheet(name, (34, 18))
    sheet.add(f"Whole site, {alternative}: mean over the scenarios, USD by month", look="title")
    value = sheet.add()
    sheet.add("Month", "Equity cash flow", "Discount factor", "Value today", *map(str, table.columns), look="head")
    first, last_column = sheet.next_row, letter(4 + len(table.columns))
    for k, (month, row) in enumerate(table.iterrows(), start=1):
        r = sheet.next_row
        sheet.add(
            str(month),
            Formula(f"SUM(E{r}:{last_column}{r})"),
            Formula(f"(1+{inputs.ref('discount_rate')})^(-{k}/12)"),
            Formula(f"B{r}*C{r}"),
            *map(float, row),
            formats=("General", MONEY, FACTOR, MONEY),
        )
    total = Formula(f"SUM(D{first}:D{sheet.next_row - 1})")
    sheet.lines[value - 1] = Line(("Value today of the equity cash flow, USD", total), "sum", ("General", MONEY))
    return sheet, sheet.at("B", value)
