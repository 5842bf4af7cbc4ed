"""What the page on a deal says: from a valuation to a `Brief`."""

from functools import partial
from pathlib import Path

from megawatt.app import words
from megawatt.app.deal_figures import fig_comparables, fig_flips, fig_lease, fig_per_share, per_share
from megawatt.app.deal_inputs import plain, shown
from megawatt.app.deal_valuation import Against, DealValuation
from megawatt.app.deal_words import bridge_lines, guarantees, leading, sentences, span, verdict
from megawatt.app.report.brief import Brief, Picture, Section, write_brief
from megawatt.app.report.table import Column, Row, Table
from megawatt.invest.company import Company
from megawatt.invest.deal import Offer
from megawatt.invest.lease import Firmness
from megawatt.invest.ranges import Range, Spread


def write_deal_report(valuation: DealValuation, offer: Offer | None, path: Path, run: str) -> None:
    """Write the page of a deal; the file is there as a whole or not at all.

    Args:
        valuation: What to report.
        offer: The bid, if it was valued against one.
        path: The HTML file.
        run: Scenarios and seed, for the footer.

    Raises:
        InputError: The folder does not exist, cannot be written to, or the disk is full.
    """
    write_brief(deal_brief(valuation, offer, run), path)


def deal_brief(valuation: DealValuation, offer: Offer | None, run: str) -> Brief:
    """The page."""
    deal, against, company = valuation.deal, valuation.against, valuation.deal.as_company()
    leases = _lease_section(valuation)
    sections: list[Section] = []
    picture = leases.pictures[0]
    cautions = ["A total of rents over a term is undiscounted revenue. It is no value, and no price of a company."]
    if against and company:
        picture = Picture(partial(fig_per_share, company, against), _per_share_words(company, against))
        sections += [_flip_section(company, against), leases, _bid_section(against, offer)]
        cautions += [line for line in bridge_lines(against, None) if line.startswith("These ranges do not explain")]
    else:
        sections.append(Section(leases.heading, leases.pictures[1:], leases.tables, leases.paragraphs))
    if valuation.comparables:
        sections.append(_comparable_section(valuation))
    sections += [_inputs_section(valuation, company), _method_section()]
    return Brief(
        title=deal.head.name,
        answer=tuple(_answer(valuation)),
        facts=_facts(valuation),
        cautions=tuple(cautions),
        picture=picture,
        sections=tuple(sections),
        source=f"Figures: {deal.head.source}. Known on {deal.head.known}; {run}.",
        footer=f"{deal.head.name}, known on {deal.head.known}, {run}",
    )


def _answer(valuation: DealValuation) -> list[str]:
    if valuation.against:
        return [verdict(valuation.against), *sentences(valuation)[:2]]
    values = [
        f"{one.name} is worth {span(one.value_usd)} today{_if_used(one.revenue.firmness)}" for one in valuation.leases
    ]
    return [f"{words.listed(values)}; in brackets nine tenths of the scenarios.", *sentences(valuation)[:2]]


def _if_used(firmness: Firmness) -> str:
    return "" if firmness is Firmness.CONTRACTED else " if the tenant uses it"


def _facts(valuation: DealValuation) -> tuple[tuple[str, str, str], ...]:
    first = valuation.leases[0]
    lease = (first.name, words.usd(first.value_usd.median), f"value today, {_between(first.value_usd)}")
    if valuation.against is None:
        rest = [
            (
                one.name,
                words.usd(one.value_usd.median),
                f"value today{_if_used(one.revenue.firmness)}, {_between(one.value_usd)}",
            )
            for one in valuation.leases[1:4]
        ]
        return (lease, *rest)
    choice = valuation.against.choice
    value, offer = Spread.of(choice.value_usd), Spread.of(choice.offer_usd)
    return (
        ("A share, kept", f"{value.median:.2f} USD", f"{value.low:.2f} to {value.high:.2f}"),
        (
            "Offer",
            f"{offer.median:.2f} USD",
            "cash" if offer.low == offer.high else f"{offer.low:.2f} to {offer.high:.2f}",
        ),
        ("Worth more in", words.percent(choice.probability_above, 2), "of the scenarios"),
        lease,
    )


def _between(one: Spread) -> str:
    return f"{words.usd(one.low)} to {words.usd(one.high)}"


def _per_share_words(company: Company, against: Against) -> str:
    one, spread = per_share(company), Spread.of(against.choice.value_usd)
    return (
        f"At likely values a share is worth {one.value:.2f} USD on {one.diluted / 1e6:,.1f} M diluted shares; over the "
        f"scenarios {spread.median:.2f} USD in the middle, {spread.low:.2f} to {spread.high:.2f} in nine of ten."
    )


def _flip_section(company: Company, against: Against) -> Section:
    choice = against.choice
    rows = tuple(
        Row(
            (
                plain(turn.name),
                shown(turn.name, turn.likely),
                words.NONE if turn.at is None else shown(turn.name, turn.at),
                _possible(company.ranges()[turn.name], turn.at),
                words.percent(choice.shares_of_variance.get(turn.name, 0.0), 2),
            )
        )
        for turn in leading(against)
    )
    columns = (
        Column("Input", text=True),
        Column("Likely"),
        Column("Turns at"),
        Column("Within its range", text=True),
        Column("Share of the variance"),
    )
    table = Table("One input at a time, the others at their likely value", columns, rows)
    without = f"If no option is ever used: {span(choice.without_options_usd, 'share')}."
    message = "A bar that crosses the dashed line flips the answer alone; one that does not needs company."
    return Section(
        "What flips the answer",
        pictures=(Picture(partial(fig_flips, company, against), message),),
        tables=(table,),
        paragraphs=(
            without,
            "Share of the variance: total Sobol share of the input, what would remain uncertain if all others were known.",
        ),
    )


def _possible(one: Range, at: float | None) -> str:
    if at is None:
        return "turns nowhere"
    return "yes" if one.low <= at <= one.high else "no"


def _lease_section(valuation: DealValuation) -> Section:
    columns = (
        Column("Lease", text=True),
        Column("Critical IT", "MW"),
        Column("Term", "years"),
        Column("Undiscounted rent", "M USD"),
        Column("Rent", "M USD/IT-MW-year"),
        Column("Value today", "M USD: 5 %"),
        Column("", "50 %"),
        Column("", "95 %"),
        Column("Yield on cost"),
    )
    rows = tuple(
        Row(
            (
                f"{one.name} ({one.revenue.firmness.value})",
                words.number(one.it.mw),
                f"{one.years:g}",
                f"{one.revenue.usd / 1e6:,.0f}",
                f"{one.usd_per_it_mw_year / 1e6:.3f}",
                *(_millions(v) for v in (one.value_usd.low, one.value_usd.median, one.value_usd.high)),
                words.percent(one.yield_on_cost),
            )
        )
        for one in valuation.leases
    )
    pictures = tuple(
        Picture(
            partial(fig_lease, valuation, number),
            f"{words.usd(one.revenue.usd)} of {one.revenue.firmness.value} revenue is worth {span(one.value_usd)} today.",
        )
        for number, one in enumerate(valuation.leases)
    )
    note = "Contracted revenue, and revenue that the tenant may choose, are different amounts and are never added."
    return Section(
        "From the headline to a value", pictures, (Table("Leases", columns, rows),), (note, *guarantees(valuation))
    )


def _millions(value: float) -> str:
    return f"{value / 1e6:,.0f}".replace("-", words.MINUS)


def _bid_section(against: Against, offer: Offer | None) -> Section:
    rows = [Row((name, f"{count / 1e6:,.1f}")) for name, count in against.share_basis]
    rows.append(Row(("diluted, at the offer", f"{sum(count for _, count in against.share_basis) / 1e6:,.1f}"), "sum"))
    counts = Table(
        "Shares that the offer pays for", (Column("Source", text=True), Column("Shares", "million")), tuple(rows)
    )
    parts = tuple(
        Row((name, *(_millions(v) for v in (one.low, one.median, one.high))))
        for name, one in against.choice.parts_usd.items()
    )
    heads = (Column("Part", text=True), Column("5 %", "M USD"), Column("50 %", "M USD"), Column("95 %", "M USD"))
    lines = bridge_lines(against, offer.head.gross_mw if offer else None)
    return Section(
        "The company and the bid",
        tables=(Table("Value today of each part over the scenarios", heads, parts), counts),
        items=tuple(line for line in lines if not line.startswith("These ranges do not explain")),
    )


def _comparable_section(valuation: DealValuation) -> Section:
    columns = (
        Column("Deal", text=True),
        Column("MW", text=True),
        Column("Rent", "M USD/MW-year"),
        Column("Worth today", "M USD/MW"),
        Column("Note", text=True),
    )
    rows = []
    for one in valuation.comparables:
        worth = one.worth_usd_per_mw(valuation.rates)
        note = one.why_not or ("after the host's capex" if one.capex_usd_per_it_mw else "before the host's capex")
        rows.append(
            Row(
                (
                    one.name,
                    str(one.power or words.NONE),
                    words.NONE if one.why_not else f"{one.usd_per_mw_year / 1e6:.3f}",
                    f"{worth[0] / 1e6:.2f} to {worth[1] / 1e6:.2f}".replace("-", words.MINUS) if worth else words.NONE,
                    note,
                )
            )
        )
    caption = "Each on the megawatts that it states; a rent per gross MW does not compare with one per critical IT MW"
    said = " ".join(line for line in sentences(valuation) if "published leases" in line)
    return Section(
        "Others' deals",
        pictures=(Picture(partial(fig_comparables, valuation), said or "Rents of published leases and of this deal."),),
        tables=(Table(caption, columns, tuple(rows)),),
    )


def _inputs_section(valuation: DealValuation, company: Company | None) -> Section:
    ranges: dict[str, Range] = dict(company.ranges()) if company else {"discount_rate": valuation.deal.discount_rate}
    for one in () if company else valuation.deal.outlooks():
        ranges |= one.ranges()
    columns = (Column("Input", text=True), Column("Low"), Column("Likely"), Column("High"))
    rows = tuple(
        Row((plain(name), *(shown(name, value) for value in (one.low, one.likely, one.high))))
        for name, one in ranges.items()
    )
    return Section(
        "Inputs", tables=(Table("As the deal's file states them; a known number stands three times", columns, rows),)
    )


METHOD = (
    "Value per share = (mining + contracts + options \N{MINUS SIGN} mining given up \N{MINUS SIGN} overhead \N{MINUS SIGN} cash tax "
    "\N{MINUS SIGN} net debt) / diluted shares, at the very price that comes out; 'worth more' or 'worth less' is said "
    "where at least nine of ten scenarios agree, else 'not decided by these ranges'."
)


def _method_section() -> Section:
    return Section(
        "Method and limits",
        paragraphs=(METHOD,),
        items=(
            "Each range is sampled as a triangle, inputs as if independent.",
            "A tenant that fails is an expectation (hazard a year, months empty, a second rent), not an event.",
            "Warrants and options by the treasury-stock method; convertibles are shares or debt, never both.",
            "Escalators, credit terms and rights to terminate are not published and are the file's assumptions.",
            "Nothing here is investment advice.",
        ),
    )
