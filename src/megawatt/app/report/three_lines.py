"""Is it profitable? After power, after opex, after a capital charge: for the site's mining and for its halls.

Only the third line can say who wins. The recommended policy's own ledger is used, scaled to a year of 8,760 h.
"""

from megawatt.app import words
from megawatt.app.decision import Decision
from megawatt.app.report.table import Column, Row, Table
from megawatt.core.units import HOURS_PER_YEAR
from megawatt.dispatch.case import machines_of
from megawatt.mining.profit import Line, Profitability, annuity, compare, profitability


def uses(decision: Decision) -> list[Profitability]:
    """The site's own mining and its halls, each with as many lines as its costs are stated."""
    found = [_mining(decision), _halls(decision)]
    return [one for one in found if one is not None]


def _yearly(decision: Decision, column: str) -> float:
    return float(decision.best.ledger.column(column).sum()) * HOURS_PER_YEAR / decision.case.hours_covered


def _mining(decision: Decision) -> Profitability | None:
    site, finance = decision.case.site, decision.case.site.finance
    own = [f for f in site.fleets if f.owner == "own"]
    if not own:
        return None
    it_mw = sum(machines_of(f, site.period.start, site.period.start).it_mw for f in own)
    names = {f.name for f in own}
    gross = sum(float((c.blocks * c.power_mw[0]).max()) for c in decision.case.problem.machines if c.name in names)
    capital = None
    if finance.mining_capex_usd_per_th is not None and finance.mining_life_years is not None:
        price = sum(f.count * f.hashrate_th_s for f in own) * finance.mining_capex_usd_per_th
        capital = annuity(price, rate=finance.discount_rate, years=finance.mining_life_years) / it_mw
    usd = _yearly(decision, "network")
    if not site.halls and len(own) == len(site.fleets):
        usd += _yearly(decision, "shared")  # nobody else is there to share the charges with
    return profitability(
        "mining",
        pue=max(gross / it_mw, 1.0),
        after_power_usd=usd / it_mw,
        opex_usd=finance.mining_opex_usd_per_mw_year,
        capital_charge_usd=capital,
    )


def _halls(decision: Decision) -> Profitability | None:
    site, finance = decision.case.site, decision.case.site.finance
    if not site.halls or any(f.owner == "hosted" for f in site.fleets):
        return None  # the tenant column then holds hosted machines too
    it_mw = sum(h.critical_it_mw for h in site.halls)
    capital = annuity(finance.hall_capex_usd_per_it_mw, rate=finance.discount_rate, years=finance.hall_life_years)
    return profitability(
        "hosting",
        pue=site.pue.worst_hall / (1 - site.connection.loss_fraction),
        after_power_usd=_yearly(decision, "tenant") / it_mw,
        opex_usd=finance.hall_opex_usd_per_it_mw_year,
        capital_charge_usd=capital,
    )


def table(decision: Decision) -> Table | None:
    """The three lines per critical IT MW and per gross MW; None for a site without own machines and halls."""
    rows = []
    for one in uses(decision):
        values = (one.after_power_usd, one.after_opex_usd, one.after_capital_usd)
        it = [words.NONE if v is None else words.thousands(v) for v in values]
        gross = [words.NONE if v is None else words.thousands(v / one.pue) for v in values]
        rows += [Row((f"{one.name}, per critical IT MW", *it)), Row((f"{one.name}, per gross MW", *gross))]
    columns = (Column("Use", text=True), *(Column(line.value, "k USD/MW-year") for line in Line))
    return Table("Profitability on three lines, as levels of one year", columns, tuple(rows)) if rows else None


def verdict(decision: Decision) -> str:
    """What the lines allow to say."""
    found = uses(decision)
    whole = [one for one in found if one.after_capital_usd is not None]
    if len(whole) == 2:
        return compare(whole[0], whole[1], Line.AFTER_CAPITAL)
    missing = [one.name for one in found if one.after_capital_usd is None]
    if missing:
        return f"For {words.listed(missing)} the site file states no capital cost, so nothing can be said to win."
    one = whole[0]
    value = one.per_gross_mw_usd(Line.AFTER_CAPITAL)
    state = "earns its capital back" if value >= 0 else "does not earn its capital back"
    return f"After a capital charge {one.name} {state}: {words.usd(value)} per gross MW-year."
