"""The tables of the report, made from a decision."""

import pandas as pd

from megawatt.app import forecast_words, words
from megawatt.app.chart_rows import extreme_days, in_order
from megawatt.app.decision import Decision
from megawatt.app.report.table import Column, Row, Table
from megawatt.dispatch.backtest import ALL_HOSTING, FORESIGHT, Result
from megawatt.dispatch.ledger import BUYERS

MONEY = tuple(Column(words.BUYER_NAMES[b], "k USD") for b in BUYERS)


def policies(decision: Decision) -> Table:
    """Every policy: money by buyer, both shares, energy, coins, switches."""
    columns = (
        Column("Policy", text=True),
        *MONEY,
        Column("Net", "k USD"),
        Column("Net per MW-year", "k USD"),
        Column("Share of the best margin", "%"),
        Column("Share of the possible gain", "%"),
        Column("Energy", "MWh"),
        Column("of it AI", "MWh"),
        Column("Coins", "BTC"),
        Column("Starts and stops"),
        Column("Corrected"),
    )
    rows = tuple(_policy_row(decision, one) for one in in_order(decision))
    return Table(
        "Every policy on the same period, data and physics; money after power, before opex and capital", columns, rows
    )


def _policy_row(decision: Decision, one: Result) -> Row:
    digits = words.decimals(decision)
    converted = one.name == ALL_HOSTING  # it is no way to run this site, so no share of what this site could earn
    money = [words.thousands(float(one.ledger.column(b).sum()), digits) for b in BUYERS]
    shares = [None, None] if converted else [one.margin_share, one.gain_share]
    cells = (
        words.policy_name(one.name) + (" \N{BLACK STAR} recommended" if one.name == decision.advised else ""),
        *money,
        words.thousands(one.net_usd, digits),
        words.number(one.net_usd * decision.per_mw_year / 1e3, 4),
        *(words.NONE if s is None else words.number(s * 100) for s in shares),
        words.whole(one.energy_mwh),
        words.whole(one.compute_mwh),
        words.NONE if converted else words.number(one.btc, 4),
        words.NONE if converted else words.whole(one.switches),
        words.NONE if converted else words.whole(one.corrected),
    )
    mark = "best" if one.name == decision.advised else "scale" if one.name in {ALL_HOSTING, FORESIGHT} else ""
    return Row(cells, mark)


def forecasts(decision: Decision) -> Table:
    """The value of each source's forecast."""
    rows = []
    for one in decision.forecasts:
        if one.usd_per_mw_year is None or one.measured_usd_per_mw_year is None:
            rows.append(Row((one.source, words.NONE, words.NONE, words.NONE, f"no figure: {one.note}")))
            continue
        cells = (
            one.source,
            words.usd(one.usd_per_mw_year),
            words.usd(one.measured_usd_per_mw_year),
            forecast_words.span_words(one),
            f"{words.plain_name(one.policy)} against {words.plain_name(one.simple)}",
        )
        rows.append(Row(cells))
    columns = (
        Column("Source", text=True),
        Column("Earned per MW-year"),
        Column("Difference"),
        Column("90 % interval", text=True),
        Column("Policy against the best simple rule", text=True),
    )
    caption = "What forecasts earned over the best simple rule of the same period; a policy that lost is not used: 0"
    return Table(caption, columns, tuple(rows))


def days(decision: Decision) -> Table:
    """The best and the worst local days of the recommended policy."""
    columns = (
        Column("Day", text=True),
        Column("Net", "k USD"),
        Column("Price, mean", "USD/MWh"),
        Column("lowest", "USD/MWh"),
        Column("highest", "USD/MWh"),
        Column("Mining", "MWh"),
        Column("AI", "MWh"),
    )
    worst, best = extreme_days(decision)
    rows = [_day_row(row, "best") for _, row in best.iterrows()]
    rows += [_day_row(row, "worst") for _, row in worst[::-1].iterrows()]
    return Table("Best and worst days of the recommended rule, local time", columns, tuple(rows))


def _day_row(row: "pd.Series[float]", mark: str) -> Row:
    prices = (words.number(row[f"{which}_price"]) for which in ("mean", "low", "high"))
    uses = (words.whole(row["mining_mwh"]), words.whole(row["ai_mwh"]))
    return Row((f"{row['day']}, {mark}", words.number(row["net_usd"] / 1e3), *prices, *uses))


def delays(decision: Decision) -> Table:
    """What the threshold rule earns when it learns the price later."""
    step = decision.case.problem.grid.step_minutes
    base = decision.delays[1]
    rows = []
    for intervals, net in decision.delays.items():
        when = "knows the interval's own price (not possible today)" if intervals == 0 else "the price just published"
        late = when if intervals <= 1 else f"prices {intervals - 1} intervals older"
        cells = (
            f"{intervals * step} minutes: {late}",
            words.thousands(net, words.decimals(decision)),
            words.number(net * decision.per_mw_year / 1e3, 4),
            _signed((net - base) * decision.per_mw_year / 1e3),
        )
        rows.append(Row(cells, "best" if intervals == 1 else ""))
    columns = (
        Column("Age of the price", text=True),
        Column("Net", "k USD"),
        Column("Net per MW-year", "k USD"),
        Column("Change per MW-year", "k USD"),
    )
    return Table("Reaction time: the threshold rule when it learns the price earlier or later", columns, tuple(rows))


def _signed(value: float) -> str:
    return f"+{words.number(value)}" if value > 0 else words.number(value)


def sensitivities(decision: Decision) -> Table:
    """Net of the same decisions under other assumptions."""
    rows = [
        Row(
            (
                one.what.replace("-", words.MINUS),
                words.thousands(one.net_usd, words.decimals(decision)),
                words.number(one.net_usd * decision.per_mw_year / 1e3, 4),
                _signed((one.net_usd - decision.best.net_usd) * decision.per_mw_year / 1e3),
            )
        )
        for one in decision.sensitivities
    ]
    columns = (
        Column("Assumption", text=True),
        Column("Net", "k USD"),
        Column("Net per MW-year", "k USD"),
        Column("Change per MW-year", "k USD"),
    )
    return Table(
        "Other prices, the recommended rule's decisions unchanged: who decides anew does no worse", columns, tuple(rows)
    )


def next_megawatts(decision: Decision) -> Table:
    """What one megawatt more of each use would add to the optimum."""
    rows = tuple(Row((f"+1 MW {one.what}", words.next_mw_words(one))) for one in decision.next_mw)
    columns = (Column("One megawatt more of", text=True), Column("adds to the optimum of a year", text=True))
    return Table("The next megawatt at the meter: operating money, before its capital", columns, rows)


def months(decision: Decision) -> Table:
    """The ledger of the recommended policy by local month."""
    frame, digits = decision.intervals(), words.decimals(decision)
    money = frame[[f"{b}_usd" for b in BUYERS]]
    by_month = money.groupby(pd.DatetimeIndex(frame.index).strftime("%Y-%m")).sum()
    rows = [
        _money_row(str(month), [float(v) for v in line], digits)
        for month, line in zip(by_month.index, by_month.to_numpy(), strict=True)
    ]
    rows.append(_money_row("whole period", [float(v) for v in money.sum()], digits, "sum"))
    caption = "Ledger of the recommended rule by month; each figure is rounded by itself"
    return Table(caption, (Column("Month", text=True), *MONEY, Column("Net", "k USD")), tuple(rows))


def _money_row(name: str, values: list[float], digits: int, mark: str = "") -> Row:
    return Row((name, *(words.thousands(v, digits) for v in values), words.thousands(sum(values), digits)), mark)


def lines(decision: Decision) -> Table:
    """Every line of the recommended policy's ledger."""
    digits = words.decimals(decision)
    totals = decision.best.ledger.totals()
    rows = [
        Row(
            (
                f"{words.BUYER_NAMES[str(one.buyer)]}: {str(one.line).replace('_', ' ')}",
                words.thousands(float(str(one.usd)), digits),
            )
        )
        for one in totals.itertuples()
        if abs(float(str(one.usd))) >= 0.005
    ]
    rows.append(Row(("net", words.thousands(decision.best.net_usd, digits)), "sum"))
    return Table(
        "Lines of the ledger of the recommended rule", (Column("Line", text=True), Column("Sum", "k USD")), tuple(rows)
    )
