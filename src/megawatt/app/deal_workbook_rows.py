"""The monthly rows of a deal's workbook: a lease, the machines, and the price per share that dilutes itself."""

from collections.abc import Callable

from megawatt.app.workbook import COUNT, FACTOR, MONEY, PER_SHARE, Formula, Inputs, Line, Sheet
from megawatt.invest.company import LeaseOutlook, Mine
from megawatt.invest.lease import MONTHS
from megawatt.invest.shares import Shares

HALVINGS = 60
"""Enough for the last digit of a float."""


LEASE_COLUMNS = {
    "Month": COUNT,
    "Year": COUNT,
    "Share of MW that pay": FACTOR,
    "Rent, USD": MONEY,
    "NOI, USD": MONEY,
    "First tenant there": FACTOR,
    "Second tenant pays": FACTOR,
    "Credit taken so far, USD": MONEY,
    "Flow, USD": MONEY,
    "Discount factor": FACTOR,
    "Value today, USD": MONEY,
}
BACKSTOP_COLUMNS = {
    "NOI so far, USD": MONEY,
    "NOI before a second tenant, USD": MONEY,
    "Tenant fails": FACTOR,
    "Guarantor paid so far, USD": MONEY,
}
"""Columns A to K of a lease, and L to O where a guarantor stands behind it."""


def lease_sheet(name: str, one: LeaseOutlook, inputs: Inputs) -> tuple[Sheet, str]:
    """Monthly flows of a lease, and the cell with its value today."""
    sheet = Sheet(name, (34, 12, 12, 16, 16, 12, 12, 16, 16, 12, 16))
    sheet.add(one.name, look="title")
    value = sheet.add()
    sheet.add("Formulas: docs/deals.md, 'A contract'", look="note")
    backed = one.backstop_usd > 0
    columns = LEASE_COLUMNS | (BACKSTOP_COLUMNS if backed else {})
    sheet.add(*columns, look="head")

    def of(word: str) -> str:
        return inputs.ref(f"{one.name} {word}")

    first, months = sheet.next_row, round(one.years * MONTHS)
    ramp, hazard, margin = f"MAX({of('ramp_months')},0.000000001)", of("hazard_per_year"), of("noi_margin")
    last = first + months - 1
    owed = f"{of('credited_capex_usd_per_it_mw')}*{of('it_mw')}"
    for k in range(1, months + 1):
        r = sheet.next_row
        paying = "-".join(f"IF({x}<{ramp},{x}^2/(2*{ramp}),{x}-{ramp}/2)" for x in (f"A{r}", f"(A{r}-1)"))
        level = f"{of('rent_usd_per_it_mw_year')}*{of('it_mw')}/12*(1+{of('escalator_per_year')})^B{r}"
        gone = f"1-(1-{hazard})^((A{r}-{of('relet_months')})/12)"
        before = f"H{r - 1}" if k > 1 else "0"
        guaranteed = f"O{r - 1}" if k > 1 else "0"
        taken = f"MIN({before}+{of('credit_cap_fraction')}*D{r}*IF({margin}>0,1,0),{owed})"
        sheet.add(
            float(k),
            Formula(f"INT((A{r}-1)/12)"),
            Formula(paying),
            Formula(f"{level}*C{r}"),
            Formula(f"D{r}*{margin}"),
            Formula(f"(1-{hazard})^(A{r}/12)"),
            Formula(f"IF(A{r}<={of('relet_months')},0,{of('relet_fraction')}*({gone}))"),
            Formula(taken),
            Formula(f"E{r}*(F{r}+G{r})-(H{r}-{before})*F{r}{f'+O{r}-{guaranteed}' if backed else ''}"),
            Formula(f"(1+{inputs.ref('discount_rate')})^(-({of('delay_months')}+A{r})/12)"),
            Formula(f"I{r}*J{r}"),
            *(_backstop(first, r, last, of) if backed else ()),
            formats=tuple(columns.values()),
        )
    capex = f"{of('host_capex_usd_per_it_mw')}*{of('it_mw')}"
    sheet.lines[value - 1] = _result("Value today less the host's capex, USD", f"SUM(K{first}:K{last})-{capex}")
    return sheet, sheet.at("B", value)


def _backstop(first: int, r: int, last: int, of: Callable[[str], str]) -> tuple[Formula, ...]:
    """Columns L to O: the expected payments of a guarantor up to each month, from every month in which the tenant may fail."""
    empty, most = f"ROUNDUP({of('relet_months')},0)", of("backstop_usd")
    month = f"A{r}+{empty}-1"
    again = f"IF({month}<1,0,INDEX(L${first}:L${last},MIN(MAX({month},1),{last - first + 1})))"
    missed = f"L{r}-L${first}:L{r}+E${first}:E{r}"
    second = f"(L{r}>M${first}:M{r})*(L{r}-M${first}:M{r})"
    lost = f"({missed}-{of('relet_fraction')}*{second})"
    paid = f"SUMPRODUCT(N${first}:N{r}*(({lost}<{most})*{lost}+({lost}>={most})*{most}))"
    there = f"F{r - 1}" if r > first else "1"
    return Formula(f"SUM(E${first}:E{r})"), Formula(again), Formula(f"{there}-F{r}"), Formula(paid)


def mining_sheet(mine: Mine, leases: tuple[LeaseOutlook, ...], inputs: Inputs) -> tuple[Sheet, str, str]:
    """Monthly mining of one MW of machines; the value of all of them, and of those that leases displace, as formulas."""
    sheet = Sheet("Mining", (34, 18, 18, 18, 14, 18))
    sheet.add("Machines, per MW at their plugs", look="title")
    value = sheet.add()
    sheet.add("Mining stops where it does not pay power and running costs", look="note")
    heads = (
        "Month",
        "Hashprice, USD/PH/day",
        "Margin, USD/MWh",
        "Earned, USD/MW",
        "Discount factor",
        "Value today, USD/MW",
    )
    sheet.add(*heads, look="head")
    ref, first = inputs.ref, sheet.next_row
    for k in range(1, round(mine.years * MONTHS) + 1):
        r = sheet.next_row
        paid = f"B{r}*1000/(24*{ref('mining efficiency_j_per_th')})"
        sheet.add(
            float(k),
            Formula(f"{ref('mining hashprice_usd_per_ph_day')}*(1-{ref('mining fade_per_year')})^(A{r}/12)"),
            Formula(f"{paid}-{ref('mining pue')}*{ref('mining power_price_usd_per_mwh')}"),
            Formula(f"MAX(C{r}*8760-{ref('mining opex_usd_per_mw_year')},0)/12"),
            Formula(f"(1+{ref('discount_rate')})^(-A{r}/12)"),
            Formula(f"D{r}*E{r}"),
            formats=(COUNT, PER_SHARE, PER_SHARE, MONEY, FACTOR, MONEY),
        )
    last = sheet.next_row - 1
    sheet.lines[value - 1] = _result("Value today of all machines, USD", f"SUM(F{first}:F{last})*{ref('mining it_mw')}")
    months, worth = sheet.span("A", first, last), sheet.span("F", first, last)
    given_up = [
        f"{ref(f'{one.name} displaced_mining_mw')}*{ref(f'{one.name} exercised')}"
        f"*SUMPRODUCT(({months}>{ref(f'{one.name} cleared_month')})*{worth})"
        for one in leases
    ]
    return sheet, sheet.at("B", value), "+".join(given_up) or "0"


def price_rows(sheet: Sheet, total: str, shares: Shares, inputs: Inputs) -> str:
    """Halve the price per diluted share down to ``price x diluted(price) + notes that stay debt = value``; its cell."""
    ref = inputs.ref
    sheet.add()
    sheet.add("Price per diluted share, found by halving", look="title")
    price = sheet.add()
    sheet.add("Claims: price x diluted shares + convertibles that stay debt at that price", look="note")
    sheet.add("Step", "Low, USD", "High, USD", "Middle, USD", "Claims at the middle, USD", look="head")
    for step in range(HALVINGS + 1):
        r = sheet.next_row
        diluted = [ref("basic shares"), ref("share units")]
        debt = []
        for one in shares.strikes:
            count, strike, trigger = (ref(f"{one.name} {word}") for word in ("count", "strike_usd", "trigger_usd"))
            diluted.append(f"IF(AND(D{r}>{strike},D{r}>={trigger}),{count}*(1-{strike}/D{r}),0)")
        for note in shares.convertibles:
            principal, conversion = (ref(f"{note.name} {word}") for word in ("principal_usd", "conversion_usd"))
            diluted.append(f"IF(D{r}>={conversion},{principal}/{conversion},0)")
            debt.append(f"IF(D{r}>={conversion},0,{principal})")
        claims = "+".join([f"D{r}*({'+'.join(diluted)})", *debt])
        low = f"IF(E{r - 1}<{total},D{r - 1},B{r - 1})" if step else "0"
        high = f"IF(E{r - 1}<{total},C{r - 1},D{r - 1})" if step else f"MAX({total}/{ref('basic shares')},0)+1"
        cells = (Formula(low), Formula(high), Formula(f"(B{r}+C{r})/2"), Formula(claims))
        sheet.add(float(step), *cells, formats=(COUNT, "0.000000000", "0.000000000", "0.000000000", MONEY))
    last = sheet.next_row - 1
    notes = "+".join(ref(f"{note.name} principal_usd") for note in shares.convertibles) or "0"
    text = f"IF({total}<={notes},0,C{last})"
    sheet.lines[price - 1] = _result("Value per diluted share, USD", text, PER_SHARE)
    return sheet.at("B", price)


def _result(name: str, text: str, shown: str = MONEY) -> Line:
    return Line((name, Formula(text)), "sum", ("General", shown))
