"""What the page on an investment says: from the answer to a `Brief`."""

from functools import partial
from pathlib import Path

from megawatt.app import words
from megawatt.app.dispatched_site import told
from megawatt.app.invest_commands import advice
from megawatt.app.invest_figures import (
    RULES,
    RuleCash,
    amount,
    cash_of,
    fig_cash,
    fig_moves,
    fig_rules,
    fig_scenarios,
    fig_site_cash,
    fig_trigger,
    fig_value,
)
from megawatt.app.investment import Investment
from megawatt.app.report.brief import Brief, Picture, Section, write_brief
from megawatt.app.report.table import Column, Row, Table
from megawatt.app.site_cash import cannot_words, mode_rows, modes_words
from megawatt.app.site_project_words import cash_words, hedge, months, turns, verdict
from megawatt.app.site_treasury import SURE
from megawatt.invest import market_paths, network_model
from megawatt.invest.alternatives import KEEP
from megawatt.invest.conversion import Block, Conversion
from megawatt.invest.ranges import Spread
from megawatt.invest.scenarios import MONTHS
from megawatt.invest.sensitivity import Moved, moved
from megawatt.invest.site_modes import SiteModes
from megawatt.invest.trigger_map import trigger_map

CAUTION = (
    "Values of fleets are per critical IT MW of the hall that would stand in the machines' place, before tax and debt; the site's are "
    "after both. Half of the scenarios taught the rule, the other half judged it."
)
METHOD = (
    "Mining then stops, the hall is built, and the rent of the day of signing is paid for the term. The policy is learned on one "
    "half of the scenarios by least-squares Monte Carlo and valued on the other: a lower bound."
)


def write_invest_report(one: Investment, path: Path, *, seed: int) -> None:
    """Write the page; the file is there as a whole or not at all.

    Raises:
        InputError: The folder does not exist, cannot be written to, or the disk is full.
    """
    write_brief(invest_brief(one, seed=seed), path)


def invest_brief(one: Investment, *, seed: int) -> Brief:
    """The page.

    Args:
        one: The answer.
        seed: As it was asked with.
    """
    paths = len(one.scenarios.power_usd_per_mwh)
    run = f"{paths:,} scenarios from {one.scenarios.first_month}, seed {seed}"
    name = one.site.connection.name
    kind = "modelled" if one.modelled_power else "real"
    return Brief(
        title=f"{name}: mine on, or turn the megawatts over to AI?",
        answer=(
            f"The whole site: {verdict(one.project)}",
            *(
                (f"The choice between converting now and mining on turns {turns(one.project)}.",)
                if one.project.flips
                else ()
            ),
        ),
        facts=tuple(_fact(fleet, found) for fleet, (_, found) in list(one.fleets.items())[:4]),
        cautions=(CAUTION,),
        picture=Picture(
            partial(fig_rules, one),
            "Perfect foresight, which nobody has, would be worth "
            + words.listed([f"{words.usd(found.foresight_usd)} ({fleet})" for fleet, (_, found) in one.fleets.items()])
            + " on average.",
        ),
        sections=(
            _site_section(one),
            *_money_sections(one),
            *(_fleet_section(one, fleet) for fleet in one.fleets),
            _modes_section(one.modes),
            _scenario_section(one),
            _method_section(one),
        ),
        source=f"{run}; power from {one.bank_years} {kind} years; leases, growth and correlations are assumptions.",
        footer=f"{name}, {run}",
    )


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _fact(fleet: str, found: Conversion) -> tuple[str, str, str]:
    spread = found.policy_usd
    return (f"Fleet {fleet}", words.usd(spread.mean), f"{words.usd(spread.low)} to {words.usd(spread.high)}, per IT MW")


def _site_section(one: Investment) -> Section:
    message = "A loan is drawn as the works are paid; rents, tax and debt service follow."
    columns = (
        Column("Alternative", text=True),
        *(Column(head, "M USD after tax") for head in ("Mean", "5 %", "50 %", "95 %")),
        Column("IRR on what it takes", "5 to 95 %"),
        Column("Paid back", "of scenarios"),
        Column("Least DSCR", "5 to 95 %"),
    )
    rows = []
    for name, found in one.project.appraisals.items():
        npv = found.npv_usd
        rows.append(
            Row(
                (
                    name,
                    *(words.number(value / 1e6) for value in (npv.mean, npv.low, npv.median, npv.high)),
                    _from_to(found.irr, 100, " %") if name != KEEP else words.NONE,
                    words.percent(found.pays_back_fraction, 2) if name != KEEP else words.NONE,
                    _from_to(found.cover.dscr_min, 1, "") if found.cover else words.NONE,
                ),
                "best" if name == one.project.best else "",
            )
        )
    site = next(iter(one.project.appraisals.values()))
    caption = f"{words.number(site.it.mw)} critical IT MW, {words.number(site.gross.mw)} gross MW: value today of the cash flow before debt"
    shares = [f"{name}: {words.percent(share, 2)}" for name, share in one.project.shares.items() if share >= 0.01]
    return Section(
        "The whole site, after tax and debt",
        pictures=(Picture(partial(fig_site_cash, one), message),),
        tables=(Table(caption, columns, tuple(rows)),),
        paragraphs=(
            *(f"Fleet {name} mines on in all alternatives: {why}." for name, why in one.project.cannot.items()),
            told(one.dispatch),
            f"What the difference between converting now and mining on is uncertain from, total Sobol shares: {'; '.join(shares)}.",
        ),
    )


def _money_sections(one: Investment) -> tuple[Section, ...]:
    """What is borrowed and hedged, and whether cash lasts."""
    project, terms = one.project, one.project.case.terms.debt
    paragraphs = []
    if terms is not None:
        paragraphs.append(
            f"Each conversion borrows at {words.percent(terms.rate)} over {terms.tenor_years:g} years, {terms.schedule.value}, "
            f"at most {words.percent(terms.largest_share, 2)} of its capital and what a cover of {terms.dscr:g} carries; drawn "
            f"{terms.draws.value.replace('_', ' ')}, interest of the months of building {terms.building_interest.value}."
        )
        if project.hedge:
            paragraphs.append(
                f"To keep a cover of {terms.covenant_dscr:g} where the rule borrows: {hedge(project.hedge)}."
            )
    treasury = project.treasury
    if treasury is None:
        return (Section("Debt", paragraphs=tuple(paragraphs)),) if paragraphs else ()
    columns = (
        Column("Alternative", text=True),
        Column("Runway in the worst 5 %"),
        Column("Cash falls short", "of scenarios"),
        Column("Enough cash today", f"in {words.percent(SURE, 2)}"),
        Column("Lowest cash", "M USD, 5 to 95 %"),
        Column("Most collateral", "M USD, 5 to 95 %"),
        Column("Value with treasury", "M USD, mean"),
    )
    rows = tuple(
        Row(
            (
                name,
                months(found.runway_low),
                words.percent(found.short_fraction, 2),
                words.usd(found.enough_cash_usd),
                _from_to(found.least_cash_usd, 1e-6, ""),
                _from_to(found.most_margin_usd, 1e-6, ""),
                words.number(found.value_usd.mean / 1e6),
            ),
            "best" if name == project.best else "",
        )
        for name, found in treasury.standings.items()
    )
    rules = treasury.rules
    caption = (
        f"{words.usd(rules.cash_usd)} and {words.number(rules.btc)} BTC today; {words.percent(rules.sold_fraction, 2)} of the coins "
        f"sold when earned, the others kept unless cash would fall below {words.usd(rules.least_cash_usd)}"
    )
    return (
        Section(
            "Debt and treasury",
            tables=(Table(caption, columns, rows),),
            paragraphs=(cash_words(treasury, project.best), *paragraphs),
        ),
    )


def _from_to(one: Spread | None, factor: float, unit: str) -> str:
    return words.NONE if one is None else f"{words.number(factor * one.low)} to {words.number(factor * one.high)}{unit}"


def _fleet_section(one: Investment, fleet: str) -> Section:
    block, found = one.fleets[fleet]
    rate, decide_months = one.site.finance.discount_rate, found.decide_months
    moves = moved(block, one.scenarios, rate=rate, decide_months=decide_months)
    cash = cash_of(one, fleet)
    pictures = [Picture(partial(fig_value, fleet, each), _value_words(each)) for each in cash]
    message = "Cash of each rule on the scenarios that judge it; the last lease runs to its own end, mining to the scenarios'."
    pictures.append(Picture(partial(fig_cash, fleet, one.scenarios.first_month, cash), message))
    if found.policy is not None:
        months = sorted({decide_months // 6, decide_months // 2, decide_months - 1})
        maps = tuple(trigger_map(block, found, one.scenarios, rate=rate, month=month) for month in months)
        pictures.append(Picture(partial(fig_trigger, maps, one.scenarios.first_month, fleet), found.trigger))
    pictures.append(Picture(partial(fig_moves, fleet, found.policy_usd.mean, moves), _moves_words(moves)))
    return Section(
        f"Fleet {fleet}",
        pictures=tuple(pictures),
        tables=(_rules_table(found), _moves_table(moves), _block_table(block)),
        paragraphs=(_capital(advice(found)), *(() if found.policy is not None else (found.trigger,))),
        items=tuple(f"Why these ends, {one.assumption.name}: {one.assumption.why}." for one in moves),
    )


def _value_words(cash: RuleCash) -> str:
    what = {
        "learned policy": "Mining until the policy signs, then the lease",
        "sign today": "A lease signed today at today's rents",
        "mine on": "Mining to the end of the scenarios",
    }[cash.rule]
    low, mean, high = (words.usd(value) for value in (cash.spread.low, cash.spread.mean, cash.spread.high))
    return f"{what}: {mean} per IT MW on average, {low} to {high} in nine of ten scenarios."


def _moves_words(moves: tuple[Moved, ...]) -> str:
    first = moves[0]
    flips = [
        f"{one.assumption.name} at {amount(one.assumption, one.flips_at)}" for one in moves if one.flips_at is not None
    ]
    flip = (
        f"Signing today would equal mining on with {', or '.join(flips[:3])}."
        if flips
        else "No assumption alone makes signing today equal mining on."
    )
    return (
        f"What moves the value most is {first.assumption.name} ({words.usd(first.width_usd)} between its ends). {flip}"
    )


def _rules_table(found: Conversion) -> Table:
    rows: dict[str, Spread] = dict(zip(RULES, (found.policy_usd, found.now_usd, found.never_usd), strict=True))
    cells = [
        Row((name, *(words.thousands(v) for v in (one.mean, one.low, one.median, one.high))), "best" if i == 0 else "")
        for i, (name, one) in enumerate(rows.items())
    ]
    one = found.foresight
    known = (words.thousands(v) for v in (one.mean, one.low, one.median, one.high))
    cells.append(Row(("perfect foresight (a bound)", *known), "scale"))
    heads = (Column("Rule", text=True), *(Column(head, "k USD/IT-MW") for head in ("Mean", "5 %", "50 %", "95 %")))
    error = words.thousands(found.policy_error_usd)
    return Table(f"Value today; standard error of the policy's mean {error} k USD", heads, tuple(cells))


def _moves_table(moves: tuple[Moved, ...]) -> Table:
    columns = (
        Column("Assumption", text=True),
        Column("Here"),
        Column("From"),
        Column("To"),
        Column("Value at these", "k USD/IT-MW"),
        Column("Signing today equals mining on at"),
    )
    rows = tuple(
        Row(
            (
                one.assumption.name,
                *(amount(one.assumption, value) for value in (one.likely, *one.ends)),
                " / ".join(words.thousands(value) for value in one.policy_usd),
                words.NONE if one.flips_at is None else amount(one.assumption, one.flips_at),
            )
        )
        for one in moves
    )
    return Table("One assumption at a time; the policy is learned anew at either end", columns, rows)


def _block_table(block: Block) -> Table:
    figures = (
        ("Machines", f"{words.number(block.efficiency_j_per_th)} J/TH, {block.age_years:.1f} years old", "[[fleet]]"),
        ("Their degradation", f"{words.percent(block.degradation_per_year)} a year", "[[fleet]]"),
        (
            "Their life and price",
            f"{block.machine_life_years:g} years, {words.usd(block.machine_usd_per_mw)}/MW",
            "[finance]",
        ),
        ("Running cost of the mine", f"{words.usd(block.mining_opex_usd_per_mw_year)}/MW-year", "[finance]"),
        ("Pool fee", words.percent(block.pool_fee_fraction), "[[fleet]]"),
        ("Adders to the power price", f"{words.number(block.adder_usd_per_mwh)} USD/MWh", "[site]"),
        ("Machines that 1 IT MW of hall displaces", f"{words.number(block.mining_mw)} MW", "[pue]"),
        (
            "Hall",
            f"{words.usd(block.capex_usd_per_mw)}/IT-MW, built in {block.build_months} months",
            "[finance]; months: an assumption",
        ),
        ("Lease", f"{block.lease_years:g} years at a NOI margin of {words.percent(block.noi_margin)}", "[finance]"),
        ("Tenant fails", f"{words.percent(block.hazard_per_year)} a year, nobody follows", "an assumption"),
    )
    columns = (Column("Input", text=True), Column("Value", text=True), Column("From", text=True))
    return Table("Inputs of this fleet", columns, tuple(Row(one) for one in figures))


def _modes_section(one: SiteModes) -> Section:
    heads = (Column("Mode", text=True), *(Column(head, "M USD before tax") for head in ("Mean", "5 %", "50 %", "95 %")))
    rows = [
        Row(
            (name, *(words.number(v / 1e6) for v in (each.mean, each.low, each.median, each.high))), "" if i else "best"
        )
        for i, (name, each) in enumerate(mode_rows(one).items())
    ]
    bound = one.foresight
    known = (words.number(v / 1e6) for v in (bound.mean, bound.low, bound.median, bound.high))
    rows.append(Row(("perfect foresight (a bound)", *known), "scale"))
    error = words.usd(one.error_usd)
    return Section(
        "What the site should be from month to month",
        tables=(Table(f"Value today of the whole site; standard error of the first mean {error}", heads, tuple(rows)),),
        paragraphs=(_capital(modes_words(one)),),
        items=(
            *(_capital(f"{each.words()}.") for each in one.changes),
            *(_capital(line) for line in cannot_words(one)),
        ),
    )


def _scenario_section(one: Investment) -> Section:
    state = one.state
    message = (
        f"Hashprice is {words.number(state.hashprice_usd_per_ph_day)} USD/PH/day today; the coin's price has no direction, "
        "the network reacts to miners' margins, halvings come by height."
    )
    return Section("What the scenarios hold", pictures=(Picture(partial(fig_scenarios, one), message),))


def _method_section(one: Investment) -> Section:
    rate = words.percent(one.site.finance.discount_rate)
    decide_years = max(found.decide_months for _, found in one.fleets.values()) / MONTHS
    sources = {**network_model.SOURCES, **market_paths.SOURCES}
    return Section(
        "Method, sources of the defaults, limits",
        paragraphs=(
            f"Each month of {decide_years:g} years a lease may be signed at that month's market rent. {METHOD} Discounted at {rate}.",
        ),
        items=(
            *(f"{name}: {source}." for name, source in sources.items()),
            told(one.dispatch),
            "A fleet's rule is learned at the month's mean price of power, without curtailment inside it, reserves and peaks.",
            "Fleets are valued before tax and debt, the site after both; one block is timed at a time; block luck is left out.",
            "Nothing here is investment advice.",
        ),
    )
