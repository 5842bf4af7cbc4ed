"""The treasury's sheets of an investment's workbook: cash, coins and forwards along the mean of the scenarios, all by formula.

Coins are sold when cash would fall below the smallest, and margin is called where a price has moved against the site, so the mean over
the scenarios is not what a mean path gives: the sheet runs along the means, the scenarios' own figures stand beside it on Answer.
"""

from dataclasses import dataclass

import numpy as np

from megawatt.app.investment import Investment
from megawatt.app.site_treasury import SiteTreasury, earned
from megawatt.app.workbook import COUNT, MONEY, PER_SHARE, Formula, Inputs, Line, Sheet, letter, quoted
from megawatt.core.series import Floats
from megawatt.invest.network_paths import month_lengths
from megawatt.invest.scenarios import Scenarios
from megawatt.invest.treasury import HOURS_PER_DAY, Earned, HashForward, PowerForward

RULES = {
    "treasury sold_fraction": ("sold_fraction", "fraction"),
    "treasury coins_btc": ("btc", "BTC"),
    "treasury cash_usd": ("cash_usd", "USD"),
    "treasury least_cash_usd": ("least_cash_usd", "USD"),
    "treasury operating_cost_usd_per_month": ("operating_cost_usd_per_month", "USD/month"),
}
"""Inputs: their field and unit."""
HEADS = (
    *("Month", "Cash, USD", "Coins", "Below the smallest", "Owner's flow, USD", "Mining revenue, USD", "Coins earned"),
    *("Coin price, USD", "Hashprice, USD/PH/day", "Power, USD/MWh", "Forwards, USD", "Margin posted, USD"),
    *("Cash before coins are sold, USD", "Coins before, BTC", "Coins sold later, BTC"),
)
FIRST_OF_FORWARDS = len(HEADS) + 1


@dataclass(frozen=True, slots=True)
class MeanFlows:
    """What the sheet is fed with: means over the scenarios, each of shape (months,)."""

    coins_usd: Floats
    btc: Floats
    price_usd: Floats
    hashprice_usd_per_ph_day: Floats
    power_usd_per_mwh: Floats


def mean_flows(one: Earned, scenarios: Scenarios) -> MeanFlows:
    """Means of what a project earns and of the prices it meets."""
    network = scenarios.network
    return MeanFlows(
        *(
            values.mean(axis=0)
            for values in (
                *(one.coins_usd, one.btc, network.price_usd),
                *(network.hashprice_usd_per_ph_day, scenarios.power_usd_per_mwh),
            )
        )
    )


def treasury_inputs(one: SiteTreasury, inputs: Inputs) -> None:
    """Rules and contracts as inputs that may be changed."""
    for name, (field, unit) in RULES.items():
        inputs.put(name, float(getattr(one.rules, field)), unit)
    for number, each in enumerate(one.rules.forwards, start=1):
        hashes = isinstance(each, HashForward)
        quantity, price, basis = (
            (each.ph, each.price_usd_per_ph_day, each.basis_usd_per_ph_day)
            if isinstance(each, HashForward)
            else (each.mw, each.price_usd_per_mwh, each.basis_usd_per_mwh)
        )
        inputs.put(f"forward {number} quantity", quantity, "PH/s sold" if hashes else _side(each))
        inputs.put(f"forward {number} price", price, "USD/PH/day" if hashes else "USD/MWh")
        inputs.put(f"forward {number} basis", basis, "USD/PH/day" if hashes else "USD/MWh")
        inputs.put(f"forward {number} margin", each.margin_fraction, "fraction")


def _side(one: HashForward | PowerForward) -> str:
    return "MW sold" if isinstance(one, PowerForward) and one.sold else "MW bought"


def treasury_sheet(name: str, one: Investment, alternative: str, flows: str, inputs: Inputs) -> tuple[Sheet, str, str]:
    """The sheet of an alternative, the cell with the lowest cash, and that with the months of runway.

    Args:
        name: Name of the sheet.
        one: The answer, with a treasury.
        alternative: Whose sheet.
        flows: Name of the sheet that holds the owner's flows in column B, on the rows of this one.
        inputs: With those of the treasury.
    """
    treasury = one.project.treasury
    if treasury is None:
        message = "a treasury sheet needs a treasury"
        raise TypeError(message)
    scenarios = one.project.case.scenarios
    mean = mean_flows(earned(one.project.projects[alternative], scenarios), scenarios)
    forwards, months = treasury.rules.forwards, len(mean.btc)
    sheet = Sheet(name, (34, 16))
    sheet.add(f"Treasury, {alternative}: along the mean of the scenarios, by month", look="title")
    lowest, runway = sheet.add(), sheet.add()
    heads = [f"Forward {i + 1}: {part}" for i in range(len(forwards)) for part in ("delivered", "settled", "margin")]
    sheet.add(*HEADS, *heads, look="head")
    first, days = sheet.next_row, np.array(month_lengths(scenarios.first_month, months), dtype=np.float64)
    last = first + months - 1
    for k in range(months):
        r = sheet.next_row
        own = _own(k, r, last, mean, f"{quoted(flows)}!B{r - 1}", len(forwards), inputs)
        ahead = [
            cell for i, each in enumerate(forwards) for cell in _forward(i, each, k, r, last, float(days[k]), inputs)
        ]
        formats = ("General", MONEY, PER_SHARE, COUNT, MONEY, MONEY, PER_SHARE, MONEY, PER_SHARE, PER_SHARE, MONEY)
        sheet.add(str(np.datetime64(scenarios.first_month, "M") + k), *own, *ahead, formats=formats)
    column = f"{first}:B{last}"
    sheet.lines[lowest - 1] = Line(("Lowest cash, USD", Formula(f"MIN(B{column})")), "sum", ("General", MONEY))
    ends = Formula(f"IF(SUM(D{first}:D{last})=0,{months},MATCH(1,D{first}:D{last},0)-1)")
    label = f"Months of runway ({months}: all of the horizon)"
    sheet.lines[runway - 1] = Line((label, ends), "sum", ("General", COUNT))
    return sheet, sheet.at("B", lowest), sheet.at("B", runway)


def _own(k: int, r: int, last: int, mean: MeanFlows, flow: str, forwards: int, inputs: Inputs) -> list[Formula | float]:
    """Columns B to O: cash, coins, whether it is short, what flows, what is sold."""
    kept, least = f"(1-{inputs.ref('treasury sold_fraction')})", inputs.ref("treasury least_cash_usd")
    before = f"B{r - 1}" if k else inputs.ref("treasury cash_usd")
    coins = f"C{r - 1}" if k else inputs.ref("treasury coins_btc")
    posted = f"L{r}-L{r - 1}" if k else f"L{r}"
    cost = inputs.ref("treasury operating_cost_usd_per_month")
    settled, margin = (
        "+".join(f"{letter(FIRST_OF_FORWARDS + 3 * i + at)}{r}" for i in range(forwards)) or "0" for at in (1, 2)
    )
    sold = f"N{r}" if r == last else f"MIN(MAX({least}-M{r},0)/H{r},N{r})"
    return [
        Formula(f"M{r}+O{r}*H{r}"),
        Formula(f"N{r}-O{r}"),
        Formula(f"IF(B{r}<{least}-0.000001*MAX({least},1),1,0)"),
        Formula(flow),
        float(mean.coins_usd[k]),
        float(mean.btc[k]),
        float(mean.price_usd[k]),
        float(mean.hashprice_usd_per_ph_day[k]),
        float(mean.power_usd_per_mwh[k]),
        Formula(settled),
        Formula(margin),
        Formula(f"{before}+E{r}-{kept}*F{r}-{cost}+K{r}-({posted})"),
        Formula(f"{coins}+{kept}*G{r}"),
        Formula(sold),
    ]


def _forward(
    i: int, one: HashForward | PowerForward, k: int, r: int, last: int, days: float, inputs: Inputs
) -> list[Formula]:
    """Delivered, settled and margin of a contract in one month."""
    quantity, price, basis, margin = (
        inputs.ref(f"forward {i + 1} {part}") for part in ("quantity", "price", "basis", "margin")
    )
    hashes = isinstance(one, HashForward)
    units = days * (1.0 if hashes else HOURS_PER_DAY) * (one.first <= k < one.first + one.months)
    index = f"({'I' if hashes else 'J'}{r}+{basis})"
    sells = hashes or (isinstance(one, PowerForward) and one.sold)
    gain = f"({price}-{index})" if sells else f"({index}-{price})"
    column = letter(FIRST_OF_FORWARDS + 3 * i)
    left = f"SUM({column}{r + 1}:{column}{last})" if r < last else "0"
    return [
        Formula(f"{units!r}*{quantity}"),
        Formula(f"{column}{r}*{gain}"),
        Formula(f"IF({margin}=0,0,{left}*({margin}*ABS({price})+MAX(-{gain},0)))"),
    ]
