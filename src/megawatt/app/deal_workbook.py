"""A deal as a workbook: every number of `megawatt deal` at the likely values, as formulas that recompute it.

Sheets: Answer, Inputs (column B may be changed), one sheet a lease, Mining, Company. The formulas are those of `invest.lease`,
`invest.company` and `invest.shares`, written once more in cells; the price per diluted share, which its own dilution depends on,
is found by sixty halvings in the sheet. Ranges come from thousands of scenarios and stand beside as numbers.
"""

from dataclasses import dataclass, field
from pathlib import Path

from megawatt.app.deal_inputs import kind_of
from megawatt.app.deal_valuation import DealValuation
from megawatt.app.deal_workbook_rows import lease_sheet, mining_sheet, price_rows
from megawatt.app.workbook import MONEY, PER_SHARE, Cell, Formula, Inputs, Sheet, write_workbook
from megawatt.invest.company import Company, LeaseOutlook
from megawatt.invest.deal import Offer
from megawatt.invest.lease import Firmness
from megawatt.invest.ranges import Range, Spread

NOTE = (
    "Column B of Inputs may be changed: everything else follows. All formulas stand at single values; ranges are those of "
    "the scenarios that were run and do not move. Terms (years) set the number of rows and are fixed. "
    "Nothing here is investment advice."
)


@dataclass(slots=True)
class _Book:
    """The sheets while they are filled."""

    inputs: Inputs = field(default_factory=Inputs)
    values: dict[str, str] = field(default_factory=dict)
    sheets: list[Sheet] = field(default_factory=list)


def write_deal_workbook(valuation: DealValuation, offer: Offer | None, path: Path) -> None:
    """Write it.

    Raises:
        MissingExtraError: openpyxl is not installed.
        InputError: The file cannot be written, or two inputs have one name.
    """
    write_workbook(deal_sheets(valuation, offer), path)


def deal_sheets(valuation: DealValuation, offer: Offer | None = None) -> list[Sheet]:
    """The sheets: Answer, Inputs, leases, and the company behind them if the file describes it."""
    deal, company = valuation.deal, valuation.deal.as_company()
    book = _Book()
    book.inputs.sheet.add("Inputs at their likely values", look="title")
    book.inputs.sheet.add("Input", "Value", "Unit", "Low", "Likely", "High", look="head")
    outlooks = deal.outlooks()
    ranges = company.ranges() if company else {"discount_rate": deal.discount_rate}
    for one in () if company else outlooks:
        ranges |= one.ranges()
    for name, one_range in ranges.items():
        _put_range(book.inputs, name, one_range)
    for i, one in enumerate(outlooks, start=1):
        _put_terms(book.inputs, one)
        sheet, value = lease_sheet(f"Lease {i}", one, book.inputs)
        book.sheets.append(sheet)
        book.values[one.name] = value
    if company:
        _put_company(book.inputs, company)
        if offer:
            _put_offer(book.inputs, offer)
        book.sheets += _company_sheets(book, company)
    return [_answer(valuation, offer, book), book.inputs.sheet, *book.sheets]


def _put_range(inputs: Inputs, name: str, one: Range) -> None:
    inputs.put(name, one.likely, kind_of(name).unit, one.low, one.likely, one.high)


def _put_terms(inputs: Inputs, one: LeaseOutlook) -> None:
    for name, value, unit in (
        ("it_mw", one.it.mw, "critical IT MW"),
        ("escalator_per_year", one.escalator_per_year, "fraction/year"),
        ("relet_months", one.relet_months, "months"),
        ("credit_cap_fraction", one.credit_cap_fraction, "fraction of rent"),
        *((("backstop_usd", one.backstop_usd, "USD"),) if one.backstop_usd else ()),
        ("displaced_mining_mw", one.displaced.mw, "MW of machines"),
        ("cleared_month", float(one.cleared_month), "month"),
    ):
        inputs.put(f"{one.name} {name}", value, unit)


def _put_company(inputs: Inputs, company: Company) -> None:
    if mine := company.mine:
        inputs.put("mining it_mw", mine.it.mw, "MW of machines")
        inputs.put("mining efficiency_j_per_th", mine.efficiency_j_per_th, "J/TH")
        inputs.put("mining pue", mine.pue, "ratio")
    inputs.put("overhead_months", float(round(company.overhead_term_years * 12)), "months")
    inputs.put("basic shares", company.shares.basic, "shares")
    inputs.put("share units", company.shares.units, "shares")
    for strike in company.shares.strikes:
        inputs.put(f"{strike.name} count", strike.count, "shares")
        inputs.put(f"{strike.name} strike_usd", strike.strike_usd, "USD/share")
        inputs.put(f"{strike.name} trigger_usd", strike.trigger_usd, "USD/share")
    for note in company.shares.convertibles:
        inputs.put(f"{note.name} principal_usd", note.principal_usd, "USD")
        inputs.put(f"{note.name} conversion_usd", note.conversion_usd, "USD/share")


def _put_offer(inputs: Inputs, offer: Offer) -> None:
    bid = offer.bid
    inputs.put("offer cash_usd", bid.cash_usd, "USD/share")
    if bid.stock and offer.bidder_usd:
        one = offer.bidder_usd
        inputs.put("offer bidder_price_usd", one.likely, "USD/share", one.low, one.likely, one.high)
        if bid.stock.ratio:
            inputs.put("offer ratio", bid.stock.ratio, "shares/share")
        else:
            inputs.put("offer value_usd", bid.stock.value_usd, "USD/share")
            inputs.put("offer collar_low_usd", bid.stock.low_usd, "USD/share")
            inputs.put("offer collar_high_usd", min(bid.stock.high_usd, 1e9), "USD/share")


def _offered(book: _Book) -> str:
    """What the bid pays per share, as a formula."""
    rows, ref = book.inputs.rows, book.inputs.ref
    cash = ref("offer cash_usd")
    if "offer ratio" in rows:
        return f"{cash}+{ref('offer ratio')}*{ref('offer bidder_price_usd')}"
    if "offer value_usd" in rows:
        price = ref("offer bidder_price_usd")
        held = f"MAX({ref('offer collar_low_usd')},MIN({ref('offer collar_high_usd')},{price}))"
        return f"{cash}+{ref('offer value_usd')}/{held}*{price}"
    return cash


def _company_sheets(book: _Book, company: Company) -> list[Sheet]:
    """Mining, and the company with its price per diluted share."""
    ref = book.inputs.ref
    sheets: list[Sheet] = []
    parts: dict[str, str] = {"mining": "0"}
    given_up = "0"
    if company.mine:
        sheet, mining, given_up = mining_sheet(company.mine, company.leases, book.inputs)
        sheets.append(sheet)
        parts["mining"] = mining
    for kind, name in ((Firmness.CONTRACTED, "contracts"), (Firmness.OPTIONAL, "options")):
        of_kind = [one for one in company.leases if one.firmness is kind]
        parts[name] = (
            "+".join(f"{book.values[one.name]}*{ref(f'{one.name} exercised')}" for one in of_kind) if of_kind else "0"
        )
    parts["mining given up"] = f"-({given_up})"
    rate, months = ref("discount_rate"), ref("overhead_months")
    years = f"IF({rate}=0,{months},(1-(1+{rate})^(-{months}/12))/((1+{rate})^(1/12)-1))/12"
    parts["overhead"] = f"-{ref('overhead_usd_per_year')}*{years}"
    one = Sheet("Company", (34, 20, 20, 20, 20))
    one.add("What the holders own, USD today", look="title")
    one.add("Part", "USD", look="head")
    rows = [one.add(name, Formula(text), formats=("General", MONEY)) for name, text in parts.items()]
    operating = f"SUM(B{rows[0]}:B{rows[-1]})"
    one.add("cash tax", Formula(f"-{ref('tax_fraction')}*MAX({operating},0)"), formats=("General", MONEY))
    debt = one.add("net debt", Formula(f"-{ref('net_debt_usd')}"), formats=("General", MONEY))
    total = one.add("sum of the parts", Formula(f"SUM(B{rows[0]}:B{debt})"), look="sum", formats=("General", MONEY))
    book.values["sum"] = one.at("B", total)
    book.values["price"] = price_rows(one, f"B{total}", company.shares, book.inputs)
    return [*sheets, one]


def _answer(valuation: DealValuation, offer: Offer | None, book: _Book) -> Sheet:
    one = Sheet("Answer", (58, 20, 16, 16, 16, 16))
    one.add(valuation.deal.head.name, look="title")
    one.add(f"Figures: {valuation.deal.head.source}. Known on {valuation.deal.head.known}.", look="note")
    one.add(NOTE, look="note")
    one.add()
    one.add("", "By formula", "5 %", "50 %", "95 %", "mean", look="head")
    for lease in valuation.leases:
        name = f"{lease.name}: value today if it is used, USD"
        one.add(name, Formula(book.values[lease.name]), *_range(lease.value_usd), formats=("General", MONEY))
    if "price" in book.values:
        choice = valuation.against.choice if valuation.against else None
        spread = _range(Spread.of(choice.value_usd)) if choice else ()
        one.add(
            "Value of a diluted share, USD",
            Formula(book.values["price"]),
            *spread,
            look="sum",
            formats=("General", PER_SHARE),
        )
        if offer and choice:
            offered = one.add(
                "Offer for a share, USD",
                Formula(_offered(book)),
                *_range(Spread.of(choice.offer_usd)),
                formats=("General", PER_SHARE),
            )
            one.add(
                "Keeping less the offer, USD a share",
                Formula(f"B{offered - 1}-B{offered}"),
                look="sum",
                formats=("General", PER_SHARE),
            )
            one.add(f"Verdict of the scenarios: keeping the company is {choice.verdict}.", look="note")
    return one


def _range(one: Spread) -> tuple[Cell, ...]:
    return one.low, one.median, one.high, one.mean
